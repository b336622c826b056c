#include "kernels/cpu/fast/onednn.h"
#include "kernels/cpu/fast/onednn_operation.h"
#include "kernels/cpu/loops/parallel.h"

namespace melgrad::onednn {
namespace {

using dnnl::algorithm;
using dnnl::prop_kind;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

enum Kind : i64 { forward = 1, backward_data, backward_weights };

// oneDNN's view of a ConvShape.
struct Conv {
  Desc x, y;          // as they lie in memory: NHWC
  Desc weights;       // as they lie in memory: (o, kh, kw, c/groups)
  Desc bias;          // empty if there is none
  Desc fast_weights;  // any layout: oneDNN chooses
  Dims strides, dilation, pad_begin, pad_end;

  Conv(const ConvShape& s, Dtype dtype, bool with_bias)
      : x({s.n, s.c, s.h, s.w}, data_type(dtype), Tag::nhwc),
        y({s.n, s.o, s.p, s.q}, data_type(dtype), Tag::nhwc),
        bias(vector_desc(with_bias, s.o, dtype)),
        strides{s.stride_h, s.stride_w},
        dilation{s.dilation_h - 1, s.dilation_w - 1},  // oneDNN counts the gap
        pad_begin{s.pad_top, s.pad_left},
        pad_end{end_padding(s.h, s.pad_top, s.kh, s.dilation_h, s.stride_h, s.p),
                end_padding(s.w, s.pad_left, s.kw, s.dilation_w, s.stride_w, s.q)} {
    i64 c = s.c / s.groups, o = s.o / s.groups;
    Dims sizes = {s.groups, o, c, s.kh, s.kw};
    Dims steps = {o * s.kh * s.kw * c, s.kh * s.kw * c, 1, s.kw * c, c};
    if (s.groups == 1) sizes.erase(sizes.begin()), steps.erase(steps.begin());
    weights = Desc(sizes, data_type(dtype), steps);
    fast_weights = computed(Desc(sizes, data_type(dtype), Tag::any));
  }

  // The padding at the end with which oneDNN's formula for the output's size gives `out`. What the
  // last stride leaves over is not negative padding, but not looked at.
  static i64 end_padding(i64 in, i64 pad, i64 kernel, i64 dilation, i64 stride, i64 out) {
    i64 padding = (out - 1) * stride + (kernel - 1) * dilation + 1 - in - pad;
    return padding < 0 && -padding < stride ? 0 : padding;
  }

  auto forward_desc() const {
    dnnl::convolution_forward::desc desc(prop_kind::forward_training, algorithm::convolution_direct,
                                         computed(x), fast_weights, computed(bias), computed(y),
                                         strides, dilation, pad_begin, pad_end);
    return dnnl::convolution_forward::primitive_desc(desc, attributes(), engine());
  }
};

Key key_of(Kind kind, const ConvShape& s, Dtype dtype, bool with_bias) {
  return {kind,         static_cast<i64>(dtype),
          with_bias,    s.n,
          s.h,          s.w,
          s.c,          s.o,
          s.kh,         s.kw,
          s.stride_h,   s.stride_w,
          s.pad_top,    s.pad_left,
          s.dilation_h, s.dilation_w,
          s.groups,     s.p,
          s.q};
}

Operation make_forward(const Conv& conv) {
  auto desc = conv.forward_desc();
  Operation operation(desc);
  operation.input(DNNL_ARG_SRC, conv.x, desc.src_desc());
  operation.input(DNNL_ARG_WEIGHTS, conv.weights, desc.weights_desc());
  if (!conv.bias.is_zero()) operation.input(DNNL_ARG_BIAS, conv.bias, desc.bias_desc());
  operation.output(DNNL_ARG_DST, conv.y, desc.dst_desc());
  return operation;
}

Operation make_backward_data(const Conv& conv) {
  dnnl::convolution_backward_data::primitive_desc desc(
      {algorithm::convolution_direct, computed(conv.x), conv.fast_weights, computed(conv.y),
       conv.strides, conv.dilation, conv.pad_begin, conv.pad_end},
      attributes(), engine(), conv.forward_desc());
  Operation operation(desc);
  operation.input(DNNL_ARG_DIFF_DST, conv.y, desc.diff_dst_desc());
  operation.input(DNNL_ARG_WEIGHTS, conv.weights, desc.weights_desc());
  operation.output(DNNL_ARG_DIFF_SRC, conv.x, desc.diff_src_desc());
  return operation;
}

Operation make_backward_weights(const Conv& conv) {
  dnnl::convolution_backward_weights::primitive_desc desc(
      {algorithm::convolution_direct, computed(conv.x), conv.fast_weights, computed(conv.bias),
       computed(conv.y), conv.strides, conv.dilation, conv.pad_begin, conv.pad_end},
      attributes(), engine(), conv.forward_desc());
  Operation operation(desc);
  operation.input(DNNL_ARG_SRC, conv.x, desc.src_desc());
  operation.input(DNNL_ARG_DIFF_DST, conv.y, desc.diff_dst_desc());
  operation.output(DNNL_ARG_DIFF_WEIGHTS, conv.weights, desc.diff_weights_desc());
  if (!conv.bias.is_zero()) operation.output(DNNL_ARG_DIFF_BIAS, conv.bias, desc.diff_bias_desc());
  return operation;
}

i64 products(const ConvShape& s) { return s.n * s.p * s.q * s.o * s.kh * s.kw * s.c / s.groups; }

}  // namespace

void conv2d(Backend& backend, const ConvShape& s, Dtype dtype, const void* x, const void* w,
            const void* bias, void* y) {
  AloneIfFew alone(products(s));
  bool with_bias = bias != nullptr;
  Operation& operation = cached("conv2d", key_of(forward, s, dtype, with_bias),
                                [&] { return make_forward(Conv(s, dtype, with_bias)); });
  with_bias ? operation.run(backend, {x, w, bias, y}) : operation.run(backend, {x, w, y});
}

void conv2d_backward_data(Backend& backend, const ConvShape& s, Dtype dtype, const void* dy,
                          const void* w, void* dx) {
  AloneIfFew alone(products(s));
  Operation& operation = cached("conv2d_backward_data", key_of(backward_data, s, dtype, false),
                                [&] { return make_backward_data(Conv(s, dtype, false)); });
  operation.run(backend, {dy, w, dx});
}

void conv2d_backward_weights(Backend& backend, const ConvShape& s, Dtype dtype, const void* x,
                             const void* dy, void* dw, void* dbias) {
  AloneIfFew alone(products(s));
  bool with_bias = dbias != nullptr;
  Operation& operation =
      cached("conv2d_backward_weights", key_of(backward_weights, s, dtype, with_bias),
             [&] { return make_backward_weights(Conv(s, dtype, with_bias)); });
  with_bias ? operation.run(backend, {x, dy, dw, dbias}) : operation.run(backend, {x, dy, dw});
}

}  // namespace melgrad::onednn
