#include "audio/drawing/picture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "audio/files/decode.h"
#include "audio/files/resample.h"
#include "audio/spectra/decibel.h"
#include "audio/spectra/mel.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

/// The rows of a picture, the highest frequency on top: which part of each is covered by bin k, whose
/// edges lie half a bin below and above its frequency.
std::vector<Band> rows_of(i64 height, i64 bins, double sample_rate, FrequencyAxis axis) {
  double nyquist = sample_rate / 2, width = nyquist / static_cast<double>(bins - 1);
  double top = axis_position(nyquist, axis), row_height = top / static_cast<double>(height);
  std::vector<double> edges;
  for (i64 k = 0; k <= bins; ++k) {
    double hz = std::clamp((static_cast<double>(k) - .5) * width, 0., nyquist);
    edges.push_back(axis_position(hz, axis));
  }
  std::vector<Band> rows;
  for (i64 r = 0; r < height; ++r) {
    double row_top = top - static_cast<double>(r) * row_height, row_bottom = row_top - row_height;
    auto above = std::upper_bound(edges.begin() + 1, edges.end() - 1, row_bottom);
    auto k = static_cast<std::size_t>(above - edges.begin()) - 1;
    Band row{.first = static_cast<i64>(k)};
    for (; k + 1 < edges.size() && edges[k] < row_top; ++k) {
      double overlap = std::min(row_top, edges[k + 1]) - std::max(row_bottom, edges[k]);
      row.shares.push_back(static_cast<float>(std::max(0., overlap) / row_height));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// dB (frames, bins) in parts -> (3, height, width)
Tensor drawn(const std::vector<Tensor>& db, double sample_rate, i64 height, i64 width,
             Colours colours, FrequencyAxis axis, double range) {
  check(height >= 1 && width >= 1, "picture", "needs a height and width of at least 1: {} × {}",
        height, width);
  auto rows = rows_of(height, db.front().dim(1), sample_rate, axis);
  Tensor rgb = colour_bands(db, rows, colours, range);  // (frames, height, 3)
  Tensor columns = resize(rgb.reshape({rgb.dim(0), height * 3}), {width, height * 3}, Resize::area);
  return columns.reshape({width, height, 3}).permute({2, 1, 0}).contiguous();
}

Tensor picture_from_audio(const Picture& picture, const std::filesystem::path& path,
                          double offset) {
  Clip clip = decode(path, {.offset = offset, .duration = picture.seconds});
  check(clip.samples.numel() > 0, "picture", "{}: nothing after {} s", path, offset);
  return picture_of(picture, resample(clip.samples, clip.sample_rate, picture.sample_rate));
}

Tensor picture_from_picture(const Picture& picture, const std::filesystem::path& path) {
  Tensor pixels = load_image(path, 3).permute({2, 0, 1}).to(Dtype::f32) / 255.;
  Tensor small = resize(pixels.contiguous(), {picture.height, picture.width}, Resize::area);
  return (small - picture.mean) / picture.std;
}

}  // namespace

// log (linear up to 65.4 Hz, half an octave high) and mel (linear up to 1000 Hz, two octaves high):
// matplotlib's symlog scale to base 2 with the parameters that librosa.display gives it.
double axis_position(double hz, FrequencyAxis axis) {
  if (axis == FrequencyAxis::linear) return hz;
  if (axis == FrequencyAxis::htk) return hz_to_mel(hz, true);
  const double linear_below = axis == FrequencyAxis::log ? 65.40639132514966 : 1000;
  const double octaves_of_linear_part = axis == FrequencyAxis::log ? 1 : 2;
  double ratio = hz / linear_below;
  return ratio <= 1 ? octaves_of_linear_part * ratio : octaves_of_linear_part + std::log2(ratio);
}

FrequencyAxis parse_frequency_axis(std::string_view name) {
  if (name == "linear") return FrequencyAxis::linear;
  if (name == "log") return FrequencyAxis::log;
  if (name == "mel") return FrequencyAxis::mel;
  if (name == "htk") return FrequencyAxis::htk;
  fail("picture", "no frequency axis '{}': linear, log, mel, htk", name);
}

Tensor spectrogram_picture(const Tensor& db, double sample_rate, i64 height, i64 width,
                           Colours colours, FrequencyAxis axis) {
  check(db.rank() == 2 && db.dim(0) >= 2 && db.dim(1) >= 1, "picture", "needs (bins, frames): {}",
        db);
  Tensor frames_first = db.transpose(0, 1).to(Dtype::f32).contiguous();
  return drawn({frames_first}, sample_rate, height, width, colours, axis,
               std::numeric_limits<double>::infinity());
}

Tensor picture_frames(const Picture& picture, const Tensor& samples) {
  StftOptions options{.n_fft = picture.n_fft, .hop_length = picture.hop};
  return power_to_db(spectrogram(samples, options), {.top_db = {}}).transpose(-2, -1);
}

Tensor picture_of_frames(const Picture& picture, const std::vector<Tensor>& parts) {
  Tensor rgb = drawn(parts, picture.sample_rate, picture.height, picture.width, picture.colours,
                     picture.axis, 80);
  return (rgb - picture.mean) / picture.std;
}

Tensor picture_of(const Picture& picture, const Tensor& samples) {
  return picture_of_frames(picture, {picture_frames(picture, samples)});
}

Tensor load_picture(const Picture& picture, const std::filesystem::path& path, double offset) {
  return is_image_file(path) ? picture_from_picture(picture, path)
                             : picture_from_audio(picture, path, offset);
}

}  // namespace melgrad
