#include "apps/harness/results/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "kernels/error.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

// scikit-learn 1.5's precision_recall_fscore_support on
// truth 0 0 0 0 1 1 1 2 2 2, predicted 0 0 1 1 1 1 0 0 1 1.
TEST(Confusion, EqualsScikitLearn) {
  Confusion confusion({2, 2, 0, 1, 2, 0, 1, 2, 0});
  EXPECT_EQ(confusion.total(), 10);
  EXPECT_DOUBLE_EQ(confusion.accuracy(), .4);
  EXPECT_DOUBLE_EQ(confusion.score(0).precision, .5);
  EXPECT_DOUBLE_EQ(confusion.score(0).recall, .5);
  EXPECT_DOUBLE_EQ(confusion.score(0).f1, .5);
  EXPECT_DOUBLE_EQ(confusion.score(1).precision, 1. / 3);
  EXPECT_DOUBLE_EQ(confusion.score(1).recall, 2. / 3);
  EXPECT_DOUBLE_EQ(confusion.score(1).f1, 4. / 9);
  EXPECT_EQ(confusion.score(2).support, 3);
  EXPECT_EQ(confusion.score(2).f1, 0);  // never predicted: 0 / 0 counts as 0
  EXPECT_DOUBLE_EQ(confusion.macro_f1(), (.5 + 4. / 9) / 3);
}

TEST(Confusion, EveryScoreOfManyMatrices) {
  std::mt19937 random(5);
  for (i64 classes = 1; classes <= 5; ++classes)
    for (int trial = 0; trial < 20; ++trial) {
      // Few examples: classes that are absent, or never predicted, come up as well.
      std::vector<std::pair<i64, i64>> examples(random() % 12);
      Confusion confusion(classes);
      for (auto& [truth, predicted] : examples) {
        truth = static_cast<i64>(random() % static_cast<unsigned>(classes));
        predicted = static_cast<i64>(random() % static_cast<unsigned>(classes));
        confusion.add(truth, predicted);
      }
      auto count = [&](auto holds) {
        return static_cast<double>(std::count_if(examples.begin(), examples.end(), holds));
      };
      auto ratio = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
      double sum = 0;
      for (i64 c = 0; c < classes; ++c) {
        double truly = count([c](auto e) { return e.first == c; });
        double predicted = count([c](auto e) { return e.second == c; });
        double right = count([c](auto e) { return e.first == c && e.second == c; });
        double precision = ratio(right, predicted), recall = ratio(right, truly);
        double f1 = ratio(2 * precision * recall, precision + recall);
        ClassScore score = confusion.score(c);
        EXPECT_DOUBLE_EQ(score.precision, precision);
        EXPECT_DOUBLE_EQ(score.recall, recall);
        EXPECT_NEAR(score.f1, f1, 1e-15);
        EXPECT_EQ(score.support, truly);
        sum += f1;
      }
      auto size = static_cast<double>(examples.size());
      EXPECT_EQ(confusion.total(), size);
      EXPECT_DOUBLE_EQ(confusion.accuracy(),
                       ratio(count([](auto e) { return e.first == e.second; }), size));
      EXPECT_NEAR(confusion.macro_f1(), sum / static_cast<double>(classes), 1e-15);
    }
}

TEST(Confusion, AClassThatIsAbsentCountsAsZero) {
  EXPECT_DOUBLE_EQ(Confusion({2, 0, 0, 1, 1, 0, 0, 0, 0}).macro_f1(), (4. / 5 + 2. / 3) / 3);
}

TEST(Confusion, AddsUpAndRefusesUnknownClasses) {
  Confusion confusion(2);
  confusion.add(0, 1);
  confusion.add(0, 1);
  confusion.add(1, 1);
  EXPECT_EQ(confusion.counts(), (std::vector<i64>{0, 2, 0, 1}));
  EXPECT_EQ(confusion(0, 1), 2);
  EXPECT_EQ(confusion(1, 0), 0);
  EXPECT_EQ(confusion.classes(), 2);
  EXPECT_EQ(Confusion(std::vector<i64>(16, 1)).classes(), 4);
  for (auto [truth, predicted] : {std::pair(0, 2), {2, 0}, {-1, 0}, {0, -1}})
    EXPECT_THROW(confusion.add(truth, predicted), Error);
  EXPECT_THROW(Confusion(std::vector<i64>{1, 2, 3}), Error);
}

TEST(Confusion, AddsAnotherUp) {
  Confusion sum;
  sum += Confusion({1, 2, 3, 4});
  sum += Confusion({10, 20, 30, 40});
  EXPECT_EQ(sum.counts(), (std::vector<i64>{11, 22, 33, 44}));
  EXPECT_EQ(sum.classes(), 2);
  EXPECT_THROW(sum += Confusion(3), Error);
}

TEST(Confusion, OfNothingIsZero) {
  EXPECT_EQ(Confusion(3).accuracy(), 0);
  EXPECT_EQ(Confusion(3).macro_f1(), 0);
  EXPECT_EQ(Confusion().macro_f1(), 0);
  EXPECT_EQ(Confusion().total(), 0);
}

