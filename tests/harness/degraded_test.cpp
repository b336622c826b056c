#include "apps/harness/planning/degraded.h"

#include <gtest/gtest.h>

#include <cmath>

#include "apps/harness/session.h"
#include "apps/harness/training/evaluate.h"
#include "tensor/files/image.h"
#include "tests/error_of.h"
#include "tests/harness/example_study.h"
#include "tests/temporary_folder.h"

// Test clips with noise, or through MP3; and the score of songs.
namespace melgrad {
namespace {

/// The samples themselves, so that what is done to them can be seen.
Input samples() {
  Feature feature;
  feature.kind = "waveform";
  feature.sr = 0;
  return {.name = "samples", .recipe = Spectrum{.feature = feature, .frames = 9600}};
}

class Degraded : public testing::Test {
 protected:
  void SetUp() override {
    write_tones(folder / "tones", 1);
    FeatureCache cache(folder / "out/features");
    data.examples.emplace("samples", load_examples(scan_folder(folder / "tones"), input, cache));
    rules = {{split_over_clips("a", "A", "", false), {{{0, 1}, {}, {20, 7}}, {{0}, {}, {7, 3}}}}};
  }
  std::vector<DegradedClips> made() {
    return degraded(options, data, {&input}, rules, folder / "out");
  }

  TemporaryFolder folder;
  Input input = samples();
  StudyData data;
  std::vector<RuleSplits> rules;
  Options options;
};

TEST_F(Degraded, EachIsOfTheTestClipsAlone) {
  options.test_noise = {20, -5, 0};
  options.test_mp3 = {32, 8};
  std::vector<DegradedClips> all = made();
  ASSERT_EQ(all.size(), 5u);
  std::vector<std::string> names;
  for (const DegradedClips& clips : all) names.push_back(clips.name);
  EXPECT_EQ(names, (std::vector<std::string>{"noise 20 dB", "noise -5 dB", "noise 0 dB",
                                             "MP3 32 kbit/s", "MP3 8 kbit/s"}));
  for (const DegradedClips& clips : all) {
    const Examples& examples = clips.examples.at("samples");
    EXPECT_EQ(examples.size(), 3) << "of 24";
    std::vector<i64> places = clips.places({20, 7, 3});
    EXPECT_EQ(examples.labels(places), data.any().labels({20, 7, 3}));
    for (std::size_t i = 0; i < 3; ++i) {
      Tensor clean = data.any().gather({std::vector<i64>{20, 7, 3}[i]});
      Tensor lost = examples.gather({places[i]}) - clean;
      double db = 10 * std::log10(sum(clean * clean).item() / sum(lost * lost).item());
      const std::map<std::string, double> noise = {
          {"noise 20 dB", 20}, {"noise -5 dB", -5}, {"noise 0 dB", 0}};
      if (noise.contains(clips.name)) {
        EXPECT_NEAR(db, noise.at(clips.name), .2);  // 9600 draws: ± .06
      } else {
        EXPECT_LT(db, 20) << clips.name;
      }
      EXPECT_TRUE(std::isfinite(db)) << clips.name;
    }
  }
}

TEST_F(Degraded, RowsComeFromTheCacheTheSecondTime) {
  options.test_noise = {10};
  made();
  options.test_noise = {10, 30};
  testing::internal::CaptureStderr();
  std::vector<DegradedClips> again = made();
  std::string said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(contains(said, "computing 3 samples rows"));
  EXPECT_EQ(said.find("computing"), said.rfind("computing")) << "those of 30 dB alone: " << said;
}

TEST_F(Degraded, NothingIsAskedFor) { EXPECT_TRUE(made().empty()); }

TEST_F(Degraded, SaysWhatCannotBeDone) {
  options.test_mp3 = {128};
  EXPECT_TRUE(contains(error_of([&] { made(); }), "MP3 at 8000 Hz has 8, 16"))
      << error_of([&] { made(); });
  options.test_mp3 = {};
  options.test_noise = {10, 10};
  EXPECT_TRUE(contains(error_of([&] { made(); }), "noise 10 dB is listed twice"));
  options.test_noise = {10};
  Input of_pictures{.name = "seen", .recipe = LogMelPicture{.frames = 8}};
  EXPECT_TRUE(contains(error_of([&] {
                         check_degradable(options, {&input, &of_pictures});
                       }),
                       "degrade sound, and 'seen' is not made of sound"));
  EXPECT_EQ(error_of([&] { check_degradable({}, {&of_pictures}); }), "no error");
  save_png(folder / "x.png", full({8, 8, 3}, 9, Dtype::u8));
  Collection drawn{{"a"}, {{folder / "x.png", 0, "x"}}, {}};
  Input picture{.name = "p", .recipe = Picture{.height = 4, .width = 4}};
  FeatureCache cache(folder / "out/features");
  data.examples.clear();
  data.examples.emplace("p", load_examples(drawn, picture, cache));
  rules[0].splits = {{{}, {}, {0}}};
  EXPECT_TRUE(
      contains(error_of([&] { degraded(options, data, {&picture}, rules, folder / "out"); }),
               "x.png has none"));
}

// A fit that was done before --test-noise was given has to be tested for it.
TEST(IsDone, NotWithoutTheFiguresThatAreAskedFor) {
  RowResult row;
  Fit fit;
  fit.rule = "one";
  fit.ended = "all 0 epochs";
  fit.measured = {{"accuracy", 1}};
  row.fits = {fit};
  PlannedFit planned;
  EXPECT_TRUE(Session::is_done(row, planned, "one", 0));
  EXPECT_TRUE(Session::is_done(row, planned, "one", 0, {"accuracy"}));
  EXPECT_FALSE(Session::is_done(row, planned, "one", 0, {"accuracy", "accuracy, noise 10 dB"}));
  row.fits[0].diverged = true;
  EXPECT_TRUE(Session::is_done(row, planned, "one", 0, {"accuracy, noise 10 dB"}));
}

TEST(SongAccuracy, IsOfTheMeanOfASongsClips) {
  Collection clips{{"a", "b"}, {}, {}};
  for (const char* song : {"x", "x", "x", "y", "y"})
    clips.examples.push_back({song, song[0] == 'x' ? 0 : 1, song});
  auto said = [](float first) { return Prediction{first < .5F, 0, {first, 1 - first}}; };
  std::vector<i64> all = {0, 1, 2, 3, 4};
  // x: two of three clips are taken for b, but hardly; y: one is surely taken for a.
  std::vector<Prediction> of_all = {said(.9F), said(.45F), said(.45F), said(.95F), said(.2F)};
  EXPECT_EQ(song_accuracy(clips, all, of_all), .5);
  EXPECT_EQ(song_accuracy(clips, {0, 1, 2}, {of_all[0], of_all[1], of_all[2]}), 1);
  EXPECT_EQ(song_accuracy(clips, {3, 4}, {of_all[3], of_all[4]}), 0);
  EXPECT_EQ(song_accuracy(clips, {1, 2, 4}, {of_all[1], of_all[2], of_all[4]}), .5);
  EXPECT_EQ(song_accuracy(clips, {4, 0}, {of_all[4], of_all[0]}), 1);
}

}  // namespace
}  // namespace melgrad
