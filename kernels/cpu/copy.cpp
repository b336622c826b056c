#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <type_traits>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/simplify.h"

namespace melgrad {
namespace {

// --- the order of the loops --------------------------------------------------------------------

// Calls f(source offset, target offset) for rows begin … end − 1 of the axes before the last `inner`.
template <class F>
void for_each_row(const CopyShape& s, int inner, i64 begin, i64 end, F&& f) {
  for (i64 row = begin; row < end; ++row) {
    i64 rest = row, source = 0, target = 0;
    for (int d = s.rank - inner - 1; d >= 0; --d) {
      source += rest % s.size[d] * s.source_stride[d];
      target += rest % s.size[d] * s.target_stride[d];
      rest /= s.size[d];
    }
    f(source, target);
  }
}

i64 rows_of(const CopyShape& s, int inner) {
  return std::accumulate(s.size.begin(), s.size.begin() + s.rank - inner, i64{1},
                         std::multiplies<>());
}

// --- conversion of one value -------------------------------------------------------------------

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, bf16>) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bf16>) {
    return bf16(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    constexpr auto low = static_cast<From>(std::numeric_limits<To>::min());
    constexpr From past = std::is_same_v<To, u8> ? From{256} : From{0x1p63};
    if (std::isnan(value)) return 0;
    if (value <= low) return std::numeric_limits<To>::min();
    if (value >= past) return std::numeric_limits<To>::max();
    return static_cast<To>(value);
  } else if constexpr (std::is_same_v<To, u8>) {
    return static_cast<u8>(std::clamp<i64>(value, 0, 255));
  } else {
    return static_cast<To>(value);
  }
}

// --- rows --------------------------------------------------------------------------------------

template <class From, class To>
MELGRAD_SIMD void copy_dense(const From* source, To* target, i64 n) {
#pragma omp simd
  for (i64 i = 0; i < n; ++i) target[i] = convert<To>(source[i]);
}

template <class From, class To>
void copy_row(const From* source, i64 source_stride, To* target, i64 target_stride, i64 n) {
  if (source_stride == 1 && target_stride == 1) {
    if constexpr (std::is_same_v<From, To>)
      std::memcpy(target, source, static_cast<std::size_t>(n) * sizeof(To));
    else
      copy_dense(source, target, n);
  } else if (source_stride == 0 && target_stride == 1) {
    std::fill_n(target, n, convert<To>(*source));
  } else {
    for (i64 i = 0; i < n; ++i) target[i * target_stride] = convert<To>(source[i * source_stride]);
  }
}

template <class From, class To>
void copy_rows(const CopyShape& s, const From* source, To* target) {
  int last = s.rank - 1;
  i64 cols = s.size[last], from_step = s.source_stride[last], to_step = s.target_stride[last];
  if (s.rank == 1) {
    parallel_for(cols, 1, [=](i64 begin, i64 end) {
      copy_row(source + begin * from_step, from_step, target + begin * to_step, to_step,
               end - begin);
    });
    return;
  }
  parallel_for(rows_of(s, 1), cols, [=](i64 begin, i64 end) {
    for_each_row(s, 1, begin, end, [=](i64 from, i64 to) {
      copy_row(source + from, from_step, target + to, to_step, cols);
    });
  });
}

// --- transposes --------------------------------------------------------------------------------

// Where the source's unit step is the axis before the last and the target's the last, as between
// NCHW and NHWC, whole rows of either would touch a new cache line with every element. A tile of
// 32 × 32 is read line by line into a buffer in the first-level cache and written line by line.
constexpr i64 tile = 32;

// target[r·target_step + c] = buffer[c][r]
template <class T>
void write_transposed(const T (&buffer)[tile][tile], T* target, i64 target_step) {
  for (i64 r = 0; r < tile; ++r, target += target_step)
    for (i64 c = 0; c < tile; ++c) target[c] = buffer[c][r];
}

