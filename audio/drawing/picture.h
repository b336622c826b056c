#pragma once
#include <filesystem>
#include <string_view>
#include <vector>

#include "audio/drawing/colour.h"
#include "audio/spectra/stft.h"

namespace melgrad {

/// Where a frequency stands on a picture's vertical axis; log and mel as librosa's specshow draws
/// them: linear below 65.4 Hz (1000 Hz), an octave a fixed height above. htk: the mel scale of HTK,
/// 2595 log10(1 + hz / 700), which is curved from 0 Hz on.
enum class FrequencyAxis : u8 { linear, log, mel, htk };
FrequencyAxis parse_frequency_axis(std::string_view name);

/// Where `hz` stands on an axis, counted from the bottom, in the axis' own unit.
double axis_position(double hz, FrequencyAxis axis);

/// How a file becomes the input of a net: study A's defaults.
struct Picture {
  int sample_rate = 22050;  // Hz; other files are resampled
  i64 n_fft = 2048, hop = 512;
  i64 height = 64, width = 64;
  Colours colours = specshow;
  FrequencyAxis axis = FrequencyAxis::log;
  double seconds = 5;  // what is used of a file; a shorter one is shown whole
  double mean = .5, std = .5;
};

/// (3, height, width) f32, normalised. Audio from `offset` seconds on: mono → STFT → dB (ref 1,
/// top_db 80) → colours between its smallest and largest value. A picture file: resized by area, grey
/// repeated to three channels. Throws Error on what cannot be read.
Tensor load_picture(const Picture& picture, const std::filesystem::path& path, double offset = 0);
/// The same from samples (samples) at picture.sample_rate.
Tensor picture_of(const Picture& picture, const Tensor& samples);
/// picture_of() in two steps, of which the first looks at each frame by itself: parts of a sound that
/// overlap have frames in common. (…, samples) -> dB (…, frames, bins); (frames, bins) in parts that
/// follow each other -> (3, height, width).
Tensor picture_frames(const Picture& picture, const Tensor& samples);
Tensor picture_of_frames(const Picture& picture, const std::vector<Tensor>& parts);
/// RGB (3, height, width) in [0, 1] of dB values (bins, frames), bins from 0 to sample_rate/2 Hz,
/// lowest frequency at the bottom.
Tensor spectrogram_picture(const Tensor& db, double sample_rate, i64 height, i64 width,
                           Colours colours, FrequencyAxis axis);

}  // namespace melgrad
