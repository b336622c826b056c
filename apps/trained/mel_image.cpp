#include "apps/trained/input.h"
#include "audio/normalize.h"
#include "audio/spectra/decibel.h"
#include "audio/spectra/mel.h"
#include "tensor/ops.h"

namespace melgrad {

Tensor mel_image(const MelImage& recipe, const Tensor& samples) {
  Tensor power =
      melspectrogram(z_score(samples), {.sr = recipe.sample_rate, .n_mels = recipe.bands},
                     {.n_fft = recipe.n_fft, .hop_length = recipe.hop});
  Tensor image =
      resize(power_to_db(power).contiguous(), {recipe.height, recipe.width}, Resize::area);
  return image.unsqueeze(0);
}

}  // namespace melgrad
