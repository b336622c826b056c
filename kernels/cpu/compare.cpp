#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/broadcast.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/reference/reference.h"

namespace melgrad {
namespace {

template <class T, class Op>
void compare_tile(const Tile& t, const T* a, const T* b, u8* y, Op op) {
  for (i64 r = 0; r < t.rows; ++r)
    for (i64 j = 0; j < t.cols; ++j)
      y[r * t.cols + j] = op(a[r * t.a_row + j * t.a_col], b[r * t.b_row + j * t.b_col]);
}

// What is compared: bf16 as f32, everything else as it is.
template <class T>
T comparable(T value) {
  return value;
}
float comparable(bf16 value) { return static_cast<float>(value); }

template <class T>
void compare_tile(CompareOp op, const Tile& t, const T* a, const T* b, u8* y) {
  auto with = [&](auto compare_two) {
    compare_tile(t, a, b, y, [=](T u, T v) { return compare_two(comparable(u), comparable(v)); });
  };
  switch (op) {
    case CompareOp::eq: return with([](auto u, auto v) { return u == v; });
    case CompareOp::ne: return with([](auto u, auto v) { return u != v; });
    case CompareOp::lt: return with([](auto u, auto v) { return u < v; });
    case CompareOp::le: return with([](auto u, auto v) { return u <= v; });
    case CompareOp::gt: return with([](auto u, auto v) { return u > v; });
    case CompareOp::ge: return with([](auto u, auto v) { return u >= v; });
  }
}

}  // namespace

void CpuBackend::compare(CompareOp op, Dtype dtype, const BroadcastShape& shape, const void* a,
                         const void* b, u8* y) {
  if (dtype == Dtype::f64) return reference::compare(op, shape, f64(a), f64(b), y);
  BroadcastShape s = simplify(shape, 2);
  dispatch_fast(dtype, [&]<class T>(T) {
    auto* left = static_cast<const T*>(a);
    auto* right = static_cast<const T*>(b);
    parallel_for(numel(s), 1, [=](i64 begin, i64 end) {
      for_each_tile(s, begin, end, [=](const Tile& t, i64 y_at, i64 a_at, i64 b_at) {
        compare_tile(op, t, left + a_at, right + b_at, y + y_at);
      });
    });
  });
}

}  // namespace melgrad
