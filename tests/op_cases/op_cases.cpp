#include "tests/op_cases.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace melgrad::op_cases {

// One a file of this folder.
Rows elementwise_rows(), compare_rows(), shape_rows(), index_rows(), reduce_rows(), softmax_rows(),
    matmul_rows(), conv_rows(), pool_rows(), batch_norm_rows(), rnn_rows(), loss_rows(),
    random_rows(), stft_rows(), resize_rows();

namespace {

// FNV-1a, and the finaliser of SplitMix64 (Steele et al. 2014): the same numbers everywhere.
u64 hash(const std::string& text) {
  u64 h = 14695981039346656037U;
  for (char letter : text) h = (h ^ static_cast<u8>(letter)) * 1099511628211U;
  return h;
}
u64 mix(u64 x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}
// In [0, 1), a multiple of 2^−12.
double fraction(u64 seed, i64 i) {
  u64 word = mix(seed + 0x9e3779b97f4a7c15U * (static_cast<u64>(i) + 1));
  return static_cast<double>(word >> 52U) / 4096;
}

std::vector<double> draw(const Input& input, u64 seed) {
  std::vector<double> values(static_cast<std::size_t>(input.shape.numel()));
  i64 n = input.shape.numel();
  auto each = [&](auto value_of) {
    for (i64 i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = value_of(i);
  };
  switch (input.values) {
    case Values::uniform:
      // The width is rounded up to a power of 2 nowhere: low and high are short binary fractions.
      each([&](i64 i) { return input.low + (input.high - input.low) * fraction(seed, i); });
      break;
    case Values::distinct: {
      std::vector<i64> order(values.size());
      std::iota(order.begin(), order.end(), i64{0});
      std::sort(order.begin(), order.end(), [&](i64 a, i64 b) {
        return std::pair(fraction(seed, a), a) < std::pair(fraction(seed, b), b);
      });
      each([&](i64 i) {
        return static_cast<double>(2 * order[static_cast<std::size_t>(i)] - n) / 32 + 1. / 64;
      });
      break;
    }
    case Values::index:
      each([&](i64 i) {
        return input.low + std::floor((input.high - input.low) * fraction(seed, i));
      });
      break;
    case Values::mask: each([&](i64 i) { return fraction(seed, i) < .5 ? 0. : 1.; }); break;
    case Values::given: values = input.given; break;
  }
  for (double& value : values) value = static_cast<double>(static_cast<float>(value));
  return values;
}

Tensor make(const Case& row, const Input& input, std::size_t position, Dtype dtype) {
  Tensor values = from_vector(draw(input, hash(row.name) + position), input.shape);
  if (input.values == Values::index) return values.to(Dtype::i64);
  if (input.values == Values::mask) return values.to(Dtype::u8);
  return values.to(dtype);
}

Rows join(std::initializer_list<Rows> families) {
  Rows all;
  for (const Rows& family : families) std::copy(family.begin(), family.end(), back_inserter(all));
  return all;
}

}  // namespace

Input uniform(const Shape& shape, double low, double high) {
  return {.shape = shape, .low = low, .high = high};
}
Input positive(const Shape& shape) { return uniform(shape, .5, 2); }
Input distinct(const Shape& shape) { return {.shape = shape, .values = Values::distinct}; }
Input index(const Shape& shape, i64 high) {
  return {.shape = shape,
          .values = Values::index,
          .low = 0,
          .high = static_cast<double>(high),
          .wants_gradient = false};
}
Input mask(const Shape& shape) {
  return {.shape = shape, .values = Values::mask, .wants_gradient = false};
}
Input given(const Shape& shape, std::vector<double> values) {
  return {.shape = shape, .values = Values::given, .given = std::move(values)};
}
Input constant(Input input) {
  input.wants_gradient = false;
  return input;
}

const Rows& all() {
  static const Rows rows =
      join({elementwise_rows(), compare_rows(), shape_rows(), index_rows(), reduce_rows(),
            softmax_rows(), matmul_rows(), conv_rows(), pool_rows(), batch_norm_rows(), rnn_rows(),
            loss_rows(), random_rows(), stft_rows(), resize_rows()});
  return rows;
}

Tensor make(const Case& row, std::size_t position, Dtype dtype) {
  return make(row, row.inputs.at(position), position, dtype);
}

Inputs make_inputs(const Case& row, Dtype dtype, bool large) {
  Inputs inputs;
  for (const Input& input : large ? row.options.large : row.inputs) {
    Tensor value = make(row, input, inputs.size(), dtype);
    inputs.emplace_back(value, input.wants_gradient && !row.options.forward_only);
  }
  return inputs;
}

// w_i = ((2654435761 i + 40503 (position + 1)) mod 2^32) / 2^32 − 1/2, cut to 12 bits
Tensor projection(const Tensor& output, std::size_t position) {
  std::vector<double> w(static_cast<std::size_t>(output.numel()));
  for (std::size_t i = 0; i < w.size(); ++i) {
    u64 word = (2654435761U * i + 40503U * (position + 1)) & 0xffffffffU;
    w[i] = static_cast<double>(word >> 20U) / 4096 - .5;
  }
  return from_vector(w, output.shape()).to(output.dtype());
}

}  // namespace melgrad::op_cases
