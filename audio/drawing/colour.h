#pragma once
#include <string_view>

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
/// The same as a plane a colour: (3, …).
Tensor colour_planes(const Tensor& values, Colours colours);
/// magma or coolwarm for specshow, all others as they are.
Colours resolve_colours(Colours colours, const Tensor& values);

}  // namespace melgrad
