#include "audio/spectra/mel.h"

#include <algorithm>
#include <cmath>

#include "tensor/ops.h"

namespace melgrad {
namespace {

constexpr double hz_per_mel = 200. / 3;  // Slaney 1998, Auditory Toolbox
constexpr double first_log_hz = 1000, first_log_mel = first_log_hz / hz_per_mel;
const double log_step = std::log(6.4) / 27;

/// X with G X = B in place of B (n, columns), G (n, n) symmetric, positive and zero but for the
/// diagonal and its neighbours. False where a pivot is lost in rounding.
bool solve_tridiagonal(const Tensor& g, Tensor& b) {
  i64 n = b.dim(0), columns = b.dim(1);
  const auto* entries = g.data<double>();
  auto* x = b.data<double>();
  auto below = [&](i64 i) { return entries[(i + 1) * n + i]; };  // G[i + 1, i] = G[i, i + 1]
  std::vector<double> pivots;
  for (i64 i = 0; i < n; ++i) {
    double diagonal = entries[i * n + i], pivot = diagonal;
    if (i > 0) {
      double factor = below(i - 1) / pivots.back();
      pivot -= factor * below(i - 1);
      for (i64 j = 0; j < columns; ++j) x[i * columns + j] -= factor * x[(i - 1) * columns + j];
    }
    if (!(pivot > 1e-10 * diagonal)) return false;
    pivots.push_back(pivot);
  }
  for (i64 i = n - 1; i >= 0; --i)
    for (i64 j = 0; j < columns; ++j) {
      double known = i + 1 < n ? below(i) * x[(i + 1) * columns + j] : 0;
      x[i * columns + j] = (x[i * columns + j] - known) / pivots[static_cast<std::size_t>(i)];
    }
  return true;
}

}  // namespace

double hz_to_mel(double hz, bool htk) {
  if (htk) return 2595 * std::log10(1 + hz / 700);
  if (hz < first_log_hz) return hz / hz_per_mel;
  return first_log_mel + std::log(hz / first_log_hz) / log_step;
}

double mel_to_hz(double mel, bool htk) {
  if (htk) return 700 * (std::pow(10, mel / 2595) - 1);
  if (mel < first_log_mel) return mel * hz_per_mel;
  return first_log_hz * std::exp(log_step * (mel - first_log_mel));
}

std::vector<double> mel_frequencies(i64 n, double fmin, double fmax, bool htk) {
  double low = hz_to_mel(fmin, htk), high = hz_to_mel(fmax, htk);
  std::vector<double> hz;
  for (i64 m = 0; m < n; ++m)
    hz.push_back(mel_to_hz(
        n == 1 ? low : low + (high - low) * static_cast<double>(m) / static_cast<double>(n - 1),
        htk));
  return hz;
}

// W[m,k] = max(0, min((f_k − h_m) / (h_{m+1} − h_m), (h_{m+2} − f_k) / (h_{m+2} − h_{m+1}))),
// f_k = k sr/n_fft, times 2 / (h_{m+2} − h_m) if normalised
Tensor mel_filters(i64 n_fft, const MelOptions& options, Dtype dtype) {
  double fmax = options.fmax.value_or(options.sr / 2);
  check(n_fft >= 1 && options.n_mels >= 1 && options.sr > 0, "mel_filters",
        "n_fft {}, n_mels {} and sr {} must be positive", n_fft, options.n_mels, options.sr);
  check(options.fmin >= 0 && fmax > options.fmin, "mel_filters",
        "needs 0 <= fmin < fmax, not {} Hz and {} Hz", options.fmin, fmax);
  std::vector<double> h = mel_frequencies(options.n_mels + 2, options.fmin, fmax, options.htk);
  i64 bins = n_fft / 2 + 1;
  auto frequency = [&](i64 k) {
    return static_cast<double>(k) * options.sr / static_cast<double>(n_fft);
  };
  Tensor weights = zeros({options.n_mels, bins}, dtype == Dtype::f64 ? dtype : Dtype::f32);
  auto fill = [&]<class T>(T* row) {
    for (std::size_t m = 0; m + 2 < h.size(); ++m, row += bins) {
      double area = options.slaney_norm ? 2 / (h[m + 2] - h[m]) : 1;
      // Only the bins under the triangle, 2 % of them.
      auto k = static_cast<i64>(h[m] / frequency(1));
      for (double f = frequency(k); k < bins && f < h[m + 2]; f = frequency(++k)) {
        double up = (f - h[m]) / (h[m + 1] - h[m]), down = (h[m + 2] - f) / (h[m + 2] - h[m + 1]);
        row[k] = static_cast<T>(area * std::max(0., std::min(up, down)));
      }
    }
  };
  dtype == Dtype::f64 ? fill(weights.data<double>()) : fill(weights.data<float>());
  return weights.to(dtype);
}

Tensor mel_product(const Tensor& spectrogram, const MelOptions& options) {
  check(spectrogram.rank() >= 2, "mel_product", "needs (…, bins, frames): {}", spectrogram);
  i64 n_fft = 2 * (spectrogram.dim(-2) - 1);
  Tensor filters = mel_filters(n_fft, options, spectrogram.dtype()).to(spectrogram.device());
  return matmul(filters, spectrogram);
}

Tensor melspectrogram(const Tensor& x, const MelOptions& mel, const StftOptions& stft,
                      double power) {
  Tensor filters = mel_filters(stft.n_fft, mel, x.dtype()).to(x.device());
  return band_power(x, stft, filters, power);
}

// (F_many F_manyᵀ) Wᵀ = F_many F_fewᵀ; of a filter bank only neighbours overlap.
Tensor mel_conversion(i64 n_fft, const MelOptions& many, const MelOptions& few) {
  Tensor from = mel_filters(n_fft, many, Dtype::f64), to = mel_filters(n_fft, few, Dtype::f64);
  Tensor w = matmul(from, to.transpose(0, 1));
  check(solve_tridiagonal(matmul(from, from.transpose(0, 1)), w), "mel_conversion",
        "{} bands from {} Hz on are too many for {} bins of {} Hz: they depend on each other",
        many.n_mels, many.fmin, n_fft / 2 + 1, many.sr / static_cast<double>(n_fft));
  return w.transpose(0, 1).contiguous();
}

}  // namespace melgrad
