// What of the audio front end takes tensors on a GPU gives there what it gives on the CPU.
#include <gtest/gtest.h>

#include "audio/augment.h"
#include "audio/feature.h"
#include "audio/normalize.h"
#include "tensor/ops.h"
#include "tests/gpu/gpu.h"

namespace melgrad {
namespace {

constexpr double sr = 8000;

// A second of a tone and noise, two rows.
Tensor sounds() {
  Generator noise(1);
  Tensor time = arange(static_cast<i64>(sr), Dtype::f32) / sr;
  return sin(time * 2765.) + randn({2, static_cast<i64>(sr)}, noise, 0, .1);
}

// A transform of n values is off by log₂ n 2⁻²⁴ of their norm (tests/gpu/bounds.cpp), as it is of sounds that are off by as much, up or
// down. Where a band has little in it, decibels show that: twice the furthest that it takes the CPU's features is the bound.
TEST(AudioOnGpu, FeaturesAreTheCpus) {
  for (const char* kind : {"waveform", "stft", "spectrogram", "mel", "logmel", "mfcc", "delta"}) {
    Feature feature;
    feature.kind = kind;
    feature.stft.n_fft = 512;
    feature.mel.n_mels = 33;
    Tensor x = sounds(), expected = extract(feature, x, sr);
    double bound = 2e-6;
    Generator draws(2);
    for (int draw = 0; draw < 3; ++draw) {
      Tensor up = (rand(x.shape(), draws) < .5).to(Dtype::f32) * 2. - 1.;
      Tensor off = x + x * up * (9 * 0x1p-24);
      bound = std::max(bound, 2 * difference(extract(feature, off, sr), expected));
    }
    EXPECT_LE(bound, 1e-5) << "the test shows nothing";
    Tensor result = extract(feature, x.to(Device::cuda()), sr);
    EXPECT_EQ(result.device(), Device::cuda()) << kind;
    EXPECT_LE(difference(result, expected), bound) << kind;
  }
}

TEST(AudioOnGpu, NoNaNGoesIn) {
  Tensor x = sounds().to(Device::cuda());
  x.slice(1, 77, 78).fill_(NAN);
  EXPECT_THROW(spectrogram(x, {.n_fft = 512}), Error);
}

TEST(AudioOnGpu, NormalisationsAreTheCpus) {
  Tensor x = sounds().reshape({100, 160}), there = x.to(Device::cuda());
  EXPECT_LE(difference(frame_min_max(there), frame_min_max(x)), 1e-6);
  EXPECT_LE(difference(z_score(there), z_score(x)), 1e-6);
  Scaling scaling = fit_scaling({x}, true);
  EXPECT_LE(difference(scaling(there), scaling(x)), 1e-6);
}

// Random places come from the host's generator, so they are the same.
TEST(AudioOnGpu, AugmentationsAreTheCpus) {
  using Augment = Tensor (*)(const Tensor&, Generator&);
  const std::pair<const char*, Augment> augmentations[] = {
      {"noise", [](const Tensor& x, Generator& g) { return add_white_noise(x, 20, g); }},
      {"shift", [](const Tensor& x, Generator& g) { return time_shift(x, 31, g); }},
      {"flip", [](const Tensor& x, Generator& g) { return random_time_flip(x, g, 1); }},
      {"zoom", [](const Tensor& x, Generator& g) { return random_zoom(x, .3, g); }},
      {"masks", [](const Tensor& x, Generator& g) { return spec_augment(x, {.value = -1}, g); }},
      {"cut",
       [](const Tensor& x, Generator& g) { return cut_segments(x.flatten(), 2, .1, sr, g); }},
  };
  Tensor x = sounds().reshape({16, 1000}), there = x.to(Device::cuda());
  for (const auto& [name, augment] : augmentations) {
    Generator first(5), second(5);
    Tensor result = augment(there, first), expected = augment(x.contiguous(), second);
    EXPECT_EQ(result.device(), Device::cuda()) << name;
    EXPECT_LE(difference(result, expected), std::string(name) == "noise" ? 1e-6 : 0) << name;
  }
}

TEST(AudioOnGpu, NoiseMayBeDrawnThere) {
  Generator on_gpu(5, Device::cuda()), on_cpu(5);
  Tensor x = sounds(), there = x.to(Device::cuda());
  EXPECT_LE(difference(add_white_noise(there, 20, on_gpu), add_white_noise(x, 20, on_cpu)), 1e-6);
}

}  // namespace
}  // namespace melgrad
