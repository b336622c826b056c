#pragma once
#include <functional>
#include <string>
#include <vector>

#include "autograd/functions.h"

/// One table of all operations: a row is an operation with its options and the inputs to try it on.
/// From each row come (tests/ops): the comparison with PyTorch's value and gradients in f64 and f32
/// (tests/goldens/op_rows has a row of the same name), that of f32 and bf16 with f64, finite
/// differences, the same result for inputs that lie oddly in memory, and, where `large` is given, a line of tests/bench/bench_ops.
///
/// The rows stand in tests/op_cases/, one file a family, with the names of autograd/functions/.
namespace melgrad::op_cases {

/// What an input's values are. They are the same on every machine, and exact in f32.
enum class Values : u8 {
  uniform,   // in [low, high)
  distinct,  // all different, at least 1/16 apart: away from the kinks of max and its like
  index,     // i64 in low … high − 1
  mask,      // u8, 0 or 1
  given,     // as listed
};

struct Input {
  Shape shape;
  Values values = Values::uniform;
  double low = -1, high = 1;
  std::vector<double> given = {};
  bool wants_gradient = true;
};
Input uniform(const Shape& shape, double low = -1, double high = 1);
Input positive(const Shape& shape);  // in [1/2, 2)
Input distinct(const Shape& shape);
Input index(const Shape& shape, i64 high);
Input mask(const Shape& shape);
Input given(const Shape& shape, std::vector<double> values);
Input constant(Input input);  // no gradient is asked for

using Inputs = std::vector<Variable>;
using Forward = std::function<std::vector<Variable>(const Inputs&)>;

struct Options {
  bool forward_only = false;  // not differentiable, or no Function of its own
  bool gradcheck = true;      // off at a kink, and where a smaller row has checked the same loops
  bool golden = true;         // off where PyTorch has nothing to compare with (tests/ops lists who)
  bool cpu_only = false;      // works in f64, which a GPU does not have
  bool exact = false;         // each element is compared by its own size, not the tensor's
  double f32 = 2e-6;          // largest relative error of the f32 path
  double bf16 = .01;  // of bf16: every result on the way is rounded by up to 2⁻⁸; seen: .0091
  double f64 = 1e-12;
  std::vector<Input> large = {};  // realistic sizes, for the benchmark
};

struct Case {
  std::string name;  // "conv2d/dilation": the operation / what is special here
  Forward forward;
  std::vector<Input> inputs;
  Options options = {};
};

/// How GoogleTest prints a row.
inline void PrintTo(const Case& row, std::ostream* out) { *out << row.name; }

const std::vector<Case>& all();

/// The values of input number `position` of a case, in a dtype (index and mask have their own).
Tensor make(const Case& row, std::size_t position, Dtype dtype);
/// Those of all inputs, `large` ones if asked for; they require gradients where the row says so.
Inputs make_inputs(const Case& row, Dtype dtype, bool large = false);
/// The gradient that is sent into output number `position`: fixed numbers in [−1/2, 1/2).
Tensor projection(const Tensor& output, std::size_t position);

/// An argument of a row's forward; turns into what the operation wants, a Variable or a Tensor.
struct Argument {
  const Variable& variable;
  operator const Variable&() const { return variable; }       // NOLINT(google-explicit-constructor)
  operator const Tensor&() const { return variable.data(); }  // NOLINT(google-explicit-constructor)
};

namespace detail {
template <class F, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return std::is_invocable_v<F, decltype((void(I), std::declval<Argument>()))...>;
}
template <class F, std::size_t... I>
std::vector<Variable> call(const F& f, const Inputs& x, std::index_sequence<I...>) {
  auto result = f(Argument{x.at(I)}...);
  if constexpr (std::is_convertible_v<decltype(result), Variable>) {
    return {Variable(result)};
  } else {
    return {result.begin(), result.end()};
  }
}
}  // namespace detail

/// Makes a Forward of a lambda whose parameters are Variables or Tensors, one an input, and that
/// returns one of them or several: op([](V x) { return softmax(x, 0); })
template <std::size_t arity = 1, class F>
Forward op(F f) {
  if constexpr (detail::takes<F>(std::make_index_sequence<arity>())) {
    return [f](const Inputs& x) { return detail::call(f, x, std::make_index_sequence<arity>()); };
  } else {
    static_assert(arity < 9, "parameters must be const Variable& or const Tensor&");
    return op<arity + 1>(f);
  }
}

/// Short names for the rows.
using V = const Variable&;
using T = const Tensor&;
using Rows = std::vector<Case>;

}  // namespace melgrad::op_cases
