#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

Forward conv(const Conv2dOptions& options = {}, bool relu = false) {
  return op([=](V x, V w, V bias) { return conv2d(x, w, bias, options, relu); });
}
const Options no_gradient = {.forward_only = true};
// Sizes that the f32 path hands to vectorised kernels; the f64 loops are those of the small rows.
const Options wide = {.gradcheck = false};
Input bias(i64 channels) { return uniform({channels}); }

}  // namespace

Rows conv_rows() {
  Conv2dOptions strided = {.stride = {2, 1}, .padding = {1, 2}};
  return {
      {"conv2d", conv(), {uniform({2, 3, 5, 6}), uniform({4, 3, 3, 3}), bias(4)}},
      {"conv2d/without_bias",
       op([](V x, V w) { return conv2d(x, w, {}, {.padding = 1}); }),
       {uniform({2, 3, 5, 4}), uniform({4, 3, 3, 3})}},
      {"conv2d/padding",
       conv({.padding = 1}),
       {uniform({2, 2, 5, 4}), uniform({3, 2, 3, 3}), bias(3)},
       {.large = {uniform({64, 32, 32, 32}), uniform({64, 32, 3, 3}), bias(64)}}},
      {"conv2d/stride",
       conv({.stride = 2}),
       {uniform({2, 2, 7, 8}), uniform({3, 2, 3, 3}), bias(3)}},
      {"conv2d/stride_padding",
       conv({.stride = 2, .padding = 1}),
       {uniform({1, 2, 6, 7}), uniform({3, 2, 3, 3}), bias(3)}},
      {"conv2d/uneven", conv(strided), {uniform({2, 2, 6, 5}), uniform({3, 2, 3, 4}), bias(3)}},
      {"conv2d/dilation",
       conv({.padding = 1, .dilation = 2}),
       {uniform({2, 2, 7, 6}), uniform({3, 2, 3, 3}), bias(3)}},
      {"conv2d/uneven_dilation",
       conv({.stride = {1, 2}, .padding = {2, 0}, .dilation = {3, 1}}),
       {uniform({1, 2, 7, 7}), uniform({3, 2, 2, 3}), bias(3)}},
      {"conv2d/groups",
       conv({.padding = 1, .groups = 2}),
       {uniform({2, 4, 4, 5}), uniform({6, 2, 3, 3}), bias(6)}},
      {"conv2d/depthwise",
       conv({.padding = 1, .groups = 3}),
       {uniform({2, 3, 4, 5}), uniform({3, 1, 3, 3}), bias(3)}},
      {"conv2d/groups_stride_dilation",
       conv({.stride = 2, .padding = 2, .dilation = 2, .groups = 2}),
       {uniform({1, 4, 7, 6}), uniform({4, 2, 3, 3}), bias(4)}},
      {"conv2d/1x1", conv(), {uniform({2, 3, 4, 5}), uniform({4, 3, 1, 1}), bias(4)}},
      {"conv2d/1x1_stride",
       conv({.stride = 2}),
       {uniform({2, 3, 5, 5}), uniform({4, 3, 1, 1}), bias(4)}},
      {"conv2d/whole_picture", conv(), {uniform({2, 3, 4, 5}), uniform({4, 3, 4, 5}), bias(4)}},
      {"conv2d/one_pixel",
       conv({.padding = 1}),
       {uniform({2, 3, 1, 1}), uniform({4, 3, 3, 3}), bias(4)}},
      {"conv2d/same",
       conv({.mode = Padding::same}),
       {uniform({2, 2, 5, 4}), uniform({3, 2, 2, 3}), bias(3)}},
      {"conv2d/same_stride",
       conv({.stride = 2, .mode = Padding::same}),
       {uniform({2, 2, 5, 6}), uniform({3, 2, 3, 3}), bias(3)}},
      {"conv2d/same_dilation",
       conv({.dilation = 2, .mode = Padding::same}),
       {uniform({1, 2, 5, 6}), uniform({3, 2, 2, 3}), bias(3)}},
      {"conv2d/no_samples",
       conv({.padding = 1}),
       {uniform({0, 3, 4, 5}), uniform({4, 3, 3, 3}), bias(4)}},
      {"conv2d/constant_input",
       conv({.padding = 1}),
       {constant(uniform({2, 3, 4, 5})), uniform({4, 3, 3, 3}), bias(4)},
       {.large = {constant(uniform({64, 3, 64, 64})), uniform({32, 3, 3, 3}), bias(32)}}},
      {"conv2d/relu",
       conv({.padding = 1}, true),
       {uniform({2, 2, 5, 4}), uniform({3, 2, 3, 3}), bias(3)},
       {.large = {uniform({64, 32, 32, 32}), uniform({64, 32, 3, 3}), bias(64)}}},
      {"conv2d/relu_without_bias",
       op([](V x, V w) { return conv2d(x, w, {}, {}, true); }),
       {uniform({2, 2, 5, 4}), uniform({3, 2, 3, 3})}},
      {"conv2d/frozen_weight",
       op([](V x, T w) { return conv2d(x, w, {}, {.padding = 1}); }),
       {uniform({2, 3, 4, 5}), constant(uniform({4, 3, 3, 3}))}},
      {"conv2d/wide",
       conv({.padding = 1}),
       {uniform({2, 16, 4, 5}), uniform({16, 16, 3, 3}), bias(16)},
       wide},
      {"conv2d/wide_primes",
       conv({.stride = 2, .padding = 1}),
       {uniform({2, 17, 5, 4}), uniform({11, 17, 3, 3}), bias(11)},
       wide},
      {"conv2d/wide_groups",
       conv({.padding = 1, .groups = 2}),
       {uniform({1, 32, 4, 3}), uniform({16, 16, 3, 3}), bias(16)},
       wide},
      {"conv2d/wide_depthwise",
       conv({.stride = 2, .padding = 1, .groups = 19}),
       {uniform({1, 19, 7, 6}), uniform({19, 1, 3, 3}), bias(19)},
       wide},
      {"conv2d_backward_data",
       op([strided](T dy, T w) {
         return conv2d_backward_data(dy, w, {2, 2, 6, 5}, strided);
       }),
       {uniform({2, 3, 3, 6}), uniform({3, 2, 3, 4})},
       no_gradient},
      {"conv2d_backward_weights",
       op([strided](T x, T dy) {
         auto d = conv2d_backward_weights(x, dy, {3, 2, 3, 4}, true, strided);
         return std::vector<Tensor>{d.dweight, d.dbias};
       }),
       {uniform({2, 2, 6, 5}), uniform({2, 3, 3, 6})},
       no_gradient},
  };
}

}  // namespace melgrad::op_cases
