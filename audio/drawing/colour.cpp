#include "audio/drawing/colour.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "audio/drawing/colour_tables.h"
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

struct Range {
  double low = 0, high = 1;
};

Range range_of(const Tensor& values) {
  return values.numel() == 0 ? Range{} : Range{min(values).item(), max(values).item()};
}

/// Colour c of value i becomes y[i · step + c · between].
void write_colours(const Tensor& values, Colours colours, Range range, i64 step, i64 between,
                   Tensor& y) {
  const auto& table = table_of(resolve_colours(colours, values));
  Tensor x = values.to(Dtype::f32).contiguous();
  const auto* source = x.data<float>();
  auto* target = y.data<float>();
  auto [low, high] = range;
  double scale = high > low ? 256 / (high - low) : 0;
  for (i64 i = 0; i < x.numel(); ++i) {
    double level = (source[i] - low) * scale;
    std::uint32_t rgb = table[static_cast<std::size_t>(level > 0 ? std::min(level, 255.) : 0)];
    for (unsigned c = 0; c < 3; ++c)
      target[i * step + c * between] = static_cast<float>(rgb >> (16 - 8 * c) & 255U) / 255;
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
  std::vector<float> finite = values.to_vector<float>();
  std::erase_if(finite, [](float value) { return !std::isfinite(value); });
  if (finite.empty()) return Colours::magma;
  bool one_sign = percentile(finite, 2) >= 0 || percentile(finite, 98) <= 0;
  return one_sign ? Colours::magma : Colours::coolwarm;
}

Tensor colourise(const Tensor& values, Colours colours, double low, double high) {
  Shape shape = values.shape();
  shape.push_back(3);
  Tensor y = empty(shape);
  write_colours(values, colours, {low, high}, 3, 1, y);
  return y;
}

Tensor colourise(const Tensor& values, Colours colours) {
  auto [low, high] = range_of(values);
  return colourise(values, colours, low, high);
}

Tensor colour_planes(const Tensor& values, Colours colours) {
  Shape shape = values.shape();
  shape.insert(0, 3);
  Tensor y = empty(shape);
  write_colours(values, colours, range_of(values), 1, values.numel(), y);
  return y;
}

}  // namespace melgrad
