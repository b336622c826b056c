#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/scalar.h"
#include "kernels/philox.h"

namespace melgrad {
namespace cuda {

template <class T>
__device__ T from_double(double value) {
  return store<T>(static_cast<Compute<T>>(value));
}

// Every kernel gives a thread a Philox block of four words, hence four elements side by side.

// y = a + (b − a) u
template <class T>
__global__ void uniform_kernel(const u64* state /* {seed, offset} */, double a, double b,
                               double highest, T* y /* (n) */, i64 n) {
  i64 block = global_thread();
  if (block * 4 >= n) return;
  PhiloxWords words = philox_block(state[0], state[1] + static_cast<u64>(block), 0);
  Pack<T, 4> values;
  for (i64 w = 0; w < 4; ++w) {
    double value = a + (b - a) * static_cast<double>(uniform_f32(words[w]));
    values.at[w] = from_double<T>(value < highest ? value : highest);
  }
  store_four(values, y, block * 4, n);
}

// Box & Muller 1958: of the uniforms u, v of elements 2k and 2k + 1 come
// √(−2 ln(1 − u)) cos 2πv  and  √(−2 ln(1 − u)) sin 2πv.  In f64 for every dtype.
template <class T>
__global__ void normal_kernel(const u64* state, double mean, double deviation, T* y, i64 n) {
  i64 block = global_thread();
  if (block * 4 >= n) return;
  u64 number = state[1] + static_cast<u64>(block);
  PhiloxWords high = philox_block(state[0], number, 0), low = philox_block(state[0], number, 1);
  Pack<T, 4> values;
  for (i64 w = 0; w < 4; w += 2) {
    double u = uniform_f64(high[w], low[w]), v = uniform_f64(high[w + 1], low[w + 1]);
    double radius = deviation * sqrt(-2 * log1p(-u)), angle = 2 * 3.141592653589793 * v;
    values.at[w] = from_double<T>(mean + radius * cos(angle));
    values.at[w + 1] = from_double<T>(mean + radius * sin(angle));
  }
  store_four(values, y, block * 4, n);
}

template <class T>
__global__ void integer_kernel(const u64* state, i64 low_end, u64 range, T* y, i64 n) {
  i64 block = global_thread();
  if (block * 4 >= n) return;
  u64 number = state[1] + static_cast<u64>(block);
  PhiloxWords high = philox_block(state[0], number, 0), low = philox_block(state[0], number, 1);
  Pack<T, 4> values;
  for (i64 w = 0; w < 4; ++w) {
    i64 value = low_end + static_cast<i64>(uniform_integer(high[w], low[w], range));
    values.at[w] = store<T>(static_cast<Compute<T>>(value));
  }
  store_four(values, y, block * 4, n);
}

// y[i] = u_i < p ? 0 : x[i] / (1 − p), u drawn anew from the state: backward calls this on dy and no mask is kept.
template <class T>
__global__ void dropout_kernel(const u64* state, std::uint32_t threshold, float scale, const T* x,
                               T* y, i64 n) {
  i64 block = global_thread();
  if (block * 4 >= n) return;
  PhiloxWords words = philox_block(state[0], state[1] + static_cast<u64>(block), 0);
  Pack<T, 4> values = load_four(x, block * 4, n);
  for (i64 w = 0; w < 4; ++w) {
    values.at[w] = store<T>(words[w] >> 8U < threshold ? 0.0F : load(values.at[w]) * scale);
  }
  store_four(values, y, block * 4, n);
}

__global__ void advance_kernel(u64* state, u64 blocks) { state[1] += blocks; }

}  // namespace cuda

void CudaBackend::random(Distribution distribution, Dtype dtype, double a, double b, i64 n,
                         const u64* state, void* y) {
  check(distribution == Distribution::integer || is_floating(dtype), "random",
        "uniform and normal numbers are f32 or bf16, not {}", name_of(dtype));
  if (n == 0) return;
  cuda::Grid grid = cuda::one_thread_each((n + 3) / 4);
  cuda::dispatch_device("random", dtype, [&](auto t) {
    using T = decltype(t);
    auto* to = static_cast<T*>(y);
    if (distribution == Distribution::integer) {
      check(a < b, "random", "there is no integer from {} to before {}", a, b);
      auto low_end = static_cast<i64>(a);
      cuda::launch<cuda::integer_kernel<T>>(grid, stream(), state, low_end,
                                            static_cast<u64>(static_cast<i64>(b) - low_end), to, n);
    } else if constexpr (!std::is_integral_v<T>) {
      if (distribution == Distribution::uniform) {
        double below_b = largest_below<T>(b);
        cuda::launch<cuda::uniform_kernel<T>>(grid, stream(), state, a, b,
                                              below_b < a ? a : below_b, to, n);
      } else {
        cuda::launch<cuda::normal_kernel<T>>(grid, stream(), state, a, b, to, n);
      }
    }
  });
}

void CudaBackend::advance_random(u64* state, u64 blocks) {
  cuda::launch<cuda::advance_kernel>(cuda::Grid{1, 1}, stream(), state, blocks);
}

void CudaBackend::dropout(Dtype dtype, double p, i64 n, const u64* state, const void* x, void* y) {
  check(p >= 0 && p <= 1, "dropout", "probability {} is not in [0, 1]", p);
  if (n == 0) return;
  cuda::dispatch_floating("dropout", dtype, [&](auto t) {
    using T = decltype(t);
    cuda::launch<cuda::dropout_kernel<T>>(cuda::one_thread_each((n + 3) / 4), stream(), state,
                                          dropout_threshold(p), p < 1 ? 1 / (1 - p) : 0,
                                          static_cast<const T*>(x), static_cast<T*>(y), n);
  });
}

}  // namespace melgrad
