#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/fft/real_fft.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"

// `fft_lanes` frames go side by side through RealFft, in f64 whatever the dtype: an f32 transform
// would be up to 8.4e-5 dB off in log-mels of music (docs/librosa.md). The oracle is the sum of
// kernels/reference/fft.cpp.
namespace melgrad {
namespace {

/// A run of up to `fft_lanes` neighbouring frames of one signal.
struct Block {
  i64 signal, first, count;
};

i64 block_count(const StftShape& s) { return s.count * ((s.frames + fft_lanes - 1) / fft_lanes); }

Block block_at(const StftShape& s, i64 number) {
  i64 per_signal = (s.frames + fft_lanes - 1) / fft_lanes;
  i64 first = number % per_signal * fft_lanes;
  return {number / per_signal, first, std::min(fft_lanes, s.frames - first)};
}

// to[j][l] = window[j] · frames[l][j]. Eight samples of eight frames change places with each other
// in three rounds that put the rows of one half between those of the other, number by number.
template <class T>
[[gnu::always_inline]] inline void weigh(const std::array<const T*, fft_lanes>& frames, i64 n,
                                         const T* window, SampleRows to) {
  static_assert(fft_lanes == 8);
  typedef T Row [[gnu::vector_size(8 * sizeof(T))]];  // NOLINT(modernize-use-using)
  i64 j = 0;
  for (; j + 8 <= n; j += 8) {
    Row rows[8], riffled[8];  // NOLINT(modernize-avoid-c-arrays)
    for (int l = 0; l < 8; ++l) std::memcpy(&rows[l], frames[l] + j, sizeof(Row));
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 4; ++i) {
        riffled[2 * i] = __builtin_shufflevector(rows[i], rows[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        riffled[2 * i + 1] =
            __builtin_shufflevector(rows[i], rows[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
      }
      std::memcpy(rows, riffled, sizeof(rows));
    }
    T turned[8][8];  // NOLINT(modernize-avoid-c-arrays)
    std::memcpy(turned, rows, sizeof(rows));
    for (int i = 0; i < 8; ++i) {
      const double w = window[j + i];
      double* row = to[j + i];
#pragma omp simd
      for (int l = 0; l < 8; ++l) row[l] = w * turned[i][l];
    }
  }
  for (; j < n; ++j)
    for (std::size_t l = 0; l < 8; ++l) to[j][l] = static_cast<double>(window[j]) * frames[l][j];
}

MELGRAD_SIMD void weigh_frames(const std::array<const float*, fft_lanes>& frames, i64 n,
                               const float* window, SampleRows to) {
  weigh(frames, n, window, to);
}
MELGRAD_SIMD void weigh_frames(const std::array<const double*, fft_lanes>& frames, i64 n,
                               const double* window, SampleRows to) {
  weigh(frames, n, window, to);
}

/// The block's frames, windowed; lanes that a last, short block leaves over get its last frame again.
template <class T>
void read_frames(const StftShape& s, const Block& block, const T* x, const T* window,
                 SampleRows to) {
  std::array<const T*, fft_lanes> frames{};
  for (i64 l = 0; l < fft_lanes; ++l)
    frames[static_cast<std::size_t>(l)] =
        x + block.signal * s.samples + (block.first + std::min(l, block.count - 1)) * s.hop;
  weigh_frames(frames, s.n_fft, window, to);
}

/// y (frames, bins, 2) of the block's frames; tiles of 8 bins keep the reads in the first cache.
template <class T>
void write_spectra(const Block& block, i64 bins, Lanes spectrum, T* y) {
  constexpr i64 tile = 8;
  for (i64 k0 = 0; k0 < bins; k0 += tile)
    for (i64 l = 0; l < block.count; ++l) {
      T* target = y + l * bins * 2;
      for (i64 k = k0; k < std::min(bins, k0 + tile); ++k) {
        Complex bin = spectrum.row(k)[l];
        target[2 * k] = static_cast<T>(bin.re);
        target[2 * k + 1] = static_cast<T>(bin.im);
      }
    }
}

// Of a block of frames: some ten passes over it.
i64 work(i64 n_fft) { return 10 * n_fft * fft_lanes; }

template <class T>
void stft_blocks(const StftShape& s, const T* x, const T* window, T* y) {
  parallel_for(block_count(s), work(s.n_fft), [&](i64 begin, i64 end) {
    RealFft& fft = RealFft::of_this_thread(s.n_fft);
    for (i64 number = begin; number < end; ++number) {
      Block block = block_at(s, number);
      read_frames(s, block, x, window, fft.samples());
      T* target = y + (block.signal * s.frames + block.first) * s.bins() * 2;
      write_spectra(block, s.bins(), fft.forward(), target);
    }
  });
}

/// The weights of each band between its first and last that is not 0: a mel filter covers 2 % of
/// the bins.
struct Bands {
  std::vector<i64> first, last;
  std::vector<double> weights;  // one band's after the other's

  template <class T>
  Bands(i64 bands, i64 bins, const T* dense /* (bands, bins) */) {
    for (i64 m = 0; m < bands; ++m) {
      const T* row = dense + m * bins;
      i64 begin = 0, end = bins;
      // memcmp looks at many numbers at a time; of −0 it says no, which only takes longer.
      constexpr i64 block = 64;
      static constexpr std::array<T, block> zeros{};
      auto is_zero = [&](i64 k) {  // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
        return std::memcmp(row + k, zeros.data(), sizeof(zeros)) == 0;
      };
      while (begin + block <= end && is_zero(begin)) begin += block;
      while (begin + block <= end && is_zero(end - block)) end -= block;
      while (begin < end && row[begin] == 0) ++begin;
      while (begin < end && row[end - 1] == 0) --end;
      first.push_back(begin);
      last.push_back(end);
      weights.insert(weights.end(), row + begin, row + end);
    }
  }
};

// y[m,l] = Σ_k weights[m,k] power[k,l]
MELGRAD_SIMD void sum_bands(const Bands& bands, const double* power, double* y) {
  const double* w = bands.weights.data();
  for (std::size_t m = 0; m < bands.first.size(); ++m, y += fft_lanes) {
    alignas(64) double sum[fft_lanes] = {};  // NOLINT(modernize-avoid-c-arrays)
    for (i64 k = bands.first[m]; k < bands.last[m]; ++k, ++w) {
      const double* row = power + k * fft_lanes;
#pragma omp simd
      for (i64 l = 0; l < fft_lanes; ++l) sum[l] += *w * row[l];
    }
    std::copy(sum, sum + fft_lanes, y);
  }
}

template <class T>
void band_power_blocks(const StftShape& s, i64 bands, double power, const T* x, const T* window,
                       const T* weights, T* y) {
  const Bands sparse(bands, s.bins(), weights);
  parallel_for(block_count(s), work(s.n_fft), [&](i64 begin, i64 end) {
    RealFft& fft = RealFft::of_this_thread(s.n_fft);
    std::vector<double> sums(static_cast<std::size_t>(bands * fft_lanes));
    for (i64 number = begin; number < end; ++number) {
      Block block = block_at(s, number);
      read_frames(s, block, x, window, fft.samples());
      double* values = fft.power();
      for (i64 i = 0; power != 2 && i < s.bins() * fft_lanes; ++i)
        values[i] = power == 1 ? std::sqrt(values[i]) : std::pow(values[i], power / 2);
      sum_bands(sparse, values, sums.data());
      for (i64 m = 0; m < bands; ++m)
        std::transform(sums.data() + m * fft_lanes, sums.data() + m * fft_lanes + block.count,
                       y + (block.signal * bands + m) * s.frames + block.first,
                       [](double sum) { return static_cast<T>(sum); });
    }
  });
}

/// The bins (count, bins, 2) of a block into lanes; the middle ones, which have a mirror image, by
/// `middle`.
template <class T>
void read_spectra(i64 count, i64 n, double middle, const T* y, Lanes spectrum) {
  i64 bins = n / 2 + 1;
  for (i64 k = 0; k < bins; ++k) {
    double scale = k == 0 || 2 * k == n ? 1 : middle;
    for (i64 l = 0; l < fft_lanes; ++l) {
      const T* bin = y + (l * bins + k) * 2;
      spectrum.row(k).set(l, l < count ? scale * Complex{bin[0], bin[1]} : Complex{0, 0});
    }
  }
}

// Σ_k (re_k cos − im_k sin)(2πjk/n) over n/2 + 1 bins is the inverse transform over all n bins if
// those that have a mirror image count half. Signals are divided among threads: frames overlap.
template <class T>
void stft_backward_signals(const StftShape& s, const T* dy, const T* window, T* dx) {
  std::fill(dx, dx + s.count * s.samples, T{0});
  parallel_for(s.count, block_count(s) / s.count * work(s.n_fft), [&](i64 begin, i64 end) {
    RealFft& fft = RealFft::of_this_thread(s.n_fft);
    i64 blocks = block_count(s) / s.count;
    for (i64 number = begin * blocks; number < end * blocks; ++number) {
      Block block = block_at(s, number);
      const T* source = dy + (block.signal * s.frames + block.first) * s.bins() * 2;
      read_spectra(block.count, s.n_fft, .5, source, fft.bins_in());
      SampleRows samples = fft.inverse();
      T* target = dx + block.signal * s.samples + block.first * s.hop;
      for (i64 l = 0; l < block.count; ++l)
        for (i64 j = 0; j < s.n_fft; ++j)
          target[l * s.hop + j] += static_cast<T>(window[j] * samples[j][l]);
    }
  });
}

template <class T>
void irfft_blocks(i64 count, i64 n, const T* y, T* x) {
  i64 bins = n / 2 + 1;
  parallel_for((count + fft_lanes - 1) / fft_lanes, work(n), [&](i64 begin, i64 end) {
    RealFft& fft = RealFft::of_this_thread(n);
    for (i64 number = begin; number < end; ++number) {
      i64 first = number * fft_lanes, used = std::min(fft_lanes, count - first);
      read_spectra(used, n, 1, y + first * bins * 2, fft.bins_in());
      SampleRows samples = fft.inverse();
      for (i64 l = 0; l < used; ++l)
        for (i64 j = 0; j < n; ++j)
          x[(first + l) * n + j] = static_cast<T>(samples[j][l] / static_cast<double>(n));
    }
  });
}

}  // namespace

void CpuBackend::stft(const StftShape& s, Dtype dtype, const void* x, const void* window, void* y) {
  if (dtype == Dtype::f64)
    return stft_blocks(s, static_cast<const double*>(x), static_cast<const double*>(window),
                       static_cast<double*>(y));
  check(dtype == Dtype::f32, "stft", "works on f32 and f64, not {}", name_of(dtype));
  stft_blocks(s, static_cast<const float*>(x), static_cast<const float*>(window),
              static_cast<float*>(y));
}

void CpuBackend::band_power(const StftShape& s, i64 bands, double power, Dtype dtype, const void* x,
                            const void* window, const void* weights, void* y) {
  if (dtype == Dtype::f64)
    return band_power_blocks(s, bands, power, static_cast<const double*>(x),
                             static_cast<const double*>(window),
                             static_cast<const double*>(weights), static_cast<double*>(y));
  check(dtype == Dtype::f32, "band_power", "works on f32 and f64, not {}", name_of(dtype));
  band_power_blocks(s, bands, power, static_cast<const float*>(x),
                    static_cast<const float*>(window), static_cast<const float*>(weights),
                    static_cast<float*>(y));
}

void CpuBackend::stft_backward(const StftShape& s, Dtype dtype, const void* dy, const void* window,
                               void* dx) {
  if (dtype == Dtype::f64)
    return stft_backward_signals(s, static_cast<const double*>(dy),
                                 static_cast<const double*>(window), static_cast<double*>(dx));
  check(dtype == Dtype::f32, "stft_backward", "works on f32 and f64, not {}", name_of(dtype));
  stft_backward_signals(s, static_cast<const float*>(dy), static_cast<const float*>(window),
                        static_cast<float*>(dx));
}

void CpuBackend::irfft(Dtype dtype, i64 count, i64 n, const void* y, void* x) {
  if (dtype == Dtype::f64)
    return irfft_blocks(count, n, static_cast<const double*>(y), static_cast<double*>(x));
  check(dtype == Dtype::f32, "irfft", "works on f32 and f64, not {}", name_of(dtype));
  irfft_blocks(count, n, static_cast<const float*>(y), static_cast<float*>(x));
}

}  // namespace melgrad
