#include "tests/gpu/bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/random.h"

namespace melgrad::op_cases {
namespace {

bool begins_with_one_of(const Case& row, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return row.name.rfind(name, 0) == 0; });
}

/// Outputs, then gradients.
std::vector<Tensor> tensors_of(const Result& result) {
  std::vector<Tensor> all = result.y;
  all.insert(all.end(), result.dx.begin(), result.dx.end());
  return all;
}

/// The number of terms in a product's or a convolution's longest sum, which is what it gives for ones.
double longest_sum(const Case& row) {
  Inputs inputs;
  for (std::size_t i = 0; i < row.inputs.size(); ++i)
    inputs.emplace_back(ones(row.inputs[i].shape, Dtype::f64), row.inputs[i].wants_gradient);
  double terms = 1;
  for (const Tensor& sums :
       tensors_of(run(row, inputs, [](const Tensor& dy) { return ones(dy.shape(), dy.dtype()); })))
    if (sums.defined() && sums.numel() > 0) terms = std::max(terms, max(sums).item());
  return terms;
}

/// Relative errors: of the terms of a sum, and of what comes out.
struct Rounding {
  double terms, result;
};

// A sum of k terms whose partial sums are rounded, in whatever order, is the exact sum of terms that are each off by at most
// about k u (Higham 2002, Accuracy and Stability, eq. 3.4), and by √k u as long as roundings are as good as independent (Higham
// and Mary 2019, SIAM J. Sci. Comput. 41, A2815). u: half the distance from 1 to the next number.
Rounding rounding_of(const Case& row, Arithmetic arithmetic) {
  constexpr double u = 0x1p-24, of_tf32 = 0x1p-11, of_bf16 = 0x1p-8;
  bool recurrent = begins_with_one_of(row, {"rnn"});
  bool spectral = begins_with_one_of(row, {"stft", "irfft", "band_power"});
  // Of a spectrum's values all are off by log₂ n u of their norm (Higham 2002, theorem 24.2); 2048 is the rows' largest n. A recurrent
  // row's longest sum has 68 terms, 4 gates of 17.
  double growth = spectral ? 11 : std::sqrt(recurrent ? 68 : longest_sum(row));
  // The result: itself, and what activations and kernels of ours do to it, a few roundings.
  Rounding f32{growth * u, 4 * u};
  if (arithmetic == Arithmetic::f32) return f32;
  // Tensor cores cut f32 off at TF32's last bit where nobody has rounded it.
  if (arithmetic == Arithmetic::tf32) return {f32.terms + 2 * of_tf32, f32.result};
  // States and gates' gradients of a recurrent layer are bf16 in each step, and so are results to which others are added: of operands
  // that were broadcast, and of groups that cuDNN does not convolve and add a bias to in one pass. Else sums are f32's, cut
  // off by tensor cores instead of rounded (Fasi et al. 2021, PeerJ Comput. Sci. 7, e330), so that errors have one sign.
  bool rounds_between =
      begins_with_one_of(row, {"rnn", "matmul/batche", "conv2d/groups", "conv2d/depthwise",
                               "conv2d/wide_groups", "conv2d/wide_depthwise"});
  if (rounds_between) return {of_bf16, of_bf16};
  return {growth * growth * 2 * u, of_bf16};
}

// What errors of the terms do to results that are several steps away, as a recurrent layer's are, is tried: all inputs and
// gradients that come in are off by so much, up or down. Twice the furthest that a tensor's values went in eight draws is the
// bound. (In a first order it is proportional to the errors, so they can be larger than f64's own.)
std::vector<double> furthest(const Case& row, const Inputs& inputs, const LayOut& lay_out,
                             const std::vector<Tensor>& exact, double error) {
  constexpr double tried = 1e-6;
  Generator draws(1);
  auto off = [&](const Tensor& x) {
    Tensor up = (rand(x.shape(), draws) < .5).to(x.dtype());  // 1 or 0
    return x * (up * (2 * tried) + (1 - tried));
  };
  std::vector<double> distance(exact.size());
  for (int draw = 0; draw < 8; ++draw) {
    Inputs others;
    for (const Variable& x : inputs) others.emplace_back(off(x.data()), x.requires_grad());
    Result result = run(row, others, [&](const Tensor& dy) { return off(lay_out(dy)); });
    std::vector<Tensor> moved = tensors_of(result);
    for (std::size_t i = 0; i < exact.size(); ++i)
      if (exact[i].defined() && exact[i].numel() > 0)
        distance[i] = std::max(distance[i], max(abs(moved[i] - exact[i])).item() / tried * error);
  }
  return distance;
}

}  // namespace

bool is_of_library(const Case& row) {
  return begins_with_one_of(row,
                            {"matmul", "linear", "conv2d", "rnn", "stft", "irfft", "band_power"});
}

Inputs inputs_of_all_bits(const Case& row, Dtype dtype) {
  Inputs inputs;
  for (const Variable& x : make_inputs(row, Dtype::f32))
    inputs.emplace_back((x.data() * .7).to(dtype), x.requires_grad());
  return inputs;
}

Deviation beyond(const Result& result, const Case& row, const Inputs& inputs,
                 Arithmetic arithmetic) {
  LayOut lay_out = [&](const Tensor& dy) {
    return arithmetic == Arithmetic::bf16 ? as_bf16(dy) : dy;
  };
  Inputs exact_inputs = as_f64(inputs);
  std::vector<Tensor> exact = tensors_of(run(row, exact_inputs, lay_out)),
                      values = tensors_of(result);
  Rounding rounding = rounding_of(row, arithmetic);
  std::vector<double> by_terms = furthest(row, exact_inputs, lay_out, exact, rounding.terms);
  constexpr double infinite = std::numeric_limits<double>::infinity();
  Deviation worst;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    bool both = exact[i].defined() && values[i].defined();
    if (!exact[i].defined() && !values[i].defined()) continue;
    if (!both || !(exact[i].shape() == values[i].shape())) return {infinite, "other shapes"};
    auto wanted = exact[i].to_vector<double>(), got = values[i].to_vector<double>();
    for (std::size_t j = 0; j < wanted.size(); ++j) {
      double error = std::abs(got[j] - wanted[j]);
      double part = error / (2 * by_terms[i] + rounding.result * std::abs(wanted[j]));
      if (error == 0 || part <= worst.worst) continue;
      worst = {std::isnan(part) ? infinite : part,
               format("value {} of tensor {}: {} instead of {}", j, i, got[j], wanted[j])};
    }
  }
  return worst;
}

}  // namespace melgrad::op_cases
