#pragma once
// The only include of a .cu file. nvcc compiles it for a GPU; any C++20 compiler compiles the same file for the simulator
// (kernels/cudasim). Nothing below here, and no kernel, asks which of the two it is.
#include <string_view>

#include "kernels/dtype.h"
#include "kernels/shapes.h"

#ifdef __CUDACC__
#include "kernels/cuda/runtime/launch.h"
#else
#include "kernels/cudasim/launch.h"
#endif

namespace melgrad::cuda {

/// How a launch divides the work.
struct Grid {
  dim3 blocks, threads;
  std::size_t shared_bytes = 0;
};

inline constexpr unsigned block_threads = 256;

constexpr unsigned blocks_for(i64 work, i64 per_block) {
  i64 blocks = (work + per_block - 1) / per_block;
  return static_cast<unsigned>(blocks < 1 ? 1 : blocks);
}
/// "softmax_rows": the kernel's name without namespaces, for messages.
template <auto kernel>
constexpr std::string_view kernel_name() {
  // "... kernel = melgrad::{anonymous}::name<float>; ..." of g++, "... kernel = &melgrad::(anonymous namespace)::..." of clang
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("kernel = ") + 9);
  text = text.substr(0, text.find_first_of(";]"));
  std::size_t scope = text.substr(0, text.find('<')).rfind(':');
  if (scope != std::string_view::npos) text.remove_prefix(scope + 1);
  return text.substr(0, text.find('('));
}

namespace detail {
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), std::string_view name, const Grid& grid, Stream stream,
            const Arguments&... arguments) {
  launch_kernel<Parameters...>(name, grid.blocks, grid.threads, grid.shared_bytes, stream, kernel,
                               static_cast<Parameters>(arguments)...);
}
}  // namespace detail

/// Submits a kernel to the stream: `launch<softmax_rows>(one_warp_each(rows), stream, x, y, rows, cols);`
template <auto kernel, class... Arguments>
void launch(const Grid& grid, Stream stream, const Arguments&... arguments) {
  detail::launch(kernel, kernel_name<kernel>(), grid, stream, arguments...);
}

/// One thread for each of n elements.
inline Grid one_thread_each(i64 n) { return {blocks_for(n, block_threads), block_threads, 0}; }
/// One warp for each of `rows`.
inline Grid one_warp_each(i64 rows) {
  return {blocks_for(rows, block_threads / 32), block_threads, 0};
}
/// One block for each of `rows`.
inline Grid one_block_each(i64 rows, unsigned threads = block_threads) {
  return {blocks_for(rows, 1), threads, 0};
}

__device__ inline i64 global_thread() {
  return static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline i64 global_threads() { return static_cast<i64>(gridDim.x) * blockDim.x; }
__device__ inline i64 global_warp() { return global_thread() / 32; }
__device__ inline unsigned lane_id() { return threadIdx.x % 32U; }

/// This block's dynamic shared memory (Grid::shared_bytes).
template <class T>
__device__ T* dynamic_shared() {
#ifdef __CUDACC__
  extern __shared__ __align__(16) unsigned char bytes[];
  return reinterpret_cast<T*>(bytes);
#else
  return static_cast<T*>(static_cast<void*>(sim::dynamic_shared_memory.data()));
#endif
}

#ifdef __CUDACC__
/// __shfl_xor_sync for any trivially copyable T, word by word.
template <class T>
__device__ T shuffle_xor(T value, int lanes) {
  static_assert(sizeof(T) % sizeof(int) == 0);
  int words[sizeof(T) / sizeof(int)];
  memcpy(words, &value, sizeof(T));
#pragma unroll
  for (int& word : words) word = __shfl_xor_sync(0xffffffffU, word, lanes);
  memcpy(&value, words, sizeof(T));
  return value;
}
#endif

/// op over the values of all 32 lanes; every lane gets the result. All lanes must call it.
template <class T, class Op>
__device__ T warp_reduce(T value, Op op
#ifndef __CUDACC__
                         ,
                         sim::Site site = sim::Site::here()
#endif
) {
#ifdef __CUDACC__
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) value = op(value, shuffle_xor(value, lanes));
  return value;
#else
  return sim::warp_reduce(value, op, site);
#endif
}

}  // namespace melgrad::cuda
