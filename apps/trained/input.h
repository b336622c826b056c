#pragma once
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "apps/trained/scaled_frames.h"
#include "audio/collections/dataset.h"
#include "audio/drawing/picture.h"
#include "audio/feature.h"

namespace melgrad {

/// A feature as a net takes it: (1, rows, frames), or with frames_first (1, frames, rows).
struct Spectrum {
  Feature feature = {};
  i64 frames = 0;  // longer ones are cut, shorter ones end in their smallest value
  bool frames_first = false;
};

/// What a net sees of a picture of a log-mel spectrogram, as data sets are passed round: 8-bit grey,
/// row 0 the highest band, level 0 `low_db` and level 255 `high_db`. The same features as sound has:
/// mfcc, coefficients of the decibels; logmel, the decibels; mel, power, of fewer bands than the
/// picture has by mel_conversion(), times `factor`: the decibels may be relative to the clip's maximum.
struct LogMelPicture {
  std::string kind = "mfcc";
  i64 rows = 13;  // of the feature: coefficients, or bands
  /// What of its columns is seen starts at column ⌊offset · columns / seconds⌋ and is
  /// ⌊duration · columns / seconds⌋ columns long.
  i64 frames = 0;
  bool frames_first = false;
  double seconds = 30;  // that all columns span
  double low_db = -80, high_db = 0;
  double factor = 1;
  i64 bands = 128;  // of the picture, from 0 Hz to sample_rate / 2
  double sample_rate = 22050;
  i64 n_fft = 2048;
};

/// How many of a picture's `all` columns so many seconds are.
i64 columns_in(const LogMelPicture& recipe, double seconds, i64 all);
/// (rows, columns) of a whole picture; Input::shape(); and Input::load() of it, f32. Throw Error, with
/// the file's name, on what cannot be read, is in colour, has another number of bands or, in the
/// example's part, of columns.
Tensor feature_of_picture(const LogMelPicture& recipe, const std::filesystem::path& path);
Shape shape_of_picture(const LogMelPicture& recipe);
Tensor row_of_picture(const LogMelPicture& recipe, const Example& example);

/// A sound as a picture of its log-mel spectrogram: the samples less their mean, divided by their
/// deviation; power of mel bands; decibels, down to 80 below the loudest; resized by area to
/// (1, height, width), the lowest band in row 0. It is study E's.
struct MelImage {
  double sample_rate = 22050;  // Hz; other files are resampled
  i64 n_fft = 2048, hop = 512, bands = 128;
  i64 height = 224, width = 224;
  double seconds = 30;  // what is used of a file; a shorter one is shown whole
};

/// (samples) f32 at recipe.sample_rate -> (1, height, width) f32.
Tensor mel_image(const MelImage& recipe, const Tensor& samples);

/// Columns of a table of songs: there is nothing to compute.
struct Columns {
  std::vector<std::string> names = {};
};

/// What is done to a clip's sound before its feature is taken, by chance within these bounds.
struct Distortion {
  double least_snr_db = 0, most_snr_db = 0;  // of white noise; 0, 0: none
  i64 cuts = 0;                              // pieces that are taken out
  double least_cut = 0, most_cut = 0;        // seconds each
  bool compressed = false;                   // through Ogg Vorbis and back
  i64 mp3_kbps = 0;                          // through MP3 of so many kbit/s and back; 0: not
};

/// One way to see a clip: from a file to the row of numbers that is stored of it.
struct Input {
  std::string name = {};  // in a study's table: "mfcc"
  std::variant<Picture, Spectrum, MelImage, LogMelPicture, Columns> recipe = Picture{};
  /// u8: values in [0, 1] become 0 … 255.
  Dtype stored = Dtype::f32;
  /// Beside the clip as it is, so many others are stored, each distorted in its own way.
  std::vector<Distortion> variants = {};
  /// What happens to every clip's sound first, its variants' too.
  std::optional<Distortion> heard_through = {};
  /// What becomes of the decibels of a Spectrum or LogMelPicture of kind "logmel". Their reference is
  /// taken of the frames that are seen; a clip that has fewer is an error, and not filled up.
  std::optional<ScaledFrames> scaled = {};

  /// Of one row: (C, H, W), or (D) of columns.
  Shape shape() const;
  /// Whether bands are columns: a Spectrum's or LogMelPicture's frames_first.
  bool frames_first() const;
  /// Whether it can be made of sound: not LogMelPicture, nor Columns.
  bool hears() const;
  /// Seconds of an example that are looked at; infinity: all.
  double seconds() const;
  /// The part of `example`, from its offset on, as shape(), dtype `stored`; variant 0 is the clip as
  /// it is, variant v has variants[v − 1]. The same numbers whenever it is called. Throws Error on
  /// what cannot be read, on a distorted picture file, on sound where pictures are needed, on columns.
  Tensor load(const Example& example, i64 variant = 0) const;
  /// The same of samples (samples) at `sample_rate` Hz.
  Tensor of_samples(const Tensor& samples, double sample_rate) const;

  /// The rate in Hz to which samples at `sample_rate` Hz are resampled.
  double rate(double sample_rate) const;
  /// How many samples at that rate a row takes in; a shorter sound gives a row as well, unless its
  /// frames are `scaled`. The largest i64: all there are.
  i64 window(double sample_rate) const;
  /// Of samples at that rate of_samples() in two steps, where frames are looked at one by one:
  /// sounds that overlap have frames in common. (…, samples) -> (…, frames, bins); (frames, bins) in
  /// parts that follow each other -> shape(). framing() is nothing where there are no such frames.
  std::optional<StftOptions> framing() const;
  Tensor frames(const Tensor& samples, double rate) const;
  Tensor of_frames(const std::vector<Tensor>& parts, double rate) const;

  /// A row of a Spectrum's feature (rows, frames) that was computed of more than the row shows.
  Tensor of_feature(const Tensor& feature) const;

  /// Every parameter but the name, as JSON: what differs gives other rows, for a cache's key and in
  /// a weights file.
  std::string json() const;
  /// Throws Error on text that json() did not write, or of a kind that is not known here.
  static Input from_json(const std::string& text);
};

}  // namespace melgrad
