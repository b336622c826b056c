#include "kernels/cpu/fast/conv_few_channels.h"
#include "kernels/cpu/fast/conv_weights.h"
#include "kernels/cpu/fast/onednn.h"
#include "kernels/reference/reference.h"
#include "tests/kernels/nn_buffer.h"

namespace melgrad::nn_test {
namespace {

struct Inputs {
  Values x, w, bias, dy;
};
struct Results {
  Values y, dx, dw, dbias;
};

Inputs random_inputs(const ConvShape& s) {
  return {random_values(s.n * s.h * s.w * s.c, 1),
          random_values(s.o * s.kh * s.kw * s.c / s.groups, 2), random_values(s.o, 3),
          random_values(s.n * s.p * s.q * s.o, 4)};
}

Results run(const ConvShape& s, Dtype dtype, const Inputs& in) {
  Backend& cpu = backend(Device::cpu());
  Buffer x(dtype, in.x), w(dtype, in.w), bias(dtype, in.bias), dy(dtype, in.dy);
  Buffer y(dtype, static_cast<i64>(in.dy.size())), dx(dtype, static_cast<i64>(in.x.size()));
  Buffer dw(dtype, static_cast<i64>(in.w.size())), dbias(dtype, s.o);
  cpu.conv2d(s, dtype, false, x.data(), w.data(), bias.data(), y.data());
  cpu.conv2d_backward_data(s, dtype, dy.data(), w.data(), dx.data());
  cpu.conv2d_backward_weights(s, dtype, x.data(), dy.data(), dw.data(), dbias.data());
  return {y.values(), dx.values(), dw.values(), dbias.values()};
}

Results run_reference(const ConvShape& s, const Inputs& in) {
  Results r = {in.dy, in.x, in.w, in.bias};  // of the right sizes
  reference::conv2d(s, false, in.x.data(), in.w.data(), in.bias.data(), r.y.data());
  reference::conv2d_backward_data(s, in.dy.data(), in.w.data(), r.dx.data());
  reference::conv2d_backward_weights(s, in.x.data(), in.dy.data(), r.dw.data(), r.dbias.data());
  return r;
}

void expect_close(const Results& a, const Results& b, double bound) {
  EXPECT_LT(distance(a.y, b.y), bound);
  EXPECT_LT(distance(a.dx, b.dx), bound);
  EXPECT_LT(distance(a.dw, b.dw), bound);
  EXPECT_LT(distance(a.dbias, b.dbias), bound);
}

// Output sizes follow from the rest, as in PyTorch.
ConvShape sized(ConvShape s) {
  s.p = (s.h + s.pad_top + s.pad_bottom - s.dilation_h * (s.kh - 1) - 1) / s.stride_h + 1;
  s.q = (s.w + s.pad_left + s.pad_right - s.dilation_w * (s.kw - 1) - 1) / s.stride_w + 1;
  return s;
}

std::vector<ConvShape> awkward_shapes() {
  auto padded = [](ConvShape s, i64 top, i64 left, i64 bottom, i64 right) {
    s.pad_top = top, s.pad_left = left, s.pad_bottom = bottom, s.pad_right = right;
    return sized(s);
  };
  std::vector<ConvShape> shapes;
  shapes.push_back(sized({.n = 1, .h = 1, .w = 1, .c = 1, .o = 1, .kh = 1, .kw = 1}));
  shapes.push_back(padded({.n = 2, .h = 5, .w = 7, .c = 3, .o = 4, .kh = 3, .kw = 3}, 1, 1, 1, 1));
  shapes.push_back(
      padded({.n = 3, .h = 6, .w = 5, .c = 13, .o = 17, .kh = 2, .kw = 3}, 0, 2, 1, 1));
  shapes.push_back(
      padded({.n = 2, .h = 9, .w = 8, .c = 16, .o = 32, .kh = 3, .kw = 3}, 1, 1, 1, 1));
  shapes.push_back(sized({.n = 2,
                          .h = 11,
                          .w = 10,
                          .c = 5,
                          .o = 6,
                          .kh = 2,
                          .kw = 2,
                          .stride_h = 3,
                          .stride_w = 4}));  // stride > kernel
  shapes.push_back(padded({.n = 1,
                           .h = 12,
                           .w = 13,
                           .c = 4,
                           .o = 8,
                           .kh = 3,
                           .kw = 3,
                           .stride_h = 2,
                           .stride_w = 2,
                           .dilation_h = 2,
                           .dilation_w = 3},
                          2, 1, 2, 3));
  shapes.push_back(
      padded({.n = 2, .h = 7, .w = 7, .c = 6, .o = 9, .kh = 3, .kw = 3, .groups = 3}, 1, 1, 1, 1));
  shapes.push_back(padded({.n = 2,
                           .h = 7,
                           .w = 6,
                           .c = 20,
                           .o = 20,
                           .kh = 3,
                           .kw = 3,
                           .stride_h = 2,
                           .stride_w = 2,
                           .groups = 20},
                          1, 1, 1, 1));  // depthwise
  shapes.push_back(padded(
      {.n = 2, .h = 23, .w = 19, .c = 3, .o = 16, .kh = 11, .kw = 11, .stride_h = 4, .stride_w = 4},
      2, 2, 2, 2));  // AlexNet's first
  shapes.push_back(sized(
      {.n = 2, .h = 40, .w = 1, .c = 1, .o = 3, .kh = 9, .kw = 1, .stride_h = 2}));  // one column
  shapes.push_back(padded({.n = 2, .h = 3, .w = 3, .c = 2, .o = 2, .kh = 2, .kw = 2}, 3, 0, 0, 3));
  // primes, and each of stride, padding, dilation and groups different along the two axes
  shapes.push_back(padded({.n = 3,
                           .h = 17,
                           .w = 13,
                           .c = 14,
                           .o = 21,
                           .kh = 5,
                           .kw = 2,
                           .stride_h = 3,
                           .stride_w = 2,
                           .dilation_h = 2,
                           .dilation_w = 5,
                           .groups = 7},
                          4, 1, 3, 0));
  shapes.push_back(padded({.n = 1, .h = 2, .w = 1, .c = 37, .o = 1, .kh = 1, .kw = 3}, 0, 1, 0, 1));
  ConvShape beyond = sized(
      {.n = 1, .h = 8, .w = 8, .c = 4, .o = 4, .kh = 3, .kw = 3, .stride_h = 2, .stride_w = 2});
  beyond.p += 1, beyond.q += 1;  // the last window hangs over the end
  shapes.push_back(beyond);
  return shapes;
}

// In bf16 the inputs are exact, so what is left is the rounding of the results: 2⁻⁸ of the largest.
TEST(NnConv, EveryDtypeAgreesWithTheReference) {
  for (const ConvShape& s : awkward_shapes()) {
    SCOPED_TRACE(
        format("{} x {} x {}, {} -> {}, kernel {} x {}", s.n, s.h, s.w, s.c, s.o, s.kh, s.kw));
    Inputs in = random_inputs(s);
    Results exact = run_reference(s, in);
    expect_close(run(s, Dtype::f64, in), exact, 1e-15);
    expect_close(run(s, Dtype::f32, in), exact, 1e-6);
    expect_close(run(s, Dtype::bf16, in), exact, 0x1.01p-8);
  }
}

// What slow_backward_weights takes: fewer rows than it does at a time, several sections of them, several groups of channels.
std::vector<ConvShape> shapes_of_slow_weights() {
  auto strided = [](i64 h, i64 w, i64 c, i64 o, i64 kernel, i64 pad) {
    return sized({.n = 2,
                  .h = h,
                  .w = w,
                  .c = c,
                  .o = o,
                  .kh = kernel,
                  .kw = kernel,
                  .stride_h = 2,
                  .stride_w = 2,
                  .pad_top = pad,
                  .pad_left = pad,
                  .pad_bottom = pad,
                  .pad_right = pad});
  };
  std::vector<ConvShape> shapes = {strided(5, 4, 16, 16, 3, 1),   strided(57, 90, 32, 48, 3, 1),
                                   strided(4, 5, 96, 1120, 3, 1), strided(70, 69, 16, 64, 2, 0),
                                   strided(64, 65, 64, 80, 2, 1), strided(9, 9, 16, 32, 5, 2)};
  ConvShape odd = strided(20, 17, 32, 16, 3, 1);
  odd.stride_w = 1, odd.dilation_h = 2, odd.dilation_w = 3, odd.pad_top = 3, odd.pad_right = 4;
  shapes.push_back(sized(odd));
  ConvShape beyond = strided(9, 9, 16, 16, 3, 0);
  beyond.p += 1, beyond.q += 1;  // the last window hangs over the end
  shapes.push_back(beyond);
  return shapes;
}

TEST(NnConv, SlowWeightsAreTheReferencesWithAnyNumberOfThreads) {
  for (const ConvShape& s : shapes_of_slow_weights()) {
    SCOPED_TRACE(format("{} x {}, {} -> {}, kernel {}", s.h, s.w, s.c, s.o, s.kh));
    ASSERT_TRUE(has_slow_weights(s));
    Inputs in = random_inputs(s);
    Results exact = run_reference(s, in);
    int before = num_threads();
    set_num_threads(1);
    Results one = run(s, Dtype::f32, in);
    set_num_threads(3);
    Results three = run(s, Dtype::f32, in);
    set_num_threads(before);
    expect_close(one, exact, 1e-6);
    EXPECT_EQ(one.dw, three.dw);
  }
}

TEST(NnConv, WhatIsNotInWholePanelsIsOneDnns) {
  ConvShape s = shapes_of_slow_weights()[0];
  for (auto change :
       {+[](ConvShape& c) { c.c += 1; }, +[](ConvShape& c) { c.o += 8; },
        +[](ConvShape& c) { c.groups = 2; }, +[](ConvShape& c) { c.stride_h = c.stride_w = 1; },
        +[](ConvShape& c) { c.kh = c.kw = 1; }}) {
    ConvShape other = s;
    change(other);
    EXPECT_FALSE(has_slow_weights(other));
  }
}

TEST(NnConv, LargeKernelsOfFewChannelsInBf16AreOneDnns) {
  for (i64 kernel : {1, 3, 5, 7, 11}) {
    ConvShape s = sized({.n = 1, .h = 16, .w = 16, .c = 3, .o = 8, .kh = kernel, .kw = kernel});
    EXPECT_TRUE(has_few_channels(s, Dtype::f32));
    EXPECT_EQ(has_few_channels(s, Dtype::bf16), kernel <= 5 || !onednn::multiplies_bf16());
  }
}

TEST(NnConv, ReluCutsOffBelowZero) {
  ConvShape s = awkward_shapes()[1];
  Inputs in = random_inputs(s);
  for (Dtype dtype : {Dtype::f64, Dtype::f32}) {
    Buffer x(dtype, in.x), w(dtype, in.w), y(dtype, static_cast<i64>(in.dy.size()));
    backend(Device::cpu()).conv2d(s, dtype, true, x.data(), w.data(), nullptr, y.data());
    Values exact = in.dy;
    reference::conv2d(s, true, in.x.data(), in.w.data(), nullptr, exact.data());
    EXPECT_LT(distance(y.values(), exact), dtype == Dtype::f64 ? 1e-15 : 1e-6);
  }
}

// The reference's own: convolution is linear in x, w and bias, so that differences with a step of 1 have no error but
// rounding.
TEST(NnConv, BackwardIsTheGradientOfForward) {
  for (const ConvShape& s : awkward_shapes()) {
    if (s.n * s.h * s.w * s.c > 1000 || s.o > 9) continue;
    SCOPED_TRACE(
        format("{} x {} x {}, {} -> {}, kernel {} x {}", s.n, s.h, s.w, s.c, s.o, s.kh, s.kw));
    Inputs in = random_inputs(s);
    Results result = run_reference(s, in);
    auto loss_of = [&](Values Inputs::*member) {
      return [&s, &in, member](const Values& values) {
        Inputs moved = in;
        moved.*member = values;
        Values y = in.dy;
        reference::conv2d(s, false, moved.x.data(), moved.w.data(), moved.bias.data(), y.data());
        return dot(y, in.dy);
      };
    };
    EXPECT_LT(distance(result.dx, numeric_gradient(loss_of(&Inputs::x), in.x, 1)), 1e-12);
    EXPECT_LT(distance(result.dw, numeric_gradient(loss_of(&Inputs::w), in.w, 1)), 1e-12);
    EXPECT_LT(distance(result.dbias, numeric_gradient(loss_of(&Inputs::bias), in.bias, 1)), 1e-12);
  }
}

TEST(NnConv, AnEmptyBatchHasZeroGradients) {
  ConvShape s = sized({.n = 0, .h = 5, .w = 5, .c = 3, .o = 4, .kh = 3, .kw = 3});
  for (Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16}) {
    Results result = run(s, dtype, random_inputs(s));
    EXPECT_TRUE(result.y.empty());
    EXPECT_EQ(result.dw, Values(4 * 9 * 3, 0.0));
    EXPECT_EQ(result.dbias, Values(4, 0.0));
  }
}

TEST(NnConv, TakesNoIntegers) {
  ConvShape s = sized({.n = 1, .h = 3, .w = 3, .c = 1, .o = 1, .kh = 1, .kw = 1});
  i64 values[9] = {};
  EXPECT_THROW(backend(Device::cpu()).conv2d(s, Dtype::i64, false, values, values, nullptr, values),
               Error);
}

}  // namespace
}  // namespace melgrad::nn_test
