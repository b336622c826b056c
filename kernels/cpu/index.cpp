#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/reference/reference.h"
#include "kernels/scratch_array.h"

namespace melgrad {
namespace {

void check_indices(const char* operation, const i64* index, i64 n, i64 length) {
  for (i64 j = 0; j < n; ++j)
    check(index[j] >= 0 && index[j] < length, operation,
          "index {} at position {} is outside 0 … {} (length {})", index[j], j, length - 1, length);
}

// sum += value; integers wrap around
template <class T, class Sum>
void add(Sum& sum, T value) {
  if constexpr (std::is_integral_v<T>)
    sum = static_cast<T>(static_cast<u64>(sum) + static_cast<u64>(value));
  else
    sum += static_cast<Sum>(value);
}

// Calls f(dx), n values, or for bf16 f(sums) with sums in f32 that begin as dx and become it: rounded to bf16 after each
// addition they would stand still.
template <class T, class F>
void with_sums(Backend& cpu, i64 n, T* dx, F f) {
  if constexpr (std::is_same_v<T, bf16>) {
    ScratchArray<float> sums(cpu, n);
    for (i64 i = 0; i < n; ++i) sums[i] = static_cast<float>(dx[i]);
    f(sums.data());
    for (i64 i = 0; i < n; ++i) dx[i] = bf16(sums[i]);
  } else {
    f(dx);
  }
}

}  // namespace

void CpuBackend::gather(Dtype dtype, const IndexShape& s, const void* x, const i64* index,
                        void* y) {
  check_indices("gather", index, s.outer * s.count * s.inner, s.length);
  if (dtype == Dtype::f64) return reference::gather(s, f64(x), index, f64(y));
  dispatch_fast(dtype, [&]<class T>(T) {
    auto* from = static_cast<const T*>(x);
    auto* to = static_cast<T*>(y);
    parallel_for(s.outer * s.count, s.inner, [=](i64 begin, i64 end) {
      for (i64 row = begin; row < end; ++row)
        for (i64 i = 0, at = row * s.inner; i < s.inner; ++i, ++at)
          to[at] = from[(row / s.count * s.length + index[at]) * s.inner + i];
    });
  });
}

void CpuBackend::scatter_add(Dtype dtype, const IndexShape& s, const void* dy, const i64* index,
                             void* dx) {
  check_indices("scatter_add", index, s.outer * s.count * s.inner, s.length);
  if (dtype == Dtype::f64) return reference::scatter_add(s, f64(dy), index, f64(dx));
  dispatch_fast(dtype, [&]<class T>(T) {
    auto* from = static_cast<const T*>(dy);
    with_sums(*this, s.outer * s.length * s.inner, static_cast<T*>(dx), [&](auto* to) {
      parallel_for(s.outer, s.count * s.inner, [=](i64 begin, i64 end) {
        for (i64 o = begin; o < end; ++o)
          for (i64 j = 0; j < s.count; ++j)
            for (i64 i = 0, at = (o * s.count + j) * s.inner; i < s.inner; ++i, ++at)
              add(to[(o * s.length + index[at]) * s.inner + i], from[at]);
      });
    });
  });
}

void CpuBackend::index_select(Dtype dtype, const IndexShape& s, const void* x, const i64* index,
                              void* y) {
  check_indices("index_select", index, s.count, s.length);
  if (dtype == Dtype::f64) return reference::index_select(s, f64(x), index, f64(y));
  auto bytes = static_cast<i64>(size_of(dtype)) * s.inner;
  if (bytes == 0) return;
  auto* from = static_cast<const char*>(x);
  auto* to = static_cast<char*>(y);
  parallel_for(s.outer * s.count, s.inner, [=](i64 begin, i64 end) {
    for (i64 row = begin; row < end; ++row)
      std::memcpy(to + row * bytes,
                  from + (row / s.count * s.length + index[row % s.count]) * bytes,
                  static_cast<std::size_t>(bytes));
  });
}

void CpuBackend::index_add(Dtype dtype, const IndexShape& s, const void* dy, const i64* index,
                           void* dx) {
  check_indices("index_add", index, s.count, s.length);
  if (dtype == Dtype::f64) return reference::index_add(s, f64(dy), index, f64(dx));
  dispatch_fast(dtype, [&]<class T>(T) {
    auto* from = static_cast<const T*>(dy);
    with_sums(*this, s.outer * s.length * s.inner, static_cast<T*>(dx), [&](auto* to) {
      // Each thread adds its columns of all rows, in order: equal indices need no lock.
      parallel_for(s.inner, s.outer * s.count, [=](i64 begin, i64 end) {
        for (i64 row = 0; row < s.outer * s.count; ++row) {
          auto* sums = to + (row / s.count * s.length + index[row % s.count]) * s.inner;
          const T* values = from + row * s.inner;
          for (i64 i = begin; i < end; ++i) add(sums[i], values[i]);
        }
      });
    });
  });
}

}  // namespace melgrad
