#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/real_fft.h"
#include "kernels/cpu/simd.h"

// f32 and f64 take the same path: `fft_lanes` frames side by side through RealFft. The oracle of
// both is the sum that backend.h states, in the tests.
namespace melgrad {
namespace {

/// A run of up to `fft_lanes` neighbouring frames of one signal.
struct Block {
  i64 signal, first, count;
};

template <class T>
i64 block_count(const StftShape& s) {
  return s.count * ((s.frames + fft_lanes<T> - 1) / fft_lanes<T>);
}

template <class T>
Block block_at(const StftShape& s, i64 number) {
  i64 per_signal = (s.frames + fft_lanes<T> - 1) / fft_lanes<T>;
  i64 first = number % per_signal * fft_lanes<T>;
  return {number / per_signal, first, std::min(fft_lanes<T>, s.frames - first)};
}

// turned[j, c] = from[c·hop + j], tile by tile
template <class T>
[[gnu::always_inline]] inline void turn_tiles(i64 hop, i64 used, i64 columns, const T* from,
                                              T* turned) {
  constexpr i64 tile = 64 / sizeof(T);
  for (i64 j0 = 0; j0 < hop; j0 += tile) {
    i64 end = std::min(hop, j0 + tile);
    for (i64 c = 0; c < used; ++c)
      for (i64 j = j0; j < end; ++j) turned[j * columns + c] = from[c * hop + j];
  }
}

// Rows even and odd of the samples, each `lanes` wide, are window · turned shifted by one column a
// hop.
template <class T>
[[gnu::always_inline]] inline void weigh_rows(i64 count, i64 columns, const T* window,
                                              const T* turned, T* even, T* odd) {
  constexpr i64 L = fft_lanes<T>;
  for (i64 j = 0; j + 1 < count; j += 2) {
    const T w0 = window[j], w1 = window[j + 1];
    const T *row0 = turned + j * columns, *row1 = row0 + columns;
    T *to0 = even + j / 2 * L, *to1 = odd + j / 2 * L;
#pragma omp simd
    for (i64 l = 0; l < L; ++l) {
      to0[l] = w0 * row0[l];
      to1[l] = w1 * row1[l];
    }
  }
}

// y[m,l] = Σ_k weights[m,k] |X[k,l]|^power over bins first[m] … last[m]; X is overwritten
template <class T>
[[gnu::always_inline]] inline void weigh_bands(i64 bins, i64 bands, double power, const i64* first,
                                               const i64* last, const T* weights, Lanes<T> x,
                                               T* y) {
  constexpr i64 L = fft_lanes<T>;
  for (i64 i = 0; i < bins * L; i += L) {
#pragma omp simd
    for (i64 l = i; l < i + L; ++l) x.re[l] = x.re[l] * x.re[l] + x.im[l] * x.im[l];
  }
  for (i64 i = 0; power != 2 && i < bins * L; ++i)
    x.re[i] = power == 1 ? std::sqrt(x.re[i]) : std::pow(x.re[i], static_cast<T>(power / 2));
  for (i64 m = 0; m < bands; ++m) {
    alignas(64) T sum[L] = {};  // NOLINT(modernize-avoid-c-arrays)
    for (i64 k = first[m]; k < last[m]; ++k) {
      const T w = weights[m * bins + k];
      const T* row = x.re + k * L;
#pragma omp simd
      for (i64 l = 0; l < L; ++l) sum[l] += w * row[l];
    }
    std::copy(sum, sum + L, y + m * L);
  }
}

MELGRAD_SIMD void turn(i64 hop, i64 used, i64 columns, const float* from, float* turned) {
  turn_tiles(hop, used, columns, from, turned);
}
MELGRAD_SIMD void turn(i64 hop, i64 used, i64 columns, const double* from, double* turned) {
  turn_tiles(hop, used, columns, from, turned);
}
MELGRAD_SIMD void weigh(i64 count, i64 columns, const float* window, const float* turned,
                        float* even, float* odd) {
  weigh_rows(count, columns, window, turned, even, odd);
}
MELGRAD_SIMD void weigh(i64 count, i64 columns, const double* window, const double* turned,
                        double* even, double* odd) {
  weigh_rows(count, columns, window, turned, even, odd);
}
MELGRAD_SIMD void bands_of(i64 bins, i64 bands, double power, const i64* first, const i64* last,
                           const float* weights, Lanes<float> x, float* y) {
  weigh_bands(bins, bands, power, first, last, weights, x, y);
}
MELGRAD_SIMD void bands_of(i64 bins, i64 bands, double power, const i64* first, const i64* last,
                           const double* weights, Lanes<double> x, double* y) {
  weigh_bands(bins, bands, power, first, last, weights, x, y);
}

/// Windowed samples of a block's frames, lane by lane. Where the hop divides n_fft, sample j of
/// frame f is sample j − hop of frame f + 1: the signal is turned on its side once, hop values a
/// column, and every frame's rows lie in it.
template <class T>
class Framer {
 public:
  Framer(const StftShape& s, const T* window)
      : shape_(s),
        window_(window),
        overlap_(divides(s) ? s.n_fft / s.hop : 0),
        columns_(overlap_ + lanes),
        turned_(overlap_ > 0 ? static_cast<std::size_t>(s.hop * columns_) : 0) {}

