#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

const double nan = std::numeric_limits<double>::quiet_NaN();

const BatchNormOptions with_relu = {.relu = true}, relu_max_pool = {.relu = true, .pool = 2};
const auto train = [](V x, V gamma, V beta) { return batch_norm(x, gamma, beta); };
// ReLU's kink is at gamma·x̂ + beta = 0; these inputs stay away from it by more than 1e-4.
const auto train_relu = [](V x, V gamma, V beta) { return batch_norm(x, gamma, beta, with_relu); };
// Statistics of bf16 values are f32.
Statistics statistics(const Tensor& x, const Tensor& mean, const Tensor& var) {
  Dtype dtype = compute_dtype(x.dtype());
  return {mean.to(dtype), var.to(dtype)};
}
const auto fixed = [](V x, T mean, T var, V gamma, V beta) {
  return batch_norm(x, statistics(x.data(), mean, var), gamma, beta);
};
const auto fixed_relu = [](V x, T mean, T var, V gamma, V beta) {
  return batch_norm(x, statistics(x.data(), mean, var), gamma, beta, with_relu);
};
const auto train_pool = [](V x, V gamma, V beta) {
  return batch_norm(x, gamma, beta, relu_max_pool);
};
const auto train_add = [](V x, V gamma, V beta, V residual) {
  return batch_norm(x, gamma, beta, {}, nullptr, residual);
};
const auto train_add_relu = [](V x, V gamma, V beta, V residual) {
  return batch_norm(x, gamma, beta, with_relu, nullptr, residual);
};
// The running statistics as they are after it.
const auto track = [](T mean, T var, T running_mean, T running_var) {
  Statistics running{running_mean.clone().contiguous(), running_var.clone().contiguous()};
  Tensor batches = full({}, 2, Dtype::i64, mean.device());
  batch_norm_track({mean, var}, .3, 1.25, running, batches);
  return std::vector{running.mean, running.var, batches};
};
const Options no_gradient = {.forward_only = true};
const Shape activations = {64, 32, 64, 64};

}  // namespace

