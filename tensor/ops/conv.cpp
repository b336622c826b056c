#include <algorithm>

#include "tensor/dtypes.h"
#include "tensor/ops/conv_shape.h"
#include "tensor/ops/sliding_window.h"

namespace melgrad {

ConvShape conv_shape(std::string_view op, const Shape& x, const Shape& weight,
                     const Conv2dOptions& o) {
  check(x.rank() == 4, op, "input must be (N, C, H, W): {}", x);
  check(weight.rank() == 4, op, "weight must be (O, C/groups, kh, kw): {}", weight);
  check(o.groups >= 1 && weight[0] % o.groups == 0, op,
        "{} output channels do not divide into {} groups: weight {}", weight[0], o.groups, weight);
  check(x[1] == weight[1] * o.groups, op,
        "input has {} channels, weight expects {}: input {}, weight {}", x[1], weight[1] * o.groups,
        x, weight);
  SlidingWindow rows = sliding_window(op, {.input = x[2],
                                           .kernel = weight[2],
                                           .stride = o.stride.h,
                                           .padding = o.padding.h,
                                           .dilation = o.dilation.h,
                                           .mode = o.mode});
  SlidingWindow cols = sliding_window(op, {.input = x[3],
                                           .kernel = weight[3],
                                           .stride = o.stride.w,
                                           .padding = o.padding.w,
                                           .dilation = o.dilation.w,
                                           .mode = o.mode});
  return {.n = x[0],
          .h = x[2],
          .w = x[3],
          .c = x[1],
          .o = weight[0],
          .kh = weight[2],
          .kw = weight[3],
          .stride_h = o.stride.h,
          .stride_w = o.stride.w,
          .pad_top = rows.before,
          .pad_left = cols.before,
          .pad_bottom = rows.after,
          .pad_right = cols.after,
          .dilation_h = o.dilation.h,
          .dilation_w = o.dilation.w,
          .groups = o.groups,
          .p = rows.output,
          .q = cols.output};
}

namespace {

void check_operands(std::string_view op, std::string_view name, const Tensor& x,
                    const Tensor& other, const Tensor& bias = {}) {
  check_operand(op, name, x, Takes::floating);
  check_operand(op, "the other operand", other, Takes::floating);
  check_same_dtype(op, {&x, &other, &bias});
  check_same_device(op, {&x, &other, &bias});
}

void check_output_gradient(std::string_view op, const ConvShape& s, const Tensor& dy) {
  Shape expected{s.n, s.o, s.p, s.q};
  check(dy.shape() == expected, op, "dy must be {}: {}", expected, dy);
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Conv2dOptions& options, bool relu) {
  check_operands("conv2d", "input", x, weight, bias);
  ConvShape s = conv_shape("conv2d", x.shape(), weight.shape(), options);
  check(!bias.defined() || bias.shape() == Shape{s.o}, "conv2d",
        "bias must have one value for each of {} channels: bias {}, weight {}", s.o, bias, weight);
  Tensor y = empty_channels_last({s.n, s.o, s.p, s.q}, x.dtype(), x.device());
  if (y.numel() == 0) return y;
  Tensor nhwc = x.channels_last(), kernel = weight.channels_last();
  Tensor added = bias.defined() ? bias.contiguous() : bias;
  backend(x.device())
      .conv2d(s, x.dtype(), relu, nhwc.raw(), kernel.raw(), added.defined() ? added.raw() : nullptr,
              y.raw());
  return y;
}

Tensor conv2d_backward_data(const Tensor& dy, const Tensor& weight, const Shape& x_shape,
                            const Conv2dOptions& options) {
  check_operands("conv2d_backward_data", "dy", dy, weight);
  ConvShape s = conv_shape("conv2d_backward_data", x_shape, weight.shape(), options);
  check_output_gradient("conv2d_backward_data", s, dy);
  Tensor dx = empty_channels_last(x_shape, dy.dtype(), dy.device());
  if (dy.numel() == 0) return dx.fill_(0);
  Tensor gradient = dy.channels_last(), kernel = weight.channels_last();
  backend(dy.device()).conv2d_backward_data(s, dy.dtype(), gradient.raw(), kernel.raw(), dx.raw());
  return dx;
}

ConvWeightGradients conv2d_backward_weights(const Tensor& x, const Tensor& dy,
                                            const Shape& weight_shape, bool with_bias,
                                            const Conv2dOptions& options) {
  check_operands("conv2d_backward_weights", "input", x, dy);
  ConvShape s = conv_shape("conv2d_backward_weights", x.shape(), weight_shape, options);
  check_output_gradient("conv2d_backward_weights", s, dy);
  ConvWeightGradients d{empty_channels_last(weight_shape, x.dtype(), x.device()), {}};
  if (with_bias) d.dbias = empty({s.o}, x.dtype(), x.device());
  if (dy.numel() == 0) {
    d.dweight.fill_(0);
    if (with_bias) d.dbias.fill_(0);
    return d;
  }
  Tensor nhwc = x.channels_last(), gradient = dy.channels_last();
  backend(x.device())
      .conv2d_backward_weights(s, x.dtype(), nhwc.raw(), gradient.raw(), d.dweight.raw(),
                               with_bias ? d.dbias.raw() : nullptr);
  return d;
}

}  // namespace melgrad
