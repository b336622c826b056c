#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/scalar.h"
#include "kernels/cuda/strips.h"
#include "kernels/scratch_array.h"

// An operation is a State, what it is before the first value, what it is of one value x[j], how two are combined, and what
// is made of it in the end. Every one goes through the same three kernels.
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

struct Sum {
  template <class T>  // integers wrap around, which only unsigned ones may
  using State = std::conditional_t<std::is_integral_v<T>, u64, CompensatedSum>;
  template <class T>
  __device__ static State<T> start() {
    return {};
  }
  template <class T>
  __device__ static State<T> of(T x, i64) {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<u64>(x);
    } else {
      return {load(x), 0};
    }
  }
  template <class S>
  __device__ S operator()(const S& a, const S& b) const {
    return a + b;
  }
  __device__ static float result(const CompensatedSum& s, i64) { return s.sum + s.lost; }
  __device__ static i64 result(u64 s, i64) { return static_cast<i64>(s); }
};

struct Mean : Sum {
  __device__ static float result(const CompensatedSum& s, i64 n) {
    return (s.sum + s.lost) / static_cast<float>(n);
  }
};

struct Product {
  template <class T>
  using State = std::conditional_t<std::is_integral_v<T>, u64, float>;
  template <class T>
  __device__ static State<T> start() {
    return 1;
  }
  template <class T>
  __device__ static State<T> of(T x, i64) {
    return static_cast<State<T>>(load(x));
  }
  template <class S>
  __device__ S operator()(S a, S b) const {
    return a * b;
  }
  __device__ static float result(float s, i64) { return s; }
  __device__ static i64 result(u64 s, i64) { return static_cast<i64>(s); }
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
  __device__ static State<T> of(T x, i64) {
    return load(x);
  }
  // b is taken where it is better or NaN; once a is NaN nothing is better.
  template <class S>
  __device__ S operator()(S a, S b) const {
    return (largest ? b > a : b < a) || b != b ? b : a;
  }
  template <class S>
  __device__ static S result(S s, i64) {
    return s;
  }
};

// A value and where it stands, -1 for nowhere.
template <class C>
struct Candidate {
  C value;
  i64 index;
};

// The place of the extreme; the first of equals and the first NaN win.
template <bool largest>
struct ArgExtreme {
  template <class T>
  using State = Candidate<Compute<T>>;
  template <class T>
  __device__ static State<T> start() {
    return {0, -1};
  }
  template <class T>
  __device__ static State<T> of(T x, i64 j) {
    return {load(x), j};
  }
  template <class C>
  __device__ Candidate<C> operator()(const Candidate<C>& a, const Candidate<C>& b) const {
    if (a.index < 0) return b;
    if (b.index < 0) return a;
    bool a_nan = a.value != a.value, b_nan = b.value != b.value;
    if (a_nan != b_nan) return a_nan ? a : b;
    if (a_nan || a.value == b.value) return a.index < b.index ? a : b;
    return (largest ? a.value > b.value : a.value < b.value) ? a : b;
  }
  template <class C>
  __device__ static i64 result(const Candidate<C>& s, i64) {
    return s.index;
  }
};

// Output number i, or with several strips (then there is `partial`) part number i.
template <class Op, class State, class Y>
__device__ void put(const State& state, i64 i, i64 length, State* partial, Y* y) {
  if (partial) {
    partial[i] = state;
  } else {
    y[i] = store<Y>(Op::result(state, length));
  }
}

// inner = 1: x (outer, length), partial (outer, strips). A warp takes a strip of a row.
template <class Op, class T, class State, class Y>
__global__ void reduce_rows(const T* x, State* partial, Y* y /* (outer) */, i64 outer, i64 length,
                            Strips strips) {
  i64 part = global_warp();
  if (part >= outer * strips.count) return;
  const T* row = x + part / strips.count * length;
  State all = combine_by_warp(
      strip(strips, part % strips.count, length), Op::template start<T>(),
      [&](i64 j) { return Op::of(row[j], j); }, Op());
  if (lane_id() == 0) put<Op>(all, part, length, partial, y);
}

