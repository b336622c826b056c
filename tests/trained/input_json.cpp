// Every parameter of an input is in its JSON, comes back from there, and does what it is there for.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>

#include "apps/trained/input.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"
#include "tests/trained/leaves.h"
#include "tests/trained/song.h"

namespace melgrad {
namespace {

using Json = nlohmann::ordered_json;

// Another value for a leaf, the kinds of feature that it changes, and those that it changes by
// rounding alone, or not: decibels that are all shifted have the same differences, which delta is
// made of; what counts bins, signs or few products may be the same in f64.
struct Leaf {
  std::string place;
  Json other;
  std::string kinds = "all", perhaps = "";
};

constexpr const char* framed =
    "spectrogram mel logmel mfcc delta centroid bandwidth rolloff flatness zero_crossing_rate rms";
constexpr const char* windowed =
    "spectrogram mel logmel mfcc delta centroid bandwidth rolloff flatness";
constexpr const char* powers = "spectrogram mel logmel mfcc delta";
constexpr const char* mel = "mel logmel mfcc delta";
constexpr const char* decibel = "logmel mfcc delta";

const Json one_distortion = Json::parse(
    R"([{"least_snr_db": 3.0, "most_snr_db": 4.0, "cuts": 0, "least_cut": 0.0, "most_cut": 0.0,
         "compressed": true, "mp3_kbps": 0}])");

// The window is Kaiser's, so that beta counts; the hop is given, so that win_length does not set it.
const std::vector<Leaf> spectrum_leaves = {
    {"/kind", "picture", ""},
    {"/parameters/feature/kind", "rms"},
    {"/parameters/feature/sr", 5000.},
    {"/parameters/feature/stft/n_fft", 200, framed},
    {"/parameters/feature/stft/hop_length", 60, framed},
    {"/parameters/feature/stft/win_length", 100, windowed},
    {"/parameters/feature/stft/window", "hamming", windowed},
    {"/parameters/feature/stft/window_options/periodic", false, windowed, "rolloff"},
    {"/parameters/feature/stft/window_options/beta", 3., windowed},
    {"/parameters/feature/stft/center", false, framed},
    {"/parameters/feature/stft/pad_mode", "reflect", windowed},
    {"/parameters/feature/power", 1., powers},
    {"/parameters/feature/mel/sr", 9000., ""},  // is set from the clip
    {"/parameters/feature/mel/n_mels", 13, mel},
    {"/parameters/feature/mel/fmin", 300., mel},
    {"/parameters/feature/mel/fmax", 2000., mel},
    {"/parameters/feature/mel/htk", true, mel},
    {"/parameters/feature/mel/slaney_norm", false, mel},
    {"/parameters/feature/decibel/ref", "nan", "logmel mfcc", "delta"},
    {"/parameters/feature/decibel/amin", 1., decibel},
    {"/parameters/feature/decibel/top_db", 5., decibel},
    {"/parameters/feature/mfcc/n_mfcc", 7, "mfcc delta"},
    {"/parameters/feature/mfcc/dct_type", 3, "mfcc delta"},
    {"/parameters/feature/mfcc/orthonormal", false, "mfcc delta"},
    {"/parameters/feature/mfcc/lifter", 4., "mfcc delta"},
    {"/parameters/feature/delta_width", 5, "delta"},
    {"/parameters/feature/delta_order", 2, "delta"},
    {"/parameters/feature/roll_percent", .3, "rolloff"},
    {"/parameters/feature/dtype", "f64",
     "spectrogram mel logmel mfcc delta centroid bandwidth flatness",
     "waveform rolloff zero_crossing_rate rms"},
    {"/parameters/frames", 11},
    {"/parameters/frames_first", true},
    {"/stored", "u8"},
    {"/variants", one_distortion, ""},  // the clip as it is stays
};

