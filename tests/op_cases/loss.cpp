#include <limits>

#include "tests/op_cases.h"

namespace melgrad::op_cases {

static constexpr double inf = std::numeric_limits<double>::infinity();

Rows loss_rows() {
  return {
      {"cross_entropy",
       op([](V x, T t) { return cross_entropy(x, t); }),
       {uniform({5, 4}, -3, 3), index({5}, 4)},
       {.large = {uniform({64, 1000}), index({64}, 1000)}}},
      {"cross_entropy/smoothing",
       op([](V x, T t) { return cross_entropy(x, t, .1); }),
       {uniform({5, 4}, -3, 3), index({5}, 4)}},
      {"cross_entropy/certain",
       op([](V x, T t) { return cross_entropy(x, t); }),
       {given({2, 3}, {500, 0, -500, 0, 800, 1}), index({2}, 3)},
       {.gradcheck = false}},
      {"cross_entropy/masked",  // classes that cannot be
       op([](V x) { return cross_entropy(x, argmax(x.data(), 1)); }),
       {given({3, 4}, {-inf, -inf, 0, 1, 2, -inf, -inf, -inf, -inf, .5, -inf, -1})},
       {.gradcheck = false}},
      {"cross_entropy/one_class",
       op([](V x, T t) { return cross_entropy(x, t); }),
       {uniform({3, 1}), index({3}, 1)}},
      {"cross_entropy_backward",
       op([](T x, T t, T dy) { return cross_entropy_backward(x, t, dy); }),
       {uniform({5, 4}, -3, 3), index({5}, 4), uniform({})},
       {.forward_only = true}},
      {"cross_entropy_soft",
       op([](V x, T t) { return cross_entropy_soft(x, t); }),
       {uniform({5, 4}, -3, 3), constant(uniform({5, 4}, 0, .5))},
       {.bf16 = .02}},  // dx is a difference of two rounded numbers: .013 was seen
      {"nll_loss",
       op([](V x, T t) { return nll_loss(x, t); }),
       {uniform({5, 4}, -3, 0), index({5}, 4)}},
      {"mse_loss", op([](V x, V t) { return mse_loss(x, t); }), {uniform({5, 4}), uniform({5, 4})}},
      {"mse_loss/constant_target",
       op([](V x, V t) { return mse_loss(x, t); }),
       {uniform({2, 3, 4}), constant(uniform({2, 3, 4}))}},
  };
}

}  // namespace melgrad::op_cases
