#include "layers/linear.h"

namespace melgrad {

Linear::Linear(i64 in, i64 out, WeightSettings settings) : settings_(settings) {
  check(in > 0 && out > 0, "linear", "sizes must be positive: {} -> {}", in, out);
  weight = Variable(zeros({out, in}), true);
  add_parameter("weight", weight);
  if (!settings_.bias) return;
  bias = Variable(zeros({out}), true);
  add_parameter("bias", bias);
}

std::string Linear::details() const {
  return format("{} -> {}{}", weight.dim(1), weight.dim(0), settings_.bias ? "" : ", no bias");
}

Variable Linear::forward(const Variable& x) { return linear(x, weight, bias); }

i64 Linear::multiply_adds(const Shape&, const Shape& output) const {
  return output.numel() * weight.dim(1);
}

void Linear::reset_parameters(Generator& generator) {
  Tensor no_bias;
  settings_.init(weight.mutable_data(), bias.defined() ? bias.mutable_data() : no_bias, generator);
}

}  // namespace melgrad
