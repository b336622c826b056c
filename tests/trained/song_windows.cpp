// A song's windows: where they lie, and that sharing frames changes no number.
#include "apps/trained/song_windows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "audio/files/resample.h"
#include "tests/error_of.h"
#include "tests/trained/song.h"

namespace melgrad {
namespace {

Input picture(double seconds = .5) {
  return {.name = "picture",
          .recipe = Picture{.sample_rate = 6000,
                            .n_fft = 256,
                            .hop = 100,
                            .height = 24,
                            .width = 16,
                            .seconds = seconds}};
}

Input spectrum(const std::string& kind, i64 frames = 20,
               const StftOptions& stft = {.n_fft = 256, .hop_length = 100}) {
  Feature feature{.kind = kind, .sr = 6000, .stft = stft};
  feature.mel.n_mels = 12;
  return {.name = kind, .recipe = Spectrum{.feature = feature, .frames = frames}};
}

Clip clip(i64 samples, int rate = 8000) { return {song(samples), rate}; }

void expect_rows_of_samples(const Input& input, const Clip& song, double every) {
  SongWindows windows(input, song, every);
  ASSERT_GT(windows.size(), 3) << input.name;
  Tensor all = windows.rows(0, windows.size());
  for (i64 i = 0; i < windows.size(); ++i) {
    Tensor row = input.of_samples(windows.samples(i), windows.rate());
    EXPECT_TRUE(equal(all.select(0, i), row)) << input.name << " " << i;
    EXPECT_TRUE(equal(windows.rows(i, 1).select(0, 0), row)) << input.name << " " << i;
  }
}

TEST(SongWindows, RowsAreOfSamplesNumberForNumber) {
  for (const std::string& kind : feature_kinds())
    if (kind != "stft") expect_rows_of_samples(spectrum(kind), clip(9000), .1);
  expect_rows_of_samples(picture(), clip(9000), .1);
  expect_rows_of_samples(picture(), clip(7000, 6000), .03);  // nothing to resample
  Input bytes = picture();
  std::get<Picture>(bytes.recipe).mean = 0;
  std::get<Picture>(bytes.recipe).std = 1;
  bytes.stored = Dtype::u8;
  expect_rows_of_samples(bytes, clip(9000), .1);
  Input precise = spectrum("mfcc");
  std::get<Spectrum>(precise.recipe).feature.dtype = Dtype::f64;
  expect_rows_of_samples(precise, clip(9000), .1);
}

TEST(SongWindows, HoweverTheFramesLie) {
  for (bool center : {true, false})
    for (PadMode mode : {PadMode::constant, PadMode::reflect, PadMode::edge})
      for (i64 n_fft : {255, 256})
        for (i64 hop : {64, 100, 256, 300})
          for (i64 frames : {1, 5, 30}) {
            Input input =
                spectrum("logmel", frames,
                         {.n_fft = n_fft, .hop_length = hop, .center = center, .pad_mode = mode});
            i64 window = input.window(6000);
            if (mode == PadMode::reflect && center && window <= n_fft / 2) continue;
            SCOPED_TRACE(format("{} {} {} {}", center, n_fft, hop, frames));
            double every = 1.5 * static_cast<double>(hop) / 6000;
            expect_rows_of_samples(input, clip(window + 6 * hop, 6000), every);
          }
}

TEST(SongWindows, LieWithinTheSong) {
  // 24 000 samples at 6000 Hz; a window of 3000 every 1 500, which are 15 hops.
  SongWindows windows(picture(), clip(32000), .25);
  EXPECT_EQ(windows.size(), 15);
  EXPECT_EQ(windows.seconds(), 4);
  EXPECT_EQ(windows.rate(), 6000);
  for (i64 i = 0; i < 15; ++i) {
    EXPECT_EQ(windows.begin(i), .25 * static_cast<double>(i));
    EXPECT_EQ(windows.end(i), .25 * static_cast<double>(i) + .5);
    EXPECT_EQ(windows.samples(i).numel(), 3000);
  }
  Tensor whole = resample(clip(32000).samples, 8000, 6000);
  EXPECT_TRUE(equal(windows.samples(3), whole.slice(0, 4500, 7500)));
  EXPECT_EQ(SongWindows(picture(), clip(31999), .25).size(), 15);  // 24 000 all the same
  EXPECT_EQ(SongWindows(picture(), clip(31998), .25).size(), 14);
  EXPECT_EQ(SongWindows(picture(), clip(32000), 1e9).size(), 1);
  // At least a hop, and rounded to hops: 1.6 of them are 2, 3, 5, 6 …
  EXPECT_EQ(SongWindows(picture(), clip(32000), 1e-9).size(), 211);
  SongWindows uneven(picture(), clip(32000), 160. / 6000);
  for (auto [i, hops] : {std::pair<i64, i64>{0, 0}, {1, 2}, {2, 3}, {3, 5}, {5, 8}})
    EXPECT_EQ(uneven.begin(i), static_cast<double>(hops * 100) / 6000) << i;
  // All that the frames look at: the last of 20 centred ones lies at 1900 and looks at 128 more.
  EXPECT_EQ(spectrum("logmel").window(8000), 2028);
  EXPECT_EQ(spectrum("waveform", 77).window(8000), 77);
}

TEST(SongWindows, AShortSongIsOneWindow) {
  for (const Input& input : {picture(), picture(INFINITY), spectrum("logmel", 999)})
    for (i64 samples : {1, 700, 3999, 4000}) {
      if (samples == 1 && input.name != "picture") continue;
      Clip song = clip(samples);
      SongWindows windows(input, song, .1);
      ASSERT_EQ(windows.size(), 1) << input.name << samples;
      EXPECT_TRUE(equal(windows.rows(0, 1).select(0, 0), input.of_samples(song.samples, 8000)));
      EXPECT_EQ(windows.begin(0), 0);
      EXPECT_EQ(windows.end(0), static_cast<double>(samples) / 8000);
    }
  EXPECT_EQ(SongWindows(picture(), clip(4200), .01).size(), 2);
}

TEST(SongWindows, RefusesWhatHasNone) {
  Input table{.name = "spotify", .recipe = Columns{{"tempo"}}};
  EXPECT_TRUE(contains(error_of([&] { SongWindows(table, clip(9)); }), "not made from sound"));
  for (double every : {0., -1., std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_TRUE(contains(error_of([&] { SongWindows(picture(), clip(9), every); }), "every"));
  EXPECT_TRUE(contains(error_of([&] { SongWindows(picture(), {zeros({0}), 8000}); }), "(0,)"));
  SongWindows one(picture(), clip(9));
  for (auto [first, count] : {std::pair{0, 2}, {-1, 1}, {0, 0}, {1, 1}})
    EXPECT_THROW(one.rows(first, count), Error) << first;
  EXPECT_THROW(one.samples(1), Error);
}

}  // namespace
}  // namespace melgrad
