#include "apps/trained/song_slices.h"

#include "apps/trained/song_windows.h"
#include "audio/files/resample.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

[[noreturn]] void fail_short(double seconds, double slice) {
  fail("song_slices", "the song is {} s long, shorter than one slice of {} s",
       std::round(seconds * 100) / 100, std::round(slice * 100) / 100);
}

Tensor slices_of(const Picture& picture, const Input& input, const Clip& song) {
  double seconds = static_cast<double>(song.samples.numel()) / song.sample_rate;
  if (seconds < picture.seconds) fail_short(seconds, picture.seconds);
  SongWindows windows(input, song, picture.seconds);
  return windows.rows(0, windows.size());
}

Tensor slices_of(const Spectrum& spectrum, const Input& input, const Clip& song) {
  Tensor samples = song.samples.to(spectrum.feature.dtype);
  double rate = input.rate(song.sample_rate);
  samples = resample(samples, song.sample_rate, rate);
  Tensor feature = extract(spectrum.feature, samples, rate).to(Dtype::f32);
  if (feature.rank() == 1) feature = feature.unsqueeze(0);  // a waveform
  i64 frames = spectrum.frames, count = feature.dim(1) / frames;
  double of_frame = static_cast<double>(samples.numel()) / static_cast<double>(feature.dim(1));
  if (count == 0)
    fail_short(static_cast<double>(samples.numel()) / rate,
               static_cast<double>(frames) * of_frame / rate);
  std::vector<Tensor> rows;
  for (i64 i = 0; i < count; ++i) {
    Tensor part = feature.slice(1, i * frames, (i + 1) * frames);
    rows.push_back(input.of_feature(part));
  }
  return stack(rows);
}

Tensor slices_of(const auto&, const Input& input, const Clip&) {
  fail("song_slices", "input '{}' is not made from sound", input.name);
}

}  // namespace

Tensor song_slices(const Input& input, const Clip& song) {
  return std::visit([&](const auto& recipe) { return slices_of(recipe, input, song); },
                    input.recipe);
}

}  // namespace melgrad
