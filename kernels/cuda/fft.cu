#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/libraries/fft.h"
#include "kernels/scratch_array.h"

namespace melgrad {
namespace cuda {

// framed[b,f,j] = window[j] x[b, f·hop + j].  One thread a value.
__global__ void frame_and_window(StftShape s, const float* x /* (count, samples) */,
                                 const float* window /* (n_fft) */, float* framed, i64 n) {
  i64 i = global_thread();
  if (i >= n) return;
  i64 j = i % s.n_fft, f = i / s.n_fft % s.frames, b = i / (s.n_fft * s.frames);
  framed[i] = window[j] * x[b * s.samples + f * s.hop + j];
}

// dx[b,s] = Σ over the frames f that hold sample s of window[j] framed[b,f,j],  j = s − f·hop.
// One thread a sample, which alone adds to it.
__global__ void overlap_add(StftShape s, const float* framed /* (count, frames, n_fft) */,
                            const float* window, float* dx /* (count, samples) */, i64 n) {
  i64 i = global_thread();
  if (i >= n) return;
  i64 sample = i % s.samples, b = i / s.samples;
  i64 last = sample / s.hop;
  if (last >= s.frames) last = s.frames - 1;
  float sum = 0;
  for (i64 f = last; f >= 0 && sample - f * s.hop < s.n_fft; --f) {
    i64 j = sample - f * s.hop;
    sum += window[j] * framed[(b * s.frames + f) * s.n_fft + j];
  }
  dx[i] = sum;
}

// What cuFFT's inverse transform reads: the half of a Hermitian spectrum. Bins 0 and n/2 are their own mirror images; an
// imaginary part there contradicts that, and cuFFT may do anything. The others are multiplied by `mirrored`.
__global__ void make_hermitian(const float* y /* (count, bins, 2) */, float* hermitian, i64 values,
                               i64 n, float mirrored) {
  i64 i = global_thread();
  if (i >= values) return;
  i64 k = i / 2 % (n / 2 + 1);
  bool is_own_mirror = k == 0 || 2 * k == n, imaginary = i % 2 == 1;
  hermitian[i] = !is_own_mirror ? mirrored * y[i] : imaginary ? 0 : y[i];
}

// The bins first … last − 1 outside which a band's weights are 0: a mel filter covers 2 % of them.
struct BinRange {
  int first, last;
};

// One warp a band.
__global__ void find_bin_ranges(const float* weights /* (bands, bins) */, BinRange* ranges,
                                i64 bands, i64 bins) {
  i64 m = global_warp();
  if (m >= bands) return;
  BinRange mine{static_cast<int>(bins), 0};
  for (i64 k = lane_id(); k < bins; k += 32) {
    if (weights[m * bins + k] == 0) continue;
    if (mine.last == 0) mine.first = static_cast<int>(k);
    mine.last = static_cast<int>(k) + 1;
  }
  BinRange all = warp_reduce(mine, [](const BinRange& a, const BinRange& b) {
    return BinRange{a.first < b.first ? a.first : b.first, a.last > b.last ? a.last : b.last};
  });
  if (lane_id() == 0) ranges[m] = all;
}

// y[b,m,f] = Σ_k weights[m,k] |X[b,f,k]|^power over the band's bins. One warp a value, f fastest: its lanes read bins side
// by side, and a block's eight values are written side by side.
__global__ void sum_bands(StftShape s, const float2* x /* X (count, frames, bins) */,
                          const float* weights /* (bands, bins) */, const BinRange* ranges,
                          float power, i64 bands, float* y /* (count, bands, frames) */, i64 n) {
  i64 i = global_warp();
  if (i >= n) return;
  i64 f = i % s.frames, m = i / s.frames % bands, b = i / (s.frames * bands);
  const float2* frame = x + (b * s.frames + f) * s.bins();
  BinRange range = ranges[m];
  float mine = 0;
  for (i64 k = range.first + lane_id(); k < range.last; k += 32) {
    float square = frame[k].x * frame[k].x + frame[k].y * frame[k].y;
    mine += weights[m * s.bins() + k] * (power == 2 ? square : powf(square, power / 2));
  }
  float sum = warp_reduce(mine, [](float left, float right) { return left + right; });
  if (lane_id() == 0) y[i] = sum;
}

__global__ void scale_values(float* x, float factor, i64 n) {
  i64 i = global_thread();
  if (i < n) x[i] *= factor;
}

namespace {

void check_f32(std::string_view op, Dtype dtype) {
  check(dtype == Dtype::f32, op, "on a GPU spectra are f32, not {}", name_of(dtype));
}

}  // namespace
}  // namespace cuda

void CudaBackend::stft(const StftShape& s, Dtype dtype, const void* x, const void* window,
                       void* y) {
  cuda::check_f32("stft", dtype);
  i64 n = s.count * s.frames * s.n_fft;
  if (n == 0) return;
  ScratchArray<float> framed(*this, n);
  cuda::launch<cuda::frame_and_window>(cuda::one_thread_each(n), stream(), s,
                                       static_cast<const float*>(x),
                                       static_cast<const float*>(window), framed.data(), n);
  cuda::fft_real_to_complex(*this, s.count * s.frames, s.n_fft, framed.data(),
                            static_cast<float*>(y));
}

void CudaBackend::stft_backward(const StftShape& s, Dtype dtype, const void* dy, const void* window,
                                void* dx) {
  cuda::check_f32("stft_backward", dtype);
  i64 samples = s.count * s.samples, values = s.count * s.frames * s.bins() * 2;
  if (samples == 0) return;
  ScratchArray<float> spectrum(*this, values);
  ScratchArray<float> framed(*this, s.count * s.frames * s.n_fft);
  if (values > 0) {
    // The inverse transform counts a mirrored bin twice, the transpose of the forward one once.
    cuda::launch<cuda::make_hermitian>(cuda::one_thread_each(values), stream(),
                                       static_cast<const float*>(dy), spectrum.data(), values,
                                       s.n_fft, .5F);
    cuda::fft_complex_to_real(*this, s.count * s.frames, s.n_fft, spectrum.data(), framed.data());
  }
  cuda::launch<cuda::overlap_add>(cuda::one_thread_each(samples), stream(), s, framed.data(),
                                  static_cast<const float*>(window), static_cast<float*>(dx),
                                  samples);
}

// The transform, and the rest in one pass over it.
void CudaBackend::band_power(const StftShape& s, i64 bands, double power, Dtype dtype,
                             const void* x, const void* window, const void* weights, void* y) {
  cuda::check_f32("band_power", dtype);
  i64 n = s.count * bands * s.frames;
  if (n == 0) return;
  ScratchArray<float2> spectrum(*this, s.count * s.frames * s.bins());
  ScratchArray<cuda::BinRange> ranges(*this, bands);
  stft(s, dtype, x, window, spectrum.data());
  cuda::launch<cuda::find_bin_ranges>(cuda::one_warp_each(bands), stream(),
                                      static_cast<const float*>(weights), ranges.data(), bands,
                                      s.bins());
  cuda::launch<cuda::sum_bands>(cuda::one_warp_each(n), stream(), s, spectrum.data(),
                                static_cast<const float*>(weights), ranges.data(), power, bands,
                                static_cast<float*>(y), n);
}

void CudaBackend::irfft(Dtype dtype, i64 count, i64 n, const void* y, void* x) {
  cuda::check_f32("irfft", dtype);
  if (count * n == 0) return;
  i64 values = count * (n / 2 + 1) * 2;
  ScratchArray<float> spectrum(*this, values);
  cuda::launch<cuda::make_hermitian>(cuda::one_thread_each(values), stream(),
                                     static_cast<const float*>(y), spectrum.data(), values, n,
                                     1.0F);
  cuda::fft_complex_to_real(*this, count, n, spectrum.data(), static_cast<float*>(x));
  cuda::launch<cuda::scale_values>(cuda::one_thread_each(count * n), stream(),
                                   static_cast<float*>(x), 1 / static_cast<float>(n), count * n);
}

}  // namespace melgrad
