#include "tests/kernels/nn_buffer.h"

namespace melgrad::nn_test {
namespace {

enum class Kind { max, average, adaptive };

struct Results {
  Values y, dx;
};

Results run(Kind kind, const PoolShape& s, Dtype dtype, const Values& x_values,
            const Values& dy_values) {
  Backend& cpu = backend(Device::cpu());
  Buffer x(dtype, x_values), dy(dtype, dy_values);
  Buffer y(dtype, s.n * s.p * s.q * s.c), dx(dtype, s.n * s.h * s.w * s.c);
  if (kind == Kind::max) {
    cpu.max_pool2d(s, dtype, x.data(), y.data());
    cpu.max_pool2d_backward(s, dtype, x.data(), y.data(), dy.data(), dx.data());
  } else if (kind == Kind::average) {
    cpu.avg_pool2d(s, dtype, x.data(), y.data());
    cpu.avg_pool2d_backward(s, dtype, dy.data(), dx.data());
  } else {
    cpu.adaptive_avg_pool2d(s, dtype, x.data(), y.data());
    cpu.adaptive_avg_pool2d_backward(s, dtype, dy.data(), dx.data());
  }
  return {y.values(), dx.values()};
}

// All values differ, by far more than the step of a finite difference.
Values distinct_values(i64 n, unsigned seed) {
  Values values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<double>(i) / 64 - static_cast<double>(n) / 128;
  std::shuffle(values.begin(), values.end(), std::mt19937(seed));
  return values;
}

std::vector<PoolShape> awkward_shapes() {
  return {
      {.n = 1, .h = 1, .w = 1, .c = 1, .kh = 1, .kw = 1, .p = 1, .q = 1},
      {.n = 2,
       .h = 4,
       .w = 6,
       .c = 3,
       .kh = 2,
       .kw = 2,
       .stride_h = 2,
       .stride_w = 2,
       .p = 2,
       .q = 3},
      {.n = 2,
       .h = 7,
       .w = 5,
       .c = 67,
       .kh = 3,
       .kw = 3,
       .stride_h = 2,
       .stride_w = 2,
       .pad_top = 1,
       .pad_left = 1,
       .p = 4,
       .q = 3,
       .pad_bottom = 1,
       .pad_right = 1},
      {.n = 1, .h = 5, .w = 4, .c = 2, .kh = 3, .kw = 2, .p = 3, .q = 3},  // overlap, stride 1
      {.n = 1,
       .h = 9,
       .w = 8,
       .c = 2,
       .kh = 2,
       .kw = 1,
       .stride_h = 3,
       .stride_w = 5,
       .p = 3,
       .q = 2},  // stride > kernel: values that no window sees
      {.n = 1,
       .h = 6,
       .w = 7,
       .c = 2,
       .kh = 3,
       .kw = 3,
       .stride_h = 2,
       .stride_w = 2,
       .p = 3,
       .q = 3},  // ceil mode: the last row of windows hangs over
      {.n = 2,
       .h = 5,
       .w = 5,
       .c = 1,
       .kh = 3,
       .kw = 3,
       .stride_h = 2,
       .stride_w = 2,
       .pad_top = 0,
       .pad_left = 1,
       .p = 3,
       .q = 3,
       .pad_bottom = 2,
       .pad_right = 1},
  };
}

PoolShape adaptive(i64 h, i64 w, i64 p, i64 q) {
  return {.n = 2, .h = h, .w = w, .c = 3, .p = p, .q = q};
}

void expect_gradient(Kind kind, const PoolShape& s) {
  Values x = distinct_values(s.n * s.h * s.w * s.c, 1);
  Values dy = random_values(s.n * s.p * s.q * s.c, 2);
  auto loss = [&](const Values& moved) { return dot(run(kind, s, Dtype::f64, moved, dy).y, dy); };
  // Linear between its kinks, which are 1/64 apart: a large step has no error but rounding.
  Values numeric = numeric_gradient(loss, x, 1e-3);
  EXPECT_LT(distance(run(kind, s, Dtype::f64, x, dy).dx, numeric), 1e-9)
      << s.h << " x " << s.w << " to " << s.p << " x " << s.q;
}

TEST(NnPool, BackwardIsTheGradientOfForward) {
  for (PoolShape s : awkward_shapes()) {
    s.c = std::min<i64>(s.c, 3);  // f64 is plain loops: a channel knows nothing of the others
    expect_gradient(Kind::max, s);
    for (bool count_padding : {false, true}) {
      s.count_padding = count_padding;
      expect_gradient(Kind::average, s);
    }
  }
  expect_gradient(Kind::adaptive, adaptive(7, 5, 3, 2));
  expect_gradient(Kind::adaptive, adaptive(6, 6, 1, 1));
  expect_gradient(Kind::adaptive, adaptive(2, 3, 5, 7));  // more outputs than inputs
}

TEST(NnPool, F32AndBf16AgreeWithF64) {
  for (Kind kind : {Kind::max, Kind::average}) {
    for (const PoolShape& s : awkward_shapes()) {
      Values x = random_values(s.n * s.h * s.w * s.c, 1);
      Values dy = random_values(s.n * s.p * s.q * s.c, 2);
      Results exact = run(kind, s, Dtype::f64, x, dy);
      for (Dtype dtype : {Dtype::f32, Dtype::bf16}) {
        Results fast = run(kind, s, dtype, x, dy);
        double rounding = dtype == Dtype::bf16 ? 0x1.01p-8 : 1e-6;
        EXPECT_LT(distance(fast.y, exact.y), rounding);
        EXPECT_LT(distance(fast.dx, exact.dx), rounding);
      }
    }
  }
}

// Up to nine gradients meet in a position: rounded one by one they would be off by more. Large enough for all threads.
TEST(NnPool, Bf16SumsOverlappingWindowsInF32) {
  PoolShape s = {.n = 8, .h = 37, .w = 29, .c = 67, .kh = 3, .kw = 3, .p = 35, .q = 27};
  Values x = random_values(s.n * s.h * s.w * s.c, 1), dy = random_values(s.n * s.p * s.q * s.c, 2);
  Results exact = run(Kind::max, s, Dtype::f64, x, dy);
  for (int i = 0; i < 5;
       ++i)  // threads that wrote to one another's sums would not do so every time
    EXPECT_LT(distance(run(Kind::max, s, Dtype::bf16, x, dy).dx, exact.dx), 0x1.01p-8);
}

TEST(NnPool, TheDivisorCountsThePaddingOnlyIfAsked) {
  PoolShape s = {.n = 1,
                 .h = 3,
                 .w = 3,
                 .c = 1,
                 .kh = 3,
                 .kw = 3,
                 .stride_h = 2,
                 .stride_w = 2,
                 .pad_top = 1,
                 .pad_left = 1,
                 .p = 2,
                 .q = 2,
                 .pad_bottom = 1,
                 .pad_right = 1};
  Values ones(9, 1.0), dy(4, 1.0);
  EXPECT_EQ(run(Kind::average, s, Dtype::f64, ones, dy).y, (Values{1, 1, 1, 1}));
  s.count_padding = true;
  for (double y : run(Kind::average, s, Dtype::f64, ones, dy).y) EXPECT_DOUBLE_EQ(y, 4 / 9.);
}

TEST(NnPool, OfEqualsTheFirstIsTheMaximum) {
  PoolShape s = {.n = 1, .h = 2, .w = 3, .c = 1, .kh = 2, .kw = 2, .p = 1, .q = 2};
  for (Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16})
    EXPECT_EQ(run(Kind::max, s, dtype, {1, 5, 5, 5, 5, 2}, {10, 1}).dx,
              (Values{0, 11, 0, 0, 0, 0}));
}

TEST(NnPool, ANaNIsTheMaximumAndGetsTheGradient) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  PoolShape s = {.n = 1, .h = 2, .w = 2, .c = 1, .kh = 2, .kw = 2, .p = 1, .q = 1};
  for (Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16}) {
    Results result = run(Kind::max, s, dtype, {7, nan, 9, nan}, {3});
    EXPECT_TRUE(std::isnan(result.y[0]));
    EXPECT_EQ(result.dx, (Values{0, 3, 0, 0}));
  }
}

TEST(NnPool, AnEmptyBatchIsNoError) {
  PoolShape s = {.n = 0,
                 .h = 4,
                 .w = 4,
                 .c = 2,
                 .kh = 2,
                 .kw = 2,
                 .stride_h = 2,
                 .stride_w = 2,
                 .p = 2,
                 .q = 2};
  for (Kind kind : {Kind::max, Kind::average, Kind::adaptive})
    for (Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16})
      EXPECT_TRUE(run(kind, s, dtype, {}, {}).y.empty());
}

}  // namespace
}  // namespace melgrad::nn_test