const std::vector<Leaf> picture_leaves = {
    {"/kind", "columns", ""},           {"/parameters/sample_rate", 5000},
    {"/parameters/n_fft", 200},         {"/parameters/hop", 60},
    {"/parameters/height", 20},         {"/parameters/width", 20},
    {"/parameters/colours", "viridis"}, {"/parameters/axis", "mel"},
    {"/parameters/seconds", .25},       {"/parameters/mean", .25},
    {"/parameters/std", .75},           {"/stored", "u8"},
    {"/variants", one_distortion, ""},
};

const std::vector<Leaf> mel_image_leaves = {
    {"/kind", "columns", ""},   {"/parameters/sample_rate", 5000.},
    {"/parameters/n_fft", 200}, {"/parameters/hop", 60},
    {"/parameters/bands", 13},  {"/parameters/height", 20},
    {"/parameters/width", 20},  {"/parameters/seconds", .25},
    {"/stored", "u8"},          {"/variants", one_distortion, ""},
};

const std::vector<Leaf> distortion_leaves = {
    {"/variants/0/least_snr_db", -20.},
    {"/variants/0/most_snr_db", 40.},
    {"/variants/0/cuts", 3},
    {"/variants/0/least_cut", .01},
    {"/variants/0/most_cut", .09},
    {"/variants/0/compressed", true},
    {"/variants/0/mp3_kbps", 16},
};

Input spectrum(const std::string& kind) {
  Feature feature{.kind = kind, .sr = 6000};
  feature.stft = {.n_fft = 256, .hop_length = 100, .window = WindowKind::kaiser};
  feature.mel.n_mels = 12;
  feature.mfcc.n_mfcc = 9;
  return {.name = "x", .recipe = Spectrum{.feature = feature, .frames = 30}};
}

Input picture() {
  return {.name = "x",
          .recipe = Picture{.sample_rate = 6000,
                            .n_fft = 256,
                            .hop = 100,
                            .height = 24,
                            .width = 16,
                            .seconds = .5,
                            .mean = 0,
                            .std = 1}};
}

Input mel_image() {
  return {.name = "x",
          .recipe = MelImage{.sample_rate = 6000,
                             .n_fft = 256,
                             .hop = 100,
                             .bands = 12,
                             .height = 24,
                             .width = 16,
                             .seconds = .5}};
}

bool same_row(const Tensor& x, const Tensor& y) {
  return x.dtype() == y.dtype() && x.shape() == y.shape() && equal(x, y);
}

bool has_word(const std::string& words, const std::string& word) {
  return words == "all" || contains(" " + words + " ", " " + word + " ");
}

class InputJson : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  Example example{.path = write_song(folder / "song.wav", .6), .label = 0, .group = ""};

  // The leaf's other value is kept, gives another text, and other numbers exactly if `counts`.
  void expect_leaf(const Input& input, const Leaf& leaf, bool counts, i64 variant = 0) {
    std::string text = input.json(), other_text = with(text, leaf.place, leaf.other);
    ASSERT_NE(other_text, text) << leaf.place;
    Input other = Input::from_json(other_text);
    EXPECT_EQ(other.json(), other_text) << leaf.place;
    EXPECT_EQ(!same_row(input.load(example, variant), other.load(example, variant)), counts)
        << leaf.place << " of " << text;
  }
};

std::set<std::string> places(const std::string& text) {
  std::set<std::string> found;
  for (const auto& [place, value] : leaves(Json::parse(text))) found.insert(place);
  return found;
}

std::set<std::string> places(const std::vector<Leaf>& table) {
  std::set<std::string> found;
  for (const Leaf& leaf : table) found.insert(leaf.place);
  return found;
}

TEST_F(InputJson, EveryParameterOfAPictureCounts) {
  Input input = picture();
  EXPECT_EQ(places(input.json()), places(picture_leaves));
  for (const Leaf& leaf : picture_leaves)
    if (leaf.place != "/kind") expect_leaf(input, leaf, leaf.kinds == "all");
}

