#include <limits>

#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

const double nan = std::numeric_limits<double>::quiet_NaN();
const double inf = std::numeric_limits<double>::infinity();
const Options no_gradient = {.forward_only = true};
Input extreme() {
  return given({3, 4}, {1000, 999, 0, -1000, -500, -501, -502, -503, 80, -80, 0, 88});
}
// −∞ wherever nothing else is listed: a row's finite values in one lane of a warp, or in two, at any place in it.
Input masked() {
  const std::vector<std::vector<std::size_t>> finite = {
      {0}, {31}, {32}, {33}, {64}, {69}, {0, 64}, {31, 32}, {33, 69}, {5, 6, 7, 20, 40, 60}};
  std::vector<double> values(finite.size() * 70, -inf);
  for (std::size_t row = 0; row < finite.size(); ++row)
    for (std::size_t j : finite[row]) values[row * 70 + j] = static_cast<double>(j) / 64;
  return given({static_cast<i64>(finite.size()), 70}, values);
}
// Finite maxima in the first three rows; the others are NaN.
Input infinite() {
  return constant(given({6, 3}, {-inf, -inf, 0, -inf, 0, -inf, 0, -inf, -inf,  //
                                 -inf, nan, -inf, -inf, -inf, -inf, -inf, inf, 0}));
}
Input special() { return constant(given({3, 3}, {1, nan, 2, -inf, 0, 1, -inf, 3, -inf})); }

}  // namespace

Rows softmax_rows() {
  return {
      {"softmax",
       op([](V x) { return softmax(x); }),
       {uniform({4, 7}, -3, 3)},
       {.large = {uniform({4096, 1000})}}},
      {"softmax/first", op([](V x) { return softmax(x, 0); }), {uniform({4, 7}, -3, 3)}},
      {"softmax/middle", op([](V x) { return softmax(x, 1); }), {uniform({2, 5, 3}, -3, 3)}},
      {"softmax/odd", op([](V x) { return softmax(x); }), {uniform({3, 37}, -3, 3)}},
      {"softmax/one_column", op([](V x) { return softmax(x); }), {uniform({4, 1})}},
      {"softmax/empty", op([](V x) { return softmax(x); }), {uniform({0, 3})}},
      {"softmax/extreme", op([](V x) { return softmax(x); }), {extreme()}, {.gradcheck = false}},
      {"softmax/special", op([](T x) { return softmax(x); }), {special()}, no_gradient},
      {"softmax/masked", op([](V x) { return softmax(x); }), {masked()}, {.gradcheck = false}},
      {"softmax/infinite", op([](T x) { return softmax(x); }), {infinite()}, no_gradient},
      {"log_softmax", op([](V x) { return log_softmax(x); }), {uniform({4, 7}, -3, 3)}},
      {"log_softmax/first", op([](V x) { return log_softmax(x, 0); }), {uniform({4, 7}, -3, 3)}},
      {"log_softmax/middle",
       op([](V x) { return log_softmax(x, -2); }),
       {uniform({2, 5, 3}, -3, 3)}},
      {"log_softmax/extreme",
       op([](V x) { return log_softmax(x); }),
       {extreme()},
       {.gradcheck = false}},
      {"log_softmax/special", op([](T x) { return log_softmax(x); }), {special()}, no_gradient},
      {"log_softmax/masked",
       op([](V x) { return log_softmax(x); }),
       {masked()},
       {.gradcheck = false}},
      {"log_softmax/infinite", op([](T x) { return log_softmax(x); }), {infinite()}, no_gradient},
      {"softmax_backward",
       op([](T y, T dy) { return softmax_backward(y, dy, 1); }),
       {uniform({3, 4, 2}, 0, 1), uniform({3, 4, 2})},
       no_gradient},
      {"log_softmax_backward",
       op([](T y, T dy) { return log_softmax_backward(y, dy); }),
       {uniform({3, 9}, -4, 0), uniform({3, 9})},
       no_gradient},
  };
}

}  // namespace melgrad::op_cases
