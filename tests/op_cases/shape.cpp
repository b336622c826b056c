#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

std::vector<Variable> list(V a, V b) { return {a, b}; }
const Options no_gradient = {.forward_only = true};

}  // namespace

// The results are multiplied by something that depends on the position, so that values which land
// in the wrong place are seen in the gradient, too; comparing with PyTorch sees them anyway.
Rows shape_rows() {
  return {
      {"reshape",
       op([](V x) {
         return reshape(x, {6, 10});
       }),
       {uniform({3, 4, 5})}},
      {"reshape/-1",
       op([](V x) {
         return reshape(x, {2, -1, 3});
       }),
       {uniform({3, 4, 5})}},
      {"reshape/of_a_view",
       op([](V x) {
         return reshape(transpose(x, 0, 2), {5, 12});
       }),
       {uniform({3, 4, 5})}},
      {"reshape/empty",
       op([](V x) {
         return reshape(x, {0, 6});
       }),
       {uniform({3, 0, 2})}},
      {"reshape/to_0-d", op([](V x) { return reshape(x, {}); }), {uniform({1, 1})}},
      {"flatten", op([](V x) { return flatten(x); }), {uniform({3, 4, 5})}},
      {"flatten/from_1", op([](V x) { return flatten(x, 1); }), {uniform({2, 3, 4, 5})}},
      {"flatten/middle", op([](V x) { return flatten(x, 1, 2); }), {uniform({2, 3, 4, 5})}},
      {"flatten/channels_last",
       op([](V x) { return flatten(max_pool2d(x, 1), 1); }),
       {distinct({2, 3, 4, 5})}},
      {"permute",
       op([](V x) {
         return permute(x, {2, 0, 1});
       }),
       {uniform({3, 4, 5})}},
      {"permute/negative",
       op([](V x) {
         return permute(x, {-1, 0, -3, 2});
       }),
       {uniform({2, 3, 4, 5})}},
      {"transpose", op([](V x) { return transpose(x, 0, 1); }), {uniform({3, 5})}},
      {"transpose/negative", op([](V x) { return transpose(x, -1, 0); }), {uniform({3, 4, 5})}},
      {"slice", op([](V x) { return slice(x, 1, 2, 5); }), {uniform({3, 7})}},
      {"slice/step", op([](V x) { return slice(x, 0, 1, 10, 3); }), {uniform({11, 2})}},
      {"slice/negative", op([](V x) { return slice(x, -1, -5, -1, 2); }), {uniform({3, 7})}},
      {"slice/clamped", op([](V x) { return slice(x, 1, 3, 100); }), {uniform({3, 7})}},
      {"slice/nothing", op([](V x) { return slice(x, 0, 2, 2); }), {uniform({3, 7})}},
      {"select", op([](V x) { return select(x, 1, 2); }), {uniform({3, 4, 5})}},
      {"select/negative", op([](V x) { return select(x, -1, -1); }), {uniform({3, 4, 5})}},
      {"expand",
       op([](V x) {
         return expand(x, {3, 4, 5});
       }),
       {uniform({3, 1, 5})}},
      {"expand/new_axis",
       op([](V x) {
         return expand(x, {2, 3, 5});
       }),
       {uniform({3, 1})}},
      {"flip", op([](V x) { return flip(x, 0); }), {uniform({3, 5})}},
      {"flip/last", op([](V x) { return flip(x, -1); }), {uniform({3, 4, 5})}},
      {"cat", op([](V a, V b) { return cat(list(a, b)); }), {uniform({2, 3}), uniform({4, 3})}},
      {"cat/last",
       op([](V a, V b, V c) {
         return cat(std::vector<Variable>{a, b, c}, -1);
       }),
       {uniform({2, 3}), uniform({2, 1}), uniform({2, 4})}},
      {"cat/middle",
       op([](V a, V b) { return cat(list(a, b), 1); }),
       {uniform({2, 3, 4}), uniform({2, 2, 4})},
       {.large = {uniform({64, 64, 32, 32}), uniform({64, 64, 32, 32})}}},
      {"cat/empty_part",
       op([](V a, V b) { return cat(list(a, b)); }),
       {uniform({0, 3}), uniform({4, 3})}},
      {"cat/itself", op([](V a) { return cat(list(a, a)); }), {uniform({2, 3})}},
      {"stack", op([](V a, V b) { return stack(list(a, b)); }), {uniform({2, 3}), uniform({2, 3})}},
      {"stack/last",
       op([](V a, V b) { return stack(list(a, b), -1); }),
       {uniform({2, 3}), uniform({2, 3})}},
      {"split", op([](V x) { return split(x, 3); }), {uniform({7, 2})}},
      {"split/axis", op([](V x) { return split(x, 2, -1); }), {uniform({3, 5})}},
      {"pad",
       op([](V x) {
         return pad(x, {1, 0}, {2, 3});
       }),
       {uniform({3, 4})}},
      {"pad/value",
       op([](V x) {
         return pad(x, {0, 1, 2}, {1, 0, 1}, -1.5);
       }),
       {uniform({2, 3, 4})}},
      {"pad/cut",
       op([](V x) {
         return pad(x, {-1, 2}, {1, -2});
       }),
       {uniform({4, 5})}},
      {"pad/pictures",
       op([](V x) {
         return pad(x, {0, 0, 1, 2}, {0, 0, 2, 1});
       }),
       {uniform({2, 3, 4, 5})}},
      {"to/f64", op([](V x) { return to(x, Dtype::f64); }), {uniform({4, 7})}, {.cpu_only = true}},
      {"to/i64", op([](T x) { return x.to(Dtype::i64); }), {uniform({4, 7}, -5, 5)}, no_gradient},
      {"to/u8", op([](T x) { return x.to(Dtype::u8); }), {uniform({4, 7}, 0, 255)}, no_gradient},
  };
}

}  // namespace melgrad::op_cases