Rows batch_norm_rows() {
  return {
      {"batch_norm_track",
       op(track),
       {uniform({37}), positive({37}), uniform({37}), positive({37})},
       no_gradient},
      {"batch_norm", op(train), {uniform({4, 3, 2, 5}), positive({3}), uniform({3})}},
      {"batch_norm/columns", op(train), {uniform({7, 5}), positive({5}), uniform({5})}},
      {"batch_norm/relu",
       op(train_relu),
       {uniform({4, 3, 2, 5}), positive({3}), uniform({3})},
       {.large = {uniform(activations), uniform({32}), uniform({32})}}},
      {"batch_norm/columns_relu", op(train_relu), {uniform({7, 5}), positive({5}), uniform({5})}},
      {"batch_norm/negative_gamma_relu",
       op(train_relu),
       {uniform({3, 4, 3, 3}), uniform({4}, -2, -1), uniform({4})}},
      {"batch_norm/without_gamma",
       op([](V x) { return batch_norm(x, Variable(), Variable(), {.eps = .1}); }),
       {uniform({4, 3, 2, 5})}},
      {"batch_norm/without_beta",
       op([](V x, V gamma) { return batch_norm(x, gamma, Variable()); }),
       {uniform({4, 3, 2, 5}), positive({3})}},
      {"batch_norm/channels",
       op(train_relu),
       {uniform({3, 37, 3, 3}), positive({37}), uniform({37})},
       {.gradcheck = false}},
      {"batch_norm/many_rows",
       op(train),
       {uniform({5, 2, 7, 9}), positive({2}), uniform({2})},
       {.gradcheck = false}},
      // The mean is a hundred times the deviation: dx loses digits in f32, in PyTorch as here.
      {"batch_norm/offset",
       op(train),
       {uniform({4, 3, 4, 4}, 99, 101), positive({3}), uniform({3})},
       {.gradcheck = false, .f32 = 1e-4}},
      {"batch_norm/one_value", op(train), {uniform({1, 3, 1, 1}), positive({3}), uniform({3})}},
      {"batch_norm/constant_input",
       op(train),
       {constant(uniform({4, 3, 2, 5})), positive({3}), uniform({3})}},
      {"batch_norm/frozen_gamma",
       op(train),
       {uniform({4, 3, 2, 5}), constant(positive({3})), constant(uniform({3}))}},
      {"batch_norm/statistics_given_back",
       op([](T x) {
         Statistics s;
         batch_norm(Variable(x), Variable(), Variable(), {}, &s);
         return std::vector<Tensor>{s.mean, s.var};
       }),
       {uniform({4, 3, 2, 5})},
       no_gradient},
      {"batch_norm/fixed",
       op(fixed),
       {uniform({4, 3, 2, 5}), constant(uniform({3})), constant(positive({3})), positive({3}),
        uniform({3})}},
      {"batch_norm/fixed_relu",
       op(fixed_relu),
       {uniform({4, 3, 2, 5}), constant(uniform({3})), constant(positive({3})), positive({3}),
        uniform({3})}},
      {"batch_norm/fixed_columns",
       op(fixed),
       {uniform({7, 5}), constant(uniform({5})), constant(positive({5})), positive({5}),
        uniform({5})}},
      {"batch_norm/add",
       op(train_add),
       {uniform({4, 3, 2, 5}), positive({3}), uniform({3}), uniform({4, 3, 2, 5})}},
      {"batch_norm/add_relu",
       op(train_add_relu),
       {uniform({4, 3, 2, 5}), positive({3}), uniform({3}), uniform({4, 3, 2, 5})},
       {.large = {uniform(activations), uniform({32}), uniform({32}), uniform(activations)}}},
      {"batch_norm/add_relu_columns",
       op(train_add_relu),
       {uniform({7, 5}), positive({5}), uniform({5}), uniform({7, 5})}},
      {"batch_norm/add_relu_packs",
       op(train_add_relu),
       {uniform({7, 8}), positive({8}), uniform({8}), uniform({7, 8})}},
      {"batch_norm/add_relu_channels",
       op(train_add_relu),
       {uniform({3, 37, 3, 3}), positive({37}), uniform({37}), uniform({3, 37, 3, 3})},
       {.gradcheck = false}},
      {"batch_norm/add_relu_constant",
       op(train_add_relu),
       {uniform({4, 3, 2, 5}), positive({3}), uniform({3}), constant(uniform({4, 3, 2, 5}))}},
      {"batch_norm/add_relu_to_constant",
       op(train_add_relu),
       {constant(uniform({4, 3, 2, 5})), constant(positive({3})), constant(uniform({3})),
        uniform({4, 3, 2, 5})}},
      {"batch_norm/fixed_add_relu",
       op([](V x, T mean, T var, V gamma, V beta, V residual) {
         return batch_norm(x, statistics(x.data(), mean, var), gamma, beta, with_relu, residual);
       }),
       {uniform({4, 3, 2, 5}), constant(uniform({3})), constant(positive({3})), positive({3}),
        uniform({3}), uniform({4, 3, 2, 5})}},
      {"batch_norm_statistics",
       op([](T x) {
         Statistics s = batch_norm_statistics(x);
         return std::vector<Tensor>{s.mean, s.var};
       }),
       {uniform({4, 3, 2, 5})},
       no_gradient},
      {"batch_norm_relu_max_pool",
       op(train_pool),
       {uniform({2, 3, 4, 6}), positive({3}), uniform({3})},
       {.large = {uniform(activations), uniform({32}), uniform({32})}}},
      {"batch_norm_relu_max_pool/cut_off",
       op([](V x, V gamma, V beta) {
         return batch_norm(x, gamma, beta, {.relu = true, .pool = Pair(2, 3)});
       }),
       {uniform({2, 3, 5, 7}), positive({3}), uniform({3})}},
      {"batch_norm_relu_max_pool/negative_gamma",
       op(train_pool),
       {uniform({3, 4, 4, 4}), uniform({4}, -2, -1), uniform({4})}},
      {"batch_norm_relu_max_pool/channels",
       op(train_pool),
       {uniform({2, 71, 2, 4}), positive({71}), uniform({71})},
       {.gradcheck = false}},
      {"batch_norm_relu_max_pool/without_gamma",
       op([](V x) { return batch_norm(x, Variable(), Variable(), relu_max_pool); }),
       {uniform({2, 3, 4, 6})}},
      {"batch_norm_relu_max_pool/fixed",
       op([](V x, T mean, T var, V gamma, V beta) {
         return batch_norm(x, statistics(x.data(), mean, var), gamma, beta, relu_max_pool);
       }),
       {uniform({2, 3, 4, 6}), constant(uniform({3})), constant(positive({3})), positive({3}),
        uniform({3})}},
      {"batch_norm_relu_max_pool/nan",
       op([](V x, T mean, T var) {
         return batch_norm(x, statistics(x.data(), mean, var), Variable(), Variable(),
                           relu_max_pool);
       }),
       {constant(given({1, 1, 2, 6}, {0, nan, 1, 2, -3, nan, 3, 1, nan, 2, nan, -1})),
        constant(given({1}, {.5})), constant(given({1}, {2}))},
       no_gradient},
      {"batch_norm_relu_max_pool_backward",
       op([](T x, T gamma, T beta, T dy) {
         auto d =
             batch_norm_backward(x, batch_norm_statistics(x), gamma, beta, relu_max_pool, true, dy);
         return std::vector<Tensor>{d.dx, d.dgamma, d.dbeta};
       }),
       {uniform({2, 3, 4, 6}), positive({3}), uniform({3}), uniform({2, 3, 2, 3})},
       no_gradient},
      {"batch_norm_backward",
       op([](T x, T gamma, T beta, T dy) {
         auto d =
             batch_norm_backward(x, batch_norm_statistics(x), gamma, beta, with_relu, true, dy);
         return std::vector<Tensor>{d.dx, d.dgamma, d.dbeta};
       }),
       {uniform({4, 3, 2, 5}), positive({3}), uniform({3}), uniform({4, 3, 2, 5})},
       no_gradient},
  };
}

}  // namespace melgrad::op_cases
