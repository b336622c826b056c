#include "layers/conv2d.h"

#include "autograd/tools/anomaly.h"

namespace melgrad {

Conv2d::Conv2d(i64 in, i64 out, Pair kernel, const Conv2dSettings& settings)
    : settings_(settings),
      options_{settings.stride, settings.padding, settings.dilation, settings.groups,
               settings.mode} {
  i64 groups = settings.groups;
  check(in > 0 && out > 0 && kernel.h > 0 && kernel.w > 0, "conv2d",
        "sizes must be positive: {} -> {} channels, kernel {} × {}", in, out, kernel.h, kernel.w);
  check(groups > 0 && in % groups == 0 && out % groups == 0, "conv2d",
        "{} groups do not divide {} -> {} channels", groups, in, out);
  Tensor value = empty_channels_last({out, in / groups, kernel.h, kernel.w});
  weight = Variable(value.fill_(0), true);
  add_parameter("weight", weight);
  if (!settings.bias) return;
  bias = Variable(zeros({out}), true);
  add_parameter("bias", bias);
}

std::string Conv2d::details() const {
  auto pair = [](Pair p) { return p.h == p.w ? std::to_string(p.h) : format("{} × {}", p.h, p.w); };
  std::string text = format("{} -> {}, kernel {}", weight.dim(1) * settings_.groups, weight.dim(0),
                            pair({weight.dim(2), weight.dim(3)}));
  if (!(settings_.stride == Pair(1))) text += ", stride " + pair(settings_.stride);
  if (settings_.mode == Padding::same) {
    text += ", padding same";
  } else if (!(settings_.padding == Pair(0))) {
    text += ", padding " + pair(settings_.padding);
  }
  if (!(settings_.dilation == Pair(1))) text += ", dilation " + pair(settings_.dilation);
  if (settings_.groups != 1) text += format(", {} groups", settings_.groups);
  if (!settings_.bias) text += ", no bias";
  return text;
}

Variable Conv2d::forward_relu(const Variable& x) {
  Scope scope(scope_name());
  return conv2d(x, weight, bias, options_, true);
}

i64 Conv2d::multiply_adds(const Shape&, const Shape& output) const {
  return output.numel() * weight.dim(1) * weight.dim(2) * weight.dim(3);
}

void Conv2d::reset_parameters(Generator& generator) {
  Tensor no_bias;
  settings_.init(weight.mutable_data(), bias.defined() ? bias.mutable_data() : no_bias, generator);
}

}  // namespace melgrad