  void operator()(const Block& block, const T* x, RealFft<T>& fft) {
    const T* from = x + block.signal * shape_.samples + block.first * shape_.hop;
    if (overlap_ > 0) {
      turn(shape_.hop, block.count + overlap_ - 1, columns_, from, turned_.data());
      for (i64 j = 0; j < shape_.n_fft; j += shape_.hop)
        weigh(shape_.hop, columns_, window_ + j, turned_.data() + j / shape_.hop, fft.sample(j),
              fft.sample(j + 1));
    } else {
      for (i64 j = 0; j < shape_.n_fft; ++j) {
        T* row = fft.sample(j);
        for (i64 l = 0; l < block.count; ++l) row[l] = window_[j] * from[l * shape_.hop + j];
        for (i64 l = block.count; l < lanes; ++l) row[l] = 0;
      }
    }
  }

 private:
  static constexpr i64 lanes = fft_lanes<T>;

  static bool divides(const StftShape& s) {
    return s.hop % 2 == 0 && s.n_fft % s.hop == 0 && s.n_fft / s.hop <= 16;
  }

  const StftShape& shape_;
  const T* window_;
  i64 overlap_, columns_;
  std::vector<T> turned_;  // columns that no frame of a last, short block reads keep old values
};

/// y (frames, bins, 2) of the block's frames; tiles of 8 bins keep the reads in the first cache.
template <class T>
void write_spectra(const Block& block, i64 bins, Lanes<T> spectrum, T* y) {
  constexpr i64 tile = 8, lanes = fft_lanes<T>;
  for (i64 k0 = 0; k0 < bins; k0 += tile)
    for (i64 l = 0; l < block.count; ++l) {
      T* target = y + l * bins * 2;
      for (i64 k = k0; k < std::min(bins, k0 + tile); ++k) {
        target[2 * k] = spectrum.re[k * lanes + l];
        target[2 * k + 1] = spectrum.im[k * lanes + l];
      }
    }
}

template <class T>
void stft_blocks(const StftShape& s, const T* x, const T* window, T* y) {
  parallel_for(block_count<T>(s), 1, [&](i64 begin, i64 end) {
    RealFft<T> fft(s.n_fft);
    Framer<T> frame(s, window);
    for (i64 number = begin; number < end; ++number) {
      Block block = block_at<T>(s, number);
      frame(block, x, fft);
      T* target = y + (block.signal * s.frames + block.first) * s.bins() * 2;
      write_spectra(block, s.bins(), fft.forward(), target);
    }
  });
}

/// The range of bins outside which a band's weights are 0: a mel filter covers 2 % of them.
struct BandRanges {
  std::vector<i64> first, last;
  template <class T>
  BandRanges(i64 bands, i64 bins, const T* weights) {
    for (i64 m = 0; m < bands; ++m) {
      const T* row = weights + m * bins;
      i64 begin = 0, end = bins;
      while (begin < end && row[begin] == 0) ++begin;
      while (begin < end && row[end - 1] == 0) --end;
      first.push_back(begin);
      last.push_back(end);
    }
  }
};

template <class T>
void band_power_blocks(const StftShape& s, i64 bands, double power, const T* x, const T* window,
                       const T* weights, T* y) {
  BandRanges ranges(bands, s.bins(), weights);
  parallel_for(block_count<T>(s), 1, [&](i64 begin, i64 end) {
    constexpr i64 lanes = fft_lanes<T>;
    RealFft<T> fft(s.n_fft);
    Framer<T> frame(s, window);
    std::vector<T> sums(static_cast<std::size_t>(bands * lanes));
    for (i64 number = begin; number < end; ++number) {
      Block block = block_at<T>(s, number);
      frame(block, x, fft);
      bands_of(s.bins(), bands, power, ranges.first.data(), ranges.last.data(), weights,
               fft.forward(), sums.data());
      for (i64 m = 0; m < bands; ++m)
        std::copy_n(sums.data() + m * lanes, block.count,
                    y + (block.signal * bands + m) * s.frames + block.first);
    }
  });
}

/// The bins (count, bins, 2) of a block into lanes; the middle ones, which have a mirror image, by
/// `middle`.
template <class T>
void read_spectra(i64 count, i64 n, T middle, const T* y, Lanes<T> spectrum) {
  constexpr i64 lanes = fft_lanes<T>;
  i64 bins = n / 2 + 1;
  for (i64 k = 0; k < bins; ++k) {
    T scale = k == 0 || 2 * k == n ? T{1} : middle;
    for (i64 l = 0; l < lanes; ++l) {
      const T* bin = y + (l * bins + k) * 2;
      spectrum.re[k * lanes + l] = l < count ? scale * bin[0] : T{0};
      spectrum.im[k * lanes + l] = l < count ? scale * bin[1] : T{0};
    }
  }
}

// Σ_k (re_k cos − im_k sin)(2πjk/n) over n/2 + 1 bins is the inverse transform over all n bins if
// those that have a mirror image count half. Signals are divided among threads: frames overlap.
template <class T>
void stft_backward_signals(const StftShape& s, const T* dy, const T* window, T* dx) {
  std::fill(dx, dx + s.count * s.samples, T{0});
  parallel_for(s.count, 1, [&](i64 begin, i64 end) {
    RealFft<T> fft(s.n_fft);
    i64 blocks = block_count<T>(s) / s.count;
    for (i64 number = begin * blocks; number < end * blocks; ++number) {
      Block block = block_at<T>(s, number);
      const T* source = dy + (block.signal * s.frames + block.first) * s.bins() * 2;
      read_spectra(block.count, s.n_fft, T(.5), source, fft.bins_in());
      fft.inverse();
      T* target = dx + block.signal * s.samples + block.first * s.hop;
      for (i64 l = 0; l < block.count; ++l)
        for (i64 j = 0; j < s.n_fft; ++j) target[l * s.hop + j] += window[j] * fft.sample(j)[l];
    }
  });
}

template <class T>
void irfft_blocks(i64 count, i64 n, const T* y, T* x) {
  constexpr i64 lanes = fft_lanes<T>;
  i64 bins = n / 2 + 1;
  parallel_for((count + lanes - 1) / lanes, 1, [&](i64 begin, i64 end) {
    RealFft<T> fft(n);
    for (i64 number = begin; number < end; ++number) {
      i64 first = number * lanes, used = std::min(lanes, count - first);
      read_spectra(used, n, T{1}, y + first * bins * 2, fft.bins_in());
      fft.inverse();
      for (i64 l = 0; l < used; ++l)
        for (i64 j = 0; j < n; ++j) x[(first + l) * n + j] = fft.sample(j)[l] / static_cast<T>(n);
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