// For f32 four lines at a time, 4 × 4 values in registers: no compiler finds that by itself.
void write_transposed(const float (&buffer)[tile][tile], float* target, i64 target_step) {
  using Four = float __attribute__((vector_size(16)));
  auto load = [&](i64 c, i64 r) {
    Four values;
    std::memcpy(&values, &buffer[c][r], sizeof values);
    return values;
  };
  for (i64 r = 0; r < tile; r += 4)
    for (i64 c = 0; c < tile; c += 4) {
      Four l0 = load(c, r), l1 = load(c + 1, r), l2 = load(c + 2, r), l3 = load(c + 3, r);
      Four low01 = __builtin_shufflevector(l0, l1, 0, 4, 1, 5);
      Four low23 = __builtin_shufflevector(l2, l3, 0, 4, 1, 5);
      Four high01 = __builtin_shufflevector(l0, l1, 2, 6, 3, 7);
      Four high23 = __builtin_shufflevector(l2, l3, 2, 6, 3, 7);
      Four rows[] = {__builtin_shufflevector(low01, low23, 0, 1, 4, 5),
                     __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
                     __builtin_shufflevector(high01, high23, 0, 1, 4, 5),
                     __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
      for (i64 k = 0; k < 4; ++k)
        std::memcpy(target + (r + k) * target_step + c, &rows[k], sizeof rows[k]);
    }
}

// target[r·target_step + c] = source[r + c·source_step] for a whole tile
template <class From, class To>
void copy_tile(const From* source, i64 source_step, To* target, i64 target_step) {
  To buffer[tile][tile];
  for (i64 c = 0; c < tile; ++c, source += source_step)
    for (i64 r = 0; r < tile; ++r) buffer[c][r] = convert<To>(source[r]);
  write_transposed(buffer, target, target_step);
}

// The same for what is left at the edges.
template <class From, class To>
void copy_part(const From* source, i64 source_step, To* target, i64 target_step, i64 rows,
               i64 cols) {
  for (i64 r = 0; r < rows; ++r)
    for (i64 c = 0; c < cols; ++c)
      target[r * target_step + c] = convert<To>(source[r + c * source_step]);
}

template <class From, class To>
void copy_transposed(const CopyShape& s, const From* source, To* target) {
  i64 rows = s.size[s.rank - 2], cols = s.size[s.rank - 1];
  i64 source_step = s.source_stride[s.rank - 1], target_step = s.target_stride[s.rank - 2];
  i64 strips = (rows + tile - 1) / tile;
  parallel_for(rows_of(s, 2) * strips, tile * cols, [=](i64 begin, i64 end) {
    for (i64 strip = begin; strip < end; ++strip) {
      i64 r = strip % strips * tile, height = std::min(tile, rows - r), plane = strip / strips;
      for_each_row(s, 2, plane, plane + 1, [=](i64 from, i64 to) {
        for (i64 c = 0; c < cols; c += tile) {
          const From* x = source + from + r + c * source_step;
          To* y = target + to + r * target_step + c;
          i64 width = std::min(tile, cols - c);
          if (height == tile && width == tile)
            copy_tile(x, source_step, y, target_step);
          else
            copy_part(x, source_step, y, target_step, height, width);
        }
      });
    }
  });
}

// Makes the source's unit step the axis before the last, if there is one and the target's is last.
bool arrange_as_transpose(CopyShape& s) {
  int last = s.rank - 1;
  if (s.rank < 2 || s.target_stride[last] != 1 || s.source_stride[last] == 1) return false;
  for (int d = 0; d < last; ++d) {
    if (s.source_stride[d] != 1) continue;
    auto to_second_last = [&](Extents& values) {
      std::rotate(values.begin() + d, values.begin() + d + 1, values.begin() + last);
    };
    to_second_last(s.size);
    to_second_last(s.source_stride);
    to_second_last(s.target_stride);
    return true;
  }
  return false;
}

template <class From, class To>
void copy_typed(CopyShape s, const void* source, void* target) {
  auto* from = static_cast<const From*>(source);
  auto* to = static_cast<To*>(target);
  if (arrange_as_transpose(s))
    copy_transposed(s, from, to);
  else
    copy_rows(s, from, to);
}

}  // namespace

void CpuBackend::copy(const CopyShape& shape, Dtype source_dtype, const void* source,
                      Dtype target_dtype, void* target) {
  for (int d = 0; d < shape.rank; ++d)
    if (shape.size[d] == 0) return;
  CopyShape s = simplify(shape);
  dispatch(source_dtype, [&]<class From>(From) {
    dispatch(target_dtype, [&]<class To>(To) { copy_typed<From, To>(s, source, target); });
  });
}

void CpuBackend::fill(Dtype dtype, double value, i64 n, void* y) {
  dispatch(dtype, [&]<class T>(T) {
    auto* to = static_cast<T*>(y);
    T converted = convert<T>(value);
    parallel_for(n, 1, [=](i64 begin, i64 end) { std::fill(to + begin, to + end, converted); });
  });
}

void CpuBackend::arange(Dtype dtype, double start, double step, i64 n, void* y) {
  dispatch(dtype, [&]<class T>(T) {
    auto* to = static_cast<T*>(y);
    parallel_for(n, 1, [=](i64 begin, i64 end) {
      for (i64 i = begin; i < end; ++i) to[i] = convert<T>(start + static_cast<double>(i) * step);
    });
  });
}

}  // namespace melgrad
