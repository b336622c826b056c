#include "audio/drawing/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "audio/drawing/colour_tables.h"
#include "kernels/cpu/loops/simd.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

std::array<std::uint32_t, 256> grey_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t level = 0; level < 256; ++level) table[level] = level * 0x010101U;
  return table;
}

const std::array<std::uint32_t, 256>& table_of(Colours colours) {
  static const std::array<std::uint32_t, 256> grey = grey_table();
  switch (colours) {
    case Colours::specshow: break;
    case Colours::magma: return magma_table;
    case Colours::viridis: return viridis_table;
    case Colours::coolwarm: return coolwarm_table;
    case Colours::grey: return grey;
  }
  fail("colourise", "specshow stands for a choice: resolve_colours() makes it");
}

/// Of those values that are numbers.
struct Extent {
  float low = std::numeric_limits<float>::infinity(), high = -low;
  i64 count = 0, negative = 0, not_positive = 0;
};

// Side by side in lanes, each with its own minimum and counts, so that it becomes vector code.
MELGRAD_SIMD Extent extent_of(const float* x, i64 n) {
  constexpr i64 lanes = 16, block = i64{1} << 20U;  // a lane's counts stay far from overflow
  constexpr float most = std::numeric_limits<float>::max();
  Extent all;
  for (i64 begin = 0; begin < n; begin += block) {
    std::array<float, lanes> low{}, high{};
    std::array<std::int32_t, lanes> count{}, negative{}, not_positive{};
    low.fill(all.low);
    high.fill(all.high);
    i64 end = std::min(n, begin + block);
    auto look = [&](std::size_t l, float value) {
      bool finite = std::abs(value) <= most;
      low[l] = finite && value < low[l] ? value : low[l];
      high[l] = finite && value > high[l] ? value : high[l];
      count[l] += finite;
      negative[l] += finite && value < 0;
      not_positive[l] += finite && value <= 0;
    };
    i64 i = begin;
    for (; i + lanes <= end; i += lanes)
      for (std::size_t l = 0; l < lanes; ++l) look(l, x[i + static_cast<i64>(l)]);
    for (; i < end; ++i) look(0, x[i]);
    all.low = *std::min_element(low.begin(), low.end());
    all.high = *std::max_element(high.begin(), high.end());
    for (std::size_t l = 0; l < lanes; ++l) {
      all.count += count[l];
      all.negative += negative[l];
      all.not_positive += not_positive[l];
    }
  }
  return all;
}

Extent joined(const Extent& a, const Extent& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high), a.count + b.count,
          a.negative + b.negative, a.not_positive + b.not_positive};
}

/// Linear interpolation between the two nearest of the sorted values, as numpy.percentile.
double percentile(std::vector<float>& values, double percent) {
  double position = percent / 100 * static_cast<double>(values.size() - 1);
  auto below = static_cast<std::ptrdiff_t>(position);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  double low = values[static_cast<std::size_t>(below)];
  if (below + 1 == static_cast<std::ptrdiff_t>(values.size())) return low;
  double high = *std::min_element(values.begin() + below + 1, values.end());
  return low + (high - low) * (position - static_cast<double>(below));
}

// Where the percentile lies between two values of one sign, how many there are of each sign says
// its sign.
Colours magma_or_coolwarm(const std::vector<Tensor>& parts, const Extent& extent, float floor) {
  if (extent.count == 0 || floor >= 0) return Colours::magma;
  auto last = static_cast<double>(extent.count - 1);
  auto second = static_cast<i64>(.02 * last), ninety_eighth = static_cast<i64>(98. / 100 * last);
  if (second >= extent.negative || ninety_eighth + 1 < extent.not_positive) return Colours::magma;
  if (second + 1 < extent.negative && ninety_eighth >= extent.not_positive)
    return Colours::coolwarm;
  std::vector<float> finite;
  for (const Tensor& x : parts)
    finite.insert(finite.end(), x.data<float>(), x.data<float>() + x.numel());
  std::erase_if(finite, [](float value) { return !std::isfinite(value); });
  for (float& value : finite) value = std::max(value, floor);
  bool one_sign = percentile(finite, 2) >= 0 || percentile(finite, 98) <= 0;
  return one_sign ? Colours::magma : Colours::coolwarm;
}

struct Range {
  double low = 0, high = 1;
};

Range range_of(const Tensor& values) {
  return values.numel() == 0 ? Range{} : Range{min(values).item(), max(values).item()};
}

typedef float Rgb [[gnu::vector_size(16)]];  // NOLINT(modernize-use-using): the fourth is 0

struct Palette {
  std::array<Rgb, 256> colours;

  explicit Palette(Colours which) {
    const auto& table = table_of(which);
    for (std::size_t i = 0; i < 256; ++i)
      for (unsigned c = 0; c < 4; ++c)
        colours[i][c] = c < 3 ? static_cast<float>(table[i] >> (16 - 8 * c) & 255U) / 255 : 0;
  }
};

