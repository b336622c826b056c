// Study B's pictures: every frame scaled by itself, 8 bits, JPEG, nearest neighbour.
#include "apps/trained/scaled_frames.h"

#include <gtest/gtest.h>

#include "apps/trained/input.h"
#include "apps/trained/song_windows.h"
#include "audio/spectra/mel.h"
#include "tensor/files/image.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"
#include "tests/trained/leaves.h"
#include "tests/trained/song.h"

namespace melgrad {
namespace {

Tensor levels(const Tensor& decibels, const ScaledFrames& how = {}) {
  return round(scaled_frames(decibels, how) * 255.).to(Dtype::u8);
}

TEST(ScaledFrames, EachFrameGoesFrom0To1AndAConstantOneIs0) {
  // frames: −80 … 0; −30 … −28; all −12
  Tensor db = from_vector(std::vector<float>{-80, -30, -12, 0, -28, -12, -48, -29.5F, -12}, {3, 3});
  Tensor x = scaled_frames(db, {});
  EXPECT_EQ(x.dtype(), Dtype::f32);
  EXPECT_EQ(levels(db).to_vector<i64>(), (std::vector<i64>{0, 0, 0, 255, 255, 0, 102, 64, 0}));
  EXPECT_TRUE(equal(x, levels(db).to(Dtype::f32) / 255.));
  // What differs by next to nothing is no constant.
  Tensor close = from_vector(std::vector<float>{-40, -40.00001F}, {2, 1});
  EXPECT_EQ(levels(close).to_vector<i64>(), (std::vector<i64>{255, 0}));
}

TEST(ScaledFrames, LoudnessFromFrameToFrameDoesNotCount) {
  Generator generator(2);
  Tensor db = rand({7, 9}, generator) * 60. - 60., louder = db + arange(9, Dtype::f32) * 8.;
  EXPECT_TRUE(equal(levels(db), levels(louder)));
}

// PIL's NEAREST of 128 rows to 200 begins 0 0 1 2 2 3 4 4 5 6 6 7, of 4 columns to 6 has 0 1 1 2 3 3, of 5 to 3
// 0 2 4.
TEST(ScaledFrames, AreResizedByNearestNeighbourAsPilDoesIt) {
  Tensor rows = arange(128, Dtype::f32).reshape({128, 1});
  std::vector<i64> tall = levels(rows, {.rows = 200}).to_vector<i64>();
  ASSERT_EQ(tall.size(), 200U);
  std::vector<i64> index;
  std::vector<i64> of_row = levels(rows).to_vector<i64>();
  for (i64 level : tall)
    index.push_back(std::find(of_row.begin(), of_row.end(), level) - of_row.begin());
  EXPECT_EQ(std::vector<i64>(index.begin(), index.begin() + 12),
            (std::vector<i64>{0, 0, 1, 2, 2, 3, 4, 4, 5, 6, 6, 7}));
  EXPECT_EQ(index.back(), 127);
  Tensor two =
      from_vector(std::vector<float>{0, 0, 0, 0, 10, 20, 30, 40, 100, 100, 100, 100}, {3, 4});
  Tensor wide = levels(two, {.columns = 6}), plain = levels(two);
  i64 at = 0;
  for (i64 column : {0, 1, 1, 2, 3, 3})
    EXPECT_TRUE(equal(wide.select(1, at++), plain.select(1, column))) << at;
  Tensor five =
      from_vector(std::vector<float>{0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 9, 9, 9, 9, 9}, {3, 5});
  at = 0;
  for (i64 column : {0, 2, 4})
    EXPECT_TRUE(
        equal(levels(five, {.columns = 3}).select(1, at++), levels(five).select(1, column)));
}

TEST(ScaledFrames, GoThroughAFileAsItWouldBeStored) {
  TemporaryFolder folder;
  Generator generator(3);
  Tensor db = rand({20, 50}, generator) * 80. - 80.;
  Tensor plain = levels(db), through = levels(db, {.jpeg_quality = 75});
  save_jpeg(folder / "x.jpg", cat({plain.unsqueeze(2), plain.unsqueeze(2), plain.unsqueeze(2)}, 2),
            75);
  Tensor rgb = load_image(folder / "x.jpg", 3);
  for (i64 channel : {0, 1, 2}) EXPECT_TRUE(equal(rgb.select(2, channel), through)) << channel;
  EXPECT_FALSE(equal(plain, through));
  EXPECT_FALSE(equal(through, levels(db, {.jpeg_quality = 50})));
  // A picture is resized after it was read.
  EXPECT_TRUE(equal(levels(db, {.jpeg_quality = 75, .rows = 40}).slice(0, 0, 40, 2), through));
}

TEST(ScaledFrames, Refusals) {
  Tensor db = zeros({2, 3});
  auto error = [&](const ScaledFrames& how) { return error_of([&] { scaled_frames(db, how); }); };
  EXPECT_TRUE(contains(error({.jpeg_quality = 101}), "1 to 100, or 0 for none, not 101"));
  EXPECT_TRUE(contains(error({.rows = -1}), "-1 rows"));
  EXPECT_TRUE(contains(error_of([] { scaled_frames(zeros({3}), {}); }), "(bands, frames)"));
  Tensor bad = full({2, 3}, std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(contains(error_of([&] { scaled_frames(bad, {}); }), "not finite"));
}

Input scaled_input(i64 frames) {
  Feature feature{.kind = "logmel", .sr = 6000};
  feature.stft = {.n_fft = 256, .hop_length = 100, .pad_mode = PadMode::reflect};
  feature.mel.n_mels = 12;
  feature.decibel = {.ref = reference_maximum, .amin = 1e-10, .top_db = 30};
  return {.name = "x",
          .recipe = Spectrum{.feature = feature, .frames = frames},
          .stored = Dtype::u8,
          .scaled = ScaledFrames{.jpeg_quality = 75, .rows = 20}};
}

class ScaledInput : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  Tensor samples = song(6000);  // 61 frames, which get louder
  void SetUp() override {
    for (i64 i = 0; i < 6000; ++i) samples.data<float>()[i] *= static_cast<float>(i + 300) / 6000;
  }
};

// The power of the frames that are seen, relative to their loudest, as the write-up has it.
TEST_F(ScaledInput, DecibelsAreOfTheFramesThatAreSeen) {
  Input input = scaled_input(24);
  const Feature& feature = std::get<Spectrum>(input.recipe).feature;
  Tensor power = melspectrogram(samples, {.sr = 6000, .n_mels = 12}, feature.stft);
  Tensor db = power_to_db(power.slice(1, 0, 24).contiguous(), feature.decibel);
  Tensor expected = levels(db, *input.scaled);
  Tensor row = input.of_samples(samples, 6000);
  EXPECT_EQ(input.shape(), (Shape{1, 20, 24}));
  EXPECT_EQ(row.shape(), input.shape());
  EXPECT_EQ(row.dtype(), Dtype::u8);
  EXPECT_TRUE(equal(row.select(0, 0), expected));
  // Of the whole clip, whose end is louder, more would be cut off below.
  Tensor of_all = power_to_db(power, feature.decibel).slice(1, 0, 24).contiguous();
  EXPECT_FALSE(equal(levels(of_all, *input.scaled), expected));
  Input as_it_is = input;
  as_it_is.scaled.reset();
  as_it_is.stored = Dtype::f32;
  EXPECT_EQ(as_it_is.shape(), (Shape{1, 12, 24}));
}

TEST_F(ScaledInput, AShorterClipIsAnErrorThatNamesIt) {
  encode(folder / "song.wav", {samples, 6000});
  Example example{.path = folder / "song.wav", .label = 0, .group = ""};
  EXPECT_NO_THROW(scaled_input(61).load(example));
  std::string error = error_of([&] { scaled_input(62).load(example); });
  EXPECT_TRUE(contains(error, "song.wav") && contains(error, "has 61 frames, fewer than 62"))
      << error;
}

TEST_F(ScaledInput, WindowsOfASongAreWhatTheirSamplesGive) {
  Input input = scaled_input(20);
  SongWindows windows(input, {samples, 6000}, .2);
  ASSERT_GT(windows.size(), 2);
  Tensor rows = windows.rows(0, windows.size());
  for (i64 i = 0; i < windows.size(); ++i)
    EXPECT_TRUE(equal(rows.select(0, i), input.of_samples(windows.samples(i), 6000))) << i;
}

TEST_F(ScaledInput, PicturesAreScaledToo) {
  Generator generator(5);
  Tensor stored = floor(rand({12, 30}, generator) * 255.99).to(Dtype::u8);
  save_png(folder / "x.png", stored.flip(0).unsqueeze(2).contiguous());
  Input input = scaled_input(30);
  input.recipe = LogMelPicture{.kind = "logmel", .rows = 12, .frames = 30, .bands = 12};
  Example example{.path = folder / "x.png", .label = 0, .group = ""};
  Tensor db = stored.to(Dtype::f32) * (80. / 255) - 80.;
  EXPECT_TRUE(equal(input.load(example).select(0, 0), levels(db, *input.scaled)));
  EXPECT_EQ(input.shape(), (Shape{1, 20, 30}));
}

// In a weights file; other inputs' texts are what they were.
TEST_F(ScaledInput, IsInItsJson) {
  Input input = scaled_input(24), plain = input;
  plain.scaled.reset();
  EXPECT_FALSE(contains(plain.json(), "scaled"));
  EXPECT_FALSE(Input::from_json(plain.json()).scaled.has_value());
  Tensor row = input.of_samples(samples, 6000);
  for (const auto& [place, other] :
       {std::pair("jpeg_quality", 30), {"rows", 17}, {"columns", 31}}) {
    std::string text = with(input.json(), std::string("/scaled/") + place, other);
    Input changed = Input::from_json(text);
    EXPECT_EQ(changed.json(), text);
    Tensor another = changed.of_samples(samples, 6000);
    EXPECT_EQ(another.shape(), changed.shape());
    EXPECT_FALSE(another.shape() == row.shape() && equal(another, row)) << place;
  }
  EXPECT_TRUE(contains(error_of([&] { Input::from_json(with(input.json(), "/scaled/a", 1)); }),
                       "not known here"));
}

TEST_F(ScaledInput, IsOfDecibelsWithBandsFirst) {
  Input input = scaled_input(24);
  std::get<Spectrum>(input.recipe).frames_first = true;
  EXPECT_TRUE(contains(error_of([&] { input.shape(); }), "logmel, bands first"));
  input = scaled_input(24);
  std::get<Spectrum>(input.recipe).feature.kind = "mfcc";
  EXPECT_TRUE(contains(error_of([&] { input.of_samples(samples, 6000); }), "logmel, bands first"));
  input.recipe = Picture{};
  EXPECT_TRUE(contains(error_of([&] { input.shape(); }), "logmel, bands first"));
}

}  // namespace
}  // namespace melgrad
