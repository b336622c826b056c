// From a picture of a log-mel spectrogram to the features that sound has.
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "apps/trained/input.h"
#include "audio/spectra/mel.h"
#include "tensor/files/image.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"
#include "tests/trained/leaves.h"
#include "tests/trained/song.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// 1.2 s at 8000 Hz: 76 frames of 20 bands.
Feature sound_feature(const std::string& kind, i64 bands = 20) {
  Feature feature{.kind = kind, .sr = 8000};
  feature.stft = {.n_fft = 512, .hop_length = 128};
  feature.mel.n_mels = bands;
  feature.decibel.ref = reference_maximum;
  feature.mfcc.n_mfcc = 9;
  return feature;
}

LogMelPicture recipe(const std::string& kind, i64 rows, i64 frames = 76) {
  return {.kind = kind,
          .rows = rows,
          .frames = frames,
          .seconds = 1.2,
          .bands = 20,
          .sample_rate = 8000,
          .n_fft = 512};
}

// Levels (bands, columns), the lowest band first, as a picture.
fs::path write_picture(const fs::path& path, const Tensor& levels) {
  Tensor bytes = round(levels).to(Dtype::u8).flip(0).unsqueeze(2);
  save_png(path, bytes.contiguous());
  return path;
}

Tensor some_levels(i64 columns) {
  Generator generator(4);
  return floor(rand({20, columns}, generator) * 255.99);
}

Tensor load(const LogMelPicture& picture, const fs::path& path, double offset = 0,
            double duration = std::numeric_limits<double>::infinity()) {
  Input input{.name = "x", .recipe = picture};
  Tensor row =
      input.load({.path = path, .label = 0, .group = "", .offset = offset, .duration = duration});
  EXPECT_EQ(row.shape(), input.shape());
  return row.select(0, 0);
}

class LogMelPictures : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  fs::path path = write_picture(folder / "x.png", some_levels(76));
  std::string error_of_load(const LogMelPicture& picture, const fs::path& file, double offset = 0,
                            double duration = 1.2) {
    return error_of([&] { load(picture, file, offset, duration); });
  }
};

// Half a level of 80/255 dB is lost: of 9 coefficients each at most √20 times that.
TEST_F(LogMelPictures, GiveWhatSoundGives) {
  Tensor samples = song(9600);
  Tensor db = extract(sound_feature("logmel"), samples, 8000);
  write_picture(folder / "song.png", (db + 80) * (255. / 80));
  double lost = .5 * 80 / 255 + 1e-4;
  Tensor logmel = load(recipe("logmel", 20), folder / "song.png");
  EXPECT_LE(max(abs(logmel - db)).item(), lost);
  Tensor coefficients = load(recipe("mfcc", 9), folder / "song.png");
  Tensor of_sound = extract(sound_feature("mfcc"), samples, 8000);
  EXPECT_LE(max(abs(coefficients - of_sound)).item(), lost * std::sqrt(20.));

  Tensor power = extract(sound_feature("mel"), samples, 8000);
  LogMelPicture loud = recipe("mel", 20);
  loud.factor = max(power).item();  // the picture's is relative to it
  Tensor off = power_to_db(load(loud, folder / "song.png"), {.top_db = {}}) -
               power_to_db(clamp(power, loud.factor * 1e-8, 1e9), {.top_db = {}});
  EXPECT_LE(max(abs(off)).item(), lost);

  loud.rows = 5;
  Tensor few = extract(sound_feature("mel", 5), samples, 8000);
  Tensor five = load(loud, folder / "song.png");
  EXPECT_LE(max(abs(five - few)).item(), .05 * max(few).item());  // W of so few is coarse
  EXPECT_LE(abs(mean(five) / mean(few) - 1.).item(), .01);
}

TEST_F(LogMelPictures, LevelsAreDecibelsTopDown) {
  LogMelPicture picture = recipe("logmel", 20);
  picture.low_db = -60;
  picture.high_db = 10;
  EXPECT_TRUE(allclose(load(picture, path), some_levels(76) * (70. / 255) - 60., 1e-6, 1e-5));
  picture.frames_first = true;
  EXPECT_TRUE(allclose(load(picture, path).transpose(0, 1), some_levels(76) * (70. / 255) - 60.,
                       1e-6, 1e-5));
}

