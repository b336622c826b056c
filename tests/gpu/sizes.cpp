#include "tests/gpu/sizes.h"

#include "tensor/random.h"

namespace melgrad {
namespace {

using namespace op_cases;

const std::vector<Shape> lists = {{1}, {31}, {33}, {257}, {1009}};
const std::vector<Shape> matrices = {{1, 1}, {31, 33}, {33, 257}, {1009, 3}, {1, 1009}, {257, 31}};
// Around the lengths at which a reduction is cut into strips (kernels/cuda/strips.h): in one, in two, in many that are not
// all as long, along rows (1024 values) and along columns (256).
const std::vector<Shape> strips = {{1, 1023}, {2, 1025}, {2, 5003}, {255, 7}, {257, 33}, {1501, 3}};
const std::vector<Shape> pictures = {{1, 1, 3, 3}, {2, 31, 7, 5}, {1, 33, 11, 13}, {3, 257, 5, 3}};

// The operation on a tensor of every shape.
template <class F>
Case row(const char* name, const std::vector<Shape>& shapes, F f, const Options& options = {}) {
  std::vector<Input> inputs;
  inputs.reserve(shapes.size());
  for (const Shape& shape : shapes) inputs.push_back(distinct(shape));
  auto forward = [f](const Inputs& x) {
    std::vector<Variable> y;
    for (const Variable& one : x) y.emplace_back(f(Argument{one}));
    return y;
  };
  return {std::string("sizes/") + name, forward, inputs, options};
}

// x brought near 0: `distinct` counts by sixteenths.
Variable small(V x) { return x * .01; }

// −∞ in place of two of three values, wherever they lie.
Variable masked(V x) { return log(relu(sin(x * 4) - .5)); }

/// count numbers below `below`, on x's device, in no order.
Tensor numbers(T x, const Shape& shape, i64 below) {
  Generator generator(static_cast<u64>(below));
  return randint(0, below, shape, generator).to(x.device());
}

Variable normalised(V x, bool relu) {
  auto values = [&](double low, double high) {  // that every dtype holds
    return linspace(low, high, x.dim(1)).to(Dtype::bf16).to(x.dtype()).to(x.device());
  };
  Tensor gamma = values(.5, 2), beta = values(-1, 1);
  return batch_norm(small(x), gamma, beta, {.relu = relu});
}

Rows elementwise() {
  const Options no_gradient = {.forward_only = true, .exact = true};
  return {
      row("leaky_relu", lists, [](V x) { return leaky_relu(x); }),
      row("exp", lists, [](V x) { return exp(small(x)); }),
      row("tanh", lists, [](V x) { return tanh(small(x)); }),
      row("sigmoid", lists, [](V x) { return sigmoid(small(x)); }),
      row("clamp", lists, [](V x) { return clamp(x, -1, 1); }),
      row("add", lists, [](V x) { return x + flip(x, 0); }),
      row("mul_row", matrices, [](V x) { return x * select(x, 0, 0); }),
      row("sub_column", matrices, [](V x) { return x - slice(x, 1, 0, 1); }),
      row("where", lists, [](V x) { return where(x.data() > 0, x, x * .5); }),
      row(
          "less", matrices, [](T x) { return x < x.select(0, 0); }, no_gradient),
      row("dropout", lists,
          [](V x) {
            Generator generator(7, x.device());
            return dropout(x, .3, generator);
          }),
  };
}

Rows reductions() {
  const Options exact = {.forward_only = true, .exact = true};
  return {
      row("sum", matrices, [](V x) { return sum(small(x)); }),
      row("sum_rows", matrices, [](V x) { return sum(small(x), {1}); }),
      row("sum_columns", matrices, [](V x) { return sum(small(x), {0}); }),
      row("mean_columns", matrices, [](V x) { return mean(small(x), {0}); }),
      row("max_rows", matrices, [](V x) { return max(x, 1); }),
      row("max_columns", matrices, [](V x) { return max(x, 0); }),
      row("min_columns", matrices, [](V x) { return min(x, 0); }),
      row(
          "argmax_rows", matrices, [](T x) { return argmax(x, 1); }, exact),
      row(
          "argmax_columns", matrices, [](T x) { return argmax(x, 0); }, exact),
      row(
          "argmin_rows", matrices, [](T x) { return argmin(x, 1); }, exact),
      row("strips/sum_rows", strips, [](V x) { return sum(small(x), {1}); }),
      row("strips/mean_columns", strips, [](V x) { return mean(small(x), {0}); }),
      row("strips/sum_batches", strips,
          [](V x) {
            Variable y = reshape(small(x), {1, x.dim(0), x.dim(1)});
            return sum(cat({y, y, y * 2}, 0), {1});
          }),
      row("strips/max", strips, [](V x) { return max(reshape(x, {x.numel()}), 0); }),
      row("strips/prod", strips,
          [](T x) {
            return prod(x * 1e-5 + 1, {0, 1});
          },
          {.forward_only = true, .f32 = 1e-5}),  // each factor has an ulp of 1: 3.9e-6 was seen
      row(
          "strips/argmax_rows", strips, [](T x) { return argmax(x, 1); }, exact),
      row(
          "strips/argmin_columns", strips, [](T x) { return argmin(x, 0); }, exact),
      // The first of equals, wherever the strips end.
      row(
          "strips/argmax_of_few", strips, [](T x) { return argmax(x > 0, 0); }, exact),
      // NaN in a few places: `distinct` begins at −n/32.
      row("strips/max_nan", strips,
          [](T x) { return max(sqrt(x + (static_cast<double>(x.numel()) / 32 - .3)), 0); },
          // the sum is near 0, its terms are not: 1.4e-5 was seen
          {.forward_only = true, .exact = true, .f32 = 3e-5}),
      row(
          "strips/sum_i64", strips, [](T x) { return sum(x.to(Dtype::i64), {0}); }, exact),
      row(
          "strips/prod_i64", strips, [](T x) { return prod(x.to(Dtype::i64) * 2 + 1, {0}); },
          exact),
      row(
          "strips/argmax_u8", strips, [](T x) { return argmax(x.to(Dtype::u8), 1); }, exact),
      row("var_columns", matrices, [](V x) { return var(small(x), {0}, 0); }),
      row("logsumexp", matrices, [](V x) { return logsumexp(small(x), 1); }),
      row("softmax", matrices, [](V x) { return softmax(small(x), 1); }),
      row("softmax_columns", matrices, [](V x) { return softmax(small(x), 0); }),
      row("log_softmax", matrices, [](V x) { return log_softmax(small(x), 1); }),
      row("softmax_masked", matrices, [](V x) { return softmax(masked(x), 1); },
          {.forward_only = true}),
      row("log_softmax_masked", matrices, [](V x) { return log_softmax(masked(x), 1); },
          {.forward_only = true,
           .f32 = 4e-5}),  // masked() is steep near its zeros: 1.9e-5 was seen
      row("cross_entropy", matrices,
          [](V x) { return cross_entropy(small(x), numbers(x.data(), {x.dim(0)}, x.dim(1)), .1); }),
  };
}

Rows movements() {
  return {
      row("transpose", matrices,
          [](V x) {
            return permute(x, {1, 0}) * 2;
          }),
      row("permute", pictures,
          [](V x) {
            return permute(x, {3, 1, 0, 2}) * 2;
          }),
      // A copy that is nearly a transpose of dense matrices: rows, columns or matrices lie apart.
      row("transposed_slice", {{4, 8, 9}, {2, 17, 33}, {3, 16, 40}},
          [](V x) {
            Variable first = transpose(slice(x, 0, 0, x.dim(0), 2), 1, 2);
            Variable rows = transpose(slice(x, 1, 0, x.dim(1) - 1), 1, 2);
            Variable columns = transpose(slice(x, 2, 1, x.dim(2)), 1, 2);
            return cat({reshape(first, {first.numel()}), reshape(rows, {rows.numel()}),
                        reshape(columns, {columns.numel()})},
                       0);
          }),
      row("slice", matrices, [](V x) { return slice(x, 1, 0, x.dim(1), 3) * 2; }),
      row("flip", matrices, [](V x) { return flip(x, 1); }),
      row("pad", matrices,
          [](V x) {
            return pad(x, {1, 2}, {0, 31}, .5);
          }),
      row("cat", matrices,
          [](V x) {
            return cat({x, slice(x, 1, 0, 1), x}, 1);
          }),
      row("gather", matrices,
          [](V x) {
            return gather(x, 1, numbers(x.data(), {x.dim(0), 37}, x.dim(1)));
          }),
      row("index_select", matrices,
          [](V x) { return index_select(x, 0, numbers(x.data(), {41}, x.dim(0))); }),
      row("scatter_add", matrices,
          [](T x) {
            return scatter_add(x, 1, numbers(x, x.shape(), 13), {x.dim(0), 13});
          },
          {.forward_only = true}),
  };
}

// One axis at a time: bf16 is rounded after each, and after two roundings devices may differ by two
// steps of it.
Rows resizes() {
  const Options no_gradient = {.forward_only = true};
  return {
      row(
          "resize_rows", pictures,
          [](T x) {
            return resize(x, {31, x.dim(3)}, Resize::bilinear);
          },
          no_gradient),
      row(
          "resize_columns", pictures,
          [](T x) {
            return resize(x, {x.dim(2), 33}, Resize::bilinear);
          },
          no_gradient),
      row(
          "resize_channels_last", pictures,
          [](T x) {
            return resize(x.channels_last(), {x.dim(2), 33}, Resize::bilinear);
          },
          no_gradient),
      row(
          "resize_rows_by_area", matrices,
          [](T x) {
            return resize(x, {7, x.dim(1)}, Resize::area);
          },
          no_gradient),
      row(
          "resize_columns_by_area", matrices,
          [](T x) {
            return resize(x, {x.dim(0), 2}, Resize::area);
          },
          no_gradient),
  };
}

Rows normalisations_and_pools() {
  Pool2dOptions overlapping = {.stride = 2, .padding = 1};
  const std::vector<Shape> columns(matrices.begin() + 1, matrices.begin() + 4);
  return {
      row("batch_norm", pictures, [](V x) { return normalised(x, false); }),
      row("batch_norm_columns", columns, [](V x) { return normalised(x, false); }),
      row("batch_norm_strips", {strips.begin() + 3, strips.end()},
          [](V x) { return normalised(x, true); }),
      row("batch_norm_relu", pictures, [](V x) { return normalised(x, true); }),
      row("batch_norm_add_relu", pictures,
          [](V x) {
            return batch_norm(small(x), Variable(), Variable(), {.relu = true}, nullptr,
                              flip(x, 0));
          }),
      row("batch_norm_relu_max_pool", pictures,
          [](V x) {
            return batch_norm(small(x), Variable(), Variable(), {.relu = true, .pool = 2});
          }),
      row("max_pool2d", pictures, [=](V x) { return max_pool2d(x, 3, overlapping); }),
      row("avg_pool2d", pictures, [=](V x) { return avg_pool2d(x, 3, overlapping); }),
      row("adaptive_avg_pool2d", pictures,
          [](V x) {
            return adaptive_avg_pool2d(x, {3, 2});
          }),
  };
}

}  // namespace

op_cases::Rows rows_of_awkward_sizes() {
  Rows all;
  for (const Rows& family :
       {elementwise(), reductions(), movements(), resizes(), normalisations_and_pools()})
    all.insert(all.end(), family.begin(), family.end());
  return all;
}

}  // namespace melgrad
