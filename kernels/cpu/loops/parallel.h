#pragma once
#include <omp.h>

#include <algorithm>

#include "kernels/backend.h"

namespace melgrad {

/// Elements that a thread must have to be worth waking: some 10 µs of a cheap loop.
inline constexpr i64 elementwise_grain = 1 << 15;

/// Calls f(begin, end) for consecutive parts of [0, n), one a thread, each of at least `grain` (the
/// last may be smaller). Parts begin at multiples of 64: no two threads write to one cache line.
/// f must not throw: an exception cannot leave an OpenMP region.
template <class F>
void parallel_for(i64 n, i64 grain, F&& f) {
  if (n <= 0) return;
  i64 wanted = std::min<i64>(num_threads(), n / std::max<i64>(grain, 1));
  if (wanted <= 1 || omp_in_parallel()) {
    f(i64{0}, n);
    return;
  }
#pragma omp parallel num_threads(static_cast <int>(wanted))
  {
    i64 threads = omp_get_num_threads();
    i64 part = (n + threads - 1) / threads;
    if (grain >= 64) part = (part + 63) / 64 * 64;
    i64 begin = std::min(n, part * omp_get_thread_num());
    i64 end = std::min(n, begin + part);
    if (begin < end) f(begin, end);
  }
}

}  // namespace melgrad
