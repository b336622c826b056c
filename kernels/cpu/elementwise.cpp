#include <cmath>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/broadcast.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/cpu/loops/vector_math.h"
#include "kernels/reference/reference.h"

namespace melgrad {
namespace {

namespace vm = vector_math;

// --- unary -------------------------------------------------------------------------------------

template <class T, class Op>
MELGRAD_SIMD void map(const T* x, T* y, i64 n, Op op) {
#pragma omp simd
  for (i64 i = 0; i < n; ++i) store(y[i], op(static_cast<float>(x[i])));
}

template <class T>
void unary_range(UnaryOp op, float a, float b, const T* x, T* y, i64 n) {
  switch (op) {
    case UnaryOp::neg: return map(x, y, n, [](float v) { return -v; });
    case UnaryOp::abs: return map(x, y, n, [](float v) { return std::fabs(v); });
    case UnaryOp::sign:
      return map(x, y, n, [](float v) { return v > 0 ? 1.0f : v < 0 ? -1.0f : v; });
    case UnaryOp::square: return map(x, y, n, [](float v) { return v * v; });
    case UnaryOp::sqrt: return map(x, y, n, [](float v) { return std::sqrt(v); });
    case UnaryOp::rsqrt: return map(x, y, n, [](float v) { return 1 / std::sqrt(v); });
    case UnaryOp::reciprocal: return map(x, y, n, [](float v) { return 1 / v; });
    case UnaryOp::exp: return map(x, y, n, [](float v) { return vm::exp(v); });
    case UnaryOp::log: return map(x, y, n, [](float v) { return vm::log(v); });
    case UnaryOp::log1p: return map(x, y, n, [](float v) { return std::log1p(v); });
    case UnaryOp::sin: return map(x, y, n, [](float v) { return std::sin(v); });
    case UnaryOp::cos: return map(x, y, n, [](float v) { return std::cos(v); });
    case UnaryOp::tanh: return map(x, y, n, [](float v) { return vm::tanh(v); });
    case UnaryOp::sigmoid: return map(x, y, n, [](float v) { return vm::sigmoid(v); });
    case UnaryOp::floor: return map(x, y, n, [](float v) { return std::floor(v); });
    case UnaryOp::ceil: return map(x, y, n, [](float v) { return std::ceil(v); });
    case UnaryOp::round: return map(x, y, n, [](float v) { return std::nearbyint(v); });
    case UnaryOp::relu: return map(x, y, n, [](float v) { return v <= 0 ? 0.0f : v; });
    case UnaryOp::affine: return map(x, y, n, [a, b](float v) { return a * v + b; });
    case UnaryOp::clamp:
      return map(x, y, n, [a, b](float v) {
        float low = v < a ? a : v;
        return low > b ? b : low;
      });
    case UnaryOp::pow: return map(x, y, n, [a](float v) { return std::pow(v, a); });
    case UnaryOp::leaky_relu: return map(x, y, n, [a](float v) { return v > 0 ? v : a * v; });
    case UnaryOp::gelu: return map(x, y, n, [](float v) { return vm::gelu(v); });
  }
}

// In u64, where overflow wraps around instead of being undefined; u8 takes the low 8 bits.
template <class T>
void unary_integers(UnaryOp op, i64 a, i64 b, const T* x, T* y, i64 n) {
  auto apply = [=](auto&& f) {
    for (i64 i = 0; i < n; ++i) y[i] = static_cast<T>(f(static_cast<i64>(x[i])));
  };
  switch (op) {
    case UnaryOp::neg: return apply([](i64 v) { return u64{0} - static_cast<u64>(v); });
    case UnaryOp::abs:
      return apply(
          [](i64 v) { return v < 0 ? u64{0} - static_cast<u64>(v) : static_cast<u64>(v); });
    case UnaryOp::sign: return apply([](i64 v) { return i64{v > 0} - i64{v < 0}; });
    case UnaryOp::square:
      return apply([](i64 v) { return static_cast<u64>(v) * static_cast<u64>(v); });
    case UnaryOp::relu: return apply([](i64 v) { return std::max<i64>(v, 0); });
    case UnaryOp::affine:
      return apply([a, b](i64 v) {
        return static_cast<u64>(a) * static_cast<u64>(v) + static_cast<u64>(b);
      });
    case UnaryOp::clamp: return apply([a, b](i64 v) { return std::min(std::max(v, a), b); });
    default: break;  // refused by `unary`
  }
}

bool is_for_integers(UnaryOp op) {
  switch (op) {
    case UnaryOp::neg:
    case UnaryOp::abs:
    case UnaryOp::sign:
    case UnaryOp::square:
    case UnaryOp::relu:
    case UnaryOp::affine:
    case UnaryOp::clamp: return true;
    default: return false;
  }
}

// --- binary ------------------------------------------------------------------------------------

// One tile of rows × cols: y is dense in a row, a and b step by 0 or 1, or by any stride.
template <class T, class Op>
MELGRAD_SIMD void map2(const Tile& t, const T* a, const T* b, T* y, Op op) {
  auto at = [](T value) { return static_cast<float>(value); };
  for (i64 r = 0; r < t.rows; ++r, a += t.a_row, b += t.b_row, y += t.cols) {
    if (t.a_col == 1 && t.b_col == 1) {
#pragma omp simd
      for (i64 j = 0; j < t.cols; ++j) store(y[j], op(at(a[j]), at(b[j])));
    } else if (t.a_col == 1 && t.b_col == 0) {
      float value = at(*b);
#pragma omp simd
      for (i64 j = 0; j < t.cols; ++j) store(y[j], op(at(a[j]), value));
    } else if (t.a_col == 0 && t.b_col == 1) {
      float value = at(*a);
#pragma omp simd
      for (i64 j = 0; j < t.cols; ++j) store(y[j], op(value, at(b[j])));
    } else {
      for (i64 j = 0; j < t.cols; ++j) store(y[j], op(at(a[j * t.a_col]), at(b[j * t.b_col])));
    }
  }
}

template <class T, class Op>
void map2_plain(const Tile& t, const T* a, const T* b, T* y, Op op) {
  for (i64 r = 0; r < t.rows; ++r)
    for (i64 j = 0; j < t.cols; ++j)
      y[r * t.cols + j] = op(a[r * t.a_row + j * t.a_col], b[r * t.b_row + j * t.b_col]);
}

template <class T>
void binary_tile(BinaryOp op, const Tile& t, const T* a, const T* b, T* y) {
  switch (op) {
    case BinaryOp::add: return map2(t, a, b, y, [](float u, float v) { return u + v; });
    case BinaryOp::sub: return map2(t, a, b, y, [](float u, float v) { return u - v; });
    case BinaryOp::mul: return map2(t, a, b, y, [](float u, float v) { return u * v; });
    case BinaryOp::div: return map2(t, a, b, y, [](float u, float v) { return u / v; });
    case BinaryOp::pow: return map2(t, a, b, y, [](float u, float v) { return std::pow(u, v); });
    // u + v where they are not comparable: that is NaN
    case BinaryOp::maximum:
      return map2(t, a, b, y, [](float u, float v) { return u > v ? u : v >= u ? v : u + v; });
    case BinaryOp::minimum:
      return map2(t, a, b, y, [](float u, float v) { return u < v ? u : v <= u ? v : u + v; });
    case BinaryOp::relu_backward:
      return map2(t, a, b, y, [](float u, float dv) { return u > 0 ? dv : 0.0f; });
    case BinaryOp::tanh_backward:
      return map2(t, a, b, y, [](float u, float dv) { return dv * (1 - u * u); });
    case BinaryOp::sigmoid_backward:
      return map2(t, a, b, y, [](float u, float dv) { return dv * u * (1 - u); });
    case BinaryOp::gelu_backward:
      return map2(t, a, b, y, [](float u, float dv) { return dv * vm::gelu_slope(u); });
  }
}

template <class T>
void integer_tile(BinaryOp op, const Tile& t, const T* a, const T* b, T* y) {
  auto wrap = [](u64 value) { return static_cast<T>(value); };
  auto wide = [](T value) { return static_cast<u64>(value); };
  switch (op) {
    case BinaryOp::add:
      return map2_plain(t, a, b, y, [=](T u, T v) { return wrap(wide(u) + wide(v)); });
    case BinaryOp::sub:
      return map2_plain(t, a, b, y, [=](T u, T v) { return wrap(wide(u) - wide(v)); });
    case BinaryOp::mul:
      return map2_plain(t, a, b, y, [=](T u, T v) { return wrap(wide(u) * wide(v)); });
    case BinaryOp::div:
      return map2_plain(
          t, a, b, y, [=](T u, T v) {  // −u where v is −1: i64's lowest / −1 would trap
            return static_cast<i64>(v) == -1 ? wrap(0 - wide(u)) : static_cast<T>(u / v);
          });
    case BinaryOp::maximum: return map2_plain(t, a, b, y, [](T u, T v) { return std::max(u, v); });
    case BinaryOp::minimum: return map2_plain(t, a, b, y, [](T u, T v) { return std::min(u, v); });
    default: fail("binary", "this operation is not for integers");
  }
}

template <class T>
bool has_zero(const BroadcastShape& s, const T* b) {
  bool found = false;
  for_each_tile(s, 0, numel(s), [&](const Tile& t, i64, i64, i64 b_at) {
    for (i64 r = 0; r < t.rows; ++r)
      for (i64 j = 0; j < t.cols; ++j) found |= b[b_at + r * t.b_row + j * t.b_col] == 0;
  });
  return found;
}

bool is_for_integers(BinaryOp op) {
  switch (op) {
    case BinaryOp::add:
    case BinaryOp::sub:
    case BinaryOp::mul:
    case BinaryOp::div:
    case BinaryOp::maximum:
    case BinaryOp::minimum: return true;
    default: return false;
  }
}

}  // namespace

void CpuBackend::unary(UnaryOp op, Dtype dtype, double a, double b, i64 n, const void* x, void* y) {
  check(is_floating(dtype) || is_for_integers(op), "unary",
        "operation {} is for f32, f64 and bf16, not for {}", static_cast<int>(op), name_of(dtype));
  if (dtype == Dtype::f64) return reference::unary(op, a, b, n, f64(x), f64(y));
  dispatch_fast(dtype, [&]<class T>(T) {
    auto* from = static_cast<const T*>(x);
    auto* to = static_cast<T*>(y);
    parallel_for(n, 1, [=](i64 begin, i64 end) {
      i64 count = end - begin;
      if constexpr (std::is_integral_v<T>)
        unary_integers<T>(op, static_cast<i64>(a), static_cast<i64>(b), from + begin, to + begin,
                          count);
      else
        unary_range<T>(op, static_cast<float>(a), static_cast<float>(b), from + begin, to + begin,
                       count);
    });
  });
}

void CpuBackend::binary(BinaryOp op, Dtype dtype, const BroadcastShape& shape, const void* a,
                        const void* b, void* y) {
  check(is_floating(dtype) || is_for_integers(op), "binary",
        "operation {} is for f32, f64 and bf16, not for {}", static_cast<int>(op), name_of(dtype));
  if (dtype == Dtype::f64) return reference::binary(op, shape, f64(a), f64(b), f64(y));
  BroadcastShape s = simplify(shape, 2);
  dispatch_fast(dtype, [&]<class T>(T) {
    auto* left = static_cast<const T*>(a);
    auto* right = static_cast<const T*>(b);
    auto* to = static_cast<T*>(y);
    if constexpr (std::is_integral_v<T>)
      check(op != BinaryOp::div || !has_zero(s, right), "div", "an integer is divided by zero");
    parallel_for(numel(s), 1, [=](i64 begin, i64 end) {
      for_each_tile(s, begin, end, [=](const Tile& t, i64 y_at, i64 a_at, i64 b_at) {
        if constexpr (std::is_integral_v<T>)
          integer_tile<T>(op, t, left + a_at, right + b_at, to + y_at);
        else
          binary_tile<T>(op, t, left + a_at, right + b_at, to + y_at);
      });
    });
  });
}

void CpuBackend::where(Dtype dtype, i64 n, const u8* condition, const void* a, const void* b,
                       void* y) {
  if (dtype == Dtype::f64) return reference::where(n, condition, f64(a), f64(b), f64(y));
  dispatch_fast(dtype, [&]<class T>(T) {
    auto* left = static_cast<const T*>(a);
    auto* right = static_cast<const T*>(b);
    auto* to = static_cast<T*>(y);
    parallel_for(n, 1, [=](i64 begin, i64 end) {
      for (i64 i = begin; i < end; ++i) to[i] = condition[i] ? left[i] : right[i];
    });
  });
}

}  // namespace melgrad
