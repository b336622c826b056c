#include "tests/cudasim/broken_kernels.h"

#include "kernels/cuda/device_code.h"
#include "kernels/cuda/pack.h"

// Pairs of kernels: one with a fault that a GPU may well hide, one as it should be. A message must name the line that ends
// with "// fault".
namespace melgrad::broken {
namespace {

using namespace cuda;

constexpr unsigned threads = 64;

// y[i] = x[63 − i], through shared memory: the reads must wait for the writes.
__global__ void reverse_without_barrier(const float* x, float* y) {
  __shared__ float tile[threads];
  tile[threadIdx.x] = x[threadIdx.x];
  y[threadIdx.x] = tile[threads - 1 - threadIdx.x];  // fault
}
__global__ void reverse(const float* x, float* y) {
  __shared__ float tile[threads];
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threads - 1 - threadIdx.x];
}

__global__ void barrier_in_a_branch(const float* x, float* y) {
  if (threadIdx.x < 40) __syncthreads();  // fault
  y[threadIdx.x] = x[threadIdx.x];
}
__global__ void barrier_for_all(const float* x, float* y) {
  __syncthreads();
  y[threadIdx.x] = x[threadIdx.x];
}

__global__ void two_barriers(const float* x, float* y) {
  if (threadIdx.x < 32) {
    __syncthreads();  // fault
  } else {
    __syncthreads();
  }
  y[threadIdx.x] = x[threadIdx.x];
}

__global__ void barrier_after_return(const float* x, float* y) {
  if (threadIdx.x == 5) return;
  __syncthreads();  // fault
  y[threadIdx.x] = x[threadIdx.x];
}

__global__ void shuffle_of_half_a_warp(const float* x, float* y) {
  float v = x[threadIdx.x];
  if (threadIdx.x % 32 < 16) v = __shfl_sync(0xffffffffU, v, 0);  // fault
  y[threadIdx.x] = v;
}
__global__ void shuffle_with_its_mask(const float* x, float* y) {
  float v = x[threadIdx.x];
  if (threadIdx.x % 32 < 16) v = __shfl_sync(0x0000ffffU, v, 0);
  y[threadIdx.x] = v;
}

__global__ void mask_without_caller(const float* x, float* y) {
  y[threadIdx.x] = __shfl_sync(0x0000ffffU, x[threadIdx.x], 0);  // fault
}

// Lanes pass values through shared memory: the warp must meet in between.
__global__ void neighbour_without_syncwarp(const float* x, float* y) {
  __shared__ float tile[threads];
  tile[threadIdx.x] = x[threadIdx.x];
  y[threadIdx.x] = tile[threadIdx.x ^ 1U];  // fault
}
__global__ void neighbour(const float* x, float* y) {
  __shared__ float tile[threads];
  tile[threadIdx.x] = x[threadIdx.x];
  __syncwarp();
  y[threadIdx.x] = tile[threadIdx.x ^ 1U];
}

__global__ void past_the_end(const float* x, float* y) { y[threadIdx.x + 1] = x[threadIdx.x]; }  // fault
__global__ void to_the_end(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x]; }

__global__ void past_shared(const float* x, float* y) {
  __shared__ float tile[threads];
  unsigned i = threadIdx.x + 1;
  tile[i] = x[threadIdx.x];  // fault
  __syncthreads();
  y[threadIdx.x] = tile[i];
}

__global__ void past_dynamic_shared(const float* x, float* y) {
  auto* tile = dynamic_shared<float>();
  tile[threadIdx.x + 1] = x[threadIdx.x];  // fault
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x + 1];
}

// Shared memory holds anything at first. Here one element is missing, …
__global__ void uninitialised_dynamic(const float* x, float* y) {
  auto* tile = dynamic_shared<float>();
  if (threadIdx.x != 7) tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];  // fault
}
__global__ void initialised_dynamic(const float* x, float* y) {
  auto* tile = dynamic_shared<float>();
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];
}
__global__ void uninitialised_static(const float* x, float* y) {
  __shared__ float tile[threads];
  if (threadIdx.x != 7) tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];  // fault
}
__global__ void initialised_static(const float* x, float* y) {
  __shared__ float tile[threads];
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];
}

// … nobody writes at all, …
__global__ void never_written(const float* x, float* y) {
  __shared__ float offset;
  y[threadIdx.x] = x[threadIdx.x] + offset;  // fault
}
__global__ void written_by_one(const float* x, float* y) {
  __shared__ float offset;
  if (threadIdx.x == 0) offset = 0;
  __syncthreads();
  y[threadIdx.x] = x[threadIdx.x] + offset;
}

// … a sum starts with what was there, …
__global__ void sum_without_start(const float* x, float* y) {
  __shared__ float sum;
  atomicAdd(&sum, x[threadIdx.x]);  // fault
  __syncthreads();
  y[threadIdx.x] = sum;
}
__global__ void sum_from_zero(const float* x, float* y) {
  __shared__ float sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, x[threadIdx.x]);
  __syncthreads();
  y[threadIdx.x] = sum;
}

