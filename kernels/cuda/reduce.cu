#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/scalar.h"

namespace melgrad {
namespace cuda {

// An f32 sum that carries what rounding lost (Neumaier 1974): as good as a sum in f64, at f32's speed.
struct CompensatedSum {
  float sum = 0, lost = 0;
};

__device__ inline CompensatedSum operator+(const CompensatedSum& a, const CompensatedSum& b) {
  float sum = a.sum + b.sum;
  float lost = fabsf(a.sum) >= fabsf(b.sum) ? (a.sum - sum) + b.sum : (b.sum - sum) + a.sum;
  bool finite = isfinite(sum);  // ∞ − ∞ is no rounding error
  return {sum, finite ? a.lost + b.lost + lost : 0.0F};
}

template <class T>
using Accumulator = std::conditional_t<std::is_integral_v<T>, i64, CompensatedSum>;

struct Sum {
  template <class T>
  using State = Accumulator<T>;
  template <class T>
  __device__ static State<T> start() {
    return {};
  }
  template <class T>
  __device__ static State<T> of(T x) {
    if constexpr (std::is_integral_v<T>) {
      return x;
    } else {
      return {load(x), 0};
    }
  }
  template <class S>
  __device__ static S combine(const S& a, const S& b) {
    return a + b;
  }
  __device__ static float result(const CompensatedSum& s, i64) { return s.sum + s.lost; }
  __device__ static i64 result(i64 s, i64) { return s; }
};

struct Mean : Sum {
  __device__ static float result(const CompensatedSum& s, i64 n) {
    return (s.sum + s.lost) / static_cast<float>(n);
  }
  __device__ static i64 result(i64 s, i64 n) { return n == 0 ? 0 : s / n; }
};

struct Product {
  template <class T>
  using State = Compute<T>;
  template <class T>
  __device__ static State<T> start() {
    return 1;
  }
  template <class T>
  __device__ static State<T> of(T x) {
    return load(x);
  }
  template <class S>
  __device__ static S combine(S a, S b) {
    return a * b;
  }
  template <class S>
  __device__ static S result(S s, i64) {
    return s;
  }
};

template <bool largest>
struct Extreme {
  template <class T>
  using State = Compute<T>;
  template <class T>
  __device__ static State<T> start() {
    if constexpr (std::is_integral_v<T>) {
      return largest ? -0x7fffffffffffffffLL - 1 : 0x7fffffffffffffffLL;
    } else {
      return largest ? -INFINITY : INFINITY;
    }
  }
  template <class T>
  __device__ static State<T> of(T x) {
    return load(x);
  }
  // b is taken where it is better or NaN; once a is NaN nothing is better.
  template <class S>
  __device__ static S combine(S a, S b) {
    return (largest ? b > a : b < a) || b != b ? b : a;
  }
  template <class S>
  __device__ static S result(S s, i64) {
    return s;
  }
};

// inner = 1: x (outer, length). One block a row: each thread combines every 256th value, then the
// threads combine theirs in shared memory, halving until one is left. The order is fixed.
template <class Op, class T>
__global__ void reduce_rows(const T* x, T* y /* (outer) */, i64 length) {
  using State = typename Op::template State<T>;
  __shared__ State partial[block_threads];
  const T* row = x + blockIdx.x * length;
  State mine = Op::template start<T>();
  for (i64 j = threadIdx.x; j < length; j += block_threads)
    mine = Op::combine(mine, Op::of(row[j]));
  partial[threadIdx.x] = mine;
  __syncthreads();
  for (unsigned half = block_threads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      partial[threadIdx.x] = Op::combine(partial[threadIdx.x], partial[threadIdx.x + half]);
    }
    __syncthreads();
  }
  if (threadIdx.x == 0) y[blockIdx.x] = store<T>(Op::result(partial[0], length));
}

// inner > 1: a block takes 32 neighbouring columns, its 8 rows of threads every 8th value of them; a warp reads 32 values
// side by side.
constexpr unsigned columns = 32, stripes = 8;
template <class Op, class T>
__global__ void reduce_columns(const T* x, T* y /* (outer, inner) */, i64 length, i64 inner) {
  using State = typename Op::template State<T>;
  __shared__ State partial[stripes][columns];
  i64 column = static_cast<i64>(blockIdx.x) * columns + threadIdx.x;
  const T* slab = x + blockIdx.y * length * inner;
  State mine = Op::template start<T>();
  if (column < inner) {
    for (i64 j = threadIdx.y; j < length; j += stripes) {
      mine = Op::combine(mine, Op::of(slab[j * inner + column]));
    }
  }
  partial[threadIdx.y][threadIdx.x] = mine;
  __syncthreads();
  if (threadIdx.y != 0 || column >= inner) return;
  for (unsigned s = 1; s < stripes; ++s) mine = Op::combine(mine, partial[s][threadIdx.x]);
  y[blockIdx.y * inner + column] = store<T>(Op::result(mine, length));
}

// A value and where it stands; the first of equals and the first NaN win.
template <class C>
struct Candidate {
  C value;
  i64 index;
};

template <bool largest, class C>
__device__ Candidate<C> better(const Candidate<C>& a, const Candidate<C>& b) {
  if (a.index < 0) return b;
  if (b.index < 0) return a;
  bool a_nan = a.value != a.value, b_nan = b.value != b.value;
  if (a_nan != b_nan) return a_nan ? a : b;
  if (a_nan || a.value == b.value) return a.index < b.index ? a : b;
  return (largest ? a.value > b.value : a.value < b.value) ? a : b;
}

// One warp an output: lanes take every 32nd value and then compare their best.
template <bool largest, class T>
__global__ void arg_reduce_kernel(const T* x, i64* y /* (outer, inner) */, i64 outputs, i64 length,
                                  i64 inner) {
  i64 output = global_warp();
  if (output >= outputs) return;
  const T* first = x + output / inner * length * inner + output % inner;
  Candidate<Compute<T>> mine{0, -1};
  for (i64 j = lane_id(); j < length; j += 32) {
    mine = better<largest>(mine, {load(first[j * inner]), j});
  }
  auto best = warp_reduce(mine, [](const auto& a, const auto& b) { return better<largest>(a, b); });
  if (lane_id() == 0) y[output] = best.index;
}

namespace {

template <class Op, class T>
void reduce(Stream stream, const ReduceShape& s, const T* x, T* y) {
  if (s.inner == 1) {
    return launch<reduce_rows<Op, T>>(one_block_each(s.outer), stream, x, y, s.length);
  }
  // A grid's second axis ends at 65535: longer ones go in parts.
  for (i64 outer = 0; outer < s.outer; outer += 65535) {
    unsigned count = static_cast<unsigned>(s.outer - outer < 65535 ? s.outer - outer : 65535);
    Grid grid{dim3(blocks_for(s.inner, columns), count), dim3(columns, stripes)};
    launch<reduce_columns<Op, T>>(grid, stream, x + outer * s.length * s.inner, y + outer * s.inner,
                                  s.length, s.inner);
  }
}

}  // namespace
}  // namespace cuda