TEST(MeanAndDeviation, UsesTheSamplesDeviation) {
  MeanDeviation result = mean_and_deviation({1, 2, 3, 4});
  EXPECT_DOUBLE_EQ(result.mean, 2.5);
  EXPECT_DOUBLE_EQ(result.deviation, 1.2909944487358056);  // √(5/3)
  EXPECT_EQ(mean_and_deviation({7}).deviation, 0);
  EXPECT_EQ(mean_and_deviation({7}).mean, 7);
  EXPECT_DOUBLE_EQ(mean_and_deviation({-1, 3}).deviation, 2.8284271247461903);  // √8
  EXPECT_EQ(mean_and_deviation({}).mean, 0);
}

TEST(Rank, CountsTheStrongerAndThoseAsStrongAndEarlier) {
  EXPECT_EQ(rank_of(0, {.1f, .5f, .4f}), 2);
  EXPECT_EQ(rank_of(1, {.1f, .5f, .4f}), 0);
  EXPECT_EQ(rank_of(0, {.3f, .3f, .3f}), 0);
  EXPECT_EQ(rank_of(2, {.3f, .3f, .3f}), 2);
  float nan = std::nanf("");
  EXPECT_EQ(rank_of(0, {nan, .5f, .4f}), 2);  // what is no number is in no top 3
  EXPECT_EQ(rank_of(2, {nan, .5f, .4f}), 2);
  EXPECT_ANY_THROW(rank_of(3, {.1f, .5f, .4f}));
}

// Ten clips of five classes: the third is never the truth, the fourth never said, the fifth
// neither. The values are from exact fractions in Python, over sorted lists; scikit-learn 1.5's
// f1_score(labels=range(5), average="macro", zero_division=0) is defined so.
struct TenClips {
  std::vector<std::string> classes = {"a", "b", "c", "d", "e"};
  std::vector<i64> labels = {0, 0, 1, 1, 1, 3, 3, 3, 0, 1};
  std::vector<std::vector<float>> strengths = {
      {.5f, .2f, .1f, .1f, .1f},    {.2f, .2f, .2f, .2f, .2f},   {.4f, .1f, .3f, .2f, 0},
      {.1f, .6f, .1f, .1f, .1f},    {.25f, .25f, 0, .25f, .25f}, {0, .1f, .4f, .2f, .3f},
      {.3f, .3f, .3f, .05f, .05f},  {.2f, .2f, .2f, .2f, .2f},   {.1f, .3f, .35f, .2f, .05f},
      {.01f, .02f, .9f, .03f, .04f}};
  Confusion confusion = Confusion(5);

  TenClips() {
    const std::vector<i64> said = {0, 0, 0, 1, 0, 2, 0, 0, 2, 2};
    for (std::size_t i = 0; i < said.size(); ++i) confusion.add(labels[i], said[i]);
  }
  Figures figures() const { return figures_of(.625, confusion, classes, labels, strengths); }
};

TEST(FiguresOf, AreWhatPythonFinds) {
  const Figures expected = {{"accuracy", 3. / 10},
                            {"loss", .625},
                            {"macro F1", 38. / 225},
                            {"top 3", 1. / 2},
                            {"precision a", 1. / 3},
                            {"recall a", 2. / 3},
                            {"F1 a", 4. / 9},
                            {"precision b", 1},
                            {"recall b", 1. / 4},
                            {"F1 b", 2. / 5},
                            {"precision c", 0},
                            {"recall c", 0},
                            {"F1 c", 0},
                            {"precision d", 0},
                            {"recall d", 0},
                            {"F1 d", 0},
                            {"precision e", 0},
                            {"recall e", 0},
                            {"F1 e", 0}};
  Figures figures = TenClips().figures();
  ASSERT_EQ(figures.size(), expected.size());
  for (const auto& [name, value] : expected) EXPECT_DOUBLE_EQ(figures.at(name), value) << name;
}

TEST(FiguresOf, HaveATop3WithMoreThanThreeClasses) {
  Confusion three({1, 0, 0, 0, 1, 0, 0, 0, 0});
  std::vector<std::vector<float>> strengths = {{1, 0, 0}, {0, 1, 0}};
  Figures figures = figures_of(0, three, {"a", "b", "c"}, {0, 1}, strengths);
  EXPECT_FALSE(figures.contains("top 3"));
  EXPECT_EQ(figures.size(), 3 + 3 * 3u);
  EXPECT_DOUBLE_EQ(figures.at("macro F1"), 2. / 3);  // a class that is in no clip counts as 0
}

TEST(FiguresOf, RefuseNumbersThatDiffer) {
  TenClips clips;
  clips.strengths[4].pop_back();
  EXPECT_TRUE(contains(error_of([&] { clips.figures(); }), "4 strengths for 5 classes"));
  clips = TenClips();
  clips.labels.pop_back();
  EXPECT_TRUE(contains(error_of([&] { clips.figures(); }), "strengths of 10 clips, but 9 labels"));
  clips = TenClips();
  clips.classes.pop_back();
  EXPECT_TRUE(contains(error_of([&] { clips.figures(); }), "5 classes, but 4 names"));
}

}  // namespace
}  // namespace melgrad
