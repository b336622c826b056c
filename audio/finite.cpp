#include "audio/finite.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <span>

#include "tensor/ops.h"

namespace melgrad {
namespace {

// The exponent of infinities and NaN is all ones: one more and it carries into the sign's bit.
template <class T, class Bits>
bool all_finite(const Tensor& x) {
  constexpr auto exponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
  constexpr auto one = std::bit_cast<Bits>(std::numeric_limits<T>::min());
  Tensor dense = x.contiguous();
  Bits carries = 0;  // of all: a loop without an exit becomes vector code
  for (T value : std::span(dense.data<T>(), static_cast<std::size_t>(dense.numel())))
    carries |= (std::bit_cast<Bits>(value) & exponent) + one;
  return carries <= exponent;
}

}  // namespace

bool is_finite(const Tensor& x) {
  if (!x.device().is_cpu()) return sum(x - x).item() == 0;  // else NaN
  return x.dtype() == Dtype::f64 ? all_finite<double, std::uint64_t>(x)
                                 : all_finite<float, std::uint32_t>(x);
}

void check_finite(const Tensor& x, std::string_view where) {
  check(x.dtype() == Dtype::f32 || x.dtype() == Dtype::f64, where, "works on f32 and f64: {}", x);
  check(is_finite(x), where, "a sample is not a finite number: {}", x);
}

}  // namespace melgrad
