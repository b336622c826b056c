#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "audio/spectra/window.h"
#include "tensor/tensor.h"

namespace melgrad {

/// What stands beyond a signal's ends. reflect: x[2] x[1] | x[0] x[1] x[2]; edge: x[0] x[0] | x[0].
enum class PadMode : u8 { constant, reflect, edge };
PadMode parse_pad_mode(std::string_view name);

/// librosa.stft's parameters, names and defaults.
struct StftOptions {
  i64 n_fft = 2048;
  std::optional<i64> hop_length = {};  // win_length / 4, where neither is given n_fft / 4
  std::optional<i64> win_length = {};  // n_fft; a shorter window stands in the frame's middle
  WindowKind window = WindowKind::hann;
  WindowOptions window_options = {};
  bool center =
      true;  // frame t is centred on sample t·hop: n_fft/2 samples are padded on each side
  PadMode pad_mode = PadMode::constant;

  i64 hop() const { return hop_length ? *hop_length : (win_length ? *win_length : n_fft) / 4; }
  i64 bins() const { return n_fft / 2 + 1; }
  /// How many frames a signal of `samples` gives. Throws Error where it gives none, as librosa.
  i64 frames(i64 samples) const;
};

/// X[k,t] = Σ_j w[j] x[t·hop + j] e^(−2πi jk/n_fft)
/// x (…, samples) f32 or f64  ->  (…, n_fft/2 + 1, frames, 2): real and imaginary part.
/// A view: in memory a frame's bins lie side by side. Throws Error on NaN or infinity in x, on
/// sizes < 1, and where reflection needs more samples than there are.
Tensor stft(const Tensor& x, const StftOptions& options);
/// The window of n_fft values that stft() multiplies with: win_length values amid zeros.
Tensor stft_window(const StftOptions& options, Dtype dtype);
/// (…, samples) -> (…, samples + 2·n)
Tensor pad_signal(const Tensor& x, i64 n, PadMode mode);
/// For each sample of the padded signal the one it repeats: reflect and edge only.
std::vector<i64> padded_index(i64 samples, i64 n, PadMode mode);

/// |X|^power:  (…, bins, frames, 2) -> (…, bins, frames)
Tensor magnitude(const Tensor& stft, double power = 1);
/// magnitude(stft(x), power)
Tensor spectrogram(const Tensor& x, const StftOptions& options, double power = 2);

/// weights (bands, bins) · spectrogram(x, power), computed without the spectrogram in memory:
/// (…, bands, frames)
Tensor band_power(const Tensor& x, const StftOptions& options, const Tensor& weights,
                  double power = 2);

/// x[s] = Σ_t w[s − t·hop] irfft(X)_t[s − t·hop] / Σ_t w[s − t·hop]²: the signal whose stft is the
/// nearest to X in least squares (Griffin & Lim 1984, eq. 6). X (…, bins, frames, 2), options as of
/// stft(). `length` cuts or extends with zeros.
Tensor istft(const Tensor& stft, const StftOptions& options, std::optional<i64> length = {});

struct GriffinLimOptions {
  int iterations = 32;
  double momentum = .99;  // Perraudin et al. 2013, "A fast Griffin–Lim algorithm"; 0: the original
  u64 seed = 0;           // of the phases it begins with
};
/// A signal whose |stft| is near `magnitude` (…, bins, frames), by going back and forth between
/// the two. What a net sees can be listened to.
Tensor griffin_lim(const Tensor& magnitude, const StftOptions& options,
                   const GriffinLimOptions& griffin_lim = {}, std::optional<i64> length = {});

}  // namespace melgrad
