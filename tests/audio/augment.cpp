// What each augmentation does to numbers that can be followed, and how often it does which.
#include "audio/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "tensor/ops.h"
#include "tests/audio/signal.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

using Values = std::vector<i64>;

/// How often draw() returned what, of `draws`.
template <class Draw>
auto counts_of(int draws, Draw draw) {
  std::map<decltype(draw()), int> counts;
  for (int i = 0; i < draws; ++i) ++counts[draw()];
  return counts;
}

/// Whether each of `expected` was drawn, nothing else was, and all were drawn equally often: a count's standard
/// deviation is less than √(draws/n), and the seeds are fixed.
template <class Counts, class Outcomes>
void expect_uniform(const Counts& counts, const Outcomes& expected, int draws) {
  EXPECT_EQ(counts.size(), expected.size());
  double mean = static_cast<double>(draws) / static_cast<double>(expected.size());
  for (const auto& outcome : expected) {
    ASSERT_TRUE(counts.contains(outcome)) << testing::PrintToString(outcome);
    EXPECT_NEAR(counts.at(outcome), mean, 4 * std::sqrt(mean)) << testing::PrintToString(outcome);
  }
}

Tensor grid(i64 rows, i64 columns) {
  return arange(rows * columns, Dtype::f64).reshape({rows, columns});
}

TEST(SampleGenerator, SeedEpochAndSampleAllCount) {
  std::set<double> first_draws;
  for (u64 seed = 0; seed < 7; ++seed)
    for (i64 epoch = 0; epoch < 7; ++epoch)
      for (i64 sample = 0; sample < 7; ++sample) {
        Generator generator = sample_generator(seed, epoch, sample);
        double first = generator.uniform();
        first_draws.insert(first);
        EXPECT_EQ(sample_generator(seed, epoch, sample).uniform(), first);
      }
  EXPECT_EQ(first_draws.size(), 7U * 7 * 7);
}

TEST(Augment, WhiteNoiseHasThePowerThatIsAsked) {
  Generator generator(1);
  for (Dtype dtype : {Dtype::f32, Dtype::f64})
    for (double snr_db : {-10., 0., 20.}) {
      Tensor x = test_signal(40000).to(dtype).reshape({2, 20000});
      Tensor noise = (add_white_noise(x, snr_db, generator) - x).to(Dtype::f64);
      double power = mean(square(noise)).item(), ratio = mean(square(x)).item() / power;
      // The power of n values of noise is known to √(2/n) = .7 %: .03 dB.
      EXPECT_NEAR(10 * std::log10(ratio), snr_db, .12);
      EXPECT_NEAR(mean(noise).item(), 0, 4 * std::sqrt(power / 40000));
      // Gaussian: the fourth moment is 3 σ⁴, known to √(96/n).
      EXPECT_NEAR(mean(square(square(noise))).item() / (power * power), 3, .2);
    }
  EXPECT_TRUE(equal(add_white_noise(zeros({50}), 20, generator), zeros({50})));
  EXPECT_EQ(add_white_noise(zeros({0}), 20, generator).numel(), 0);
}

TEST(Augment, CutsLeaveTheRestInOrder) {
  Generator generator(2);
  Tensor x = arange(7, Dtype::f64);
  // .3 s at 10 Hz: three samples, from each of five places.
  auto cut = [&] { return cut_segments(x, 1, .3, 10, generator).to_vector<i64>(); };
  std::vector<Values> rests;
  for (i64 begin = 0; begin <= 4; ++begin) {
    Values rest;
    for (i64 i = 0; i < 7; ++i)
      if (i < begin || i >= begin + 3) rest.push_back(i);
    rests.push_back(rest);
  }
  expect_uniform(counts_of(2000, cut), rests, 2000);
  // The second cut is of what the first one left: which sample of three stays is drawn as well.
  auto last = [&] { return cut_segments(arange(3), 2, .1, 10, generator).to_vector<i64>(); };
  expect_uniform(counts_of(1500, last), std::vector<Values>{{0}, {1}, {2}}, 1500);
}

TEST(Augment, CutsAreRoundedAndLeaveSomething) {
  Generator generator(3);
  Tensor x = arange(10, Dtype::f64);
  EXPECT_EQ(cut_segments(x, 3, .26, 10, generator).numel(), 1);  // 2.6 samples are 3
  EXPECT_EQ(cut_segments(x, 4, .24, 10, generator).numel(), 2);
  EXPECT_TRUE(equal(cut_segments(x, 0, 5, 10, generator), x));
  EXPECT_TRUE(equal(cut_segments(x, 3, 0, 10, generator), x));
  auto error = [&](i64 count, double seconds) {
    return error_of([&] { cut_segments(x, count, seconds, 10, generator); });
  };
  EXPECT_EQ(error(9, .1), "no error");
  for (auto [count, seconds] : {std::pair(10, .1), {1, 1.}, {2, .5}, {-1, .1}, {1, -.1}})
    EXPECT_TRUE(contains(error(count, seconds), "would leave nothing")) << count << ' ' << seconds;
  EXPECT_TRUE(contains(error_of([&] { cut_segments(grid(2, 3), 1, .1, 10, generator); }),
                       "needs (samples)"));
}

