#include "apps/mfcc_vs_mel/inputs.h"

#include "audio/collections/walk.h"
#include "kernels/error.h"
#include "tensor/files/image.h"

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

std::vector<Input> inputs_of_pictures(const PictureFlags& flags, const std::string& data,
                                      double seconds) {
  check(flags.seconds >= seconds, "log-mel", "pictures of {} s do not hold the {} s that are cut",
        flags.seconds, seconds);
  FilesBelow found = files_below(data);
  check(!found.pictures.empty(), "log-mel", "there is no picture below {}", data);
  LogMelPicture recipe{.rows = bands,
                       .frames_first = true,
                       .seconds = flags.seconds,
                       .low_db = flags.db_range.front(),
                       .high_db = flags.db_range.back()};
  recipe.frames = columns_in(recipe, seconds, load_image(found.pictures.front(), 1).dim(1));
  return {of_pictures("mfcc", recipe, 1), of_pictures("mel", recipe, flags.factor),
          of_pictures("mel_x1", recipe, 1), of_pictures("mel_x1000", recipe, 1000)};
}

void check_flags(const PictureFlags& flags, const std::string& data) {
  if (flags.seconds > 0) {
    check(!data.empty(), "log-mel", "needs --data FOLDER, of log-mel pictures");
    check(flags.db_range.front() < flags.db_range.back(), "db-range",
          "level 0 is {} dB and level 255 {} dB: the first must be lower", flags.db_range.front(),
          flags.db_range.back());
  } else if (!data.empty()) {
    FilesBelow found = files_below(data);
    check(
        !found.sounds.empty() || found.pictures.empty(), "data",
        "{} holds pictures: if they are log-mel spectrograms, say with --log-mel how many seconds "
        "each spans",
        data);
  }
}

}  // namespace melgrad
