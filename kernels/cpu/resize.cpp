#include <algorithm>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/reference/reference.h"

namespace melgrad {
namespace {

// Sums of so many neighbouring values stay in registers; fewer than `few` make no vector.
constexpr i64 block = 64, few = 8;

// One x (length, inner), j = begin … end − 1:  y[j,i] = Σ_t weights[j,t] x[first[j] + t, i]
template <class T>
struct Part {
  const T* x;
  const i64* first;
  const float* weights;
  T* y;
  i64 begin, end;
};

template <class T>
void sum_each(const Part<T>& part, i64 inner, i64 taps) {
  for (i64 j = part.begin; j < part.end; ++j) {
    const T* window = part.x + part.first[j] * inner;
    for (i64 i = 0; i < inner; ++i) {
      float sum = 0;
      for (i64 t = 0; t < taps; ++t)
        sum += part.weights[j * taps + t] * static_cast<float>(window[t * inner + i]);
      store(part.y[j * inner + i], sum);
    }
  }
}

// The same for n ≤ block neighbouring i of one j.
template <class T>
void sum_block(const T* window, const float* weights, i64 inner, i64 taps, i64 n, T* y) {
  float sum[block] = {};
  for (i64 t = 0; t < taps; ++t) {
#pragma omp simd
    for (i64 i = 0; i < n; ++i) sum[i] += weights[t] * static_cast<float>(window[t * inner + i]);
  }
#pragma omp simd
  for (i64 i = 0; i < n; ++i) store(y[i], sum[i]);
}

template <class T>
void sum_blocks(const Part<T>& part, i64 inner, i64 taps) {
  for (i64 j = part.begin; j < part.end; ++j) {
    const T* window = part.x + part.first[j] * inner;
    const float* w = part.weights + j * taps;
    T* y = part.y + j * inner;
    i64 i = 0;
    for (; i + block <= inner; i += block) sum_block(window + i, w, inner, taps, block, y + i);
    if (i < inner) sum_block(window + i, w, inner, taps, inner - i, y + i);
  }
}

// Rows begin … end − 1 of y (outer · count, inner).
template <class T>
MELGRAD_SIMD void resize_rows(const ResizeShape& s, const T* x, const i64* first,
                              const float* weights, T* y, i64 begin, i64 end) {
  for (i64 o = begin / s.count; o * s.count < end; ++o) {
    Part<T> part{x + o * s.length * s.inner,
                 first,
                 weights,
                 y + o * s.count * s.inner,
                 std::max<i64>(0, begin - o * s.count),
                 std::min(s.count, end - o * s.count)};
    if (s.inner >= few) {
      sum_blocks(part, s.inner, s.taps);
    } else if (s.taps != 2) {
      sum_each(part, s.inner, s.taps);
    } else if (s.inner != 1) {
      sum_each(part, s.inner, 2);  // bilinear: no loop remains over taps,
    } else {
      sum_each(part, 1, 2);  // and none over i
    }
  }
}

}  // namespace

void CpuBackend::resize_axis(Dtype dtype, const ResizeShape& s, const void* x, const i64* first,
                             const void* weights, void* y) {
  if (dtype == Dtype::f64) return reference::resize_axis(s, f64(x), first, f64(weights), f64(y));
  dispatch_floating("resize", dtype, [&]<class T>(T) {
    parallel_for(s.outer * s.count, s.inner * s.taps, [=](i64 begin, i64 end) {
      resize_rows(s, static_cast<const T*>(x), first, static_cast<const float*>(weights),
                  static_cast<T*>(y), begin, end);
    });
  });
}

}  // namespace melgrad
