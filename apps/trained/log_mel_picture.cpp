#include <cmath>

#include "apps/trained/input.h"
#include "audio/spectra/mel.h"
#include "audio/spectra/mfcc.h"
#include "kernels/error.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

// Whether three bytes a pixel are all alike.
bool is_grey(const Tensor& rgb) {
  const auto* bytes = rgb.data<u8>();
  for (i64 i = 0; i < rgb.numel(); i += 3)
    if (bytes[i] != bytes[i + 1] || bytes[i] != bytes[i + 2]) return false;
  return true;
}

/// (bands, columns) in dB, the lowest band first.
Tensor decibels_of(const LogMelPicture& recipe, const std::filesystem::path& path) {
  Tensor pixels = load_image(path, 3).contiguous();
  check(is_grey(pixels), "input", "{} is in colour, and levels of grey stand for decibels", path);
  check(pixels.dim(0) == recipe.bands, "input", "{} has {} rows, not one for each of {} mel bands",
        path, pixels.dim(0), recipe.bands);
  Tensor levels = pixels.select(2, 0).flip(0).to(Dtype::f32);
  return levels * ((recipe.high_db - recipe.low_db) / 255) + recipe.low_db;
}

Tensor power_of_bands(const LogMelPicture& recipe, const Tensor& decibels) {
  Tensor power = db_to_power(decibels, recipe.factor);
  if (recipe.rows == recipe.bands) return power;
  Tensor w = mel_conversion(recipe.n_fft, {.sr = recipe.sample_rate, .n_mels = recipe.bands},
                            {.sr = recipe.sample_rate, .n_mels = recipe.rows});
  return matmul(w.to(power.dtype()), power);
}

}  // namespace

Shape shape_of_picture(const LogMelPicture& p) {
  check(p.kind == "mfcc" || p.kind == "mel" || p.kind == "logmel", "input",
        "of a log-mel picture there are mfcc, mel and logmel, not '{}'", p.kind);
  check(p.rows <= p.bands && (p.kind != "logmel" || p.rows == p.bands), "input",
        "a log-mel picture of {} bands has no {} rows of {}", p.bands, p.rows, p.kind);
  check(std::isfinite(p.seconds) && p.seconds > 0, "input", "a log-mel picture spans {} s",
        p.seconds);
  check(std::isfinite(p.low_db) && std::isfinite(p.high_db) && p.low_db < p.high_db, "input",
        "levels from {} dB to {} dB: the first must be lower", p.low_db, p.high_db);
  return p.frames_first ? Shape{1, p.frames, p.rows} : Shape{1, p.rows, p.frames};
}

i64 columns_in(const LogMelPicture& recipe, double seconds, i64 all) {
  // 1e-9: .3 s and the like are a little less in binary
  double columns = seconds * static_cast<double>(all) / recipe.seconds + 1e-9;
  return columns < static_cast<double>(all) ? static_cast<i64>(columns) : all;
}

Tensor feature_of_picture(const LogMelPicture& recipe, const std::filesystem::path& path) {
  Tensor decibels = decibels_of(recipe, path);
  if (recipe.kind == "logmel") return decibels;
  if (recipe.kind == "mfcc") return mfcc(decibels, {.n_mfcc = recipe.rows});
  return power_of_bands(recipe, decibels);
}

Tensor row_of_picture(const LogMelPicture& recipe, const Example& example) {
  check(is_image_file(example.path), "input",
        "{} is no picture, and this input is read off pictures of log-mel spectrograms",
        example.path);
  Tensor feature = feature_of_picture(recipe, example.path);
  i64 all = feature.dim(1), begin = columns_in(recipe, example.offset, all);
  if (std::isfinite(example.duration)) {
    i64 columns = columns_in(recipe, example.duration, all);
    check(columns == recipe.frames, "input", "{}: {} s of its {} columns are {}, not {}",
          example.path, example.duration, all, columns, recipe.frames);
  }
  check(begin + recipe.frames <= all, "input", "{} has {} columns: too narrow for {} from {} s on",
        example.path, all, recipe.frames, example.offset);
  Tensor part = feature.slice(1, begin, begin + recipe.frames);
  return (recipe.frames_first ? part.transpose(0, 1) : part).unsqueeze(0).contiguous();
}

}  // namespace melgrad
