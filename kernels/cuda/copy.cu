#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/map.h"
#include "kernels/cuda/scalar.h"

namespace melgrad {
namespace cuda {

// Towards 0, cut off at the ends of the range, NaN becomes 0; the same as on the CPU.
template <class To, class From>
__device__ To convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_integral_v<To> && !std::is_integral_v<From>) {
    constexpr float low = std::is_same_v<To, u8> ? 0.0F : -0x1p63F;
    constexpr float past = std::is_same_v<To, u8> ? 256.0F : 0x1p63F;
    constexpr To most = std::is_same_v<To, u8> ? To{255} : static_cast<To>(0x7fffffffffffffffLL);
    float x = load(value);
    if (!(x == x)) return 0;
    if (x >= past) return most;
    return x <= low ? (std::is_same_v<To, u8> ? To{0} : static_cast<To>(-most - 1))
                    : static_cast<To>(x);
  } else if constexpr (std::is_same_v<To, u8>) {
    return static_cast<u8>(value < 0 ? 0 : value > 255 ? 255 : value);
  } else {
    return store<To>(static_cast<Compute<To>>(load(value)));
  }
}

// What `map` calls.
template <class From, class To>
struct Cast {
  __device__ To operator()(From x) const { return convert<To>(x); }
};
template <class T>
struct Constant {
  T value;
  __device__ T operator()() const { return value; }
};

// One thread an element, or four, numbered in the order of the target's memory so that a warp writes side by side.
template <i64 pack, class From, class To>
__global__ void copy_strided(BroadcastShape s, const From* source, To* target, i64 n) {
  i64 first = global_thread() * pack;
  if (first >= n) return;
  Places at = places(s, first);
  auto values = load_along<pack>(source + at.b, s.b_stride[s.rank - 1]);
  Pack<To, pack> converted;
  for (i64 k = 0; k < pack; ++k) converted.at[k] = convert<To>(values.at[k]);
  store_pack(converted, target + at.a);
}

// A transpose of `batch` matrices (rows, cols) -> (cols, rows): a tile of 32 × 32 goes through shared memory, so that both
// sides move whole rows. The tile's rows are 33 long: a column then lies in 32 different banks.
constexpr unsigned tile = 32, tile_rows = 8;
template <class T>
__global__ void transpose_tiles(const T* source, T* target, i64 rows, i64 cols) {
  __shared__ T values[tile][tile + 1];
  source += blockIdx.z * rows * cols;
  target += blockIdx.z * rows * cols;
  i64 row0 = static_cast<i64>(blockIdx.y) * tile, col0 = static_cast<i64>(blockIdx.x) * tile;
  for (unsigned r = threadIdx.y; r < tile; r += tile_rows) {
    i64 row = row0 + r, col = col0 + threadIdx.x;
    if (row < rows && col < cols) values[r][threadIdx.x] = source[row * cols + col];
  }
  __syncthreads();
  for (unsigned c = threadIdx.y; c < tile; c += tile_rows) {
    i64 row = row0 + threadIdx.x, col = col0 + c;
    if (row < rows && col < cols) target[col * rows + row] = values[threadIdx.x][c];
  }
}

template <class T>
__global__ void arange_kernel(T* y /* (n) */, double start, double step, i64 n) {
  i64 i = global_thread();
  if (i < n) y[i] = store<T>(static_cast<Compute<T>>(start + static_cast<double>(i) * step));
}

namespace {

// Whether s is a batch of dense matrices (rows, cols) written as (cols, rows).
bool is_transpose(const BroadcastShape& s) {
  if (s.rank != 2 && s.rank != 3) return false;
  int i = s.rank - 2, j = s.rank - 1;  // target (cols, rows): a steps rows, 1; source steps 1, cols
  i64 cols = s.size[i], rows = s.size[j];
  bool plane =
      s.a_stride[j] == 1 && s.a_stride[i] == rows && s.b_stride[i] == 1 && s.b_stride[j] == cols;
  bool batch = s.rank == 2 || (s.a_stride[0] == rows * cols && s.b_stride[0] == rows * cols);
  return plane && batch && rows >= 8 && cols >= 8 && (s.rank == 2 || s.size[0] <= 65535) &&
         rows <= 65535 * static_cast<i64>(tile);
}

}  // namespace
}  // namespace cuda

void CudaBackend::copy(const CopyShape& shape, Dtype source_dtype, const void* source,
                       Dtype target_dtype, void* target) {
  CopyShape simple = simplify(shape);
  // a is the target, b the source.
  BroadcastShape s{simple.rank, simple.size, simple.target_stride, simple.source_stride};
  i64 n = numel(s);
  if (n == 0) return;
  bool same = source_dtype == target_dtype;
  bool dense = s.rank == 1 && s.a_stride[0] == 1 && s.b_stride[0] == 1;
  if (same && dense) {
    return cuda::copy(target, source, static_cast<std::size_t>(n) * size_of(source_dtype),
                      cuda::Direction::on_device, stream());
  }
  cuda::dispatch_device("copy", source_dtype, [&](auto from) {
    using From = decltype(from);
    if (same && cuda::is_transpose(s)) {
      i64 rows = s.size[s.rank - 1], cols = s.size[s.rank - 2];
      dim3 blocks(cuda::blocks_for(cols, cuda::tile), cuda::blocks_for(rows, cuda::tile),
                  s.rank == 3 ? static_cast<unsigned>(s.size[0]) : 1);
      cuda::Grid grid{blocks, dim3(cuda::tile, cuda::tile_rows)};
      return cuda::launch<cuda::transpose_tiles<From>>(
          grid, stream(), static_cast<const From*>(source), static_cast<From*>(target), rows, cols);
    }
    cuda::dispatch_device("copy", target_dtype, [&](auto to) {
      using To = decltype(to);
      auto* x = static_cast<const From*>(source);
      auto* y = static_cast<To*>(target);
      if (dense) return cuda::map(stream(), cuda::Cast<From, To>(), n, y, x);
      bool packs = s.size[s.rank - 1] % 4 == 0 && cuda::has_packs(s, s.a_stride, y) &&
                   cuda::has_packs(s, s.b_stride, x);
      cuda::dispatch_pack(packs, [&](auto pack) {
        cuda::launch<cuda::copy_strided<pack.value, From, To>>(
            cuda::one_thread_each(n / pack.value), stream(), s, x, y, n);
      });
    });
  });
}

void CudaBackend::fill(Dtype dtype, double value, i64 n, void* y) {
  cuda::dispatch_device("fill", dtype, [&](auto t) {
    using T = decltype(t);
    T converted{};
    if constexpr (std::is_same_v<T, bf16>) {
      converted = bf16(static_cast<float>(value));
    } else {
      converted = static_cast<T>(value);
    }
    cuda::map(stream(), cuda::Constant<T>{converted}, n, static_cast<T*>(y));
  });
}

void CudaBackend::arange(Dtype dtype, double start, double step, i64 n, void* y) {
  if (n == 0) return;
  cuda::dispatch_device("arange", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::arange_kernel<T>>(cuda::one_thread_each(n), stream(), static_cast<T*>(y),
                                         start, step, n);
  });
}

}  // namespace melgrad
