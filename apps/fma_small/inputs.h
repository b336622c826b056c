#pragma once
#include <string>
#include <vector>

#include "apps/fma_small/study.h"

namespace melgrad {

/// "mel", (1, 128, frames) by default, and "tall mel", (1, 200, frames), for ResNet-50: decibels against
/// the clip's loudest, every frame scaled by itself, in 8 bits. `made_up`: of music that is.
std::vector<Input> fma_inputs(const FmaFlags& flags, const std::string& data, bool made_up);
/// What of a clip is read for them.
Cut fma_cut(const FmaFlags& flags, bool made_up);

}  // namespace melgrad
