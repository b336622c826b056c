#include <limits>

#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

const double nan = std::numeric_limits<double>::quiet_NaN();
const double inf = std::numeric_limits<double>::infinity();
const Options no_gradient = {.forward_only = true};
const Options kink = {.gradcheck = false};
Input ties() { return given({3, 4}, {1, 3, 3, 0, -2, -2, -2, -2, 5, 1, 0, 5}); }
Input with_nan() { return constant(given({3, 3}, {1, nan, 3, 4, 5, 6, nan, nan, -inf})); }
const Shape activations = {64, 32, 64, 64};

}  // namespace

Rows reduce_rows() {
  return {
      {"sum",
       op([](V x) { return sum(x); }),
       {uniform({3, 4, 5})},
       {.large = {uniform(activations)}}},
      {"sum/0-d", op([](V x) { return sum(x); }), {uniform({})}},
      {"sum/empty", op([](V x) { return sum(x); }), {uniform({3, 0})}},
      {"sum/empty_axis", op([](V x) { return sum(x, {1}); }), {uniform({3, 0, 2})}},
      {"sum/first", op([](V x) { return sum(x, {0}); }), {uniform({5, 17})}},
      {"sum/middle", op([](V x) { return sum(x, {1}); }), {uniform({3, 4, 5})}},
      {"sum/last", op([](V x) { return sum(x, {-1}); }), {uniform({5, 37})}},
      {"sum/channels",
       op([](V x) {
         return sum(x, {0, 2, 3});
       }),
       {uniform({2, 3, 4, 5})},
       {.large = {uniform(activations)}}},
      {"sum/outer_two_keep_dim",
       op([](V x) {
         return sum(x, {2, 0}, true);
       }),
       {uniform({3, 4, 5})}},
      {"sum/i64", op([](T x) { return sum(x, {1}); }), {index({4, 9}, 1000)}, no_gradient},
      {"sum/nan", op([](T x) { return sum(x, {1}); }), {with_nan()}, no_gradient},
      {"mean", op([](V x) { return mean(x); }), {uniform({3, 4, 5})}},
      {"mean/middle_keep_dim", op([](V x) { return mean(x, {1}, true); }), {uniform({3, 4, 5})}},
      {"mean/last_two",
       op([](V x) {
         return mean(x, {-1, -2});
       }),
       {uniform({2, 3, 4, 5})}},
      {"mean/empty", op([](T x) { return mean(x); }), {constant(uniform({3, 0}))}, no_gradient},
      {"prod", op([](T x) { return prod(x, {1}); }), {uniform({4, 7})}, no_gradient},
      {"prod/empty", op([](T x) { return prod(x, {1}, true); }), {uniform({4, 0})}, no_gradient},
      {"max/last", op([](V x) { return max(x, -1); }), {distinct({4, 7})}},
      {"max/first_keep_dim", op([](V x) { return max(x, 0, true); }), {distinct({4, 7})}},
      {"max/middle", op([](V x) { return max(x, 1); }), {distinct({3, 5, 4})}},
      {"max/ties", op([](V x) { return max(x, 1); }), {ties()}, kink},
      {"max/all", op([](T x) { return max(x); }), {distinct({4, 7})}, no_gradient},
      {"max/axes",
       op([](T x) {
         return max(x, Axes{0, 2}, true);
       }),
       {distinct({3, 5, 4})},
       no_gradient},
      {"max/nan", op([](T x) { return max(x, Axes{1}); }), {with_nan()}, no_gradient},
      {"max/i64", op([](T x) { return max(x, Axes{1}); }), {index({4, 9}, 1000)}, no_gradient},
      {"min/last", op([](V x) { return min(x, -1); }), {distinct({4, 7})}},
      {"min/middle_keep_dim", op([](V x) { return min(x, 1, true); }), {distinct({3, 5, 4})}},
      {"min/ties", op([](V x) { return min(x, 1); }), {ties()}, kink},
      {"min/all", op([](T x) { return min(x); }), {distinct({4, 7})}, no_gradient},
      {"min/axes",
       op([](T x) {
         return min(x, Axes{0, 2});
       }),
       {distinct({3, 5, 4})},
       no_gradient},
      {"min/nan", op([](T x) { return min(x, Axes{0}); }), {with_nan()}, no_gradient},
      {"var", op([](V x) { return var(x, {1}); }), {uniform({4, 7})}},
      {"var/biased_keep_dim",
       op([](V x) {
         return var(x, {0, 2}, 0, true);
       }),
       {uniform({3, 4, 5})}},
      // The mean is a hundred times the deviation: the two-pass formula must be used.
      {"var/offset",
       op([](V x) { return var(x, {1}); }),
       {uniform({4, 33}, 99, 101)},
       // bf16 has no value between 100 and 100.5, which the mean is rounded to: .36 was seen.
       {.gradcheck = false, .f32 = 2e-5, .bf16 = .5}},
      {"var/empty_axis",
       op([](T x) { return var(x, {1}); }),
       {constant(uniform({3, 0, 2}))},
       no_gradient},
      {"argmax", op([](T x) { return argmax(x); }), {distinct({5, 19})}, no_gradient},
      {"argmax/first_keep_dim",
       op([](T x) { return argmax(x, 0, true); }),
       {distinct({5, 9})},
       no_gradient},
      {"argmax/middle", op([](T x) { return argmax(x, 1); }), {distinct({2, 5, 3})}, no_gradient},
      {"argmax/ties", op([](T x) { return argmax(x, 1); }), {ties()}, no_gradient},
      {"argmax/nan", op([](T x) { return argmax(x, 1); }), {with_nan()}, no_gradient},
      {"argmin", op([](T x) { return argmin(x); }), {distinct({5, 19})}, no_gradient},
      {"argmin/ties", op([](T x) { return argmin(x, 0); }), {ties()}, no_gradient},
      {"argmin/nan", op([](T x) { return argmin(x, 0); }), {with_nan()}, no_gradient},
      {"logsumexp",
       op([](V x) { return logsumexp(x); }),
       {uniform({4, 7}, -3, 3)},
       {.bf16 = .02}},  // dx = exp(x − y) with y ≈ 4 rounded by up to 2⁻⁷: .011 was seen
      {"logsumexp/first_keep_dim",
       op([](V x) { return logsumexp(x, 0, true); }),
       {uniform({4, 7}, -3, 3)}},
      {"logsumexp/large",
       op([](V x) { return logsumexp(x, 1); }),
       {given({2, 3}, {1000, 1001, 999, -1000, -1001, -1002})},
       // dx = exp(x − y), and y = 1001.4 has an error of 3e-5 in f32, of 1.4 in bf16; 1.3e-5 and 2 were
       // seen.
       {.gradcheck = false, .f32 = 2e-5, .bf16 = 3}},
      {"logsumexp/infinite",
       op([](T x) { return logsumexp(x, 1); }),
       {constant(given({3, 2}, {-inf, -inf, inf, 1, -inf, 2}))},
       no_gradient},
      {"logsumexp/minus_infinity",
       op([](V x) { return logsumexp(x, 1); }),
       {given({3, 2}, {-inf, -inf, -inf, 1, 2, 3})},
       kink},
      {"logsumexp/empty_axis", op([](V x) { return logsumexp(x, 1); }), {uniform({3, 0, 2})}},
      {"logsumexp/empty", op([](V x) { return logsumexp(x, 1); }), {uniform({0, 3})}},
      {"sum_to",
       op([](T x) {
         return sum_to(x, {3, 1, 5});
       }),
       {uniform({2, 3, 4, 5})},
       no_gradient},
      {"sum_to/0-d", op([](T x) { return sum_to(x, {}); }), {uniform({2, 3})}, no_gradient},
  };
}

}  // namespace melgrad::op_cases
