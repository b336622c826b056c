#include "audio/feature.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "audio/files/decode.h"
#include "audio/files/resample.h"

namespace melgrad {
namespace {

Tensor log_mel(const Feature& f, const Tensor& x, const MelOptions& mel) {
  return power_to_db(melspectrogram(x, mel, f.stft, f.power), f.decibel);
}

}  // namespace

const std::vector<std::string>& feature_kinds() {
  static const std::vector<std::string> kinds = {
      "waveform", "stft",     "spectrogram", "mel",     "logmel",   "mfcc",
      "delta",    "centroid", "bandwidth",   "rolloff", "flatness", "zero_crossing_rate",
      "rms"};
  return kinds;
}

std::string Feature::description() const {
  std::ostringstream out;
  out << std::setprecision(17) << kind << " sr " << sr << " n_fft " << stft.n_fft << " hop "
      << stft.hop() << " win " << stft.win_length.value_or(stft.n_fft) << " window "
      << static_cast<int>(stft.window) << ' ' << stft.window_options.periodic << ' '
      << stft.window_options.beta << " center " << stft.center << " pad "
      << static_cast<int>(stft.pad_mode) << " power " << power << " mels " << mel.n_mels << ' '
      << mel.fmin << ' ' << mel.fmax.value_or(-1) << ' ' << mel.htk << ' ' << mel.slaney_norm
      << " db " << decibel.ref << ' ' << decibel.amin.value_or(0) << ' '
      << decibel.top_db.value_or(-1) << " mfcc " << mfcc.n_mfcc << ' ' << mfcc.dct_type << ' '
      << mfcc.orthonormal << ' ' << mfcc.lifter << " delta " << delta_width << ' ' << delta_order
      << " roll " << roll_percent << ' ' << name_of(dtype);
  return out.str();
}

Tensor extract(const Feature& f, const Tensor& samples, double sr) {
  Tensor x = samples.to(f.dtype);
  MelOptions mel = f.mel;
  mel.sr = sr;
  FrameOptions frames{f.stft.n_fft, f.stft.hop(), f.stft.center};
  if (f.kind == "waveform") return x;
  if (f.kind == "stft") return stft(x, f.stft);
  if (f.kind == "spectrogram") return spectrogram(x, f.stft, f.power);
  if (f.kind == "mel") return melspectrogram(x, mel, f.stft, f.power);
  if (f.kind == "logmel") return log_mel(f, x, mel);
  if (f.kind == "mfcc") return mfcc(log_mel(f, x, mel), f.mfcc);
  if (f.kind == "delta")
    return delta(mfcc(log_mel(f, x, mel), f.mfcc), f.delta_width, f.delta_order);
  if (f.kind == "zero_crossing_rate") return zero_crossing_rate(x, frames);
  if (f.kind == "rms") return rms(x, frames);
  const auto& kinds = feature_kinds();
  std::string known;
  for (const std::string& kind : kinds) known += (known.empty() ? "" : ", ") + kind;
  check(std::find(kinds.begin(), kinds.end(), f.kind) != kinds.end(), "feature",
        "no feature '{}': {}", f.kind, known);
  Tensor s = spectrogram(x, f.stft, 1);
  if (f.kind == "centroid") return spectral_centroid(s, sr);
  if (f.kind == "bandwidth") return spectral_bandwidth(s, sr);
  if (f.kind == "rolloff") return spectral_rolloff(s, sr, f.roll_percent);
  return spectral_flatness(s);
}

Tensor extract(const Feature& feature, const Example& example) {
  Clip clip = decode(example.path, {.offset = example.offset, .duration = example.duration});
  check(clip.samples.numel() > 0, "feature", "{}: there is nothing after {} s", example.path,
        example.offset);
  double sr = feature.sr > 0 ? feature.sr : clip.sample_rate;
  return extract(feature, resample(clip.samples.to(feature.dtype), clip.sample_rate, sr), sr);
}

}  // namespace melgrad
