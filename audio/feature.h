#pragma once
#include <string>
#include <vector>

#include "audio/collections/dataset.h"
#include "audio/spectra/descriptors.h"
#include "audio/spectra/mfcc.h"

namespace melgrad {

struct Clip;  // audio/files/decode.h

/// One feature with all its parameters: the chain of stages from a file to numbers.
struct Feature {
  std::string kind = "logmel";  // one of feature_kinds()
  double sr = 22050;            // Hz; files are resampled to it; 0: as they are
  StftOptions stft = {};
  double power = 2;     // of the magnitudes in spectrogram and mel
  MelOptions mel = {};  // its sr is set from the clip
  DecibelOptions decibel = {};
  MfccOptions mfcc = {};
  i64 delta_width = 9, delta_order = 1;
  double roll_percent = .85;
  Dtype dtype = Dtype::f32;
};

/// waveform, stft, spectrogram, mel, logmel, mfcc, delta (of the MFCCs), centroid, bandwidth,
/// rolloff, flatness, zero_crossing_rate, rms.
const std::vector<std::string>& feature_kinds();

/// From samples (…, samples) at `sr` Hz: (…, rows, frames); waveform: as they are; stft: (…, bins,
/// frames, 2). Throws Error on an unknown kind.
Tensor extract(const Feature& feature, const Tensor& samples, double sr);
/// extract() in two steps, of which the first looks at each frame by itself: parts of a sound that
/// overlap have frames in common. (…, samples) -> (…, bins or bands, frames) -> (…, rows, frames).
/// Not of every feature: those without spectra, and stft, have one step.
bool has_spectra(const Feature& feature);
Tensor spectra(const Feature& feature, const Tensor& samples, double sr);
Tensor of_spectra(const Feature& feature, const Tensor& spectra, double sr);
/// The same of a clip, resampled to feature.sr.
Tensor extract(const Feature& feature, const Clip& clip);
/// Decodes the example's part of its file, mono; the same.
Tensor extract(const Feature& feature, const Example& example);

}  // namespace melgrad
