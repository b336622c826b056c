#include "tensor/random.h"

#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

// A fresh generator each time: every evaluation, and PyTorch's side, draws the same mask.
Forward drop(double p) {
  return op([p](V x) {
    Generator generator(7, x.device());
    return dropout(x, p, generator);
  });
}

}  // namespace

Rows random_rows() {
  return {
      {"dropout", drop(.5), {uniform({5, 37}, 1, 2)}, {.large = {uniform({64, 8192})}}},
      {"dropout/.2", drop(.2), {uniform({3, 4, 5, 6}, 1, 2)}},
      {"dropout/0", drop(0), {uniform({4, 7})}},
      {"dropout/1", drop(1), {uniform({4, 7})}},
      {"dropout/state",
       op([](T x) {
         Generator generator(7, x.device());
         generator.take(9);
         return dropout(x, .5, generator.take(x.numel()));
       }),
       {uniform({5, 37}, 1, 2)},
       {.forward_only = true}},
  };
}

}  // namespace melgrad::op_cases
