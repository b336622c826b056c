#pragma once
#include <omp.h>

#include <algorithm>
#include <optional>

#include "kernels/backend.h"

/// When the other threads are woken: this file alone says so. Waking them and waiting for the last costs 2 µs on an idle
/// machine; where somebody else wants the cores, one of them may have to wait for its turn, which is milliseconds. So work
/// stays on its thread until two threads gain a good deal. It is one thread or all: teams that change their size in between
/// make OpenMP end threads and start new ones.
///
/// µs on one thread → on two, whatever the size (so before there was this rule), EPYC with 2 cores and AVX-512, f32, otherwise
/// idle:
///
///     y = a + b, elements     2^13  1.2 → 2.1    2^15  3.8 → 3.7    2^17  18 → 9     2^19   71 → 37
///     matmul, products        2^18  5.4 → 7.9    2^20  20 → 19      2^22  77 → 56    2^24  313 → 180
///     conv2d 3 × 3, products  2^18  7.7 → 10     2^20  23 → 19      2^22  85 → 51    2^25  623 → 327
///
/// A step of a net of four layers, 64 wide, batch 64, on two threads: idle 230 µs when oneDNN woke them for each product, now
/// 93; with six processes more to each core 8 000 … 17 000 µs, now 320.
namespace melgrad {

/// For loops that do little with each element; other loops count theirs several times.
constexpr bool many_elements(i64 n) { return n >= 1 << 17; }
/// For multiplications and additions of a matrix product or a convolution in f32 or bf16: half of what is sure
/// to gain, for a product with few columns (logistic regression's 64 × 12288 × 4) runs far from the machine's speed.
constexpr bool many_products(i64 n) { return n >= 1 << 21; }

/// While it lives, what this thread starts stays on it if it is few products: for oneDNN's calls,
/// which would wake all threads.
class AloneIfFew {
 public:
  explicit AloneIfFew(i64 products) {
    if (!many_products(products)) alone_.emplace();
  }

 private:
  std::optional<OneThread> alone_;
};

/// Calls f(begin, end) for consecutive parts of [0, n), one a thread; each of the n is the work of
/// `elements`. Where they are small, parts begin at multiples of 64: no two threads write to one
/// cache line. f must not throw: an exception cannot leave an OpenMP region.
template <class F>
void parallel_for(i64 n, i64 elements, F&& f) {
  if (n <= 0) return;
  if (n == 1 || !many_elements(n * elements) || num_threads() == 1 || omp_in_parallel()) {
    f(i64{0}, n);
    return;
  }
#pragma omp parallel
  {
    i64 threads = omp_get_num_threads();
    i64 part = (n + threads - 1) / threads;
    if (elements < 64) part = (part + 63) / 64 * 64;
    i64 begin = std::min(n, part * omp_get_thread_num());
    i64 end = std::min(n, begin + part);
    if (begin < end) f(begin, end);
  }
}

}  // namespace melgrad
