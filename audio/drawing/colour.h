#pragma once
#include <limits>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace melgrad {

/// Colour maps of matplotlib by name. specshow: what librosa's specshow picks: coolwarm where the
/// 2nd and 98th percentiles have different signs, magma otherwise.
enum class Colours : u8 { specshow, magma, viridis, coolwarm, grey };
inline constexpr Colours specshow = Colours::specshow;
Colours parse_colours(std::string_view name);

/// Values (…) between low and high as colours (…, 3) f32 in [0, 1]; those outside take the ends'.
Tensor colourise(const Tensor& values, Colours colours, double low, double high);
/// The same between the smallest and the largest value.
Tensor colourise(const Tensor& values, Colours colours);
/// Neighbouring bins, and how much of a band each of them is.
struct Band {
  i64 first = 0;
  std::vector<float> shares = {};
};
/// Values (frames, bins) f32, dense, in parts that follow each other, as colours between the smallest
/// and the largest of all, of each band the mean: (frames, bands, 3). What lies further than `range`
/// below the largest value counts as that.
Tensor colour_bands(const std::vector<Tensor>& parts, const std::vector<Band>& bands,
                    Colours colours, double range = std::numeric_limits<double>::infinity());
/// magma or coolwarm for specshow, all others as they are.
Colours resolve_colours(Colours colours, const Tensor& values);

}  // namespace melgrad
