#include "kernels/reference/reference.h"
#include "tests/kernels/nn_buffer.h"

namespace melgrad::nn_test {
namespace {

// 1 … length − 1 − taps in no order: the first and the last value of the axis are in no window.
std::vector<i64> windows_inside(const ResizeShape& s) {
  std::vector<i64> first;
  for (i64 j = 0; j < s.count; ++j) first.push_back(1 + j * 7 % (s.length - 1 - s.taps));
  return first;
}

Values run(const ResizeShape& s, Dtype dtype, const Values& x_values, const std::vector<i64>& first,
           const Values& weight_values) {
  Buffer x(dtype, x_values), weights(compute_dtype(dtype), weight_values);
  Buffer y(dtype, s.outer * s.count * s.inner);
  backend(Device::cpu()).resize_axis(dtype, s, x.data(), first.data(), weights.data(), y.data());
  return y.values();
}

std::vector<ResizeShape> awkward_shapes() {
  std::vector<ResizeShape> shapes = {{2, 101, 40, 90, 5}, {700, 16, 33, 2, 1}, {0, 5, 3, 2, 4}};
  for (i64 inner : {1, 2, 7, 8, 9, 63, 64, 65, 200})
    for (i64 taps : {1, 2, 3}) shapes.push_back({3, 11, 13, taps, inner});
  return shapes;
}

TEST(NnResize, IsTheFormulaAndReadsItsWindowsOnly) {
  for (const ResizeShape& s : awkward_shapes()) {
    Values x = random_values(s.outer * s.length * s.inner, 1);
    Values weights = random_values(s.count * s.taps, 2);
    std::vector<i64> first = windows_inside(s);
    for (i64 o = 0; o < s.outer; ++o)
      for (i64 i = 0; i < s.inner; ++i)
        x[o * s.length * s.inner + i] = x[((o + 1) * s.length - 1) * s.inner + i] = NAN;
    Values y(static_cast<std::size_t>(s.outer * s.count * s.inner));
    reference::resize_axis(s, x.data(), first.data(), weights.data(), y.data());
    std::string sizes = std::to_string(s.taps) + " taps, inner " + std::to_string(s.inner);
    EXPECT_LT(distance(run(s, Dtype::f32, x, first, weights), y), 1e-6) << sizes;
    EXPECT_LT(distance(run(s, Dtype::bf16, x, first, weights), y), 0x1.01p-8) << sizes;
  }
}

TEST(NnResize, ThreadsDoNotChangeABit) {
  int before = num_threads();
  for (const ResizeShape& s : {ResizeShape{1, 90, 301, 3, 1000}, ResizeShape{1301, 40, 53, 2, 1}}) {
    Values x = random_values(s.outer * s.length * s.inner, 1);
    Values weights = random_values(s.count * s.taps, 2);
    std::vector<Values> results;
    for (int threads : {1, 2, 64}) {
      set_num_threads(threads);
      results.push_back(run(s, Dtype::f32, x, windows_inside(s), weights));
    }
    EXPECT_EQ(results[1], results[0]);
    EXPECT_EQ(results[2], results[0]);
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace melgrad::nn_test