void CudaBackend::reduce(ReduceOp op, Dtype dtype, const ReduceShape& s, const void* x, void* y) {
  if (s.outer * s.inner == 0) return;
  cuda::dispatch_device("reduce", dtype, [&](auto t) {
    using T = decltype(t);
    auto* from = static_cast<const T*>(x);
    auto* to = static_cast<T*>(y);
    switch (op) {
      case ReduceOp::sum: return cuda::reduce<cuda::Sum>(stream(), s, from, to);
      case ReduceOp::mean: return cuda::reduce<cuda::Mean>(stream(), s, from, to);
      case ReduceOp::max: return cuda::reduce<cuda::Extreme<true>>(stream(), s, from, to);
      case ReduceOp::min: return cuda::reduce<cuda::Extreme<false>>(stream(), s, from, to);
      case ReduceOp::prod: return cuda::reduce<cuda::Product>(stream(), s, from, to);
    }
  });
}

void CudaBackend::arg_reduce(bool largest, Dtype dtype, const ReduceShape& s, const void* x,
                             i64* y) {
  i64 outputs = s.outer * s.inner;
  if (outputs == 0) return;
  cuda::dispatch_device("arg_reduce", dtype, [&](auto t) {
    using T = decltype(t);
    auto* from = static_cast<const T*>(x);
    cuda::Grid grid = cuda::one_warp_each(outputs);
    if (largest) {
      cuda::launch<cuda::arg_reduce_kernel<true, T>>(grid, stream(), from, y, outputs, s.length,
                                                     s.inner);
    } else {
      cuda::launch<cuda::arg_reduce_kernel<false, T>>(grid, stream(), from, y, outputs, s.length,
                                                      s.inner);
    }
  });
}

}  // namespace melgrad
