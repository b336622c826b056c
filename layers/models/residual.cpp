#include "layers/models/residual.h"

namespace melgrad {
namespace {

void add_projection(Sequential& downsample, i64 in, i64 out, i64 stride) {
  if (in == out && stride == 1) return;
  downsample.add<Conv2d>(in, out, 1, Conv2dOptions{.stride = stride}, residual_weights);
  downsample.add<BatchNorm2d>(out);
}

}  // namespace

BasicBlock::BasicBlock(i64 in, i64 width, i64 stride)
    : conv1_(in, width, 3, Conv2dOptions{.stride = stride, .padding = 1}, residual_weights),
      bn1_(width),
      conv2_(width, width, 3, Conv2dOptions{.padding = 1}, residual_weights),
      bn2_(width) {
  add_projection(downsample_, in, width, stride);
  add_module("conv1", conv1_);
  add_module("bn1", bn1_);
  add_module("relu", relu_);
  add_module("conv2", conv2_);
  add_module("bn2", bn2_);
  if (downsample_.size() > 0) add_module("downsample", downsample_);
}

Variable BasicBlock::forward(const Variable& x) {
  Variable shortcut = downsample_.size() > 0 ? downsample_(x) : x;
  return add_relu(bn2_, relu_, residual_(x), shortcut);
}

Bottleneck::Bottleneck(i64 in, i64 width, i64 stride)
    : conv1_(in, width, 1, Conv2dOptions{}, residual_weights),
      bn1_(width),
      conv2_(width, width, 3, Conv2dOptions{.stride = stride, .padding = 1}, residual_weights),
      bn2_(width),
      conv3_(width, width * expansion, 1, Conv2dOptions{}, residual_weights),
      bn3_(width * expansion) {
  add_projection(downsample_, in, width * expansion, stride);
  add_module("conv1", conv1_);
  add_module("bn1", bn1_);
  add_module("conv2", conv2_);
  add_module("bn2", bn2_);
  add_module("conv3", conv3_);
  add_module("bn3", bn3_);
  add_module("relu", relu_);
  if (downsample_.size() > 0) add_module("downsample", downsample_);
}

Variable Bottleneck::forward(const Variable& x) {
  Variable shortcut = downsample_.size() > 0 ? downsample_(x) : x;
  return add_relu(bn3_, relu_, residual_(x), shortcut);
}

}  // namespace melgrad
