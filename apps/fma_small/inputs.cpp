#include "apps/fma_small/inputs.h"

#include <cmath>

#include "kernels/error.h"

namespace melgrad {
namespace {

constexpr double sample_rate = 22050;
constexpr i64 n_fft = 2048, hop = 512, bands = 128;
constexpr i64 published_frames = 1024, made_up_frames = 128;
// ResNet-50's smallest picture, which its last pooling of 7 × 7 needs; its rows as published.
constexpr i64 resnet_least = 197, resnet_rows = 200;

i64 frames_of_sound(const FmaFlags& flags, bool made_up) {
  return flags.frames.value_or(made_up ? made_up_frames : published_frames);
}

// librosa.feature.melspectrogram(y, sr, n_fft=2048, hop_length=512) as it was in 2017, when a clip's
// beginning was reflected; librosa.power_to_db(S[:, :1024], ref=np.max).
Spectrum decibels_of_sound(i64 frames) {
  Feature feature{.kind = "logmel", .sr = sample_rate};
  feature.stft = {.n_fft = n_fft, .hop_length = hop, .pad_mode = PadMode::reflect};
  feature.mel.n_mels = bands;
  feature.decibel = {.ref = reference_maximum, .amin = 1e-10, .top_db = 80};
  return {.feature = feature, .frames = frames};
}

LogMelPicture decibels_of_picture(const FmaFlags& flags, const std::string& data) {
  check(!flags.frames, "frames", "pictures are seen whole: --frames is of sounds, --size of both");
  LogMelPicture recipe = log_mel_of(flags.log_mel, data, flags.log_mel.seconds, bands);
  recipe.kind = "logmel";
  recipe.frames_first = false;
  return recipe;
}

ScaledFrames scaled(const FmaFlags& flags, const std::vector<i64>& size) {
  ScaledFrames frames{.jpeg_quality = flags.jpeg_quality};
  if (!size.empty()) {
    frames.rows = size[0];
    frames.columns = size[1];
  }
  return frames;
}

// As wide as the pictures are, or so many times as wide that the net's last pooling finds 7 columns.
std::vector<i64> resnet_size(const FmaFlags& flags, i64 frames) {
  if (!flags.resnet_size.empty()) return flags.resnet_size;
  return {resnet_rows, frames * std::max<i64>(1, (resnet_least + frames - 1) / frames)};
}

}  // namespace

std::vector<Input> fma_inputs(const FmaFlags& flags, const std::string& data, bool made_up) {
  Input mel{.name = "mel", .stored = Dtype::u8};
  i64 frames = frames_of_sound(flags, made_up);
  if (flags.log_mel.are_given()) {
    LogMelPicture recipe = decibels_of_picture(flags, data);
    frames = recipe.frames;
    mel.recipe = recipe;
  } else {
    mel.recipe = decibels_of_sound(frames);
  }
  Input tall = mel;
  tall.name = "tall mel";
  mel.scaled = scaled(flags, flags.size);
  tall.scaled = scaled(flags, resnet_size(flags, frames));
  return {mel, tall};
}

Cut fma_cut(const FmaFlags& flags, bool made_up) {
  if (flags.log_mel.are_given()) return {.count = 1, .seconds = flags.log_mel.seconds};
  // Whole seconds that hold all that the frames look at, and a little for the resampling's edge.
  auto hops = static_cast<double>((frames_of_sound(flags, made_up) - 1) * hop);
  return {.count = 1,
          .seconds = std::ceil((hops + n_fft / 2.) / sample_rate + .1),
          .least = hops / sample_rate};
}

}  // namespace melgrad
