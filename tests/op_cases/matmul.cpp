#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

const auto product = [](V a, V b) { return matmul(a, b); };
const auto with_bias = [](V x, V w, V b) { return linear(x, w, b); };

}  // namespace

Rows matmul_rows() {
  return {
      {"matmul",
       op(product),
       {uniform({3, 4}), uniform({4, 5})},
       {.large = {uniform({512, 1024}), uniform({1024, 512})}}},
      {"matmul/primes", op(product), {uniform({17, 31}), uniform({31, 13})}},
      {"matmul/ones", op(product), {uniform({1, 1}), uniform({1, 1})}},
      {"matmul/transposed_left",
       op([](V a, V b) { return matmul(transpose(a, 0, 1), b); }),
       {uniform({7, 3}), uniform({7, 5})}},
      {"matmul/transposed_right",
       op([](V a, V b) { return matmul(a, transpose(b, 0, 1)); }),
       {uniform({3, 7}), uniform({5, 7})}},
      {"matmul/transposed_both",
       op([](V a, V b) { return matmul(transpose(a, 0, 1), transpose(b, 0, 1)); }),
       {uniform({7, 3}), uniform({5, 7})}},
      {"matmul/rows", op(product), {uniform({4}), uniform({4, 5})}},
      {"matmul/columns", op(product), {uniform({3, 4}), uniform({4})}},
      {"matmul/dot", op(product), {uniform({19}), uniform({19})}},
      {"matmul/batched", op(product), {uniform({2, 3, 4}), uniform({2, 4, 5})}},
      {"matmul/batched_left", op(product), {uniform({2, 3, 4}), uniform({4, 5})}},
      {"matmul/batched_right", op(product), {uniform({3, 4}), uniform({2, 4, 5})}},
      {"matmul/batches_broadcast", op(product), {uniform({2, 1, 3, 4}), uniform({5, 4, 2})}},
      {"matmul/batched_rows", op(product), {uniform({4}), uniform({2, 4, 5})}},
      {"matmul/batched_columns", op(product), {uniform({2, 3, 4}), uniform({4})}},
      {"matmul/no_rows", op(product), {uniform({0, 4}), uniform({4, 5})}},
      {"matmul/nothing_between", op(product), {uniform({3, 0}), uniform({0, 5})}},
      {"linear",
       op(with_bias),
       {uniform({4, 7}), uniform({3, 7}), uniform({3})},
       {.large = {uniform({64, 8192}), uniform({128, 8192}), uniform({128})}}},
      {"linear/without_bias",
       op([](V x, V w) { return linear(x, w); }),
       {uniform({4, 7}), uniform({3, 7})}},
      {"linear/sequence", op(with_bias), {uniform({2, 5, 7}), uniform({3, 7}), uniform({3})}},
      {"linear/one_sample", op(with_bias), {uniform({1, 33}), uniform({17, 33}), uniform({17})}},
      {"linear/vector", op(with_bias), {uniform({7}), uniform({3, 7}), uniform({3})}},
      {"linear/no_samples", op(with_bias), {uniform({0, 7}), uniform({3, 7}), uniform({3})}},
      {"linear/constant_input",
       op(with_bias),
       {constant(uniform({4, 7})), uniform({3, 7}), uniform({3})}},
  };
}

}  // namespace melgrad::op_cases