TEST_F(InputJson, EveryParameterOfAMelImageCounts) {
  Input input = mel_image();
  EXPECT_EQ(places(input.json()), places(mel_image_leaves));
  for (const Leaf& leaf : mel_image_leaves)
    if (leaf.place != "/kind") expect_leaf(input, leaf, leaf.kinds == "all");
}

TEST_F(InputJson, EveryParameterOfASpectrumCountsWhereItsKindUsesIt) {
  for (const std::string& kind : feature_kinds()) {
    if (kind == "stft") continue;
    Input input = spectrum(kind);
    EXPECT_EQ(places(input.json()), places(spectrum_leaves));
    for (const Leaf& leaf : spectrum_leaves) {
      if (leaf.place == "/kind" || (leaf.place == "/parameters/feature/kind" && kind == "rms"))
        continue;
      if (!has_word(leaf.perhaps, kind)) expect_leaf(input, leaf, has_word(leaf.kinds, kind));
    }
  }
}

TEST_F(InputJson, EveryParameterOfADistortionCounts) {
  Input input = spectrum("logmel");
  input.variants = {
      {.least_snr_db = 5, .most_snr_db = 20, .cuts = 2, .least_cut = .03, .most_cut = .06}};
  std::set<std::string> found;
  for (const std::string& place : places(input.json()))
    if (contains(place, "/variants/")) found.insert(place);
  EXPECT_EQ(found, places(distortion_leaves));
  for (const Leaf& leaf : distortion_leaves) expect_leaf(input, leaf, true, 1);
}

// Only where something is done to the sound, so that other inputs' texts are what they were.
TEST_F(InputJson, WhatItIsHeardThroughCounts) {
  Input input = spectrum("logmel"), through = input;
  EXPECT_FALSE(contains(input.json(), "heard_through"));
  through.heard_through = Distortion{.least_snr_db = 3, .most_snr_db = 4};
  Input back = Input::from_json(through.json());
  EXPECT_EQ(back.json(), through.json());
  ASSERT_TRUE(back.heard_through.has_value());
  EXPECT_EQ(back.heard_through->most_snr_db, 4);
  EXPECT_FALSE(same_row(through.load(example), input.load(example)));
  EXPECT_TRUE(contains(error_of([&] { Input::from_json(with(through.json(), "/other", 1)); }),
                       "not known here"));
}

TEST_F(InputJson, ColumnsAreTheirNames) {
  Input input{.name = "x", .recipe = Columns{{"tempo", "loudness"}}};
  EXPECT_EQ(input.shape(), (Shape{2}));
  std::string other = with(input.json(), "/parameters/names/1", "key");
  EXPECT_NE(other, input.json());
  EXPECT_EQ(std::get<Columns>(Input::from_json(other).recipe).names,
            (std::vector<std::string>{"tempo", "key"}));
  EXPECT_TRUE(contains(error_of([&] { input.load(example); }), "columns of a table"));
  EXPECT_TRUE(contains(error_of([&] { input.of_samples(song(100), 8000); }), "columns of a table"));
}

TEST_F(InputJson, TheNameIsNotInIt) {
  Input other = picture();
  other.name = "y";
  EXPECT_EQ(other.json(), picture().json());
}

// 17 digits; what has no number in JSON has a word.
TEST_F(InputJson, NumbersKeepTheirBits) {
  Input input = spectrum("logmel");
  double& ref = std::get<Spectrum>(input.recipe).feature.decibel.ref;
  for (double value : {.1 + .2, 1. / 3, 5e-324, 1.7976931348623157e308, -0., 1e22, 22050.,
                       std::numeric_limits<double>::infinity(),
                       -std::numeric_limits<double>::infinity(), reference_maximum}) {
    ref = value;
    Input back = Input::from_json(input.json());
    EXPECT_EQ(std::bit_cast<u64>(std::get<Spectrum>(back.recipe).feature.decibel.ref),
              std::bit_cast<u64>(value))
        << value << " " << input.json();
  }
}

