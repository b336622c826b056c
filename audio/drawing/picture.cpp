#include "audio/drawing/picture.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "audio/files/decode.h"
#include "audio/files/resample.h"
#include "audio/spectra/decibel.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

/// weights[r,k]: which part of picture row r is covered by bin k, whose edges lie half a bin below
/// and above its frequency.
Tensor row_weights(i64 height, i64 bins, double sample_rate, FrequencyAxis axis) {
  double nyquist = sample_rate / 2, width = nyquist / static_cast<double>(bins - 1);
  double top = axis_position(nyquist, axis), row_height = top / static_cast<double>(height);
  std::vector<double> edges;
  for (i64 k = 0; k <= bins; ++k) {
    double hz = std::clamp((static_cast<double>(k) - .5) * width, 0., nyquist);
    edges.push_back(axis_position(hz, axis));
  }
  std::vector<float> weights;
  weights.reserve(static_cast<std::size_t>(height * bins));
  for (i64 r = 0; r < height; ++r) {
    double row_top = top - static_cast<double>(r) * row_height, row_bottom = row_top - row_height;
    for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
      double overlap = std::min(row_top, edges[k + 1]) - std::max(row_bottom, edges[k]);
      weights.push_back(static_cast<float>(std::max(0., overlap) / row_height));
    }
  }
  return from_vector(weights, {height, bins});
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
  const double linear_below = axis == FrequencyAxis::log ? 65.40639132514966 : 1000;
  const double octaves_of_linear_part = axis == FrequencyAxis::log ? 1 : 2;
  double ratio = hz / linear_below;
  return ratio <= 1 ? octaves_of_linear_part * ratio : octaves_of_linear_part + std::log2(ratio);
}

FrequencyAxis parse_frequency_axis(std::string_view name) {
  if (name == "linear") return FrequencyAxis::linear;
  if (name == "log") return FrequencyAxis::log;
  if (name == "mel") return FrequencyAxis::mel;
  fail("picture", "no frequency axis '{}': linear, log, mel", name);
}

Tensor spectrogram_picture(const Tensor& db, double sample_rate, i64 height, i64 width,
                           Colours colours, FrequencyAxis axis) {
  check(db.rank() == 2 && db.dim(0) >= 2 && db.dim(1) >= 1 && height >= 1 && width >= 1, "picture",
        "needs (bins, frames) and a height and width of at least 1: {}, {} × {}", db, height,
        width);
  // Colours are looked up as a spectrogram lies in memory, frame after frame. The matrix product
  // turns bins, the lowest first, into rows, the highest frequency on top.
  Tensor frames_first = db.transpose(0, 1).contiguous();              // (frames, bins)
  Tensor rgb = colour_planes(frames_first, colours).transpose(1, 2);  // (3, bins, frames)
  Tensor rows = row_weights(height, db.dim(0), sample_rate, axis);
  return resize(matmul(rows, rgb), {height, width}, Resize::area);
}

Tensor picture_of(const Picture& picture, const Tensor& samples) {
  StftOptions options{.n_fft = picture.n_fft, .hop_length = picture.hop};
  Tensor db = amplitude_to_db(spectrogram(samples, options, 1));
  Tensor rgb = spectrogram_picture(db, picture.sample_rate, picture.height, picture.width,
                                   picture.colours, picture.axis);
  return (rgb - picture.mean) / picture.std;
}

Tensor load_picture(const Picture& picture, const std::filesystem::path& path, double offset) {
  return is_image_file(path) ? picture_from_picture(picture, path)
                             : picture_from_audio(picture, path, offset);
}

}  // namespace melgrad
