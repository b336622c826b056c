#include "apps/transfer_learning/inputs.h"

#include "audio/collections/walk.h"

namespace melgrad::transfer_learning {
namespace {

// The amounts are inferred: noise 20 to 30 dB below the sound, 1 to 3 of 30 s cut out.
Distortion distortion_of(const SoundChanges& heard, double seconds) {
  Distortion distortion;
  if (heard.noise) {
    distortion.least_snr_db = 20;
    distortion.most_snr_db = 30;
  }
  if (heard.cuts) {
    distortion.cuts = 1;
    distortion.least_cut = seconds / 30;
    distortion.most_cut = seconds / 10;
  }
  return distortion;
}

}  // namespace

std::string name_of(const SoundChanges& heard) {
  if (heard.noise && heard.cuts) return "mel with noise and cuts";
  return heard.noise ? "mel with noise" : heard.cuts ? "mel with cuts" : "mel";
}

std::vector<Input> inputs_of_sounds(i64 size, double seconds, i64 variants,
                                    const std::vector<SoundChanges>& heard) {
  std::vector<Input> inputs = {
      {.name = name_of({}), .recipe = MelImage{.height = size, .width = size, .seconds = seconds}}};
  for (const SoundChanges& each : heard) {
    Input input = inputs.front();
    input.name = name_of(each);
    input.variants.assign(static_cast<std::size_t>(variants), distortion_of(each, seconds));
    inputs.push_back(input);
  }
  return inputs;
}

Input input_of_pictures(i64 size) {
  return {.name = "picture",
          .recipe = Picture{.height = size, .width = size, .mean = 0, .std = 1},
          .stored = Dtype::u8};
}

bool holds_pictures(const std::string& folder) {
  FilesBelow found = files_below(folder);
  return found.sounds.empty() && !found.pictures.empty();
}

}  // namespace melgrad::transfer_learning