// Of an enum with `count` values, which `member` finds in an input.
template <class Member>
void expect_names(const Input& input, Member member, int count) {
  Input each = input;
  auto& value = member(each);
  std::set<std::string> texts;
  for (int i = 0; i < count; ++i) {
    value = static_cast<std::remove_reference_t<decltype(value)>>(i);
    EXPECT_TRUE(texts.insert(each.json()).second) << each.json();
    EXPECT_EQ(Input::from_json(each.json()).json(), each.json());
  }
  value = static_cast<std::remove_reference_t<decltype(value)>>(count);
  EXPECT_TRUE(contains(each.json(), "\"?\"")) << "there are more: " << each.json();
}

TEST_F(InputJson, EveryEnumeratorHasAName) {
  auto stft = [](Input& input) -> StftOptions& {
    return std::get<Spectrum>(input.recipe).feature.stft;
  };
  expect_names(
      spectrum("mel"), [=](Input & x) -> auto& { return stft(x).window; }, 6);
  expect_names(
      spectrum("mel"), [=](Input & x) -> auto& { return stft(x).pad_mode; }, 3);
  expect_names(
      picture(), [](Input & x) -> auto& { return std::get<Picture>(x.recipe).colours; }, 5);
  expect_names(
      picture(), [](Input & x) -> auto& { return std::get<Picture>(x.recipe).axis; }, 4);
  expect_names(
      picture(), [](Input & x) -> auto& { return x.stored; }, 5);
}

std::string error_of_text(const std::string& text) {
  return error_of([&] { Input::from_json(text); });
}

// A key that is missing, of another type, or one too many: each at every place.
TEST_F(InputJson, ErrorsNameTheKey) {
  Input distorted = spectrum("mfcc");
  distorted.variants.resize(2);
  int tried = 0;
  for (const std::string& text : {picture().json(), distorted.json()})
    for (const auto& [place, value] : leaves(Json::parse(text))) {
      ++tried;
      std::string key = place.substr(place.rfind('/') + 1);
      EXPECT_TRUE(contains(error_of_text(without(text, place)), key + " is missing")) << place;
      std::string error = error_of_text(with(text, place, Json{{"a", 1}}));
      EXPECT_TRUE(contains(error, key + " is ") && contains(error, "not {\"a\":1}")) << error;
      std::string beside = place.substr(0, place.rfind('/')) + "/not_known";
      EXPECT_TRUE(contains(error_of_text(with(text, beside, 1)), "\"not_known\":1")) << beside;
    }
  EXPECT_GT(tried, 40);
}

TEST_F(InputJson, RefusesWhatIsNoInput) {
  std::string text = picture().json();
  EXPECT_TRUE(contains(error_of_text(with(text, "/kind", "film")), "\"film\"")) << text;
  EXPECT_TRUE(contains(error_of_text(with(text, "/parameters/colours", "mauve")),
                       "parameters.colours: [colours] no colour map 'mauve'"));
  EXPECT_TRUE(contains(error_of_text(with(spectrum("mel").json(), "/variants/0", 3)),
                       "variants[0] is an object, not 3"));
  for (const char* number : {"2.5", "99999999999", "true", "\"24\""}) {
    std::string error = error_of_text(with(text, "/parameters/sample_rate", Json::parse(number)));
    EXPECT_TRUE(contains(error, "parameters.sample_rate is a whole number, not ")) << error;
  }
  for (const char* broken : {"", "{", "[]", "null", "7", "{\"kind\": \"picture\"}", "\xff"})
    EXPECT_TRUE(contains(error_of_text(broken), "[")) << broken;
  Input input{.name = "x", .recipe = Columns{{"caf\xe9"}}};
  EXPECT_TRUE(contains(error_of([&] { input.json(); }), "cannot be written"));
}

}  // namespace
}  // namespace melgrad
