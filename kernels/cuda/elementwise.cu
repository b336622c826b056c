#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/map.h"
#include "kernels/cuda/scalar.h"

namespace melgrad {
namespace cuda {

// Φ of the normal distribution
__device__ inline float normal_below(float x) { return .5F * erfcf(-.70710678F * x); }

__device__ inline float apply(UnaryOp op, float x, float a, float b) {
  switch (op) {
    case UnaryOp::neg: return -x;
    case UnaryOp::abs: return fabsf(x);
    case UnaryOp::sign: return x > 0 ? 1.0F : x < 0 ? -1.0F : x;
    case UnaryOp::square: return x * x;
    case UnaryOp::sqrt: return sqrtf(x);
    case UnaryOp::rsqrt: return 1 / sqrtf(x);
    case UnaryOp::reciprocal: return 1 / x;
    case UnaryOp::exp: return expf(x);
    case UnaryOp::log: return logf(x);
    case UnaryOp::log1p: return log1pf(x);
    case UnaryOp::sin: return sinf(x);
    case UnaryOp::cos: return cosf(x);
    case UnaryOp::tanh: return tanhf(x);
    case UnaryOp::sigmoid: return 1 / (1 + expf(-x));
    case UnaryOp::floor: return floorf(x);
    case UnaryOp::ceil: return ceilf(x);
    case UnaryOp::round: return rintf(x);
    case UnaryOp::relu: return x <= 0 ? 0 : x;
    case UnaryOp::affine: return a * x + b;
    case UnaryOp::clamp: {
      float low = x < a ? a : x;
      return low > b ? b : low;
    }
    case UnaryOp::pow: return powf(x, a);
    case UnaryOp::leaky_relu: return x > 0 ? x : a * x;
    case UnaryOp::gelu: return x * normal_below(x);
  }
  return x;
}

// In u64, where overflow wraps around.
__device__ inline i64 apply(UnaryOp op, i64 x, i64 a, i64 b) {
  u64 bits = static_cast<u64>(x);
  switch (op) {
    case UnaryOp::neg: return static_cast<i64>(0 - bits);
    case UnaryOp::abs: return x < 0 ? static_cast<i64>(0 - bits) : x;
    case UnaryOp::sign: return (x > 0) - (x < 0);
    case UnaryOp::square: return static_cast<i64>(bits * bits);
    case UnaryOp::relu: return x < 0 ? 0 : x;
    case UnaryOp::affine: return static_cast<i64>(static_cast<u64>(a) * bits + static_cast<u64>(b));
    case UnaryOp::clamp: {
      i64 low = x < a ? a : x;
      return low > b ? b : low;
    }
    default: return x;  // refused by `unary`
  }
}

__device__ inline float apply(BinaryOp op, float u, float v) {
  switch (op) {
    case BinaryOp::add: return u + v;
    case BinaryOp::sub: return u - v;
    case BinaryOp::mul: return u * v;
    case BinaryOp::div: return u / v;
    case BinaryOp::pow: return powf(u, v);
    // u + v where they are not comparable: that is NaN
    case BinaryOp::maximum: return u > v ? u : v >= u ? v : u + v;
    case BinaryOp::minimum: return u < v ? u : v <= u ? v : u + v;
    case BinaryOp::relu_backward: return u > 0 ? v : 0;
    case BinaryOp::tanh_backward: return v * (1 - u * u);
    case BinaryOp::sigmoid_backward: return v * u * (1 - u);
    case BinaryOp::gelu_backward:
      return v * (normal_below(u) + u * .39894228F * expf(-.5F * u * u));
  }
  return u;
}

__device__ inline i64 apply(BinaryOp op, i64 u, i64 v) {
  u64 a = static_cast<u64>(u), b = static_cast<u64>(v);
  switch (op) {
    case BinaryOp::add: return static_cast<i64>(a + b);
    case BinaryOp::sub: return static_cast<i64>(a - b);
    case BinaryOp::mul: return static_cast<i64>(a * b);
    case BinaryOp::div: return v == 0 ? 0 : v == -1 ? static_cast<i64>(0 - a) : u / v;
    case BinaryOp::maximum: return u > v ? u : v;
    case BinaryOp::minimum: return u < v ? u : v;
    default: return u;  // refused by `binary`
  }
}

template <class C>
__device__ bool holds(CompareOp op, C u, C v) {
  switch (op) {
    case CompareOp::eq: return u == v;
    case CompareOp::ne: return u != v;
    case CompareOp::lt: return u < v;
    case CompareOp::le: return u <= v;
    case CompareOp::gt: return u > v;
    case CompareOp::ge: return u >= v;
  }
  return false;
}

// What `map` calls. `op` is the same for all threads, so its switch costs no divergence.
template <class T>
struct Unary {
  UnaryOp op;
  Compute<T> a, b;
  __device__ T operator()(T x) const { return store<T>(apply(op, load(x), a, b)); }
};

template <class T>
struct Binary {
  BinaryOp op;
  __device__ T operator()(T u, T v) const { return store<T>(apply(op, load(u), load(v))); }
};

template <class T>
struct Compare {
  CompareOp op;
  __device__ u8 operator()(T u, T v) const { return holds(op, load(u), load(v)) ? 1 : 0; }
};

template <class T>
struct Where {
  __device__ T operator()(u8 condition, T a, T b) const { return condition ? a : b; }
};

namespace {

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

bool is_for_integers(BinaryOp op) {
  return op <= BinaryOp::div || op == BinaryOp::maximum || op == BinaryOp::minimum;
}

}  // namespace
}  // namespace cuda

void CudaBackend::unary(UnaryOp op, Dtype dtype, double a, double b, i64 n, const void* x,
                        void* y) {
  check(is_floating(dtype) || cuda::is_for_integers(op), "unary",
        "operation {} is for f32 and bf16, not for {}", static_cast<int>(op), name_of(dtype));
  cuda::dispatch_device("unary", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::Unary<T> f{op, static_cast<cuda::Compute<T>>(a), static_cast<cuda::Compute<T>>(b)};
    cuda::map(stream(), f, n, static_cast<T*>(y), static_cast<const T*>(x));
  });
}

void CudaBackend::binary(BinaryOp op, Dtype dtype, const BroadcastShape& shape, const void* a,
                         const void* b, void* y) {
  check(is_floating(dtype) || cuda::is_for_integers(op), "binary",
        "operation {} is for f32 and bf16, not for {}", static_cast<int>(op), name_of(dtype));
  cuda::dispatch_device("binary", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::map_broadcast(stream(), cuda::Binary<T>{op}, shape, static_cast<T*>(y),
                        static_cast<const T*>(a), static_cast<const T*>(b));
  });
}

void CudaBackend::compare(CompareOp op, Dtype dtype, const BroadcastShape& shape, const void* a,
                          const void* b, u8* y) {
  cuda::dispatch_device("compare", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::map_broadcast(stream(), cuda::Compare<T>{op}, shape, y, static_cast<const T*>(a),
                        static_cast<const T*>(b));
  });
}

void CudaBackend::where(Dtype dtype, i64 n, const u8* condition, const void* a, const void* b,
                        void* y) {
  cuda::dispatch_device("where", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::map(stream(), cuda::Where<T>(), n, static_cast<T*>(y), condition,
              static_cast<const T*>(a), static_cast<const T*>(b));
  });
}

}  // namespace melgrad