TEST(Augment, TimeShiftRollsByEveryStepUpToTheMost) {
  Generator generator(4);
  Tensor x = grid(2, 8);
  std::vector<Values> rolls;
  for (i64 shift = -3; shift <= 3; ++shift) {
    Values rolled;
    for (i64 row = 0; row < 2; ++row)
      for (i64 i = 0; i < 8; ++i) rolled.push_back(8 * row + (i - shift + 8) % 8);
    rolls.push_back(rolled);
  }
  auto shifted = [&] { return time_shift(x, 3, generator).to_vector<i64>(); };
  expect_uniform(counts_of(2800, shifted), rolls, 2800);
  EXPECT_TRUE(equal(time_shift(x, 0, generator), x));
  EXPECT_EQ(time_shift(zeros({2, 0}), 3, generator).shape(), (Shape{2, 0}));
  // More than once around: all places alike.
  auto place = [&] { return time_shift(arange(4), 9, generator).to_vector<i64>().front(); };
  EXPECT_EQ(counts_of(200, place).size(), 4U);
}

TEST(Augment, TimeFlipsAsOftenAsAsked) {
  Generator generator(5);
  Tensor x = grid(2, 3), flipped = from_vector<double>({2, 1, 0, 5, 4, 3}, {2, 3});
  for (auto [p, least, most] : {std::tuple(0., 0, 0), {.3, 550, 650}, {1., 2000, 2000}}) {
    int flips = 0;
    for (int i = 0; i < 2000; ++i) {
      Tensor y = random_time_flip(x, generator, p);
      EXPECT_TRUE(equal(y, x) || equal(y, flipped));
      flips += equal(y, flipped) ? 1 : 0;
    }
    EXPECT_TRUE(flips >= least && flips <= most) << p << ": " << flips;  // σ at .3: 20
  }
  int flips = 0;
  for (int i = 0; i < 2000; ++i) flips += equal(random_time_flip(x, generator), x) ? 0 : 1;
  EXPECT_NEAR(flips, 1000, 90);
}

TEST(Augment, ZoomShowsMoreOrLessAboutTheCentre) {
  // One axis is zoomed by z, the other not; row i of n shows row `shown`[i].
  struct Case {
    double z;
    Values shown;
  };
  for (const auto& [z, shown] :
       {Case{1, {0, 1, 2, 3, 4}}, Case{2, {0, 0, 2, 4, 4}}, Case{1.3, {0, 1, 2, 3, 4}},
        Case{1.6, {0, 0, 2, 4, 4}}, Case{.7, {1, 1, 2, 3, 3}}, Case{.2, {2, 2, 2, 2, 2}},
        Case{1. / 3, {1, 2, 2, 2, 3}}, Case{1, {0, 1, 2, 3}}, Case{3, {0, 0, 3, 3}},
        Case{.6, {1, 1, 2, 2}}}) {
    auto n = static_cast<i64>(shown.size());
    Tensor tall = grid(n, 3), index = from_vector(shown);
    EXPECT_TRUE(equal(zoom(tall, z, 1), index_select(tall, 0, index))) << z;
    Tensor wide = grid(3, n);
    EXPECT_TRUE(equal(zoom(wide, 1, z), index_select(wide, 1, index))) << z;
    Tensor batch = cat({wide.unsqueeze(0), wide.unsqueeze(0) * 2.}, 0);
    EXPECT_TRUE(equal(zoom(batch, 1, z), index_select(batch, 2, index))) << z;
  }
  for (auto [zh, zw] : {std::pair(0., 1.), {1., 0.}, {-1., 1.}})
    EXPECT_TRUE(contains(error_of([zh = zh, zw = zw] { zoom(grid(2, 2), zh, zw); }), "positive"));
  EXPECT_TRUE(contains(error_of([] { zoom(arange(4), 1, 1); }), "(…, bands, frames)"));
}