// … a function is given the place, …
__device__ float twice(const float& value) { return 2 * value; }  // fault
__global__ void uninitialised_argument(const float* x, float* y) {
  __shared__ float tile[threads];
  if (threadIdx.x != 7) tile[threadIdx.x] = x[threadIdx.x] / 2;
  __syncthreads();
  y[threadIdx.x] = twice(tile[threadIdx.x]);  // fault
}
__global__ void initialised_argument(const float* x, float* y) {
  __shared__ float tile[threads];
  tile[threadIdx.x] = x[threadIdx.x] / 2;
  __syncthreads();
  y[threadIdx.x] = twice(tile[threadIdx.x]);
}

// … and what the first of two blocks wrote is not there for the second.
__global__ void left_by_the_block_before(const float* x, float* y) {
  __shared__ float tile[threads];
  if (blockIdx.x == 0) tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];  // fault
}
__global__ void written_by_each_block(const float* x, float* y) {
  __shared__ float tile[threads];
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];
}

// One of four numbers that are read at once.
__global__ void three_of_four(const float* x, float* y) {
  __shared__ float4 tile[threads / 4];
  if (threadIdx.x != 7) reinterpret_cast<float*>(tile)[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  if (threadIdx.x >= threads / 4) return;
  float4 four = tile[threadIdx.x];  // fault
  y[threadIdx.x] = four.x + four.y + four.z + four.w;
}

// The gap between a struct's members is never written and may be copied.
struct Place {
  float value;
  std::int64_t index;
};
__global__ void struct_with_a_gap(const float* x, float* y) {
  __shared__ Place places[2][threads];
  places[0][threadIdx.x].value = x[threadIdx.x];
  places[0][threadIdx.x].index = threadIdx.x;
  __syncthreads();
  places[1][threadIdx.x] = places[0][threadIdx.x];
  __syncthreads();
  const Place* there = &places[1][threadIdx.x];
  y[there->index] = there->value;
}

// Four values may be read as one only where a pack of four may begin.
__global__ void pack_from_anywhere(const float* x, float* y) {
  if (threadIdx.x == 1) store_pack(load_pack<4>(x + threadIdx.x), y);
}
__global__ void pack_in_its_place(const float* x, float* y) {
  if (threadIdx.x < threads / 4) store_pack(load_pack<4>(x + threadIdx.x * 4), y + threadIdx.x * 4);
}

// All threads add to one number: without an atomic all but one addition may be lost.
__global__ void racing_sum(const float* x, float* y) { *y = *y + x[threadIdx.x]; }  // fault
__global__ void atomic_sum(const float* x, float* y) { atomicAdd(y, x[threadIdx.x]); }

template <auto kernel>
Case make(const char* name, unsigned block = threads, std::size_t shared_bytes = 0,
          unsigned blocks = 1) {
  return {name, [=](const float* x, float* y, Stream stream) {
            launch<kernel>(Grid{blocks, block, shared_bytes}, stream, x, y);
          }};
}

}  // namespace

const std::vector<Case>& cases() {
  constexpr std::size_t tile = threads * sizeof(float);
  static const std::vector<Case> all = {
      make<reverse_without_barrier>("reverse_without_barrier"),
      make<reverse>("reverse"),
      make<barrier_in_a_branch>("barrier_in_a_branch"),
      make<barrier_for_all>("barrier_for_all"),
      make<two_barriers>("two_barriers"),
      make<barrier_after_return>("barrier_after_return"),
      make<shuffle_of_half_a_warp>("shuffle_of_half_a_warp"),
      make<shuffle_with_its_mask>("shuffle_with_its_mask"),
      make<mask_without_caller>("mask_without_caller"),
      make<neighbour_without_syncwarp>("neighbour_without_syncwarp"),
      make<neighbour>("neighbour"),
      make<past_the_end>("past_the_end"),
      make<to_the_end>("to_the_end"),
      make<past_shared>("past_shared"),
      make<past_dynamic_shared>("past_dynamic_shared", threads, tile),
      make<uninitialised_dynamic>("uninitialised_dynamic", threads, tile),
      make<initialised_dynamic>("initialised_dynamic", threads, tile),
      make<uninitialised_static>("uninitialised_static"),
      make<initialised_static>("initialised_static"),
      make<never_written>("never_written"),
      make<written_by_one>("written_by_one"),
      make<sum_without_start>("sum_without_start"),
      make<sum_from_zero>("sum_from_zero"),
      make<uninitialised_argument>("uninitialised_argument"),
      make<initialised_argument>("initialised_argument"),
      make<left_by_the_block_before>("left_by_the_block_before", threads, 0, 2),
      make<written_by_each_block>("written_by_each_block", threads, 0, 2),
      make<three_of_four>("three_of_four"),
      make<struct_with_a_gap>("struct_with_a_gap"),
      make<pack_from_anywhere>("pack_from_anywhere"),
      make<pack_in_its_place>("pack_in_its_place"),
      make<racing_sum>("racing_sum"),
      make<atomic_sum>("atomic_sum"),
      make<to_the_end>("too_many_threads", 2048),
      make<initialised_dynamic>("too_much_shared_memory", threads, std::size_t{1} << 20U),
  };
  return all;
}

}  // namespace melgrad::broken
