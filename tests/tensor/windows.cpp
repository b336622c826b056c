// Convolution, pooling and batch norm: sizes, layouts and refusals. Their values are compared with
// PyTorch's elsewhere.
#include <gtest/gtest.h>

#include <array>

#include "tensor/ops.h"
#include "tensor/ops/sliding_window.h"
#include "tensor/random.h"
#include "tests/error_of.h"

namespace melgrad {

namespace {

Tensor counted(const Shape& shape) { return arange(shape.numel(), Dtype::f64).reshape(shape); }

}  // namespace

TEST(SlidingWindow, Sizes) {
  EXPECT_EQ(sliding_window("conv", {.input = 7, .kernel = 3}).output, 5);
  EXPECT_EQ(sliding_window("conv", {.input = 7, .kernel = 3, .stride = 2, .padding = 1}).output, 4);
  EXPECT_EQ(sliding_window("conv", {.input = 7, .kernel = 3, .dilation = 3}).output, 1);
  EXPECT_EQ(sliding_window("pool", {.input = 6, .kernel = 3, .stride = 2}).output, 2);
  EXPECT_EQ(
      sliding_window("pool", {.input = 6, .kernel = 3, .stride = 2, .ceil_mode = true}).output, 3);
  // The third window would start at 4 + 1 − 1, in the padding: PyTorch leaves it out.
  EXPECT_EQ(sliding_window("pool",
                           {.input = 3, .kernel = 2, .stride = 2, .padding = 1, .ceil_mode = true})
                .output,
            2);
  EXPECT_EQ(
      sliding_window("pool", {.input = 4, .kernel = 2, .stride = 4, .ceil_mode = true}).output, 1);
  // One that starts inside is one, though none fits; as in PyTorch.
  SlidingWindowRule cut{.input = 1, .kernel = 3, .stride = 3, .ceil_mode = true};
  EXPECT_EQ(sliding_window("pool", cut).output, 1);
  cut.stride = 2;
  EXPECT_THROW(sliding_window("pool", cut), Error);
}

// ⌈input / stride⌉ windows, the odd value of padding at the end, as in TensorFlow.
TEST(SlidingWindow, Same) {
  for (auto [input, kernel, stride, output, before, after] : {std::array<i64, 6>{5, 2, 1, 5, 0, 1},
                                                              {5, 3, 1, 5, 1, 1},
                                                              {5, 3, 2, 3, 1, 1},
                                                              {6, 3, 2, 3, 0, 1},
                                                              {4, 1, 2, 2, 0, 0},
                                                              {7, 2, 3, 3, 0, 1}}) {
    SlidingWindow w = sliding_window(
        "pool", {.input = input, .kernel = kernel, .stride = stride, .mode = Padding::same});
    EXPECT_EQ(w.output, output);
    EXPECT_EQ(w.before, before);
    EXPECT_EQ(w.after, after);
  }
}

TEST(Conv2d, AnyLayoutGivesTheSameChannelsLastResult) {
  Tensor x = counted({2, 4, 5, 6}), w = counted({6, 2, 3, 2}), b = counted({6});
  Conv2dOptions options{.stride = {2, 1}, .padding = {1, 0}, .groups = 2};
  Tensor y = conv2d(x, w, b, options);
  EXPECT_EQ(y.shape(), (Shape{2, 6, 3, 5}));
  EXPECT_TRUE(y.is_channels_last());
  EXPECT_TRUE(equal(y, conv2d(x.channels_last(), w.channels_last(), b, options)));
  Tensor padded = pad(x, {0, 0, 1, 0}, {0, 0, 1, 0});
  EXPECT_TRUE(equal(y, conv2d(padded, w, b, {.stride = {2, 1}, .groups = 2})));
  EXPECT_TRUE(equal(y, conv2d(x.flip(3).flip(3), w, {}, options) + b.reshape({6, 1, 1})));
}

// ⟨dy, conv(x, w)⟩ = ⟨conv_backward_data(dy), x⟩ = ⟨conv_backward_weights(dy), w⟩, exact for whole
// numbers.
TEST(Conv2d, BackwardsAreTransposes) {
  Tensor x = counted({2, 4, 5, 6}), w = counted({6, 2, 3, 2});
  Conv2dOptions options{.stride = 2, .dilation = {1, 2}, .groups = 2, .mode = Padding::same};
  Tensor y = conv2d(x, w, {}, options), dy = counted(y.shape());
  double expected = sum(y * dy).item();
  EXPECT_EQ(y.shape(), (Shape{2, 6, 3, 3}));
  EXPECT_EQ(sum(conv2d_backward_data(dy, w, x.shape(), options) * x).item(), expected);
  auto d = conv2d_backward_weights(x, dy, w.shape(), true, options);
  EXPECT_EQ(sum(d.dweight * w).item(), expected);
  EXPECT_TRUE(equal(d.dbias, sum(dy, {0, 2, 3})));
}

TEST(Conv2d, EmptyBatch) {
  Tensor x = zeros({0, 3, 4, 4}), w = ones({2, 3, 3, 3}), y = conv2d(x, w);
  EXPECT_EQ(y.shape(), (Shape{0, 2, 2, 2}));
  EXPECT_EQ(conv2d_backward_data(y, w, x.shape(), {}).numel(), 0);
  EXPECT_EQ(sum(conv2d_backward_weights(x, y, w.shape(), true, {}).dweight).item(), 0);
}

TEST(Conv2d, Refuses) {
  Tensor w = ones({32, 1, 3, 3});
  EXPECT_EQ(error_of([&] {
              conv2d(ones({8, 3, 64, 64}), w);
            }),
            "[conv2d] input has 3 channels, weight expects 1: input (8, 3, 64, 64), weight "
            "(32, 1, 3, 3)");
  EXPECT_EQ(error_of([&] {
              conv2d(ones({8, 64, 64}), w);
            }),
            "[conv2d] input must be (N, C, H, W): (8, 64, 64)");
  EXPECT_EQ(error_of([&] {
              conv2d(ones({1, 1, 2, 9}), w);
            }),
            "[conv2d] a window of 3 does not fit into 2 with padding 0");
  EXPECT_EQ(error_of([&] {
              conv2d(ones({1, 1, 9, 9}), w, ones({3}));
            }),
            "[conv2d] bias must have one value for each of 32 channels: bias (3,) f32, weight "
            "(32, 1, 3, 3) f32");
  EXPECT_EQ(error_of([&] {
              conv2d(ones({1, 3, 9, 9}), w, {}, {.groups = 3});
            }),
            "[conv2d] 32 output channels do not divide into 3 groups: weight (32, 1, 3, 3)");
  EXPECT_EQ(error_of([&] {
              conv2d(ones({1, 1, 9, 9}), w, {}, {.stride = 0});
            }),
            "[conv2d] kernel 3, stride 0 and dilation 1 must be at least 1, padding 0 at least 0");
  EXPECT_EQ(error_of([&] {
              conv2d(ones({1, 1, 9, 9}, Dtype::u8), w);
            }),
            "[conv2d] takes f32, f64 or bf16: input (1, 1, 9, 9) u8");
  EXPECT_EQ(error_of([&] {
              conv2d_backward_data(ones({1, 32, 9, 9}), w, {1, 1, 9, 9}, {});
            }),
            "[conv2d_backward_data] dy must be (1, 32, 7, 7): (1, 32, 9, 9) f32");
}

TEST(Pool2d, Values) {
  Tensor x = counted({1, 1, 3, 3});
  EXPECT_EQ(max_pool2d(x, 2, {.ceil_mode = true}).to_vector<double>(),
            (std::vector<double>{4, 5, 7, 8}));
  EXPECT_EQ(avg_pool2d(x, 2, {.padding = 1}).to_vector<double>(),
            (std::vector<double>{0, .75, 2.25, 6}));
  EXPECT_EQ(avg_pool2d(x, 2, {.padding = 1, .count_padding = false}).to_vector<double>(),
            (std::vector<double>{0, 1.5, 4.5, 6}));
  EXPECT_EQ(avg_pool2d(x, 2, {.mode = Padding::same}).to_vector<double>(),
            (std::vector<double>{2, 3.5, 6.5, 8}));
  EXPECT_EQ(adaptive_avg_pool2d(x, 2).to_vector<double>(), (std::vector<double>{2, 3, 5, 6}));
}

TEST(Pool2d, TiesGoToTheFirst) {
  Tensor x = ones({1, 1, 4, 4}, Dtype::f64);
  Tensor y = max_pool2d(x, 2);
  Tensor dx = max_pool2d_backward(x, y, ones({1, 1, 2, 2}, Dtype::f64), 2, {});
  EXPECT_EQ(dx.to_vector<i64>(),
            (std::vector<i64>{1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0}));
}

TEST(Pool2d, Refuses) {
  EXPECT_EQ(error_of([] {
              max_pool2d(ones({1, 1, 4, 4}), 2, {.padding = 2});
            }),
            "[max_pool2d] padding (2, 2) is more than half the kernel (2, 2): input (1, 1, 4, 4)");
  EXPECT_EQ(error_of([] {
              avg_pool2d(ones({4, 4}), 2);
            }),
            "[avg_pool2d] input must be (N, C, H, W): (4, 4)");
  EXPECT_EQ(error_of([] {
              adaptive_avg_pool2d(ones({1, 1, 4, 4}), 0);
            }),
            "[adaptive_avg_pool2d] size must be at least 1, not (0, 0)");
}

TEST(BatchNorm, RowsAndPictures) {
  Tensor x = counted({4, 3, 2, 2}), rows = x.permute({0, 2, 3, 1}).reshape({16, 3});
  Statistics s = batch_norm_statistics(x), flat = batch_norm_statistics(rows);
  EXPECT_TRUE(allclose(s.mean, mean(x, {0, 2, 3}), 1e-15));
  EXPECT_TRUE(allclose(s.var, var(x, {0, 2, 3}, 0), 1e-14));
  EXPECT_TRUE(equal(s.mean, flat.mean));
  Tensor y = batch_norm(x, s, {}, {}, {.eps = 0});
  EXPECT_TRUE(y.is_channels_last());
  EXPECT_TRUE(allclose(mean(square(y), {0, 2, 3}), ones({3}, Dtype::f64), 1e-14));
  EXPECT_TRUE(
      equal(batch_norm(rows, flat, {}, {}, {.eps = 0}), y.permute({0, 2, 3, 1}).reshape({16, 3})));
}

TEST(BatchNorm, Bf16HasWideStatistics) {
  Tensor x = counted({4, 3}).to(Dtype::bf16);
  Statistics s = batch_norm_statistics(x);
  EXPECT_EQ(s.mean.dtype(), Dtype::f32);
  EXPECT_EQ(batch_norm(x, s, ones({3}, Dtype::bf16), {}).dtype(), Dtype::bf16);
}

// gamma and beta need not be rounded, and neither are their gradients, sums over all rows.
TEST(BatchNorm, Bf16TakesWideParameters) {
  Tensor x = counted({4, 3}).to(Dtype::bf16), gamma = full({3}, 1 + 0x1p-12);
  Statistics s = batch_norm_statistics(x);
  BatchNormBackwardResult d = batch_norm_backward(x, s, gamma, ones({3}, Dtype::bf16), {}, true,
                                                  full({4, 3}, 257., Dtype::bf16));
  EXPECT_EQ(d.dx.dtype(), Dtype::bf16);
  EXPECT_EQ(d.dgamma.dtype(), Dtype::f32);
  EXPECT_EQ(d.dbeta.dtype(), Dtype::bf16);
  EXPECT_EQ(error_of([&] { batch_norm(x, s, ones({3}, Dtype::f64), {}); }),
            "[batch_norm] gamma must be (3,) f32: (3,) f64, input (4, 3) bf16");
}

TEST(BatchNorm, Refuses) {
  Tensor x = ones({4, 3});
  Statistics s = batch_norm_statistics(x);
  EXPECT_EQ(error_of([&] { batch_norm(x, s, ones({2}), {}); }),
            "[batch_norm] gamma must be (3,) f32: (2,) f32, input (4, 3) f32");
  EXPECT_EQ(error_of([&] {
              batch_norm_statistics(ones({3, 4, 5}));
            }),
            "[batch_norm_statistics] input must be (N, C) or (N, C, H, W): (3, 4, 5) f32");
  EXPECT_EQ(error_of([&] {
              batch_norm_statistics(ones({0, 4}));
            }),
            "[batch_norm_statistics] no values to take statistics of: (0, 4) f32");
  EXPECT_EQ(error_of([&] { batch_norm(x, s, {}, {}, {.relu = true, .pool = 2}); }),
            "[batch_norm] input must be (N, C, H, W) for pooling: (4, 3) f32");
  Tensor picture = ones({1, 3, 2, 4});
  EXPECT_EQ(error_of([&] { batch_norm(picture, s, {}, {}, {.pool = 2}); }),
            "[batch_norm] pooling comes after the ReLU, which is off");
  EXPECT_EQ(error_of([&] { batch_norm(picture, s, {}, {}, {.relu = true, .pool = 3}); }),
            "[batch_norm] a window of 3 × 3 does not fit: (1, 3, 2, 4) f32");
  EXPECT_EQ(error_of([&] {
              batch_norm_backward(picture, s, {}, {}, {.relu = true, .pool = 2}, true, picture);
            }),
            "[batch_norm_backward] dy must be (1, 3, 1, 2): (1, 3, 2, 4) f32");
  EXPECT_EQ(error_of([&] {
              batch_norm(x, s, {}, {}, {}, ones({1, 3}));
            }),
            "[batch_norm] the residual must be of input's shape: (1, 3) f32, input (4, 3) f32");
  EXPECT_EQ(error_of([&] {
              batch_norm(x, s, {}, {}, {}, ones({4, 3}, Dtype::f64));
            }),
            "[batch_norm] operands have different dtypes: (4, 3) f32 and (4, 3) f64");
  EXPECT_EQ(error_of([&] { batch_norm(picture, s, {}, {}, {.relu = true, .pool = 2}, picture); }),
            "[batch_norm] a residual and pooling exclude each other");
}

// Neither has to lie as the kernels want it.
TEST(BatchNorm, TakesAnyLayoutOfTheResidual) {
  Generator generator(1);
  Tensor x = randn({2, 3, 4, 5}, generator), residual = randn({2, 3, 4, 5}, generator);
  Statistics s = batch_norm_statistics(x);
  auto with = [&](const Tensor& added) { return batch_norm(x, s, {}, {}, {}, added); };
  Tensor expected = batch_norm(x, s, {}, {}) + residual;
  EXPECT_TRUE(equal(with(residual), expected));
  EXPECT_TRUE(equal(with(residual.channels_last()), expected));
  EXPECT_TRUE(
      equal(with(residual.permute({3, 2, 1, 0}).contiguous().permute({3, 2, 1, 0})), expected));
}

TEST(Rnn, Refuses) {
  Tensor x = ones({2, 3, 4});
  RnnParameters p{ones({5, 4}), ones({5, 5}), {}, {}};
  EXPECT_EQ(rnn(RnnMode::rnn_tanh, x, {}, {}, p, false, false).y.shape(), (Shape{2, 3, 5}));
  EXPECT_EQ(error_of([&] { rnn(RnnMode::lstm, x, {}, {}, p, false, false); }),
            "[rnn] w_ih must be (20, 4) f32: (5, 4) f32, input (2, 3, 4) f32");
  EXPECT_EQ(error_of([&] { rnn(RnnMode::gru, x, {}, x, p, false, false); }),
            "[rnn] only an LSTM has a cell state: c0 (2, 3, 4) f32");
  EXPECT_EQ(error_of([&] {
              rnn(RnnMode::rnn_relu, ones({0, 3, 4}), {}, {}, p, false, false);
            }),
            "[rnn] input must be (T, N, input) with T at least 1: (0, 3, 4) f32");
  EXPECT_EQ(rnn(RnnMode::rnn_relu, ones({2, 0, 4}), {}, {}, p, false, true).y.shape(),
            (Shape{2, 0, 5}));
  auto kept_nothing = rnn(RnnMode::rnn_relu, x, {}, {}, p, false, false);
  EXPECT_NE(error_of([&] {
              rnn_backward(RnnMode::rnn_relu, x, {}, {}, p, false, kept_nothing, {}, {}, {});
            }),
            "");
}

TEST(Stft, Refuses) {
  EXPECT_EQ(stft(ones({2, 10}), ones({4}), 3).shape(), (Shape{2, 3, 3, 2}));
  EXPECT_EQ(error_of([] {
              stft(ones({1, 3}), ones({4}), 1);
            }),
            "[stft] 3 samples are fewer than the 4 of a frame: window (4,) f32");
  EXPECT_EQ(error_of([] { stft(ones({8}), ones({4}), 1); }),
            "[stft] the signal must be (count, samples): (8,) f32");
  EXPECT_EQ(error_of([] {
              irfft(ones({1, 3, 2}), 7);
            }),
            "[irfft] the spectrum of 7 samples must be (count, 4, 2): (1, 3, 2) f32");
}

TEST(Resize, KeepsWhatEveryMethodMustKeep) {
  Tensor x = counted({1, 2, 4, 6});
  for (Resize how : {Resize::nearest, Resize::bilinear, Resize::area}) {
    EXPECT_TRUE(allclose(resize(x, {4, 6}, how), x, 1e-14));
    EXPECT_TRUE(allclose(resize(full({3, 5}, 7, Dtype::f64), {8, 2}, how),
                         full({8, 2}, 7, Dtype::f64), 1e-14));
    EXPECT_TRUE(resize(x.channels_last(), {3, 3}, how).is_channels_last());
    EXPECT_TRUE(equal(resize(x.channels_last(), {3, 5}, how), resize(x, {3, 5}, how)));
  }
  EXPECT_TRUE(allclose(resize(x, {2, 3}, Resize::area), avg_pool2d(x, 2), 1e-14));
  EXPECT_EQ(resize(arange(4, Dtype::f32).reshape({1, 4}), {1, 2}, Resize::nearest).to_vector<i64>(),
            (std::vector<i64>{0, 2}));
  EXPECT_EQ(
      resize(from_vector<double>({0, 1}, {1, 2}), {1, 4}, Resize::bilinear).to_vector<double>(),
      (std::vector<double>{0, .25, .75, 1}));
  EXPECT_NE(error_of([&] { resize(x, {0, 1}, Resize::area); }), "no error");
}

}  // namespace melgrad
