#include <algorithm>
#include <optional>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/fast/conv_few_channels.h"
#include "kernels/cpu/fast/conv_weights.h"
#include "kernels/cpu/fast/onednn.h"
#include "kernels/cpu/fast/winograd.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/fill_rows.h"
#include "kernels/winograd.h"

// Letters as in backend.h: x (n,h,w,c)  weight (o,r,s,c/groups)  y (n,p,q,o). Output (p,q) meets
// input (h,w) at tap (r,s) where
//
//   h = p·stride_h − pad_top + r·dilation_h,   w = q·stride_w − pad_left + s·dilation_w.
//
// Channel o of y belongs to group g = o / (o per group) and sees channels g·(c per group) … of x.
namespace melgrad {
namespace {

i64 input_row(const ConvShape& s, i64 p, i64 r) {
  return p * s.stride_h - s.pad_top + r * s.dilation_h;
}
i64 input_column(const ConvShape& s, i64 q, i64 t) {
  return q * s.stride_w - s.pad_left + t * s.dilation_w;
}
i64 products(const ConvShape& s) { return s.n * s.p * s.q * s.o * s.kh * s.kw * s.c / s.groups; }
bool inside(i64 i, i64 size) { return i >= 0 && i < size; }

// y[n,p,q,o] = bias[o] + Σ_{r,s,c} x[n,h,w,c] · weight[o,r,s,c]
MELGRAD_SIMD void conv2d_loops(const ConvShape& s, const double* x, const double* weight,
                               const double* bias, double* y) {
  i64 c_group = s.c / s.groups, o_group = s.o / s.groups;
#pragma omp parallel for collapse(3) schedule(static) if (many_elements(products(s)))
  for (i64 n = 0; n < s.n; ++n) {
    for (i64 p = 0; p < s.p; ++p) {
      for (i64 q = 0; q < s.q; ++q) {
        double* y_pixel = y + ((n * s.p + p) * s.q + q) * s.o;
        for (i64 o = 0; o < s.o; ++o) {
          double sum = bias ? bias[o] : 0;
          for (i64 r = 0; r < s.kh; ++r) {
            i64 h = input_row(s, p, r);
            if (!inside(h, s.h)) continue;
            for (i64 t = 0; t < s.kw; ++t) {
              i64 w = input_column(s, q, t);
              if (!inside(w, s.w)) continue;
              const double* x_pixel = x + ((n * s.h + h) * s.w + w) * s.c + o / o_group * c_group;
              const double* tap = weight + ((o * s.kh + r) * s.kw + t) * c_group;
#pragma omp simd reduction(+ : sum)
              for (i64 c = 0; c < c_group; ++c) sum += x_pixel[c] * tap[c];
            }
          }
          y_pixel[o] = sum;
        }
      }
    }
  }
}

// The output position that meets input position `i` at a tap, or −1 if there is none.
i64 output_position(i64 i, i64 pad, i64 tap, i64 dilation, i64 stride, i64 size) {
  i64 distance = i + pad - tap * dilation;
  bool meets = distance >= 0 && distance % stride == 0 && distance / stride < size;
  return meets ? distance / stride : -1;
}

// dx[n,h,w,c] = Σ_{r,s,o} dy[n,p,q,o] · weight[o,r,s,c]
MELGRAD_SIMD void conv2d_backward_data_loops(const ConvShape& s, const double* dy,
                                             const double* weight, double* dx) {
  i64 c_group = s.c / s.groups, o_group = s.o / s.groups;
#pragma omp parallel for collapse(3) schedule(static) if (many_elements(products(s)))
  for (i64 n = 0; n < s.n; ++n) {
    for (i64 h = 0; h < s.h; ++h) {
      for (i64 w = 0; w < s.w; ++w) {
        double* dx_pixel = dx + ((n * s.h + h) * s.w + w) * s.c;
        std::fill_n(dx_pixel, s.c, 0.);
        for (i64 r = 0; r < s.kh; ++r) {
          i64 p = output_position(h, s.pad_top, r, s.dilation_h, s.stride_h, s.p);
          if (p < 0) continue;
          for (i64 t = 0; t < s.kw; ++t) {
            i64 q = output_position(w, s.pad_left, t, s.dilation_w, s.stride_w, s.q);
            if (q < 0) continue;
            const double* dy_pixel = dy + ((n * s.p + p) * s.q + q) * s.o;
            for (i64 o = 0; o < s.o; ++o) {
              double* dx_group = dx_pixel + o / o_group * c_group;
              const double* tap = weight + ((o * s.kh + r) * s.kw + t) * c_group;
#pragma omp simd
              for (i64 c = 0; c < c_group; ++c) dx_group[c] += dy_pixel[o] * tap[c];
            }
          }
        }
      }
    }
  }
}

// dweight[o,r,s,c] = Σ_{n,p,q} dy[n,p,q,o] · x[n,h,w,c],   dbias[o] = Σ_{n,p,q} dy[n,p,q,o]
MELGRAD_SIMD void conv2d_backward_weights_loops(const ConvShape& s, const double* x,
                                                const double* dy, double* dweight, double* dbias) {
  i64 c_group = s.c / s.groups, o_group = s.o / s.groups;
#pragma omp parallel for schedule(static) if (many_elements(products(s)))
  for (i64 o = 0; o < s.o; ++o) {
    double* dfilter = dweight + o * s.kh * s.kw * c_group;
    std::fill_n(dfilter, s.kh * s.kw * c_group, 0.);
    double dy_sum = 0;
    for (i64 n = 0; n < s.n; ++n) {
      for (i64 p = 0; p < s.p; ++p) {
        for (i64 q = 0; q < s.q; ++q) {
          double dy_value = dy[((n * s.p + p) * s.q + q) * s.o + o];
          dy_sum += dy_value;
          for (i64 r = 0; r < s.kh; ++r) {
            i64 h = input_row(s, p, r);
            if (!inside(h, s.h)) continue;
            for (i64 t = 0; t < s.kw; ++t) {
              i64 w = input_column(s, q, t);
              if (!inside(w, s.w)) continue;
              const double* x_pixel = x + ((n * s.h + h) * s.w + w) * s.c + o / o_group * c_group;
              double* dtap = dfilter + (r * s.kw + t) * c_group;
#pragma omp simd
              for (i64 c = 0; c < c_group; ++c) dtap[c] += dy_value * x_pixel[c];
            }
          }
        }
      }
    }
    if (dbias) dbias[o] = dy_sum;
  }
}

bool is_empty(const ConvShape& s) {
  return s.n * s.h * s.w * s.c * s.o * s.kh * s.kw * s.p * s.q == 0;
}

// How Winograd's method computes it, where that is allowed and faster.
std::optional<winograd::Plan> winograd_plan(winograd::ConvPass pass, const ConvShape& s,
                                            Dtype dtype) {
  if (dtype == Dtype::f64 || !uses_winograd()) return {};
  return winograd::faster_plan(pass, s, dtype);
}

}  // namespace

void CpuBackend::conv2d(const ConvShape& s, Dtype dtype, bool relu, const void* x, const void* w,
                        const void* bias, void* y) {
  if (is_empty(s)) {
    fill_rows(*this, dtype, s.n * s.p * s.q, s.o, bias, y);
  } else if (dtype == Dtype::f64) {
    conv2d_loops(s, static_cast<const double*>(x), static_cast<const double*>(w),
                 static_cast<const double*>(bias), static_cast<double*>(y));
  } else if (auto plan = winograd_plan(winograd::ConvPass::forward, s, dtype)) {
    return dispatch_floating("conv2d", dtype, [&]<class T>(T) {
      winograd::conv2d(*this, *plan, s, relu, static_cast<const T*>(x), static_cast<const T*>(w),
                       static_cast<const T*>(bias), static_cast<T*>(y));
    });
  } else {
    onednn::conv2d(*this, s, dtype, x, w, bias, y);
  }
  // Not by oneDNN in the same pass: there max(NaN, 0) is 0.
  if (relu) unary(UnaryOp::relu, dtype, 0, 0, s.n * s.p * s.q * s.o, y, y);
}

void CpuBackend::conv2d_backward_data(const ConvShape& s, Dtype dtype, const void* dy,
                                      const void* w, void* dx) {
  if (is_empty(s)) return fill(dtype, 0, s.n * s.h * s.w * s.c, dx);
  if (auto plan = winograd_plan(winograd::ConvPass::backward_data, s, dtype))
    return dispatch_floating("conv2d_backward_data", dtype, [&]<class T>(T) {
      winograd::conv2d_backward_data(*this, *plan, s, static_cast<const T*>(dy),
                                     static_cast<const T*>(w), static_cast<T*>(dx));
    });
  if (dtype != Dtype::f64) return onednn::conv2d_backward_data(*this, s, dtype, dy, w, dx);
  conv2d_backward_data_loops(s, static_cast<const double*>(dy), static_cast<const double*>(w),
                             static_cast<double*>(dx));
}

void CpuBackend::conv2d_backward_weights(const ConvShape& s, Dtype dtype, const void* x,
                                         const void* dy, void* dw, void* dbias) {
  ReduceShape positions = {.outer = 1, .length = s.n * s.p * s.q, .inner = s.o};
  if (is_empty(s)) {
    fill(dtype, 0, s.o * s.kh * s.kw * s.c / s.groups, dw);
    if (dbias) reduce(ReduceOp::sum, dtype, positions, dy, dbias);
    return;
  }
  if (dtype != Dtype::f64 && has_few_channels(s, dtype))
    return dispatch_floating("conv2d_backward_weights", dtype, [&]<class T>(T) {
      few_channels_backward_weights(*this, s, static_cast<const T*>(x), static_cast<const T*>(dy),
                                    static_cast<T*>(dw), static_cast<T*>(dbias));
    });
  if (dtype != Dtype::f64) {
    // oneDNN sums dy in a loop of narrow vectors: 4 of 10 ms of base_cnn's second convolution.
    if (dbias) reduce(ReduceOp::sum, dtype, positions, dy, dbias);
    if (auto plan = winograd_plan(winograd::ConvPass::backward_weights, s, dtype))
      return dispatch_floating("conv2d_backward_weights", dtype, [&]<class T>(T) {
        winograd::conv2d_backward_weights(*this, *plan, s, static_cast<const T*>(x),
                                          static_cast<const T*>(dy), static_cast<T*>(dw));
      });
    if (dtype == Dtype::f32 && has_slow_weights(s))
      return slow_backward_weights(*this, s, static_cast<const float*>(x),
                                   static_cast<const float*>(dy), static_cast<float*>(dw));
    return onednn::conv2d_backward_weights(*this, s, dtype, x, dy, dw, nullptr);
  }
  conv2d_backward_weights_loops(s, static_cast<const double*>(x), static_cast<const double*>(dy),
                                static_cast<double*>(dw), static_cast<double*>(dbias));
}

}  // namespace melgrad
