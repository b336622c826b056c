#include "apps/mfcc_vs_mel/inputs.h"

namespace melgrad {
namespace {

constexpr i64 bands = 13;
const StftOptions windows = {.n_fft = 2048, .hop_length = 512};

Input of_pictures(const std::string& name, LogMelPicture recipe, double factor) {
  recipe.kind = name == "mfcc" ? "mfcc" : "mel";
  recipe.factor = factor;
  return {.name = name, .recipe = recipe};
}

}  // namespace

std::vector<Input> inputs_of_sounds(double seconds) {
  Feature mfcc{.kind = "mfcc", .sr = 22050, .stft = windows, .mfcc = {.n_mfcc = bands}};
  Feature mel{.kind = "mel", .sr = 22050, .stft = windows, .power = 2, .mel = {.n_mels = bands}};
  i64 frames = windows.frames(static_cast<i64>(seconds * mfcc.sr));
  return {
      {.name = "mfcc", .recipe = Spectrum{.feature = mfcc, .frames = frames, .frames_first = true}},
      {.name = "mel", .recipe = Spectrum{.feature = mel, .frames = frames, .frames_first = true}}};
}

std::vector<Input> inputs_of_pictures(const LogMelFlags& flags, double factor,
                                      const std::string& data, double seconds) {
  LogMelPicture recipe = log_mel_of(flags, data, seconds, bands);
  return {of_pictures("mfcc", recipe, 1), of_pictures("mel", recipe, factor),
          of_pictures("mel_x1", recipe, 1), of_pictures("mel_x1000", recipe, 1000)};
}

}  // namespace melgrad
