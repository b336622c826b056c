#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "apps/harness/data/view.h"
#include "audio/files/decode.h"
#include "tensor/random.h"
#include "tests/temporary_folder.h"

namespace melgrad {

/// Noise of `seconds` at 8 kHz.
inline void write_noise(const std::filesystem::path& path, u64 seed, double seconds = 2.5) {
  std::filesystem::create_directories(path.parent_path());
  Generator generator(seed);
  encode(path, {rand({static_cast<i64>(seconds * 8000)}, generator, -.5, .5), 8000});
}

/// A collection of two classes of three files each, 2.5 s of noise, and a cache beside it.
struct Sounds {
  TemporaryFolder folder;

  Sounds() {
    u64 seed = 1;
    for (const char* name : {"a/1", "a/2", "a/3", "b/1", "b/2", "b/3"})
      write_noise(file(name), seed++);
  }

  std::filesystem::path file(const std::string& name) const {
    return folder.path / "sounds" / (name + ".wav");
  }
  Collection collection() const { return scan_folder(folder.path / "sounds"); }
  Examples load(const Collection& of, const Input& input) const {
    FeatureCache cache(folder.path / "cache");
    return load_examples(of, input, cache);
  }
  Examples load(const Input& input) const { return load(collection(), input); }
};

/// A second of sound, 16 × 16.
inline Input small_picture() {
  return {
      .name = "pictures",
      .recipe = Picture{
          .sample_rate = 8000, .n_fft = 256, .hop = 128, .height = 16, .width = 16, .seconds = 1}};
}

/// Log-mels of 6 bands and 20 frames.
inline Input small_spectrum(bool frames_first = false) {
  Feature feature;
  feature.sr = 8000;
  feature.stft.n_fft = 256;
  feature.stft.hop_length = 800;
  feature.mel.n_mels = 6;
  return {.name = "log-mel",
          .recipe = Spectrum{.feature = feature, .frames = 20, .frames_first = frames_first}};
}

/// Examples in memory, of two classes in turn, whose rows are these.
inline Examples in_memory(const Input& input, const Tensor& rows) {
  Collection collection{{"a", "b"}, {}, {}};
  i64 count = rows.dim(0) / (1 + static_cast<i64>(input.variants.size()));
  for (i64 i = 0; i < count; ++i)
    collection.examples.push_back({std::to_string(i), i % 2, std::to_string(i)});
  return {collection, input, rows};
}

/// Rows of `input` in memory, uniform; u8 if it stores them so.
inline Examples noise_in_memory(const Input& input, i64 count, u64 seed = 1) {
  Generator generator(seed);
  Shape row = input.shape();
  i64 rows = count * (1 + static_cast<i64>(input.variants.size()));
  Shape shape = row.rank() == 3 ? Shape{rows, row[1], row[2], row[0]} : Shape{rows, row[0]};
  Tensor values = input.stored == Dtype::u8 ? randint(0, 256, shape, generator).to(Dtype::u8)
                                            : rand(shape, generator, -1, 3);
  return in_memory(input, values);
}

inline Input columns(i64 count) {
  std::vector<std::string> names;
  for (i64 i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return {.name = "songs", .recipe = Columns{names}};
}

inline Input bytes(Input input) {
  input.stored = Dtype::u8;
  return input;
}

inline std::vector<i64> all_of(const Examples& examples) {
  std::vector<i64> indices;
  for (i64 i = 0; i < examples.size(); ++i) indices.push_back(i);
  return indices;
}

/// Everything that a view can do at once.
inline const View& full_view() {
  static const View view{
      .normalise = NormaliseBy::training_bands,
      .channels = 3,
      .augmentation = {.zoom = .2,
                       .time_flip = .5,
                       .noise = .1,
                       .time_shift = 4,
                       .spec_augment = SpecAugment{.widest_frequency = 2, .widest_time = 3},
                       .variants = true}};
  return view;
}

}  // namespace melgrad
