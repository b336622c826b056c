#include "tests/ops/goldens.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <limits>
#include <set>

#include "tensor/files/safetensors.h"

namespace melgrad::op_cases {
namespace {

const auto& file() {
  static const auto tensors =
      load_safetensors(MELGRAD_TEST_DATA "/goldens/ops.safetensors").tensors;
  return tensors;
}

// Infinities and NaN agree only with themselves.
double distance(double a, double b, double scale) {
  if (std::isnan(a) && std::isnan(b)) return 0;
  if (a == b) return 0;
  if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
  return std::abs(a - b) / scale;
}

double mean_size(const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (double v : values) {
    if (std::isfinite(v)) sum += std::abs(v), ++count;
  }
  return count == 0 ? 0 : sum / count;
}

}  // namespace

std::optional<Tensor> golden(const std::string& row, const std::string& what) {
  auto found = file().find(row + ":" + what);
  if (found == file().end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> golden_rows() {
  std::set<std::string> names;
  for (const auto& [key, tensor] : file()) names.insert(key.substr(0, key.rfind(':')));
  return {names.begin(), names.end()};
}

Deviation deviation(const Tensor& a, const Tensor& b, bool exact) {
  if (!(a.shape() == b.shape())) {
    return {std::numeric_limits<double>::infinity(), format("shapes {} and {}", a, b)};
  }
  auto left = a.to_vector<double>(), right = b.to_vector<double>();
  double mean = mean_size(right);
  Deviation result;
  for (std::size_t i = 0; i < left.size(); ++i) {
    double size = std::abs(right[i]);
    double d = distance(left[i], right[i], exact ? size : std::max({size, mean, 1e-3}));
    if (d > result.worst || std::isnan(d)) {
      result.worst = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
      result.where = format("element {}: {} instead of {}", i, left[i], right[i]);
    }
  }
  return result;
}

Result run(const Case& row, const Inputs& inputs, const LayOut& lay_out) {
  std::vector<Variable> outputs = row.forward(inputs);
  Result result;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    result.y.push_back(outputs[i].data());
    if (!outputs[i].requires_grad()) continue;
    Tensor dy = projection(outputs[i].data(), i).to(outputs[i].device());
    if (lay_out) dy = lay_out(dy);
    outputs[i].backward(dy, true);  // gradients add up over the outputs
  }
  for (const Variable& x : inputs) {
    result.dx.push_back(x.requires_grad() ? x.grad() : Tensor());
  }
  return result;
}

Inputs as_f64(const Inputs& inputs) {
  Inputs exact;
  for (const Variable& x : inputs)
    exact.emplace_back(is_floating(x.dtype()) ? x.data().to(Dtype::f64) : x.data(),
                       x.requires_grad());
  return exact;
}

Tensor as_bf16(const Tensor& x) { return x.to(Dtype::bf16).to(x.dtype()); }

Result run_reference(const Case& row, Dtype dtype) {
  return run(row, as_f64(make_inputs(row, dtype)), dtype == Dtype::bf16 ? as_bf16 : LayOut());
}

void expect_agree(const Result& result, const Result& expected, double tolerance, bool exact) {
  ASSERT_EQ(result.y.size(), expected.y.size());
  for (std::size_t i = 0; i < result.y.size(); ++i) {
    Deviation d = deviation(result.y[i], expected.y[i], exact);
    EXPECT_LE(d.worst, tolerance) << "y" << i << ", " << d.where;
  }
  for (std::size_t i = 0; i < result.dx.size(); ++i) {
    ASSERT_EQ(result.dx[i].defined(), expected.dx[i].defined()) << "dx" << i;
    if (!result.dx[i].defined()) continue;
    Deviation d = deviation(result.dx[i], expected.dx[i], exact);
    EXPECT_LE(d.worst, tolerance) << "dx" << i << ", " << d.where;
  }
}

Tensor reversed_axes(const Tensor& x) {
  Shape axes;
  for (int axis = x.rank(); axis-- > 0;) axes.push_back(axis);
  return x.permute(axes).contiguous().permute(axes);
}

Tensor shifted(const Tensor& x) {
  Tensor y = zeros({x.numel() + 3}, x.dtype(), x.device()).slice(0, 3, x.numel() + 3);
  if (x.rank() != 4) return y.reshape(x.shape()).copy_(x);
  return y.reshape({x.dim(0), x.dim(2), x.dim(3), x.dim(1)}).permute({0, 3, 1, 2}).copy_(x);
}

std::string test_name(const Case& row) {
  std::string name = row.name;
  for (char& letter : name) {
    if (letter == '-') letter = 'm';
    if (letter == '.') letter = 'p';
    if (!std::isalnum(static_cast<unsigned char>(letter))) letter = '_';
  }
  return name;
}

}  // namespace melgrad::op_cases
