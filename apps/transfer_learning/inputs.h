#pragma once
#include <string>
#include <vector>

#include "apps/trained/input.h"

namespace melgrad::transfer_learning {

/// What is done to the sounds of a clip's variants.
struct SoundChanges {
  bool noise = false, cuts = false;
  bool any() const { return noise || cuts; }
};

/// The study's inputs of sounds of so many seconds: each clip as it is, and for each of `heard` beside it
/// `variants` others, with white noise and with pieces cut out of them.
std::vector<Input> inputs_of_sounds(i64 size, double seconds, i64 variants,
                                    const std::vector<SoundChanges>& heard);
/// "mel", "mel with noise and cuts"
std::string name_of(const SoundChanges& heard);
/// Of pictures, whatever they show: RGB, resized.
Input input_of_pictures(i64 size);
/// Whether `folder` holds pictures and no sounds.
bool holds_pictures(const std::string& folder);

}  // namespace melgrad::transfer_learning
