// Pure tones on two axes: where each lies, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "audio/drawing/tones.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

constexpr i64 left = 52, right = 12, top = 18, bottom = 28;  // margins around a picture
// Bins of 4 Hz: these tones lie on some. The axes end a quarter above the highest, rounded up to one.
constexpr TonesPicture picture{.sample_rate = 8192,
                               .n_fft = 2048,
                               .hop = 256,
                               .height = 240,
                               .width = 80,
                               .colours = Colours::grey};
constexpr double end = 1252;
const std::vector<double> tones = {900, 100, 1000, 200};

/// The middle of the brightest rows in a column, from the axis' beginning, 0, to its end, 1.
double brightest(const Tensor& drawn, i64 column) {
  Tensor inside = drawn.slice(0, top, top + picture.height);
  std::vector<i64> levels = inside.select(2, 0).select(1, column).to_vector<i64>();
  i64 most = *std::max_element(levels.begin(), levels.end());
  double sum = 0, count = 0;
  for (std::size_t row = 0; row < levels.size(); ++row)
    if (levels[row] == most) {
      sum += static_cast<double>(row) + .5;
      ++count;
    }
  return 1 - sum / count / static_cast<double>(picture.height);
}

TEST(Tones, LieOnALinearAndOnAMelAxis) {
  Tensor drawn = tones_picture(tones, picture);
  i64 one = left + picture.width + right;
  ASSERT_EQ(drawn.shape(), (Shape{top + picture.height + bottom, 2 * one, 3}));
  for (std::size_t i = 0; i < tones.size(); ++i) {
    i64 column = left + picture.width * (2 * static_cast<i64>(i) + 1) / 8;  // its middle
    double row = 1. / static_cast<double>(picture.height);
    EXPECT_NEAR(brightest(drawn, column), tones[i] / end, row) << tones[i];
    EXPECT_NEAR(brightest(drawn, one + column),
                std::log10(1 + tones[i] / 700) / std::log10(1 + end / 700), row)
        << tones[i];
  }
}

/// The rows of an axis' marks.
std::vector<i64> marks(const Tensor& drawn, i64 panel) {
  i64 column = panel * (left + picture.width + right) + left - 4;
  std::vector<i64> found, levels = drawn.select(2, 0).select(1, column).to_vector<i64>();
  for (i64 row = top; row < top + picture.height; ++row)
    if (levels[static_cast<std::size_t>(row)] == 0) found.push_back(row - top);
  return found;
}

TEST(Tones, AreTheMarksOfTheAxes) {
  auto rows = [](auto share) {
    std::vector<i64> found;
    for (double hz : {1000., 900., 200., 100.})
      found.push_back(std::lround((1 - share(hz)) * static_cast<double>(picture.height - 1)));
    return found;
  };
  Tensor drawn = tones_picture(tones, picture);
  EXPECT_EQ(marks(drawn, 0), rows([](double hz) { return hz / end; }));
  EXPECT_EQ(marks(drawn, 1),
            rows([](double hz) { return std::log(1 + hz / 700) / std::log(1 + end / 700); }));
  // Names that would lie on one another: the lowest stays. A row is 5.2 Hz.
  EXPECT_EQ(marks(tones_picture({1000, 960, 940}, picture), 0).size(), 2U);
}

TEST(Tones, AnAxisEndsAtHalfTheRate) {
  Tensor drawn = tones_picture({3072}, picture);  // a quarter above is 3840, below 4096
  EXPECT_NEAR(brightest(drawn, left + 40), 3072. / 3840, .01);
  Tensor high = tones_picture({3584}, picture);
  EXPECT_NEAR(brightest(high, left + 40), 3584. / 4096, .01);
  EXPECT_EQ(marks(high, 0), std::vector<i64>{std::lround((1 - 3584. / 4096) * 239)});
}

TEST(Tones, ThatCannotBeDrawn) {
  for (double hz : {0., -100., 4096., 1e9, double{NAN}, double{INFINITY}})
    EXPECT_TRUE(contains(error_of([&] {
                           tones_picture({100, hz}, picture);
                         }),
                         "does not lie between 0 and half the rate of 8192 Hz"))
        << hz;
  EXPECT_TRUE(contains(error_of([] { tones_picture({}, picture); }), "there are no tones"));
}

}  // namespace
}  // namespace melgrad
