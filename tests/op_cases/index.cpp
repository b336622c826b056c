#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {
const Options no_gradient = {.forward_only = true};
}

Rows index_rows() {
  return {
      {"gather", op([](V x, T i) { return gather(x, 1, i); }), {uniform({4, 7}), index({4, 3}, 7)}},
      {"gather/first",
       op([](V x, T i) { return gather(x, 0, i); }),
       {uniform({4, 7}), index({9, 7}, 4)}},
      {"gather/middle",
       op([](V x, T i) { return gather(x, -2, i); }),
       {uniform({2, 5, 3}), index({2, 4, 3}, 5)}},
      {"gather/empty",
       op([](V x, T i) { return gather(x, 0, i); }),
       {uniform({4, 7}), index({0, 7}, 4)}},
      {"index_select",
       op([](V x, T i) { return index_select(x, 0, i); }),
       {uniform({4, 7}), index({9}, 4)}},
      {"index_select/last",
       op([](V x, T i) { return index_select(x, -1, i); }),
       {uniform({2, 3, 5}), index({4}, 5)}},
      {"index_select/middle",
       op([](V x, T i) { return index_select(x, 1, i); }),
       {uniform({2, 3, 5}), index({1}, 3)}},
      {"scatter_add",
       op([](T dy, T i) {
         return scatter_add(dy, 1, i, {4, 7});
       }),
       {uniform({4, 9}), index({4, 9}, 7)},
       no_gradient},
      {"index_add",
       op([](T dy, T i) {
         return index_add(dy, 1, i, {2, 4, 5});
       }),
       {uniform({2, 9, 5}), index({9}, 4)},
       no_gradient},
      {"one_hot",
       op([](T i) { return one_hot(i, 5, Dtype::f64); }),
       {index({3, 4}, 5)},
       {.forward_only = true, .cpu_only = true}},
  };
}

}  // namespace melgrad::op_cases
