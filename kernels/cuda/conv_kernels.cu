#include "kernels/cuda/conv_kernels.h"

#include "kernels/cuda/device_code.h"

// y[n,p,q,o] = bias[o] + Σ_{r,t,c} x[n, p·stride − pad + r·dilation, q·stride − pad + t·dilation, c] · w[o,r,t,c]
// Arrays are NHWC, w is (o, kh, kw, c/groups).
namespace melgrad::cuda {
namespace {

/// Where the window of y's position `pixel` (n, p, q) meets x at (r, t): the first channel there, or −1 in the padding.
__device__ i64 input_offset(const ConvShape& s, i64 pixel, i64 r, i64 t) {
  i64 q = pixel % s.q, p = pixel / s.q % s.p, n = pixel / (s.q * s.p);
  i64 row = p * s.stride_h - s.pad_top + r * s.dilation_h;
  i64 col = q * s.stride_w - s.pad_left + t * s.dilation_w;
  bool inside = row >= 0 && row < s.h && col >= 0 && col < s.w;
  return inside ? ((n * s.h + row) * s.w + col) * s.c : -1;
}

// The formula, one thread for each value of y. Neighbouring threads (o, o + 1) read the same pixels of x, and each reads
// all its weights from memory: two loads for one multiply-add, where the GPU could do dozens in that time.
__global__ void conv_direct(ConvShape s, const float* x, const float* w, const float* bias,
                            float* y, i64 values) {
  i64 i = global_thread();
  if (i >= values) return;
  i64 o = i % s.o, pixel = i / s.o;
  i64 channels = s.c / s.groups, first = o / (s.o / s.groups) * channels;
  float sum = bias ? bias[o] : 0;
  for (i64 r = 0; r < s.kh; ++r) {
    for (i64 t = 0; t < s.kw; ++t) {
      i64 offset = input_offset(s, pixel, r, t);
      if (offset < 0) continue;
      const float* weights = w + ((o * s.kh + r) * s.kw + t) * channels;
      for (i64 c = 0; c < channels; ++c) sum += x[offset + first + c] * weights[c];
    }
  }
  y[i] = sum;
}

// As a matrix product y = A · Wᵀ: a row of A is a window of x laid out flat, k = (r, t, c), and W is w as it lies. A would
// need kh·kw times the memory of x, so its tiles are gathered from x when they are needed (Chetlur et al. 2014, arXiv
// 1410.0759, section 3). A block computes a tile of 64 pixels × 64 filters; in steps of 16 along k it brings 64 × 16 values
// of each matrix to shared memory, and each of its 16 × 16 threads adds up 4 × 4 values from there: 8 loads for 16
// multiply-adds, and every value of x and w comes from memory once a tile instead of once a product.
constexpr unsigned tile = 64, depth = 16, side = 16, each = tile / side;

/// Rows of 65 values: what 16 threads write at once, one column, then lies in 16 different banks.
using Tile = float[depth][tile + 1];

__global__ void conv_implicit_gemm(ConvShape s, const float* x, const float* w, const float* bias,
                                   float* y, i64 pixels) {
  __shared__ Tile windows, filters;
  i64 channels = s.c / s.groups, group_filters = s.o / s.groups, group = blockIdx.z;
  i64 products = s.kh * s.kw * channels;
  i64 first_pixel = static_cast<i64>(blockIdx.x) * tile;
  i64 first_filter = static_cast<i64>(blockIdx.y) * tile;  // within the group
  unsigned thread = threadIdx.y * side + threadIdx.x;

  float sums[each][each] = {};
  for (i64 begin = 0; begin < products; begin += depth) {
    // A thread keeps its k and goes down the rows: 16 threads read neighbours in memory.
    i64 k = begin + thread % depth;
    i64 c = k % channels, t = k / channels % s.kw, r = k / (channels * s.kw);
    for (unsigned row = thread / depth; row < tile; row += side) {
      i64 pixel = first_pixel + row, filter = first_filter + row;
      i64 offset = k < products && pixel < pixels ? input_offset(s, pixel, r, t) : -1;
      windows[thread % depth][row] = offset < 0 ? 0 : x[offset + group * channels + c];
      bool is_weight = k < products && filter < group_filters;
      filters[thread % depth][row] =
          is_weight ? w[(group * group_filters + filter) * products + k] : 0;
    }
    __syncthreads();
    for (unsigned d = 0; d < depth; ++d) {
      float left[each], right[each];
      for (unsigned i = 0; i < each; ++i) left[i] = windows[d][threadIdx.y + i * side];
      for (unsigned j = 0; j < each; ++j) right[j] = filters[d][threadIdx.x + j * side];
      for (unsigned i = 0; i < each; ++i) {
        for (unsigned j = 0; j < each; ++j) sums[i][j] += left[i] * right[j];
      }
    }
    __syncthreads();  // before the next step overwrites what others still read
  }

  for (unsigned i = 0; i < each; ++i) {
    i64 pixel = first_pixel + threadIdx.y + i * side;
    for (unsigned j = 0; j < each; ++j) {
      i64 filter = first_filter + threadIdx.x + j * side;
      if (pixel >= pixels || filter >= group_filters) continue;
      i64 o = group * group_filters + filter;
      y[pixel * s.o + o] = sums[i][j] + (bias ? bias[o] : 0);
    }
  }
}

}  // namespace

void conv2d_with(ConvKernel kernel, const ConvShape& s, const float* x, const float* w,
                 const float* bias, float* y, Stream stream) {
  i64 pixels = s.n * s.p * s.q, values = pixels * s.o;
  if (values == 0) return;
  if (kernel == ConvKernel::direct) {
    return launch<conv_direct>(one_thread_each(values), stream, s, x, w, bias, y, values);
  }
  dim3 blocks(blocks_for(pixels, tile), blocks_for(s.o / s.groups, tile),
              static_cast<unsigned>(s.groups));
  launch<conv_implicit_gemm>(Grid{blocks, dim3(side, side)}, stream, s, x, w, bias, y, pixels);
}

}  // namespace melgrad::cuda
