#include "kernels/profile/calls.h"

#include <array>

namespace melgrad::calls {
namespace {

constexpr std::array unary_names = {
    "neg",   "abs",   "sign",   "square", "sqrt", "rsqrt",      "reciprocal", "exp",
    "log",   "log1p", "sin",    "cos",    "tanh", "sigmoid",    "floor",      "ceil",
    "round", "relu",  "affine", "clamp",  "pow",  "leaky_relu", "gelu"};
constexpr std::array binary_names = {
    "add",          "sub",     "mul",           "div",           "pow",
    "maximum",      "minimum", "relu_backward", "tanh_backward", "sigmoid_backward",
    "gelu_backward"};
constexpr std::array compare_names = {"eq", "ne", "lt", "le", "gt", "ge"};
constexpr std::array reduce_names = {"sum", "mean", "max", "min", "prod"};
constexpr std::array random_names = {"uniform", "normal", "integer"};
constexpr std::array rnn_names = {"rnn_tanh", "rnn_relu", "lstm", "gru"};

// The name of the enumerator `value` of an enum whose last one is `last`.
template <auto last, std::size_t count>
std::string name_in(const std::array<const char*, count>& names, decltype(last) value) {
  static_assert(count == static_cast<std::size_t>(last) + 1);
  return names.at(static_cast<std::size_t>(value));
}

std::string name_of(RnnMode mode) { return name_in<RnnMode::gru>(rnn_names, mode); }

template <class First, class... Rest>
std::string extents(First first, Rest... rest) {
  std::string text = "(" + std::to_string(first);
  ((text += ", " + std::to_string(rest)), ...);
  return text + ")";
}

std::string extents(int rank, const Extents& size) {
  std::string text;
  for (int i = 0; i < rank; ++i)
    text += (i > 0 ? ", " : "") + std::to_string(size.at(static_cast<std::size_t>(i)));
  return "(" + text + ")";
}

// Elements that there are in memory: a broadcast axis has one.
double own_count(int rank, const Extents& size, const Extents& stride) {
  double count = 1;
  for (std::size_t i = 0; i < static_cast<std::size_t>(rank); ++i)
    if (stride.at(i) != 0) count *= static_cast<double>(size.at(i));
  return count;
}

double count_of(int rank, const Extents& size) {
  Extents ones;
  ones.fill(1);
  return own_count(rank, size, ones);
}

std::string of(Dtype dtype, const std::string& sizes) {
  return std::string(melgrad::name_of(dtype)) + " " + sizes;
}

}  // namespace

std::string name_of(UnaryOp op) { return name_in<UnaryOp::gelu>(unary_names, op); }
std::string name_of(BinaryOp op) { return name_in<BinaryOp::gelu_backward>(binary_names, op); }
std::string name_of(CompareOp op) { return name_in<CompareOp::ge>(compare_names, op); }
std::string name_of(ReduceOp op) { return name_in<ReduceOp::prod>(reduce_names, op); }
std::string name_of(Distribution from) {
  return name_in<Distribution::integer>(random_names, from);
}

ProfiledCall elementwise(const std::string& name, Dtype dtype, i64 n, double bytes_an_element) {
  return {name, of(dtype, extents(n)), 0, product(n) * bytes_an_element};
}

ProfiledCall broadcast(const std::string& name, Dtype dtype, const BroadcastShape& s,
                       double bytes_of_y) {
  double operands = own_count(s.rank, s.size, s.a_stride) + own_count(s.rank, s.size, s.b_stride);
  return {name, of(dtype, extents(s.rank, s.size)), 0,
          operands * width(dtype) + count_of(s.rank, s.size) * bytes_of_y};
}

ProfiledCall reduction(const std::string& name, Dtype dtype, const ReduceShape& s,
                       double bytes_of_y) {
  return {
      name, of(dtype, extents(s.outer, s.length, s.inner)), 0,
      product(s.outer, s.length, s.inner) * width(dtype) + product(s.outer, s.inner) * bytes_of_y};
}

ProfiledCall indexing(const std::string& name, Dtype dtype, const IndexShape& s) {
  return {name, of(dtype, extents(s.outer, s.length, s.inner) + " at " + std::to_string(s.count)),
          0, 2 * product(s.outer, s.count, s.inner) * width(dtype)};
}

ProfiledCall convolution(const std::string& name, Dtype dtype, const ConvShape& s) {
  std::string sizes =
      extents(s.n, s.h, s.w, s.c) + " * " + extents(s.o, s.kh, s.kw, s.c / s.groups);
  if (s.stride_h != 1 || s.stride_w != 1) sizes += ", stride " + extents(s.stride_h, s.stride_w);
  if (s.groups != 1) sizes += ", groups " + std::to_string(s.groups);
  double weights = product(s.o, s.kh, s.kw, s.c / s.groups);
  return {name, of(dtype, sizes), 2 * weights * product(s.n, s.p, s.q),
          (product(s.n, s.h, s.w, s.c) + weights + product(s.n, s.p, s.q, s.o)) * width(dtype)};
}

ProfiledCall pooling(const std::string& name, Dtype dtype, const PoolShape& s, double passes_x,
                     double passes_y) {
  std::string sizes = extents(s.n, s.h, s.w, s.c) + " to " + extents(s.p, s.q);
  return {name, of(dtype, sizes), 0,
          (passes_x * product(s.n, s.h, s.w, s.c) + passes_y * product(s.n, s.p, s.q, s.c)) *
              width(dtype)};
}

ProfiledCall over_rows(const std::string& name, Dtype dtype, i64 rows, i64 channels,
                       double passes) {
  return {name, of(dtype, extents(rows, channels)), 0,
          passes * product(rows, channels) * width(dtype)};
}

ProfiledCall recurrent(const std::string& name, Dtype dtype, const RnnShape& s, double products) {
  double weights = product(gates(s.mode) * s.hidden, s.input + s.hidden);
  return {name_of(s.mode) + name,
          of(dtype, extents(s.t, s.n, s.input) + " to " + std::to_string(s.hidden)),
          products * 2 * product(s.t, s.n) * weights,
          products * (product(s.t, s.n, s.input + s.hidden) + weights) * width(dtype)};
}

ProfiledCall optimiser(const std::string& name, Dtype dtype, std::span<const ParameterSlot> slots) {
  i64 parameters = 0;
  double values = 0;
  for (const ParameterSlot& slot : slots) {
    parameters += slot.n;
    double states = (slot.state1 != nullptr ? 2 : 0) + (slot.state2 != nullptr ? 2 : 0);
    values += static_cast<double>(slot.n) * (3 + states);
  }
  return {name, of(dtype, extents(parameters) + " in " + std::to_string(slots.size())), 0,
          values * width(dtype)};
}

ProfiledCall spectrum(const std::string& name, Dtype dtype, const StftShape& s, double values_out) {
  return {name, of(dtype, extents(s.count, s.samples) + " to " + extents(s.frames, s.bins())), 0,
          (product(s.count, s.samples) + values_out) * width(dtype)};
}

ProfiledCall copying(const CopyShape& s, Dtype source, Dtype target) {
  std::string sizes = extents(s.rank, s.size) + " to " + std::string(melgrad::name_of(target));
  return {"copy", of(source, sizes), 0,
          own_count(s.rank, s.size, s.source_stride) * width(source) +
              count_of(s.rank, s.size) * width(target)};
}

ProfiledCall resizing(Dtype dtype, const ResizeShape& s) {
  std::string sizes = extents(s.outer, s.length, s.inner) + " to " + std::to_string(s.count);
  return {"resize_axis", of(dtype, sizes), 2 * product(s.outer, s.count, s.taps, s.inner),
          product(s.outer, s.length + s.count, s.inner) * width(dtype)};
}

ProfiledCall product_of(const MatmulShape& s, Dtype dtype) {
  std::string sizes = (s.batch > 1 ? std::to_string(s.batch) + " of " : "") + extents(s.m, s.k) +
                      " by " + extents(s.k, s.n);
  double values = product(s.m, s.k) + product(s.k, s.n) + product(s.m, s.n);
  return {"matmul", of(dtype, sizes), 2 * product(s.batch, s.m, s.n, s.k),
          product(s.batch) * values * width(dtype)};
}

}  // namespace melgrad::calls