/// A value's place among the palette's colours.
struct Scale {
  double low, per_level;
  Scale(double from, double to) : low(from), per_level(to > from ? 256 / (to - from) : 0) {}
  std::int32_t operator()(float value) const {
    double level = (value - low) * per_level;
    return static_cast<std::int32_t>(level > 0 ? std::min(level, 255.) : 0);
  }
};

// y[t,b,c] = Σ_k shares[b,k] colour_c(x[t,k])
MELGRAD_SIMD void paint_bands(const float* x, i64 frames, i64 bins, const std::vector<Band>& bands,
                              const Palette& palette, const Scale& scale, float* y) {
  auto height = static_cast<i64>(bands.size());
  std::vector<std::int32_t> level(static_cast<std::size_t>(bins));
  for (i64 t = 0; t < frames; ++t) {
    for (i64 k = 0; k < bins; ++k) level[static_cast<std::size_t>(k)] = scale(x[t * bins + k]);
    for (i64 b = 0; b < height; ++b) {
      const Band& band = bands[static_cast<std::size_t>(b)];
      const std::int32_t* under = level.data() + band.first;
      std::size_t k = 0;
      Rgb even = {}, odd = {};  // two sums, so that one need not wait for the other
      for (; k + 1 < band.shares.size(); k += 2) {
        even += band.shares[k] * palette.colours[static_cast<std::size_t>(under[k])];
        odd += band.shares[k + 1] * palette.colours[static_cast<std::size_t>(under[k + 1])];
      }
      if (k < band.shares.size())
        even += band.shares[k] * palette.colours[static_cast<std::size_t>(under[k])];
      Rgb mean = even + odd;
      std::memcpy(y + (t * height + b) * 3, &mean, 3 * sizeof(float));
    }
  }
}

}  // namespace

Colours parse_colours(std::string_view name) {
  if (name == "specshow") return Colours::specshow;
  if (name == "magma") return Colours::magma;
  if (name == "viridis") return Colours::viridis;
  if (name == "coolwarm") return Colours::coolwarm;
  if (name == "grey" || name == "gray") return Colours::grey;
  fail("colours", "no colour map '{}': specshow, magma, viridis, coolwarm, grey", name);
}

Colours resolve_colours(Colours colours, const Tensor& values) {
  if (colours != Colours::specshow) return colours;
  Tensor x = values.to(Dtype::f32).contiguous();
  return magma_or_coolwarm({x}, extent_of(x.data<float>(), x.numel()),
                           -std::numeric_limits<float>::infinity());
}

Tensor colourise(const Tensor& values, Colours colours, double low, double high) {
  Shape shape = values.shape();
  shape.push_back(3);
  Tensor y = empty(shape), x = values.to(Dtype::f32).contiguous();
  Palette palette(resolve_colours(colours, values));
  Scale scale(low, high);
  for (i64 i = 0; i < x.numel(); ++i) {
    Rgb rgb = palette.colours[static_cast<std::size_t>(scale(x.data<float>()[i]))];
    for (i64 c = 0; c < 3; ++c) y.data<float>()[i * 3 + c] = rgb[c];
  }
  return y;
}

Tensor colourise(const Tensor& values, Colours colours) {
  auto [low, high] = range_of(values);
  return colourise(values, colours, low, high);
}

Tensor colour_bands(const std::vector<Tensor>& parts, const std::vector<Band>& bands,
                    Colours colours, double range) {
  check(!parts.empty(), "colour_bands", "there are no values");
  i64 frames = 0, bins = parts.front().dim(-1);
  Extent extent;
  for (const Tensor& x : parts) {
    check(x.rank() == 2 && x.dtype() == Dtype::f32 && x.is_contiguous() && x.dim(1) == bins,
          "colour_bands", "needs (frames, {}) f32: {}", bins, x);
    extent = joined(extent, extent_of(x.data<float>(), x.numel()));
    frames += x.dim(0);
  }
  for (const Band& band : bands)
    check(band.first >= 0 && band.first + static_cast<i64>(band.shares.size()) <= bins,
          "colour_bands", "a band of {} bins from {} on is not in {}", band.shares.size(),
          band.first, parts.front());
  auto floor = static_cast<float>(extent.high - range);
  if (colours == Colours::specshow) colours = magma_or_coolwarm(parts, extent, floor);
  Tensor y = empty({frames, static_cast<i64>(bands.size()), 3});
  auto* target = y.data<float>();
  for (const Tensor& x : parts) {
    paint_bands(x.data<float>(), x.dim(0), bins, bands, Palette(colours),
                Scale(std::max(extent.low, floor), extent.high), target);
    target += x.dim(0) * static_cast<i64>(bands.size()) * 3;
  }
  return y;
}

}  // namespace melgrad