// 387 columns of 30 s: 29 s are 374 of them, 3 s are 38; 130 of 1.2 s: .3 s are 32.
TEST_F(LogMelPictures, ObeyOffsetAndDuration) {
  EXPECT_EQ(columns_in({}, 29, 387), 374);
  EXPECT_EQ(columns_in({}, 3, 387), 38);
  EXPECT_EQ(columns_in({}, 30, 387), 387);
  EXPECT_EQ(columns_in({}, std::numeric_limits<double>::infinity(), 387), 387);
  EXPECT_EQ(columns_in({.seconds = 1.2}, .3, 80), 20);
  EXPECT_EQ(columns_in({.seconds = .3}, .1, 3), 1);

  Tensor all = load(recipe("mfcc", 9), path);
  EXPECT_TRUE(equal(load(recipe("mfcc", 9, 19), path, .6, .3), all.slice(1, 38, 57)));
  EXPECT_TRUE(equal(load(recipe("mfcc", 9, 70), path), all.slice(1, 0, 70)));
  EXPECT_TRUE(equal(load(recipe("mfcc", 9, 6), path, 1.1, .1), all.slice(1, 69, 75)));
}

TEST_F(LogMelPictures, EveryParameterCounts) {
  struct Leaf {
    const char* place;
    Json other;
  };
  const std::vector<Leaf> table = {{"/kind", "spectrum"},
                                   {"/parameters/kind", "mfcc"},
                                   {"/parameters/rows", 6},
                                   {"/parameters/frames", 30},
                                   {"/parameters/frames_first", true},
                                   {"/parameters/seconds", 2.4},
                                   {"/parameters/low_db", -70.},
                                   {"/parameters/high_db", 3.},
                                   {"/parameters/factor", 100.},
                                   {"/parameters/bands", 19},
                                   {"/parameters/sample_rate", 16000.},
                                   {"/parameters/n_fft", 1024},
                                   {"/stored", "u8"},
                                   {"/variants", Json::array()}};
  Input input{.name = "x", .recipe = recipe("mel", 7, 20)};
  std::set<std::string> places, listed;
  for (const auto& [place, value] : leaves(Json::parse(input.json()))) places.insert(place);
  for (const Leaf& leaf : table) listed.insert(leaf.place);
  EXPECT_EQ(places, listed);
  Example example{.path = path, .label = 0, .group = "", .offset = .4};
  for (const auto& [place, other] : table) {
    std::string text = with(input.json(), place, other);
    if (std::string(place) == "/kind" || other.empty()) continue;
    Input changed = Input::from_json(text);
    EXPECT_EQ(changed.json(), text);
    if (std::string(place) == "/parameters/bands") continue;  // those of the picture: an error
    Tensor before = input.load(example), after = changed.load(example);
    EXPECT_FALSE(before.dtype() == after.dtype() && before.shape() == after.shape() &&
                 equal(before, after))
        << text;
  }
}

TEST_F(LogMelPictures, AreRefusedWhereTheyAreNone) {
  LogMelPicture picture = recipe("mfcc", 9);
  write_song(folder / "song.wav", .5);
  EXPECT_TRUE(contains(error_of_load(picture, folder / "song.wav"), "song.wav is no picture"));
  Tensor colour = full({20, 76, 3}, 9, Dtype::u8);
  colour.data<u8>()[301] = 8;
  save_png(folder / "colour.png", colour);
  EXPECT_TRUE(contains(error_of_load(picture, folder / "colour.png"), "colour.png is in colour"));
  colour.data<u8>()[301] = 9;
  save_png(folder / "colour.png", colour);
  EXPECT_EQ(error_of_load(picture, folder / "colour.png"), "no error");
  LogMelPicture other = picture;
  other.bands = 21;
  EXPECT_TRUE(contains(error_of_load(other, path), "x.png has 20 rows, not one for each of 21"));
  EXPECT_TRUE(contains(error_of_load(picture, path, .1),
                       "x.png has 76 columns: too narrow for 76 from 0.1 s on"));
  EXPECT_TRUE(contains(error_of_load(picture, path, 0, .6), "0.6 s of its 76 columns are 38, not"));
  EXPECT_TRUE(contains(error_of_load(picture, folder / "gone.png"), "gone.png"));
  EXPECT_TRUE(contains(error_of_load(recipe("loud", 9), path), "not 'loud'"));
  EXPECT_TRUE(contains(error_of_load(recipe("mel", 21), path), "20 bands has no 21 rows of mel"));
  EXPECT_TRUE(contains(error_of_load(recipe("logmel", 9), path), "no 9 rows of logmel"));
  other = picture;
  other.low_db = 0;
  EXPECT_TRUE(contains(error_of_load(other, path), "from 0 dB to 0 dB"));
  Input input{.name = "x", .recipe = picture, .variants = {{.compressed = true}}};
  Example example{.path = path, .label = 0, .group = ""};
  EXPECT_TRUE(contains(error_of([&] { input.load(example, 1); }), "no sound to distort"));
  EXPECT_TRUE(contains(error_of([&] { input.of_samples(song(99), 8000); }), "not made from sound"));
  EXPECT_FALSE(input.hears());
}

}  // namespace
}  // namespace melgrad
