#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <thread>
#include <utility>
#include <vector>

#include "tests/kernels/cpu.h"

namespace melgrad {
namespace {

using testing::cpu;

std::ptrdiff_t threads_of_this_process() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

void wait_until(const std::function<bool()>& done) {
  for (int tries = 0; tries < 1000 && !done(); ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

// How many threads `work` wakes that did not exist: on a thread of its own, whose team does not either.
// A team goes after its thread has gone: an earlier test's and ours are waited for.
template <class Work>
std::ptrdiff_t threads_woken(Work work) {
  std::ptrdiff_t woken = 0, outside = 0;
  wait_until([&] {
    auto before = std::exchange(outside, threads_of_this_process());
    return outside == before;
  });
  std::thread([&] {
    set_num_threads(3);
    auto before = threads_of_this_process();
    work();
    woken = threads_of_this_process() - before;
  }).join();
  wait_until([&] { return threads_of_this_process() <= outside; });
  return woken;
}

void multiply(i64 m, i64 n, i64 k) {
  std::vector<float> a(m * k, 1), w(k * n, 1), y(m * n);
  cpu().matmul({.m = m, .n = n, .k = k, .a_row = k, .a_col = 1, .b_row = n, .b_col = 1}, Dtype::f32,
               a.data(), w.data(), nullptr, y.data());
  for (float value : y) ASSERT_EQ(value, static_cast<float>(k));
}

ConvShape conv_shape(i64 n, i64 size, i64 c, i64 o) {
  return {.n = n, .h = size, .w = size, .c = c, .o = o, .kh = 1, .kw = 1, .p = size, .q = size};
}
void convolve(const ConvShape& s) {
  std::vector<float> x(s.n * s.h * s.w * s.c, 1), w(s.o * s.c, 1), y(s.n * s.p * s.q * s.o);
  std::vector<float> bias(s.o);
  cpu().conv2d(s, Dtype::f32, true, x.data(), w.data(), bias.data(), y.data());
  cpu().conv2d_backward_data(s, Dtype::f32, y.data(), w.data(), x.data());
  cpu().conv2d_backward_weights(s, Dtype::f32, x.data(), y.data(), w.data(), bias.data());
}

// A step of a layer but its product: what a small net spends its time on. x (rows, cols)
void pass_over(i64 rows, i64 cols) {
  i64 n = rows * cols;
  std::vector<float> x(n, 1), y(n), z(n), sums(cols), var(cols), small(cols * 2);
  std::vector<i64> index(rows, 0);
  BroadcastShape same = {.rank = 1, .size = {n}, .a_stride = {1}, .b_stride = {1}};
  cpu().unary(UnaryOp::tanh, Dtype::f32, 0, 0, n, x.data(), y.data());
  cpu().binary(BinaryOp::add, Dtype::f32, same, x.data(), y.data(), z.data());
  cpu().copy({2, {cols, rows}, {1, cols}, {rows, 1}}, Dtype::f32, x.data(), Dtype::f32, z.data());
  cpu().reduce(ReduceOp::sum, Dtype::f32, {1, rows, cols}, x.data(), sums.data());
  cpu().softmax(true, Dtype::f32, rows, cols, x.data(), y.data());
  cpu().gather(Dtype::f32, {rows, cols, 1, 1}, x.data(), index.data(), sums.data());
  cpu().batch_norm_statistics(Dtype::f32, rows, cols, x.data(), sums.data(), var.data());
  cpu().batch_norm({rows, cols, 1, true}, Dtype::f32, {.mean = sums.data(), .var = var.data()},
                   x.data(), nullptr, y.data());
  cpu().batch_norm_backward({rows, cols, 1, true}, Dtype::f32, true,
                            {.mean = sums.data(), .var = var.data()}, x.data(), y.data(),
                            {.dx = z.data(), .dgamma = sums.data(), .dbeta = var.data()});
  std::vector<u64> state = {1, 0};
  cpu().dropout(Dtype::f32, .5, n, state.data(), x.data(), y.data());
  OptimizerSettings settings = {.lr = 1};
  ParameterSlot slot = {.w = x.data(), .g = y.data(), .n = n};
  cpu().sgd(SgdKind::plain, Dtype::f32, {&slot, 1}, &settings);
}

TEST(Threads, SmallWorkWakesNone) {
  EXPECT_EQ(threads_woken([] { multiply(64, 64, 64); }), 0);
  EXPECT_EQ(threads_woken([] { convolve(conv_shape(4, 8, 16, 16)); }), 0);
  EXPECT_EQ(threads_woken([] { convolve(conv_shape(4, 8, 3, 16)); }), 0) << "few channels";
  EXPECT_EQ(threads_woken([] { pass_over(64, 64); }), 0);
}

#if !defined(__clang__)  // whose OpenMP keeps one team for all threads, and oneDNN another
TEST(Threads, LargeWorkWakesAll) {
  EXPECT_EQ(threads_woken([] { multiply(128, 256, 256); }), 2);
  EXPECT_EQ(threads_woken([] { convolve(conv_shape(16, 32, 32, 32)); }), 2);
  EXPECT_EQ(threads_woken([] { convolve(conv_shape(64, 64, 3, 32)); }), 2);
  EXPECT_EQ(threads_woken([] { pass_over(512, 512); }), 2);
}
#endif

}  // namespace
}  // namespace melgrad
