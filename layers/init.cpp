#include "layers/init.h"

#include <cmath>
#include <utility>
#include <vector>

namespace melgrad::init {
namespace {

double fan_of(const Tensor& weight, Fan fan) {
  Fans both = fans(weight.shape());
  return static_cast<double>(fan == Fan::in ? both.in : both.out);
}

double fan_sum(const Tensor& weight) {
  Fans both = fans(weight.shape());
  return static_cast<double>(both.in + both.out);
}

void zero(Tensor& bias) {
  if (bias.defined()) bias.fill_(0);
}

}  // namespace

Fans fans(const Shape& weight) {
  check(weight.rank() >= 2, "init", "a weight has at least 2 axes, (out, in, ...): {}", weight);
  i64 field = 1;
  for (i64 axis = 2; axis < weight.rank(); ++axis) field *= weight[axis];
  return {weight[1] * field, weight[0] * field};
}

double leaky_relu_gain(double slope) { return std::sqrt(2 / (1 + slope * slope)); }

void uniform(Tensor& x, double low, double high, Generator& generator) {
  x.copy_(rand(x.shape(), generator, low, high));
}

void normal(Tensor& x, double mean, double deviation, Generator& generator) {
  x.copy_(randn(x.shape(), generator, mean, deviation));
}

void kaiming_uniform(Tensor& weight, Generator& generator, double gain, Fan fan) {
  double bound = gain * std::sqrt(3 / fan_of(weight, fan));
  uniform(weight, -bound, bound, generator);
}

void kaiming_normal(Tensor& weight, Generator& generator, double gain, Fan fan) {
  normal(weight, 0, gain / std::sqrt(fan_of(weight, fan)), generator);
}

void xavier_uniform(Tensor& weight, Generator& generator, double gain) {
  double bound = gain * std::sqrt(6 / fan_sum(weight));
  uniform(weight, -bound, bound, generator);
}

void xavier_normal(Tensor& weight, Generator& generator, double gain) {
  normal(weight, 0, gain * std::sqrt(2 / fan_sum(weight)), generator);
}

void orthogonal(Tensor& weight, Generator& generator) {
  check(weight.rank() == 2, "init", "an orthogonal weight is (rows, cols): {}", weight);
  auto rows = static_cast<std::size_t>(weight.dim(0));
  auto cols = static_cast<std::size_t>(weight.dim(1));
  auto count = std::min(rows, cols), length = std::max(rows, cols);
  std::vector<double> q =
      randn({static_cast<i64>(count), static_cast<i64>(length)}, generator).to_vector<double>();

  // Gram–Schmidt, twice over: once leaves an error of the order of the condition number.
  for (std::size_t i = 0; i < count; ++i) {
    double* row = &q[i * length];
    for (std::size_t j = 0; j < 2 * i; ++j) {
      const double* other = &q[(j % i) * length];
      double dot = 0;
      for (std::size_t k = 0; k < length; ++k) dot += row[k] * other[k];
      for (std::size_t k = 0; k < length; ++k) row[k] -= dot * other[k];
    }
    double norm = 0;
    for (std::size_t k = 0; k < length; ++k) norm += row[k] * row[k];
    for (std::size_t k = 0; k < length; ++k) row[k] /= std::sqrt(norm);
  }
  Tensor result = from_vector(q, {static_cast<i64>(count), static_cast<i64>(length)});
  weight.copy_((rows > cols ? result.transpose(0, 1) : result).to(weight.device()));
}

void pytorch(Tensor& weight, Tensor& bias, Generator& generator) {
  // kaiming_uniform_(a = √5): the gain of a leaky ReLU of slope √5 is 1/√3
  double bound = 1 / std::sqrt(fan_of(weight, Fan::in));
  uniform(weight, -bound, bound, generator);
  if (bias.defined()) uniform(bias, -bound, bound, generator);
}

void keras(Tensor& weight, Tensor& bias, Generator& generator) {
  xavier_uniform(weight, generator);
  zero(bias);
}

void kaiming_fan_out(Tensor& weight, Tensor& bias, Generator& generator) {
  kaiming_normal(weight, generator, relu_gain, Fan::out);
  zero(bias);
}

void normal_001(Tensor& weight, Tensor& bias, Generator& generator) {
  normal(weight, 0, .01, generator);
  zero(bias);
}

}  // namespace melgrad::init
