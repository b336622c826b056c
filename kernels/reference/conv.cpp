#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

// x (n,h,w,c)  weight (o,r,t,c/groups)  y (n,p,q,o). Output (p,q) meets input (h,w) at tap (r,t).
// Channel o of y sees the channels of x that begin at first_channel(o).
namespace melgrad::reference {
namespace {

struct Pixel {
  i64 h, w;
  bool is_inside;
};
// h = p·stride_h − pad_top + r·dilation_h,   w = q·stride_w − pad_left + t·dilation_w
Pixel input_pixel(const ConvShape& s, i64 p, i64 q, i64 r, i64 t) {
  i64 h = p * s.stride_h - s.pad_top + r * s.dilation_h;
  i64 w = q * s.stride_w - s.pad_left + t * s.dilation_w;
  return {h, w, h >= 0 && h < s.h && w >= 0 && w < s.w};
}

i64 first_channel(const ConvShape& s, i64 o) { return o / (s.o / s.groups) * (s.c / s.groups); }

}  // namespace

// y[n,p,q,o] = bias[o] + Σ_{r,t,c} x[n,h,w,c] · weight[o,r,t,c],  then max(y, 0) if relu
void conv2d(const ConvShape& s, bool relu, const double* x_, const double* weight_,
            const double* bias, double* y_) {
  Array x(x_, s.n, s.h, s.w, s.c);
  Array weight(weight_, s.o, s.kh, s.kw, s.c / s.groups);
  Array y(y_, s.n, s.p, s.q, s.o);
  for (auto [n, p, q, o] : indices(s.n, s.p, s.q, s.o)) {
    double sum = bias ? bias[o] : 0;
    for (auto [r, t, c] : indices(s.kh, s.kw, s.c / s.groups)) {
      auto [h, w, is_inside] = input_pixel(s, p, q, r, t);
      if (is_inside) sum += x(n, h, w, first_channel(s, o) + c) * weight(o, r, t, c);
    }
    y(n, p, q, o) = sum;
  }
  if (relu) unary(UnaryOp::relu, 0, 0, y.size(), y_, y_);
}

// dx[n,h,w,c] = Σ dy[n,p,q,o] · weight[o,r,t,c] over all (p,q,o) and (r,t) that meet there
void conv2d_backward_data(const ConvShape& s, const double* dy_, const double* weight_,
                          double* dx_) {
  Array dy(dy_, s.n, s.p, s.q, s.o);
  Array weight(weight_, s.o, s.kh, s.kw, s.c / s.groups);
  Array dx(dx_, s.n, s.h, s.w, s.c);
  fill(0, dx.size(), dx_);
  for (auto [n, p, q, o] : indices(s.n, s.p, s.q, s.o))
    for (auto [r, t, c] : indices(s.kh, s.kw, s.c / s.groups)) {
      auto [h, w, is_inside] = input_pixel(s, p, q, r, t);
      if (is_inside) dx(n, h, w, first_channel(s, o) + c) += dy(n, p, q, o) * weight(o, r, t, c);
    }
}

// dweight[o,r,t,c] = Σ_{n,p,q} dy[n,p,q,o] · x[n,h,w,c],   dbias[o] = Σ_{n,p,q} dy[n,p,q,o]
void conv2d_backward_weights(const ConvShape& s, const double* x_, const double* dy_,
                             double* dweight_, double* dbias) {
  Array x(x_, s.n, s.h, s.w, s.c);
  Array dy(dy_, s.n, s.p, s.q, s.o);
  Array dweight(dweight_, s.o, s.kh, s.kw, s.c / s.groups);
  for (auto [o, r, t, c] : indices(s.o, s.kh, s.kw, s.c / s.groups)) {
    double sum = 0;
    for (auto [n, p, q] : indices(s.n, s.p, s.q)) {
      auto [h, w, is_inside] = input_pixel(s, p, q, r, t);
      if (is_inside) sum += dy(n, p, q, o) * x(n, h, w, first_channel(s, o) + c);
    }
    dweight(o, r, t, c) = sum;
  }
  if (dbias) reduce(ReduceOp::sum, {1, s.n * s.p * s.q, s.o}, dy_, dbias);
}

}  // namespace melgrad::reference
