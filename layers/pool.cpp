#include "layers/pool.h"

namespace melgrad {
namespace {

std::string pooling(Pair kernel, const Pool2dOptions& options) {
  Pair stride = options.stride.value_or(kernel);
  std::string text = format("{} × {}, stride {} × {}", kernel.h, kernel.w, stride.h, stride.w);
  if (options.mode == Padding::same) text += ", padding same";
  if (!(options.padding == Pair(0)))
    text += format(", padding {} × {}", options.padding.h, options.padding.w);
  if (options.ceil_mode) text += ", ceil";
  return text;
}

Pair picture(const Variable& x) {
  check(x.rank() == 4, "global_pool2d", "input is (N, C, H, W): {}", x.shape());
  return {x.dim(2), x.dim(3)};
}

}  // namespace

bool MaxPool2d::tiles(const Variable& x) const {
  return x.rank() == 4 && options_.stride.value_or(kernel_) == kernel_ &&
         options_.padding == Pair(0) && x.dim(2) % kernel_.h == 0 && x.dim(3) % kernel_.w == 0;
}

std::string MaxPool2d::details() const { return pooling(kernel_, options_); }

std::string AvgPool2d::details() const { return pooling(kernel_, options_); }

Variable GlobalAvgPool2d::forward(const Variable& x) {
  return flatten(avg_pool2d(x, picture(x)), 1);
}

Variable GlobalMaxPool2d::forward(const Variable& x) {
  return flatten(max_pool2d(x, picture(x)), 1);
}

}  // namespace melgrad