TEST(Augment, RandomZoomDrawsEachAxisByItself) {
  Generator generator(6);
  constexpr i64 n = 401, centre = 200, beside = 300;  // shows centre + 100 z, at most 140 below
  Tensor rows = stack({arange(n, Dtype::f64), arange(n, Dtype::f64)}, 1);
  Tensor columns = rows.transpose(0, 1).contiguous();
  std::vector<double> high, wide;
  for (int i = 0; i < 200; ++i) {
    Generator same = generator.fork(static_cast<u64>(i)), again = same.fork(0);
    again.set_state(same.seed(), same.offset());
    Tensor y = random_zoom(rows, .4, same), x = random_zoom(columns, .4, again);
    high.push_back((y.select(0, beside).select(0, 0).item() - centre) / 100);
    wide.push_back((x.select(0, 0).select(0, beside).item() - centre) / 100);
  }
  double product = 0;
  for (const auto& factors : {high, wide}) {
    auto [least, most] = std::minmax_element(factors.begin(), factors.end());
    EXPECT_TRUE(*least >= .595 && *least < .63) << *least;
    EXPECT_TRUE(*most <= 1.405 && *most > 1.37) << *most;
  }
  for (std::size_t i = 0; i < high.size(); ++i) product += (high[i] - 1) * (wide[i] - 1) / 200;
  EXPECT_NEAR(product, 0, .015);  // of equal ones the mean is .4²/3 = .053; σ is .053/√200
  EXPECT_TRUE(equal(random_zoom(rows, 0, generator), rows));
  for (double z : {-.1, 1., 1.5})
    EXPECT_TRUE(contains(error_of([&] { random_zoom(rows, z, generator); }), "between 0 and 1"));
}

/// (first masked, how many) of the one axis of a mask; the places must touch. (0, 0): none.
std::pair<i64, i64> stretch(const Tensor& masked) {
  Values values = masked.to_vector<i64>();
  auto first = std::find(values.begin(), values.end(), 1);
  auto last = std::find(first, values.end(), 0);
  EXPECT_EQ(std::count(last, values.end(), 1), 0) << "two stretches";
  return first == last ? std::pair<i64, i64>{} : std::pair(first - values.begin(), last - first);
}

TEST(Augment, AMaskIsAnyStretchUpToTheWidest) {
  Generator generator(7);
  for (bool time : {false, true}) {
    SpecAugment options{.frequency_masks = time ? 0 : 1,
                        .widest_frequency = 2,
                        .time_masks = time ? 1 : 0,
                        .widest_time = 2,
                        .value = -5};
    auto mask = [&] {
      Tensor x = grid(4, 4), y = spec_augment(x, options, generator);
      EXPECT_TRUE(equal(x, grid(4, 4))) << "the features themselves were changed";
      Tensor masked = (y < 0.).to(Dtype::f64);
      EXPECT_TRUE(equal(y, where(masked > 0., full({4, 4}, -5, Dtype::f64), x)));
      EXPECT_TRUE(equal(min(masked, {time ? 0 : 1}), max(masked, {time ? 0 : 1})))
          << "a mask goes from edge to edge";
      return stretch(max(masked, {time ? 0 : 1}));
    };
    auto counts = counts_of(1800, mask);
    // Widths 0, 1 and 2 alike, and of each width all places alike.
    std::map<std::pair<i64, i64>, double> expected = {{{0, 0}, 600}};
    for (i64 begin = 0; begin < 4; ++begin) expected[{begin, 1}] = 600 / 4.;
    for (i64 begin = 0; begin < 3; ++begin) expected[{begin, 2}] = 600 / 3.;
    EXPECT_EQ(counts.size(), expected.size());
    for (const auto& [place, count] : expected)
      EXPECT_NEAR(counts[place], count, 4 * std::sqrt(count)) << place.first << ' ' << place.second;
  }
}

TEST(Augment, MasksOfTheirNumber) {
  Generator generator(8);
  Tensor x = ones({2, 100, 100});
  for (i64 masks = 0; masks <= 3; ++masks) {
    i64 most_rows = 0, most_columns = 0;
    for (int i = 0; i < 300; ++i) {
      Tensor y = spec_augment(x,
                              {.frequency_masks = masks,
                               .widest_frequency = 4,
                               .time_masks = 3 - masks,
                               .widest_time = 7},
                              generator);
      EXPECT_TRUE(equal(y.select(0, 0), y.select(0, 1)));
      auto gone = [&](i64 axis) {
        return 100 - static_cast<i64>(sum(max(y.select(0, 0), {axis})).item());
      };
      most_rows = std::max(most_rows, gone(1));
      most_columns = std::max(most_columns, gone(0));
    }
    // All of the widest and apart from each other: once in 5³ or 8³, or nearly so.
    EXPECT_TRUE(most_rows <= 4 * masks && most_rows > 4 * (masks - 1)) << most_rows;
    EXPECT_TRUE(most_columns <= 7 * (3 - masks) && most_columns > 7 * (2 - masks)) << most_columns;
  }
  // Wider than there is: up to all of it.
  auto width = [&] {
    Tensor y = spec_augment(ones({3, 1}), {1, 27, 0, 0, 0}, generator);
    return 3 - static_cast<i64>(sum(y).item());
  };
  expect_uniform(counts_of(2000, width), Values{0, 1, 2, 3}, 2000);
  EXPECT_TRUE(contains(error_of([&] { spec_augment(ones({3}), {}, generator); }), "bands, frames"));
}

}  // namespace
}  // namespace melgrad