// inner > 1: x (outer, length, inner), partial (outer, strips, inner). A block takes a strip of 32 columns.
template <class Op, class T, class State, class Y>
__global__ void reduce_columns(const T* x, State* partial, Y* y /* (outer, inner) */, i64 length,
                               i64 inner, Strips strips) {
  auto [column, part] = column_of_part(inner);
  const T* top = x + part / strips.count * length * inner + column;
  State all = combine_by_column(
      column < inner ? strip(strips, part % strips.count, length) : Interval(),
      Op::template start<T>(), [&](i64 j) { return Op::of(top[j * inner], j); }, Op());
  if (threadIdx.y == 0 && column < inner) put<Op>(all, part * inner + column, length, partial, y);
}

// y from the parts. A warp takes an output.
template <class Op, class T, class State, class Y>
__global__ void join_strips(const State* partial /* (outer, strips, inner) */,
                            Y* y /* (outer, inner) */, i64 outputs, i64 length, i64 inner,
                            i64 strips) {
  i64 output = global_warp();
  if (output >= outputs) return;
  const State* top = partial + output / inner * strips * inner + output % inner;
  State all = combine_by_warp(
      {0, strips}, Op::template start<T>(), [&](i64 s) { return top[s * inner]; }, Op());
  if (lane_id() == 0) y[output] = store<Y>(Op::result(all, length));
}

namespace {

template <class Op, class T, class Y>
void reduce(CudaBackend& gpu, const ReduceShape& s, const T* x, Y* y) {
  using State = typename Op::template State<T>;
  i64 outputs = s.outer * s.inner;
  i64 column_warps = s.outer * blocks_for(s.inner, columns) * stripes;
  Strips strips =
      s.inner == 1 ? Strips(s.length, s.outer, 32) : Strips(s.length, column_warps, stripes);
  ScratchArray<State> partial(gpu, strips.count > 1 ? outputs * strips.count : 0);
  i64 parts = s.outer * strips.count;
  if (s.inner == 1) {
    launch<reduce_rows<Op, T, State, Y>>(one_warp_each(parts), gpu.stream(), x, partial.data(), y,
                                         s.outer, s.length, strips);
  } else {
    launch<reduce_columns<Op, T, State, Y>>(blocks_of_columns(s.inner, parts), gpu.stream(), x,
                                            partial.data(), y, s.length, s.inner, strips);
  }
  if (strips.count > 1) {
    launch<join_strips<Op, T, State, Y>>(one_warp_each(outputs), gpu.stream(), partial.data(), y,
                                         outputs, s.length, s.inner, strips.count);
  }
}

}  // namespace
}  // namespace cuda

void CudaBackend::reduce(ReduceOp op, Dtype dtype, const ReduceShape& s, const void* x, void* y) {
  if (s.outer * s.inner == 0) return;
  bool needs_values = op == ReduceOp::max || op == ReduceOp::min;
  check(!needs_values || s.length > 0, op == ReduceOp::max ? "max" : "min",
        "there is no largest or smallest of 0 values");
  auto reduce_typed = [&](auto t, auto operation) {
    using T = decltype(t);
    cuda::reduce<decltype(operation)>(*this, s, static_cast<const T*>(x), static_cast<T*>(y));
  };
  if (op == ReduceOp::mean) {
    return cuda::dispatch_floating("mean", dtype, [&](auto t) { reduce_typed(t, cuda::Mean()); });
  }
  cuda::dispatch_device("reduce", dtype, [&](auto t) {
    switch (op) {
      case ReduceOp::mean: return;  // above
      case ReduceOp::sum: return reduce_typed(t, cuda::Sum());
      case ReduceOp::max: return reduce_typed(t, cuda::Extreme<true>());
      case ReduceOp::min: return reduce_typed(t, cuda::Extreme<false>());
      case ReduceOp::prod: return reduce_typed(t, cuda::Product());
    }
  });
}

void CudaBackend::arg_reduce(bool largest, Dtype dtype, const ReduceShape& s, const void* x,
                             i64* y) {
  if (s.outer * s.inner == 0) return;
  check(s.length > 0, largest ? "argmax" : "argmin", "there is no largest or smallest of 0 values");
  cuda::dispatch_device("arg_reduce", dtype, [&](auto t) {
    auto* from = static_cast<const decltype(t)*>(x);
    if (largest) {
      cuda::reduce<cuda::ArgExtreme<true>>(*this, s, from, y);
    } else {
      cuda::reduce<cuda::ArgExtreme<false>>(*this, s, from, y);
    }
  });
}

}  // namespace melgrad
