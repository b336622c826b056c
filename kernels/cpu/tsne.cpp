#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/reference/reference.h"

// A row of pairs a time, in vectors of others; what is symmetric in i and j is computed for both, so
// that each row is its own and threads have nothing to add up together.
namespace melgrad {
namespace {

struct Sums {
  float pull_x = 0, pull_y = 0, push_x = 0, push_y = 0, weights = 0;
};

// Others j = begin … end − 1 of point i.
[[gnu::always_inline]] inline void add_pairs(i64 n, const float* p, const float* y, i64 i,
                                             i64 begin, i64 end, Sums& sums) {
  const float *xs = y, *ys = y + n, *row = p + i * n;
  float x_i = xs[i], y_i = ys[i];
  float pull_x = 0, pull_y = 0, push_x = 0, push_y = 0, weights = 0;
#pragma omp simd reduction(+ : pull_x, pull_y, push_x, push_y, weights)
  for (i64 j = begin; j < end; ++j) {
    float dx = x_i - xs[j], dy = y_i - ys[j];
    float w = 1 / (1 + dx * dx + dy * dy);
    float pull = row[j] * w, push = w * w;
    pull_x += pull * dx;
    pull_y += pull * dy;
    push_x += push * dx;
    push_y += push * dy;
    weights += w;
  }
  sums.pull_x += pull_x, sums.pull_y += pull_y;
  sums.push_x += push_x, sums.push_y += push_y;
  sums.weights += weights;
}

// Points begin … end − 1.
MELGRAD_SIMD void sums_of_points(i64 n, const float* p, const float* y, float* to, i64 begin,
                                 i64 end) {
  for (i64 i = begin; i < end; ++i) {
    Sums sums;
    add_pairs(n, p, y, i, 0, i, sums);
    add_pairs(n, p, y, i, i + 1, n, sums);
    to[i] = sums.pull_x, to[n + i] = sums.pull_y;
    to[2 * n + i] = sums.push_x, to[3 * n + i] = sums.push_y;
    to[4 * n + i] = sums.weights;
  }
}

constexpr i64 work = 4;  // of a pair: a division costs as much as some plain elements

}  // namespace

void CpuBackend::tsne_sums(Dtype dtype, i64 n, const void* p, const void* y, void* sums) {
  if (dtype == Dtype::f64) return reference::tsne_sums(n, f64(p), f64(y), f64(sums));
  check(dtype == Dtype::f32, "tsne_sums", "needs f32 or f64, got {}", name_of(dtype));
  parallel_for(n, work * n, [=](i64 begin, i64 end) {
    sums_of_points(n, static_cast<const float*>(p), static_cast<const float*>(y),
                   static_cast<float*>(sums), begin, end);
  });
}

}  // namespace melgrad
