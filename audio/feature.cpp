#include "audio/feature.h"

#include <algorithm>
#include <initializer_list>

#include "audio/files/decode.h"
#include "audio/files/resample.h"

namespace melgrad {
namespace {

bool is_one_of(const std::string& kind, std::initializer_list<const char*> kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

bool has_mel_bands(const Feature& f) {
  return is_one_of(f.kind, {"mel", "logmel", "mfcc", "delta"});
}

}  // namespace

const std::vector<std::string>& feature_kinds() {
  static const std::vector<std::string> kinds = {
      "waveform", "stft",     "spectrogram", "mel",     "logmel",   "mfcc",
      "delta",    "centroid", "bandwidth",   "rolloff", "flatness", "zero_crossing_rate",
      "rms"};
  return kinds;
}

bool has_spectra(const Feature& f) {
  return !is_one_of(f.kind, {"waveform", "stft", "zero_crossing_rate", "rms"});
}

Tensor spectra(const Feature& f, const Tensor& samples, double sr) {
  Tensor x = samples.to(f.dtype);
  MelOptions mel = f.mel;
  mel.sr = sr;
  if (has_mel_bands(f)) return melspectrogram(x, mel, f.stft, f.power);
  return spectrogram(x, f.stft, f.kind == "spectrogram" ? f.power : 1);
}

Tensor of_spectra(const Feature& f, const Tensor& s, double sr) {
  if (is_one_of(f.kind, {"spectrogram", "mel"})) return s;
  if (f.kind == "logmel") return power_to_db(s, f.decibel);
  if (f.kind == "mfcc") return mfcc(power_to_db(s, f.decibel), f.mfcc);
  if (f.kind == "delta")
    return delta(mfcc(power_to_db(s, f.decibel), f.mfcc), f.delta_width, f.delta_order);
  if (f.kind == "centroid") return spectral_centroid(s, sr, f.stft.n_fft);
  if (f.kind == "bandwidth") return spectral_bandwidth(s, sr, 2, f.stft.n_fft);
  if (f.kind == "rolloff") return spectral_rolloff(s, sr, f.roll_percent, f.stft.n_fft);
  check(f.kind == "flatness", "feature", "'{}' is not made of spectra", f.kind);
  return spectral_flatness(s);
}

Tensor extract(const Feature& f, const Tensor& samples, double sr) {
  const auto& kinds = feature_kinds();
  std::string known;
  for (const std::string& kind : kinds) known += (known.empty() ? "" : ", ") + kind;
  check(std::find(kinds.begin(), kinds.end(), f.kind) != kinds.end(), "feature",
        "no feature '{}': {}", f.kind, known);
  if (has_spectra(f)) return of_spectra(f, spectra(f, samples, sr), sr);
  Tensor x = samples.to(f.dtype);
  FrameOptions frames{f.stft.n_fft, f.stft.hop(), f.stft.center};
  if (f.kind == "waveform") return x;
  if (f.kind == "stft") return stft(x, f.stft);
  return f.kind == "rms" ? rms(x, frames) : zero_crossing_rate(x, frames);
}

Tensor extract(const Feature& feature, const Clip& clip) {
  double sr = feature.sr > 0 ? feature.sr : clip.sample_rate;
  return extract(feature, resample(clip.samples.to(feature.dtype), clip.sample_rate, sr), sr);
}

Tensor extract(const Feature& feature, const Example& example) {
  Clip clip = decode(example.path, {.offset = example.offset, .duration = example.duration});
  check(clip.samples.numel() > 0, "feature", "{}: no samples{}", example.path,
        example.offset > 0 ? format(" after {} s", example.offset) : "");
  try {
    return extract(feature, clip);
  } catch (const Error& error) {
    fail("feature", "{}: {}", example.path, error.what());
  }
}

}  // namespace melgrad
