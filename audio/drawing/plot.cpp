#include "audio/drawing/plot.h"

#include <algorithm>
#include <cmath>

#include "audio/drawing/font.h"
#include "audio/spectra/decibel.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

constexpr i64 left = 52, right = 12, top = 18, bottom = 28;  // margins in points

/// Points to draw on: u8 (height, width, 3), white to begin with.
struct Canvas {
  i64 height, width;
  Tensor pixels;

  Canvas(i64 h, i64 w) : height(h), width(w), pixels(full({h, w, 3}, 255, Dtype::u8)) {}
  void point(i64 y, i64 x, u8 red, u8 green, u8 blue) {
    if (y < 0 || x < 0 || y >= height || x >= width) return;
    u8* at = pixels.data<u8>() + (y * width + x) * 3;
    at[0] = red;
    at[1] = green;
    at[2] = blue;
  }
  void text(i64 y, i64 x, const std::string& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      auto rows = glyph(words[i]);
      for (i64 r = 0; r < 7; ++r)
        for (i64 c = 0; c < 5; ++c)
          if (rows[static_cast<std::size_t>(r)] >> (4 - c) & 1)
            point(y + r, x + static_cast<i64>(i) * 6 + c, 0, 0, 0);
    }
  }
};

}  // namespace

Tensor to_bytes(const Tensor& rgb) {
  check(rgb.rank() == 3 && rgb.dim(0) == 3, "to_bytes", "needs (3, height, width): {}", rgb);
  return round(clamp(rgb, 0, 1) * 255.).permute({1, 2, 0}).contiguous().to(Dtype::u8);
}

Tensor with_axes(const Tensor& picture, const PlotAxes& axes) {
  check(picture.rank() == 3 && picture.dim(2) == 3 && picture.dtype() == Dtype::u8, "with_axes",
        "needs u8 (height, width, 3): {}", picture);
  i64 height = picture.dim(0), width = picture.dim(1);
  Canvas canvas(height + top + bottom, width + left + right);
  canvas.pixels.slice(0, top, top + height).slice(1, left, left + width).copy_(picture);
  canvas.text(4, left, axes.title);
  for (const Ticks::Mark& mark : axes.below.marks) {
    i64 x = left + std::lround(mark.share * static_cast<double>(width - 1));
    for (i64 down = 0; down < 4; ++down) canvas.point(top + height + down, x, 0, 0, 0);
    canvas.text(top + height + 7, x - static_cast<i64>(mark.label.size()) * 3, mark.label);
  }
  for (const Ticks::Mark& mark : axes.left.marks) {
    i64 y = top + std::lround((1 - mark.share) * static_cast<double>(height - 1));
    for (i64 i = 0; i < 4; ++i) canvas.point(y, left - 1 - i, 0, 0, 0);
    canvas.text(y - 3, left - 8 - static_cast<i64>(mark.label.size()) * 6, mark.label);
  }
  auto end_at = [](i64 x, const std::string& words) {
    return x - static_cast<i64>(words.size()) * 6;
  };
  canvas.text(top + height + 18, end_at(left + width, axes.below.unit), axes.below.unit);
  canvas.text(4, end_at(left - 8, axes.left.unit), axes.left.unit);
  return canvas.pixels;
}

Tensor waveform_picture(const Tensor& x, i64 height, i64 width) {
  check(x.rank() == 1 && x.numel() > 0 && height >= 2 && width >= 1, "waveform_picture",
        "needs (samples) and a height and width: {}, {} × {}", x, height, width);
  Canvas canvas(height, width);
  std::vector<double> samples = x.to_vector<double>();
  for (i64 column = 0; column < width; ++column) {
    i64 begin = column * x.numel() / width;
    i64 end = std::max(begin + 1, (column + 1) * x.numel() / width);
    double low = 1, high = -1;
    for (i64 i = begin; i < std::min(end, x.numel()); ++i) {
      low = std::min(low, samples[static_cast<std::size_t>(i)]);
      high = std::max(high, samples[static_cast<std::size_t>(i)]);
    }
    auto row = [&](double value) {
      return std::lround((1 - std::clamp(value, -1., 1.)) / 2 * static_cast<double>(height - 1));
    };
    for (i64 y = row(high); y <= row(low); ++y) canvas.point(y, column, 31, 119, 180);
  }
  return canvas.pixels;
}

Tensor spectrum_picture(const Tensor& x, i64 height, i64 width) {
  check(x.rank() == 1 && x.numel() > 1, "spectrum_picture", "needs (samples): {}", x);
  StftOptions whole{.n_fft = x.numel(), .window = WindowKind::rectangular, .center = false};
  std::vector<double> db =
      amplitude_to_db(spectrogram(x, whole, 1), {.ref = reference_maximum}).to_vector<double>();
  Canvas canvas(height, width);
  auto bins = static_cast<i64>(db.size());
  for (i64 column = 0; column < width; ++column) {
    i64 begin = column * bins / width, end = std::max(begin + 1, (column + 1) * bins / width);
    double high = -80;
    for (i64 k = begin; k < std::min(end, bins); ++k)
      high = std::max(high, db[static_cast<std::size_t>(k)]);
    i64 y0 = std::lround(-high / 80 * static_cast<double>(height - 1));
    for (i64 y = y0; y < height; ++y) canvas.point(y, column, 31, 119, 180);
  }
  return canvas.pixels;
}

Tensor feature_picture(const Tensor& feature, i64 height, i64 width, Colours colours) {
  check(feature.rank() == 2 && feature.numel() > 0, "feature_picture", "needs (rows, frames): {}",
        feature);
  Tensor rgb = colourise(feature.flip(0).contiguous(), colours).permute({2, 0, 1});
  return resize(rgb.contiguous(), {height, width}, Resize::nearest);
}

Tensor average_feature(const std::vector<Tensor>& features) {
  check(!features.empty(), "average_feature", "there are no features");
  i64 frames = 0;
  for (const Tensor& feature : features) {
    check(feature.rank() == 2 && feature.dim(0) == features.front().dim(0), "average_feature",
          "needs (rows, frames) with equally many rows: {} and {}", features.front(), feature);
    frames = std::max(frames, feature.dim(1));
  }
  Tensor total = zeros({features.front().dim(0), frames}, Dtype::f64);
  Tensor count = zeros({frames}, Dtype::f64);
  for (const Tensor& feature : features) {
    total.slice(1, 0, feature.dim(1)).add_(feature.to(Dtype::f64));
    count.slice(0, 0, feature.dim(1)).add_(ones({feature.dim(1)}, Dtype::f64));
  }
  return (total / count).to(features.front().dtype());
}

}  // namespace melgrad
