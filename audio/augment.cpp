#include "audio/augment.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor/ops.h"

namespace melgrad {
namespace {

/// The source index of each position of x's axis when that is shown zoomed by z about its centre.
Tensor zoomed_index(const Tensor& x, i64 axis, double z) {
  i64 n = x.dim(axis);
  std::vector<i64> index;
  double centre = static_cast<double>(n - 1) / 2;
  for (i64 i = 0; i < n; ++i) {
    double source = centre + (static_cast<double>(i) - centre) * z;
    index.push_back(std::clamp<i64>(std::lround(source), 0, n - 1));
  }
  return from_vector(index).to(x.device());
}

/// Sets a random stretch of 0 … widest steps along `axis` to `value`.
void mask(Tensor& x, i64 axis, i64 widest, double value, Generator& generator) {
  i64 n = x.dim(axis);
  i64 width = generator.integer(0, std::min(widest, n) + 1);
  i64 begin = generator.integer(0, n - width + 1);
  x.slice(axis, begin, begin + width).fill_(value);
}

}  // namespace

Generator sample_generator(u64 seed, i64 epoch, i64 sample) {
  return Generator(seed).fork(static_cast<u64>(epoch)).fork(static_cast<u64>(sample));
}

Tensor add_white_noise(const Tensor& x, double snr_db, Generator& generator) {
  if (x.numel() == 0) return x;
  Tensor noise = randn(x.shape(), generator, 0, 1, x.dtype()).to(x.device());
  return x + noise * sqrt(mean(square(x)) * std::pow(10, -snr_db / 10));
}

Tensor cut_segments(const Tensor& x, i64 count, double seconds, double sample_rate,
                    Generator& generator) {
  check(x.rank() == 1, "cut_segments", "needs (samples): {}", x);
  auto length = static_cast<i64>(std::lround(seconds * sample_rate));
  check(count >= 0 && length >= 0 && count * length < x.dim(0), "cut_segments",
        "{} cuts of {} samples would leave nothing: {}", count, length, x);
  Tensor rest = x;
  for (i64 i = 0; i < count; ++i) {
    i64 begin = generator.integer(0, rest.dim(0) - length + 1);
    rest = cat({rest.slice(0, 0, begin), rest.slice(0, begin + length, rest.dim(0))});
  }
  return rest;
}

Tensor time_shift(const Tensor& x, i64 most, Generator& generator) {
  i64 n = x.dim(-1);
  if (n == 0) return x;
  i64 shift = (generator.integer(-most, most + 1) % n + n) % n;
  if (shift == 0) return x;
  return cat({x.slice(-1, n - shift, n), x.slice(-1, 0, n - shift)}, -1);
}

Tensor random_time_flip(const Tensor& x, Generator& generator, double p) {
  return generator.uniform() < p ? x.flip(-1).contiguous() : x;
}

Tensor zoom(const Tensor& x, double zh, double zw) {
  check(x.rank() >= 2 && zh > 0 && zw > 0, "zoom",
        "needs (…, bands, frames) and positive factors: {}, {} and {}", x, zh, zw);
  return index_select(index_select(x, -2, zoomed_index(x, -2, zh)), -1, zoomed_index(x, -1, zw));
}

Tensor random_zoom(const Tensor& x, double z, Generator& generator) {
  check(z >= 0 && z < 1, "random_zoom", "z must lie between 0 and 1, not {}", z);
  double zh = generator.uniform(1 - z, 1 + z), zw = generator.uniform(1 - z, 1 + z);
  return zoom(x, zh, zw);
}

Tensor spec_augment(const Tensor& x, const SpecAugment& options, Generator& generator) {
  check(x.rank() >= 2, "spec_augment", "needs (…, bands, frames): {}", x);
  Tensor y = x.clone();
  for (i64 i = 0; i < options.frequency_masks; ++i)
    mask(y, -2, options.widest_frequency, options.value, generator);
  for (i64 i = 0; i < options.time_masks; ++i)
    mask(y, -1, options.widest_time, options.value, generator);
  return y;
}

}  // namespace melgrad
