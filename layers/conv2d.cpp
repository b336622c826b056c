#include "layers/conv2d.h"

namespace melgrad {

Conv2d::Conv2d(i64 in, i64 out, Pair kernel, const Conv2dOptions& options, WeightSettings settings)
    : options_(options), settings_(settings) {
  i64 groups = options.groups;
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
  std::string text = format("{} -> {}, kernel {}", weight.dim(1) * options_.groups, weight.dim(0),
                            pair({weight.dim(2), weight.dim(3)}));
  if (!(options_.stride == Pair(1))) text += ", stride " + pair(options_.stride);
  if (options_.mode == Padding::same) {
    text += ", padding same";
  } else if (!(options_.padding == Pair(0))) {
    text += ", padding " + pair(options_.padding);
  }
  if (!(options_.dilation == Pair(1))) text += ", dilation " + pair(options_.dilation);
  if (options_.groups != 1) text += format(", {} groups", options_.groups);
  if (!settings_.bias) text += ", no bias";
  return text;
}

i64 Conv2d::multiply_adds(const Shape&, const Shape& output) const {
  return output.numel() * weight.dim(1) * weight.dim(2) * weight.dim(3);
}

void Conv2d::reset_parameters(Generator& generator) {
  Tensor no_bias;
  settings_.init(weight.mutable_data(), bias.defined() ? bias.mutable_data() : no_bias, generator);
}

}  // namespace melgrad
