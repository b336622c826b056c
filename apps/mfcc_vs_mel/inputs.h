#pragma once
#include <string>
#include <vector>

#include "apps/harness/planning/log_mel_flags.h"

namespace melgrad {

/// 13 MFCCs and 13 mel bands of power of `seconds` of sound, (1, frames, 13): 1249 frames of 29 s.
std::vector<Input> inputs_of_sounds(double seconds);
/// The same read off the pictures below the folder `data`, the power of mel times `factor`; and with the
/// factors 1 and 1000 as "mel_x1" and "mel_x1000".
std::vector<Input> inputs_of_pictures(const LogMelFlags& flags, double factor,
                                      const std::string& data, double seconds);

}  // namespace melgrad
