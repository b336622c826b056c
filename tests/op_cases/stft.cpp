#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

Forward frames(i64 hop) {
  return op([hop](V x, V window) { return stft(x, window, hop); });
}
const Options no_gradient = {.forward_only = true};

}  // namespace

Rows stft_rows() {
  return {
      {"stft",
       frames(4),
       {uniform({2, 40}), constant(uniform({16}, 0, 1))},
       {.large = {constant(uniform({1, 661500})), constant(uniform({2048}))}}},
      {"stft/hop_not_a_divisor", frames(5), {uniform({2, 43}), constant(uniform({16}, 0, 1))}},
      {"stft/hop_longer_than_window",
       frames(20),
       {uniform({1, 60}), constant(uniform({16}, 0, 1))}},
      {"stft/one_frame", frames(3), {uniform({3, 8}), constant(uniform({8}, 0, 1))}},
      {"stft/not_a_power_of_2", frames(5), {uniform({2, 40}), constant(uniform({12}, 0, 1))}},
      {"stft/odd", frames(5), {uniform({2, 40}), constant(uniform({15}, 0, 1))}},
      {"stft/audio",
       frames(512),
       {uniform({1, 2100}), constant(uniform({2048}, 0, 1))},
       {.forward_only = true}},
      {"band_power",
       op([](T x, T window, T weights) { return band_power(x, window, 5, weights, 2); }),
       {uniform({2, 43}), uniform({16}, 0, 1), uniform({4, 9}, 0, 1)},
       no_gradient},
      {"band_power/amplitude",
       op([](T x, T window, T weights) { return band_power(x, window, 4, weights, 1); }),
       {uniform({3, 31}), uniform({15}, 0, 1), uniform({1, 8}, 0, 1)},
       no_gradient},
      {"stft_backward",
       op([](T dy, T window) { return stft_backward(dy, window, 5, 43); }),
       {uniform({2, 6, 9, 2}), uniform({16}, 0, 1)},
       no_gradient},
      {"irfft", op([](T y) { return irfft(y, 16); }), {uniform({3, 9, 2})}, no_gradient},
      {"irfft/odd", op([](T y) { return irfft(y, 15); }), {uniform({3, 8, 2})}, no_gradient},
  };
}

}  // namespace melgrad::op_cases
