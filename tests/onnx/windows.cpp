#include <algorithm>
#include <limits>

#include "tensor/ops.h"
#include "tests/onnx/operators.h"

namespace melgrad::onnx {
namespace {

struct Window {
  Pair kernel = 1, stride = 1, dilation = 1;
  i64 top = 0, left = 0, bottom = 0, right = 0;
  bool symmetric() const { return top == bottom && left == right; }
};

Pair pair_of(const std::vector<i64>& values) { return {values.at(0), values.at(1)}; }

// ONNX's explicit pads, or those that auto_pad means: output size ⌈input/stride⌉, with the odd one
// at the end (SAME_UPPER) or the beginning (SAME_LOWER).
Window window(const Node& node, const Tensor& x, Pair kernel) {
  need(x.rank() == 4, "windows over other than two axes");
  Window w;
  w.kernel = kernel;
  w.stride = pair_of(node.integers("strides", {1, 1}));
  w.dilation = pair_of(node.integers("dilations", {1, 1}));
  std::string mode = node.text("auto_pad", "NOTSET");
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    auto total = [](i64 size, i64 k, i64 stride, i64 dilation) {
      i64 count = (size + stride - 1) / stride;
      return std::max<i64>((count - 1) * stride + (k - 1) * dilation + 1 - size, 0);
    };
    i64 rows = total(x.dim(2), kernel.h, w.stride.h, w.dilation.h);
    i64 columns = total(x.dim(3), kernel.w, w.stride.w, w.dilation.w);
    i64 odd = mode == "SAME_LOWER" ? 1 : 0;
    w.top = (rows + odd) / 2, w.bottom = rows - w.top;
    w.left = (columns + odd) / 2, w.right = columns - w.left;
  } else if (mode == "NOTSET") {
    auto pads = node.integers("pads", {0, 0, 0, 0});
    w.top = pads.at(0), w.left = pads.at(1), w.bottom = pads.at(2), w.right = pads.at(3);
  }
  return w;
}

Tensor padded(const Tensor& x, const Window& w, double value) {
  return pad(x, {0, 0, w.top, w.left}, {0, 0, w.bottom, w.right}, value);
}

Window pooling_window(const Node& node, const Tensor& x) {
  need(is_floating(x.dtype()), "pooling of integers");
  need(node.outputs.size() == 1, "indices of the maxima");
  auto kernel = node.integers("kernel_shape", {});
  need(kernel.size() == 2, "windows over other than two axes");
  Window w = window(node, x, pair_of(kernel));
  need(w.dilation == Pair(1), "pooling with dilation");
  return w;
}

Pool2dOptions pool_options(const Node& node, const Window& w) {
  Pool2dOptions options = {.stride = w.stride};
  options.ceil_mode = node.integer("ceil_mode", 0) != 0;
  options.count_padding = node.integer("count_include_pad", 0) != 0;
  return options;
}

}  // namespace

Tensor convolution(const Node& node, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  need(weight.rank() == 4, "windows over other than two axes");
  Window w = window(node, x, {weight.dim(2), weight.dim(3)});
  Conv2dOptions options = {.stride = w.stride, .dilation = w.dilation};
  options.groups = node.integer("group", 1);
  if (node.text("auto_pad", "NOTSET") == "SAME_UPPER") {
    options.mode = Padding::same;
  } else if (w.symmetric()) {
    options.padding = {w.top, w.left};
  } else {
    return conv2d(padded(x, w, 0), weight, bias, options);
  }
  return conv2d(x, weight, bias, options);
}

Tensor max_pooling(const Node& node, const Tensor& x) {
  Window w = pooling_window(node, x);
  Pool2dOptions options = pool_options(node, w);
  if (node.text("auto_pad", "NOTSET") == "SAME_UPPER") {
    options.mode = Padding::same;
  } else if (w.symmetric() && 2 * w.top <= w.kernel.h && 2 * w.left <= w.kernel.w) {
    options.padding = {w.top, w.left};
  } else {
    double nothing = -std::numeric_limits<double>::infinity();
    return max_pool2d(padded(x, w, nothing), w.kernel, options);
  }
  return max_pool2d(x, w.kernel, options);
}

Tensor average_pooling(const Node& node, const Tensor& x) {
  Window w = pooling_window(node, x);
  Pool2dOptions options = pool_options(node, w);
  if (node.text("auto_pad", "NOTSET") == "SAME_UPPER") {
    options.mode = Padding::same;
  } else {
    need(w.symmetric() && 2 * w.top <= w.kernel.h && 2 * w.left <= w.kernel.w,
         "average pooling with uneven padding, or more than half the window");
    options.padding = {w.top, w.left};
  }
  return avg_pool2d(x, w.kernel, options);
}

}  // namespace melgrad::onnx
