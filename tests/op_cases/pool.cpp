#include <limits>

#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

Forward max_pool(Pair kernel, const Pool2dOptions& options = {}) {
  return op([=](V x) { return max_pool2d(x, kernel, options); });
}
Forward avg_pool(Pair kernel, const Pool2dOptions& options = {}) {
  return op([=](V x) { return avg_pool2d(x, kernel, options); });
}
Forward adaptive(Pair size) {
  return op([=](V x) { return adaptive_avg_pool2d(x, size); });
}
const double nan = std::numeric_limits<double>::quiet_NaN();
const double inf = std::numeric_limits<double>::infinity();
const Options no_gradient = {.forward_only = true};
const Shape activations = {64, 32, 64, 64};

}  // namespace

Rows pool_rows() {
  Pool2dOptions padded = {.stride = 2, .padding = 1};
  return {
      {"max_pool2d", max_pool(2), {distinct({2, 3, 6, 4})}, {.large = {uniform(activations)}}},
      {"max_pool2d/odd", max_pool(2), {distinct({2, 3, 7, 5})}},
      {"max_pool2d/overlapping", max_pool(3, {.stride = 2}), {distinct({2, 3, 8, 9})}},
      {"max_pool2d/stride_1", max_pool(3, {.stride = 1}), {distinct({1, 2, 5, 6})}},
      {"max_pool2d/padding", max_pool(3, padded), {distinct({2, 3, 7, 6})}},
      {"max_pool2d/ceil", max_pool(3, {.stride = 2, .ceil_mode = true}), {distinct({2, 3, 8, 6})}},
      {"max_pool2d/ceil_padding",
       max_pool(2, {.stride = 2, .padding = 1, .ceil_mode = true}),
       {distinct({1, 2, 5, 4})}},
      {"max_pool2d/uneven",
       max_pool({2, 3}, {.stride = Pair{3, 1}, .padding = {1, 0}}),
       {distinct({2, 2, 7, 5})}},
      {"max_pool2d/same",
       max_pool(3, {.stride = 2, .mode = Padding::same}),
       {distinct({2, 3, 6, 7})}},
      {"max_pool2d/same_2", max_pool(2, {.mode = Padding::same}), {distinct({2, 3, 5, 7})}},
      {"max_pool2d/channels", max_pool(2), {distinct({1, 35, 4, 4})}, {.gradcheck = false}},
      {"max_pool2d/ties",
       max_pool(2, {.stride = 1}),
       {given({1, 1, 3, 4}, {0, 0, 1, 1, 0, 0, 1, 1, -1, 2, 2, -1})},
       {.gradcheck = false}},
      {"max_pool2d/nan",
       max_pool(2, {.stride = 1}),
       {constant(given({1, 1, 3, 4}, {0, 1, 2, 3, 4, nan, 6, -inf, 8, inf, -inf, -inf}))},
       no_gradient},
      {"max_pool2d/no_samples", max_pool(2), {distinct({0, 3, 4, 4})}},
      {"max_pool2d_backward",
       op([padded](T x, T dy) {
         return max_pool2d_backward(x, max_pool2d(x, 3, padded), dy, 3, padded);
       }),
       {distinct({2, 3, 7, 6}), uniform({2, 3, 4, 3})},
       no_gradient},

      {"avg_pool2d", avg_pool(2), {uniform({2, 3, 6, 4})}, {.large = {uniform(activations)}}},
      {"avg_pool2d/overlapping", avg_pool(3, {.stride = 2}), {uniform({2, 3, 8, 9})}},
      {"avg_pool2d/padding", avg_pool(3, padded), {uniform({2, 3, 7, 6})}},
      {"avg_pool2d/padding_not_counted",
       avg_pool(3, {.stride = 2, .padding = 1, .count_padding = false}),
       {uniform({2, 3, 7, 6})}},
      {"avg_pool2d/ceil", avg_pool(2, {.ceil_mode = true}), {uniform({2, 3, 5, 7})}},
      {"avg_pool2d/ceil_cut",  // ResNet-RS's shortcut, of one row
       avg_pool(2, {.ceil_mode = true, .count_padding = false}),
       {uniform({2, 3, 1, 5})}},
      {"avg_pool2d/ceil_padding",
       avg_pool(3, {.stride = 2, .padding = 1, .ceil_mode = true}),
       {uniform({1, 2, 6, 5})}},
      {"avg_pool2d/ceil_padding_not_counted",
       avg_pool(3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_padding = false}),
       {uniform({1, 2, 6, 5})}},
      {"avg_pool2d/uneven",
       avg_pool({2, 3}, {.stride = Pair{3, 1}, .padding = {1, 0}}),
       {uniform({2, 2, 7, 5})}},
      {"avg_pool2d/same",
       avg_pool(3, {.stride = 2, .count_padding = false, .mode = Padding::same}),
       {uniform({2, 3, 6, 7})}},
      {"avg_pool2d/channels", avg_pool(2), {uniform({1, 35, 4, 4})}, {.gradcheck = false}},
      {"avg_pool2d/no_samples", avg_pool(2), {uniform({0, 3, 4, 4})}},
      {"avg_pool2d_backward",
       op([padded](T dy) {
         return avg_pool2d_backward(dy, {2, 3, 7, 6}, 3, padded);
       }),
       {uniform({2, 3, 4, 3})},
       no_gradient},

      {"adaptive_avg_pool2d", adaptive(1), {uniform({2, 3, 5, 7})}},
      {"adaptive_avg_pool2d/uneven", adaptive({2, 3}), {uniform({2, 3, 5, 7})}},
      {"adaptive_avg_pool2d/same_size", adaptive({5, 7}), {uniform({2, 3, 5, 7})}},
      {"adaptive_avg_pool2d/larger", adaptive(7), {uniform({2, 3, 2, 4})}},
      {"adaptive_avg_pool2d_backward",
       op([](T dy) {
         return adaptive_avg_pool2d_backward(dy, {2, 3, 5, 7});
       }),
       {uniform({2, 3, 2, 3})},
       no_gradient},
  };
}

}  // namespace melgrad::op_cases
