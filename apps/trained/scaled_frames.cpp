#include "apps/trained/scaled_frames.h"

#include <cmath>
#include <limits>

#include "kernels/error.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

// (bands, frames) -> 0 … 255
Tensor levels_of(const Tensor& decibels) {
  Tensor low = min(decibels, {0}, true), range = max(decibels, {0}, true) - low;
  constexpr double least = 1e-20;  // a frame that is constant becomes 0 / least
  Tensor scaled = (decibels - low) / clamp(range, least, std::numeric_limits<double>::max());
  return round(scaled * 255.).to(Dtype::u8);
}

// stb writes a grey picture as three equal channels, whose colours take no bits and lose none.
Tensor through_jpeg(const Tensor& levels, int quality) {
  std::string bytes = encode_jpeg(levels.unsqueeze(2), quality);
  return decode_image(bytes, 1).select(2, 0);
}

// The old value under the middle of each new one: PIL's NEAREST.
Tensor resized(const Tensor& x, i64 axis, i64 size) {
  i64 had = x.dim(axis);
  if (size == 0 || size == had) return x;
  std::vector<i64> index;
  for (i64 i = 0; i < size; ++i) index.push_back((2 * i + 1) * had / (2 * size));
  return index_select(x, axis, from_vector(index));
}

}  // namespace

Tensor scaled_frames(const Tensor& decibels, const ScaledFrames& how) {
  check(decibels.rank() == 2 && decibels.numel() > 0, "scaled_frames", "needs (bands, frames): {}",
        decibels);
  check(how.jpeg_quality >= 0 && how.jpeg_quality <= 100, "scaled_frames",
        "a JPEG's quality is 1 to 100, or 0 for none, not {}", how.jpeg_quality);
  check(how.rows >= 0 && how.columns >= 0, "scaled_frames", "{} rows and {} columns", how.rows,
        how.columns);
  check(std::isfinite(sum(decibels).item()), "scaled_frames", "the decibels are not finite");
  Tensor levels = levels_of(decibels.to(Dtype::f32));
  if (how.jpeg_quality > 0) levels = through_jpeg(levels, how.jpeg_quality);
  return resized(resized(levels, 0, how.rows), 1, how.columns).to(Dtype::f32) / 255.;
}

}  // namespace melgrad
