#pragma once
#include <vector>

#include "kernels/dtype.h"

namespace melgrad::sim {

/// Sizes of a 2-d convolution of NHWC arrays: x (n,h,w,c)  weights (o,kh,kw,c / groups)  y (n,p,q,o).
struct Window {
  i64 n = 0, h = 0, w = 0, c = 0, o = 0, kh = 0, kw = 0, p = 0, q = 0;
  i64 groups = 1, stride_h = 1, stride_w = 1, top = 0, left = 0, dilation_h = 1, dilation_w = 1;
  bool sums_in_bf16 = false;  // partial sums are joined as bf16
};

std::vector<float> convolve(const Window& s, const std::vector<float>& x,
                            const std::vector<float>& weights);
/// dx
std::vector<float> convolve_backward_data(const Window& s, const std::vector<float>& weights,
                                          const std::vector<float>& dy);
/// dweights
std::vector<float> convolve_backward_weights(const Window& s, const std::vector<float>& x,
                                             const std::vector<float>& dy);

}  // namespace melgrad::sim
