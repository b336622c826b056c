#include "tensor/dtypes.h"
#include "tensor/ops.h"
#include "tensor/ops/sliding_window.h"

namespace melgrad {

namespace {

PoolShape pool_shape(std::string_view op, const Shape& x, Pair kernel, const Pool2dOptions& o) {
  check(x.rank() == 4, op, "input must be (N, C, H, W): {}", x);
  Pair stride = o.stride.value_or(kernel);
  // Otherwise a window could lie in the padding alone.
  check(2 * o.padding.h <= kernel.h && 2 * o.padding.w <= kernel.w, op,
        "padding ({}, {}) is more than half the kernel ({}, {}): input {}", o.padding.h,
        o.padding.w, kernel.h, kernel.w, x);
  SlidingWindow rows = sliding_window(op, {.input = x[2],
                                           .kernel = kernel.h,
                                           .stride = stride.h,
                                           .padding = o.padding.h,
                                           .dilation = 1,
                                           .ceil_mode = o.ceil_mode,
                                           .mode = o.mode});
  SlidingWindow cols = sliding_window(op, {.input = x[3],
                                           .kernel = kernel.w,
                                           .stride = stride.w,
                                           .padding = o.padding.w,
                                           .dilation = 1,
                                           .ceil_mode = o.ceil_mode,
                                           .mode = o.mode});
  return {.n = x[0],
          .h = x[2],
          .w = x[3],
          .c = x[1],
          .kh = kernel.h,
          .kw = kernel.w,
          .stride_h = stride.h,
          .stride_w = stride.w,
          .pad_top = rows.before,
          .pad_left = cols.before,
          .p = rows.output,
          .q = cols.output,
          .count_padding = o.count_padding && o.mode == Padding::explicit_,
          .pad_bottom = rows.after,
          .pad_right = cols.after};
}

PoolShape adaptive_shape(std::string_view op, const Shape& x, Pair size) {
  check(x.rank() == 4, op, "input must be (N, C, H, W): {}", x);
  check(size.h >= 1 && size.w >= 1, op, "size must be at least 1, not ({}, {})", size.h, size.w);
  check(x[2] >= 1 && x[3] >= 1, op, "there is nothing to average: input {}", x);
  return {.n = x[0], .h = x[2], .w = x[3], .c = x[1], .p = size.h, .q = size.w};
}

Shape output_shape(const PoolShape& s) { return {s.n, s.c, s.p, s.q}; }

void check_output(std::string_view op, std::string_view name, const PoolShape& s, const Tensor& y) {
  check(y.shape() == output_shape(s), op, "{} must be {}: {}", name, output_shape(s), y);
}

}  // namespace

Tensor max_pool2d(const Tensor& x, Pair kernel, const Pool2dOptions& options) {
  check_operand("max_pool2d", "input", x, Takes::floating);
  PoolShape s = pool_shape("max_pool2d", x.shape(), kernel, options);
  Tensor y = empty_channels_last(output_shape(s), x.dtype(), x.device());
  if (y.numel() > 0) {
    backend(x.device()).max_pool2d(s, x.dtype(), x.channels_last().raw(), y.raw());
  }
  return y;
}

Tensor max_pool2d_backward(const Tensor& x, const Tensor& y, const Tensor& dy, Pair kernel,
                           const Pool2dOptions& options) {
  constexpr std::string_view op = "max_pool2d_backward";
  check_operand(op, "input", x, Takes::floating);
  check_operand(op, "y", y);
  check_operand(op, "dy", dy);
  check_same_dtype(op, {&x, &y, &dy});
  check_same_device(op, {&x, &y, &dy});
  PoolShape s = pool_shape(op, x.shape(), kernel, options);
  check_output(op, "y", s, y);
  check_output(op, "dy", s, dy);
  Tensor dx = empty_channels_last(x.shape(), x.dtype(), x.device());
  if (dy.numel() == 0) return dx.fill_(0);
  Tensor input = x.channels_last(), output = y.channels_last(), gradient = dy.channels_last();
  backend(x.device())
      .max_pool2d_backward(s, x.dtype(), input.raw(), output.raw(), gradient.raw(), dx.raw());
  return dx;
}

Tensor avg_pool2d(const Tensor& x, Pair kernel, const Pool2dOptions& options) {
  check_operand("avg_pool2d", "input", x, Takes::floating);
  PoolShape s = pool_shape("avg_pool2d", x.shape(), kernel, options);
  Tensor y = empty_channels_last(output_shape(s), x.dtype(), x.device());
  if (y.numel() > 0) {
    backend(x.device()).avg_pool2d(s, x.dtype(), x.channels_last().raw(), y.raw());
  }
  return y;
}

Tensor avg_pool2d_backward(const Tensor& dy, const Shape& x_shape, Pair kernel,
                           const Pool2dOptions& options) {
  check_operand("avg_pool2d_backward", "dy", dy, Takes::floating);
  PoolShape s = pool_shape("avg_pool2d_backward", x_shape, kernel, options);
  check_output("avg_pool2d_backward", "dy", s, dy);
  Tensor dx = empty_channels_last(x_shape, dy.dtype(), dy.device());
  if (dy.numel() == 0) return dx.fill_(0);
  backend(dy.device()).avg_pool2d_backward(s, dy.dtype(), dy.channels_last().raw(), dx.raw());
  return dx;
}

Tensor adaptive_avg_pool2d(const Tensor& x, Pair size) {
  check_operand("adaptive_avg_pool2d", "input", x, Takes::floating);
  PoolShape s = adaptive_shape("adaptive_avg_pool2d", x.shape(), size);
  Tensor y = empty_channels_last(output_shape(s), x.dtype(), x.device());
  if (y.numel() > 0) {
    backend(x.device()).adaptive_avg_pool2d(s, x.dtype(), x.channels_last().raw(), y.raw());
  }
  return y;
}

Tensor adaptive_avg_pool2d_backward(const Tensor& dy, const Shape& x_shape) {
  constexpr std::string_view op = "adaptive_avg_pool2d_backward";
  check_operand(op, "dy", dy, Takes::floating);
  check(dy.rank() == 4, op, "dy must be (N, C, P, Q): {}", dy);
  PoolShape s = adaptive_shape(op, x_shape, {dy.dim(2), dy.dim(3)});
  check_output(op, "dy", s, dy);
  Tensor dx = empty_channels_last(x_shape, dy.dtype(), dy.device());
  if (dy.numel() == 0) return dx.fill_(0);
  backend(dy.device())
      .adaptive_avg_pool2d_backward(s, dy.dtype(), dy.channels_last().raw(), dx.raw());
  return dx;
}

}  // namespace melgrad
