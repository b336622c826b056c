// A whole song as rows: scaled over all of it, then cut.
#include "apps/trained/song_slices.h"

#include <gtest/gtest.h>

#include <limits>

#include "apps/trained/song_windows.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/trained/song.h"

namespace melgrad {
namespace {

Input spectrum(const std::string& kind, i64 frames = 20) {
  Feature feature{.kind = kind, .sr = 6000, .stft = {.n_fft = 256, .hop_length = 100}};
  feature.mel.n_mels = 12;
  feature.decibel.ref = std::numeric_limits<double>::quiet_NaN();  // the maximum
  return {.name = kind, .recipe = Spectrum{.feature = feature, .frames = frames}};
}

// 2 000 samples of 8 kHz are 1 500 of 6 kHz and 16 frames; 9 000 are 6 750 and 68.
Clip clip(i64 samples) { return {song(samples), 8000}; }

TEST(SongSlices, AreThePartsOfTheWholeFeature) {
  for (const std::string kind : {"logmel", "mfcc", "mel"}) {
    Input input = spectrum(kind), whole = spectrum(kind, 60);
    Tensor rows = song_slices(input, clip(9000));
    ASSERT_EQ(rows.dim(0), 3) << kind << ": 68 frames in slices of 20";
    Tensor all = whole.of_samples(clip(9000).samples, 8000);
    // The whole is as long as 60 of the song's 68 frames: with a loudest place in them decibels agree.
    for (i64 i = 0; i < 3; ++i) {
      Tensor part = all.slice(2, 20 * i, 20 * i + 20);
      EXPECT_TRUE(allclose(rows.select(0, i), part, 1e-5, 1e-4)) << kind << " " << i;
    }
  }
}

// A song whose second half is a hundredth as loud: 40 dB lower than the song's maximum, not 0.
TEST(SongSlices, DecibelsAreRelativeToTheSong) {
  Clip loud_then_soft = clip(9000);
  loud_then_soft.samples.slice(0, 4500, 9000).mul_(.01);
  Tensor rows = song_slices(spectrum("logmel"), loud_then_soft);
  EXPECT_NEAR(max(rows.select(0, 0)).item(), 0, 6);
  EXPECT_LT(max(rows.select(0, 2)).item(), -30);
  SongWindows windows(spectrum("logmel"), loud_then_soft, .4);
  EXPECT_NEAR(max(windows.rows(windows.size() - 1, 1)).item(), 0, 1e-4) << "of its own maximum";
}

TEST(SongSlices, FramesFirstAndBytes) {
  Input input = spectrum("logmel"), turned = input;
  std::get<Spectrum>(turned.recipe).frames_first = true;
  Tensor rows = song_slices(input, clip(9000)), others = song_slices(turned, clip(9000));
  EXPECT_EQ(others.shape(), Shape({3, 1, 20, 12}));
  EXPECT_TRUE(equal(rows.transpose(2, 3), others));
  input.stored = Dtype::u8;
  EXPECT_EQ(song_slices(input, clip(9000)).dtype(), Dtype::u8);
}

// Study B: frames by themselves, as 8 bits of a JPEG, which knows blocks of 8 × 8 only, and resized.
TEST(SongSlices, FramesAreScaledByThemselves) {
  Input input = spectrum("logmel", 16), plain = input;
  input.scaled = ScaledFrames{.jpeg_quality = 75, .rows = 24};
  input.stored = Dtype::u8;
  Tensor rows = song_slices(input, clip(9000)), decibels = song_slices(plain, clip(9000));
  ASSERT_EQ(rows.shape(), Shape({4, 1, 24, 16}));
  for (i64 i = 0; i < 4; ++i) {
    Tensor expected = scaled_frames(decibels.select(0, i).select(0, 0), *input.scaled);
    EXPECT_LT(max(abs(rows.select(0, i).select(0, 0).to(Dtype::f32) - expected * 255.)).item(),
              .01);
  }
}

TEST(SongSlices, PicturesFollowEachOther) {
  Input picture{
      .name = "picture",
      .recipe = Picture{
          .sample_rate = 6000, .n_fft = 256, .hop = 100, .height = 24, .width = 16, .seconds = .5}};
  Tensor rows = song_slices(picture, clip(9000));
  ASSERT_EQ(rows.shape(), Shape({2, 3, 24, 16}));
  Tensor second = picture.of_samples(clip(9000).samples.slice(0, 4000, 8000), 8000);
  EXPECT_LT(mean(abs(rows.select(0, 1) - second)).item(), .1) << "resampled as a whole";
  EXPECT_TRUE(contains(error_of([&] { song_slices(picture, clip(3999)); }),
                       "0.5 s long, shorter than one slice of 0.5 s"));
}

TEST(SongSlices, WhatIsRefused) {
  EXPECT_TRUE(contains(error_of([] { song_slices(spectrum("logmel"), clip(2000)); }),
                       "the song is 0.25 s long, shorter than one slice of 0.3"));
  EXPECT_EQ(song_slices(spectrum("logmel", 16), clip(2000)).dim(0), 1);
  Input columns{.name = "columns", .recipe = Columns{{"tempo"}}};
  EXPECT_TRUE(contains(error_of([&] { song_slices(columns, clip(2000)); }), "not made from sound"));
}

}  // namespace
}  // namespace melgrad
