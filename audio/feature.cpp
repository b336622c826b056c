#include "audio/feature.h"

#include <algorithm>

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

Tensor extract(const Feature& feature, const Clip& clip) {
  double sr = feature.sr > 0 ? feature.sr : clip.sample_rate;
  return extract(feature, resample(clip.samples.to(feature.dtype), clip.sample_rate, sr), sr);
}

Tensor extract(const Feature& feature, const Example& example) {
  Clip clip = decode(example.path, {.offset = example.offset, .duration = example.duration});
  check(clip.samples.numel() > 0, "feature", "{}: there is nothing after {} s", example.path,
        example.offset);
  return extract(feature, clip);
}

}  // namespace melgrad
