#include <limits>

#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

const double nan = std::numeric_limits<double>::quiet_NaN();
const double inf = std::numeric_limits<double>::infinity();
const Options no_gradient = {.forward_only = true};
Input left() { return constant(given({10}, {1, 2, 3, nan, nan, inf, -inf, inf, 0, -0.})); }
Input right() { return constant(given({10}, {1, 3, 2, nan, 1, inf, inf, 1, -0., 5})); }

}  // namespace

Rows compare_rows() {
  return {
      {"eq", op([](T a, T b) { return a == b; }), {left(), right()}, no_gradient},
      {"ne", op([](T a, T b) { return a != b; }), {left(), right()}, no_gradient},
      {"lt", op([](T a, T b) { return a < b; }), {left(), right()}, no_gradient},
      {"le", op([](T a, T b) { return a <= b; }), {left(), right()}, no_gradient},
      {"gt", op([](T a, T b) { return a > b; }), {left(), right()}, no_gradient},
      {"ge", op([](T a, T b) { return a >= b; }), {left(), right()}, no_gradient},
      {"gt/number", op([](T a) { return a > 1.0; }), {left()}, no_gradient},
      {"lt/number", op([](T a) { return a < 1.0; }), {left()}, no_gradient},
      {"ge/broadcast",
       op([](T a, T b) { return a >= b; }),
       {uniform({3, 1, 5}), uniform({4, 1})},
       no_gradient},
      {"eq/i64",
       op([](T a, T b) { return a == b; }),
       {index({4, 9}, 3), index({9}, 3)},
       no_gradient},
      {"lt/empty",
       op([](T a, T b) { return a < b; }),
       {uniform({0, 3}), uniform({3})},
       no_gradient},
      {"isnan", op([](T x) { return isnan(x); }), {left()}, no_gradient},
      {"isfinite", op([](T x) { return isfinite(x); }), {left()}, no_gradient},
  };
}

}  // namespace melgrad::op_cases
