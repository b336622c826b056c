#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/reference/reference.h"

// x (outer, length, inner) is cut into pieces whose size depends on the shape alone: a stretch of
// `length` times a block of columns. Each piece becomes a row of partial results, and these are
// combined in order, so that the result does not depend on the number of threads. Floats are
// accumulated in f64, integers in u64, where they wrap around.
namespace melgrad {
namespace {

template <class T>
using Accumulator = std::conditional_t<std::is_integral_v<T>, i64, double>;

template <class T>
Accumulator<T> to_accumulator(T value) {
  if constexpr (std::is_same_v<T, bf16>)
    return static_cast<float>(value);
  else
    return value;
}

struct Sum {
  template <class A>
  static constexpr A start = 0;
  static double apply(double a, double b) { return a + b; }
  static i64 apply(i64 a, i64 b) {
    return static_cast<i64>(static_cast<u64>(a) + static_cast<u64>(b));
  }
};
struct Product {
  template <class A>
  static constexpr A start = 1;
  static double apply(double a, double b) { return a * b; }
  static i64 apply(i64 a, i64 b) {
    return static_cast<i64>(static_cast<u64>(a) * static_cast<u64>(b));
  }
};
// b is taken where it is larger or NaN; once a is NaN no comparison takes anything else.
struct Max {
  template <class A>
  static constexpr A start = std::numeric_limits<A>::has_infinity
                                 ? -std::numeric_limits<A>::infinity()
                                 : std::numeric_limits<A>::min();
  template <class A>
  static A apply(A a, A b) {
    bool take = (b > a) | (b != b);
    return take ? b : a;
  }
};
struct Min {
  template <class A>
  static constexpr A start = std::numeric_limits<A>::has_infinity
                                 ? std::numeric_limits<A>::infinity()
                                 : std::numeric_limits<A>::max();
  template <class A>
  static A apply(A a, A b) {
    bool take = (b < a) | (b != b);
    return take ? b : a;
  }
};

constexpr i64 piece_columns = 1024;  // columns that a piece has at most
constexpr i64 folded = 256;          // columns that rows narrower than this are joined to

// sums[j] = op(sums[j], x[r,j]) for all rows r, each `step` after the other
template <class Op, class T, class A>
MELGRAD_SIMD void accumulate(const T* x, i64 rows, i64 cols, i64 step, A* sums) {
  for (i64 r = 0; r < rows; ++r) {
    const T* row = x + r * step;
#pragma omp simd
    for (i64 j = 0; j < cols; ++j) sums[j] = Op::apply(sums[j], A{to_accumulator(row[j])});
  }
}

// One piece: `length` rows of `cols` columns, `step` apart, reduced to sums (cols of piece_columns). When
// the rows are short and lie one after the other, `fold` of them count as one of fold·cols columns.
template <class Op, class T, class A>
void reduce_piece(const T* x, i64 length, i64 cols, i64 step, A* sums) {
  i64 fold = step == cols ? std::clamp<i64>(folded / cols, 1, std::max<i64>(length, 1)) : 1;
  std::fill_n(sums, fold * cols, Op::template start<A>);
  accumulate<Op>(x, length / fold, fold * cols, fold * step, sums);
  accumulate<Op>(x + length / fold * fold * step, 1, length % fold * cols, step, sums);
  while (fold > 1) {
    i64 half = fold / 2;
    fold -= half;
    for (i64 j = 0; j < half * cols; ++j) sums[j] = Op::apply(sums[j], sums[fold * cols + j]);
  }
}

// How an array is cut: `stretch` rows of `length` times `block` columns are a piece.
struct Pieces {
  i64 stretch, stretches, block, blocks;
  explicit Pieces(const ReduceShape& s) {
    constexpr i64 elements = 1 << 15;  // of a piece, some 10 µs
    block = std::min(s.inner, piece_columns);
    blocks = (s.inner + block - 1) / block;
    bool enough_already = s.outer * blocks >= 64;  // pieces for every thread
    stretch = enough_already ? std::max<i64>(s.length, 1) : elements / block;
    stretches = std::max<i64>(1, (s.length + stretch - 1) / stretch);
  }
};

// y[o,i] = finish(op over x[o,·,i]).  Several stretches go through an array of partial results
// (outer, stretches, inner), which is reduced in the same way.
template <class Op, class T, class Y, class Finish>
void reduce_typed(const ReduceShape& s, const T* x, Y* y, Finish finish) {
  using A = Accumulator<T>;
  if (s.outer * s.inner == 0) return;
  Pieces p(s);
  std::vector<A> partial(p.stretches > 1 ? static_cast<std::size_t>(s.outer * p.stretches * s.inner)
                                         : 0);
  i64 piece_elements = std::min(p.stretch, s.length) * p.block;
  parallel_for(s.outer * p.stretches * p.blocks, piece_elements, [&](i64 begin, i64 end) {
    A sums[piece_columns];
    for (i64 piece = begin; piece < end; ++piece) {
      i64 column = piece % p.blocks * p.block, row = piece / p.blocks;
      i64 from = row % p.stretches * p.stretch, o = row / p.stretches;
      i64 count = std::min(p.stretch, s.length - from), cols = std::min(p.block, s.inner - column);
      reduce_piece<Op>(x + (o * s.length + from) * s.inner + column, count, cols, s.inner, sums);
      i64 at = row * s.inner + column;
      if (p.stretches > 1)
        std::copy_n(sums, cols, partial.data() + at);
      else
        for (i64 j = 0; j < cols; ++j) y[at + j] = finish(sums[j]);
    }
  });
  if (p.stretches > 1)
    reduce_typed<Op>(ReduceShape{s.outer, p.stretches, s.inner}, partial.data(), y, finish);
}

template <class T>
T from_accumulator(Accumulator<T> value) {
  if constexpr (std::is_same_v<T, bf16>)
    return bf16(static_cast<float>(value));
  else
    return static_cast<T>(value);
}

template <class T>
void reduce_typed(ReduceOp op, const ReduceShape& s, const T* x, T* y) {
  switch (op) {
    case ReduceOp::sum: return reduce_typed<Sum>(s, x, y, from_accumulator<T>);
    case ReduceOp::prod: return reduce_typed<Product>(s, x, y, from_accumulator<T>);
    case ReduceOp::max: return reduce_typed<Max>(s, x, y, from_accumulator<T>);
    case ReduceOp::min: return reduce_typed<Min>(s, x, y, from_accumulator<T>);
    case ReduceOp::mean:
      if constexpr (!std::is_integral_v<T>) {
        auto length = static_cast<double>(s.length);
        reduce_typed<Sum>(s, x, y, [=](double sum) { return from_accumulator<T>(sum / length); });
      }
  }
}

// --- the place of the largest or smallest ------------------------------------------------------

// best[j] and y[j] over x[0…length, j], a block of columns at a time.
template <class T, class Better>
void arg_reduce_columns(const T* x, i64 length, i64 cols, i64 step, i64* y, Better better) {
  T best[piece_columns];
  std::copy_n(x, cols, best);
  std::fill_n(y, cols, 0);
  for (i64 l = 1; l < length; ++l)
    for (i64 j = 0; j < cols; ++j)
      if (better(x[l * step + j], best[j])) {
        best[j] = x[l * step + j];
        y[j] = l;
      }
}

template <class T, class Better>
void arg_reduce_typed(const ReduceShape& s, const T* x, i64* y, Better better) {
  i64 block = std::min(s.inner, piece_columns), blocks = (s.inner + block - 1) / block;
  parallel_for(s.outer * blocks, s.length * block, [=](i64 begin, i64 end) {
    for (i64 piece = begin; piece < end; ++piece) {
      i64 column = piece % blocks * block, o = piece / blocks;
      arg_reduce_columns(x + o * s.length * s.inner + column, s.length,
                         std::min(block, s.inner - column), s.inner, y + o * s.inner + column,
                         better);
    }
  });
}

}  // namespace

void CpuBackend::reduce(ReduceOp op, Dtype dtype, const ReduceShape& s, const void* x, void* y) {
  check(op != ReduceOp::mean || is_floating(dtype), "mean", "is for f32, f64 and bf16, not for {}",
        name_of(dtype));
  bool needs_values = op == ReduceOp::max || op == ReduceOp::min;
  check(!needs_values || s.length > 0 || s.outer * s.inner == 0,
        op == ReduceOp::max ? "max" : "min", "there is no largest or smallest of 0 values");
  if (dtype == Dtype::f64) return reference::reduce(op, s, f64(x), f64(y));
  dispatch_fast(dtype, [&]<class T>(T) {
    reduce_typed(op, s, static_cast<const T*>(x), static_cast<T*>(y));
  });
}

void CpuBackend::arg_reduce(bool largest, Dtype dtype, const ReduceShape& s, const void* x,
                            i64* y) {
  if (s.outer * s.inner == 0) return;
  check(s.length > 0, largest ? "argmax" : "argmin", "there is no largest or smallest of 0 values");
  if (dtype == Dtype::f64) return reference::arg_reduce(largest, s, f64(x), y);
  dispatch_fast(dtype, [&]<class T>(T) {
    auto* from = static_cast<const T*>(x);
    // NaN is better than any number, but not than another NaN.
    if (largest)
      arg_reduce_typed(s, from, y, [](T value, T best) {
        Accumulator<T> v = to_accumulator(value), b = to_accumulator(best);
        return v > b || (v != v && b == b);
      });
    else
      arg_reduce_typed(s, from, y, [](T value, T best) {
        Accumulator<T> v = to_accumulator(value), b = to_accumulator(best);
        return v < b || (v != v && b == b);
      });
  });
}

}  // namespace melgrad
