// Pictures pixel by pixel: where frequencies, frames, colours, ticks and letters come to lie.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

#include "audio/drawing/colour_tables.h"
#include "audio/drawing/font.h"
#include "audio/drawing/plot.h"
#include "audio/files/decode.h"
#include "audio/spectra/decibel.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

TEST(Colours, EachLevelOfEachTable) {
  const std::pair<Colours, const std::array<std::uint32_t, 256>*> tables[] = {
      {Colours::magma, &magma_table},
      {Colours::viridis, &viridis_table},
      {Colours::coolwarm, &coolwarm_table}};
  for (auto [colours, table] : tables) {
    // From −3 to 61 in 256 levels of a quarter: each level's middle, and beyond the ends.
    std::vector<float> values = {-100}, expected;
    for (int level = 0; level < 256; ++level)
      values.push_back(-3 + (static_cast<float>(level) + .5F) / 4);
    values.push_back(100);
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::uint32_t rgb = (*table)[std::clamp<std::size_t>(i, 1, 256) - 1];
      for (unsigned shift : {16U, 8U, 0U})
        expected.push_back(static_cast<float>(rgb >> shift & 255U) / 255);
    }
    EXPECT_TRUE(
        equal(colourise(from_vector(values), colours, -3, 61), from_vector(expected, {258, 3})));
  }
  Tensor grey = colourise(arange(256, Dtype::f32).reshape({2, 128}), Colours::grey, 0, 256);
  EXPECT_EQ(grey.shape(), (Shape{2, 128, 3}));
  for (i64 c = 0; c < 3; ++c)
    EXPECT_TRUE(
        allclose(grey.select(2, c).reshape({256}), arange(256, Dtype::f32) / 255., 1e-6, 0));
  // Between the smallest and the largest value; a constant is the lowest colour.
  EXPECT_TRUE(equal(colourise(linspace(-5, 3, 9), Colours::magma),
                    colourise(linspace(-5, 3, 9), Colours::magma, -5, 3)));
  EXPECT_EQ(max(colourise(full({3}, 7), Colours::grey)).item(), 0);
  EXPECT_EQ(colourise(zeros({0}), Colours::grey).shape(), (Shape{0, 3}));
}

TEST(Colours, SpecshowLooksAtTheSecondAndTheNinetyEighthPercentile) {
  // Of 101 values these are the third smallest and the third largest.
  auto of = [](std::size_t negative, std::size_t positive) {
    std::vector<float> values(101, 0);
    for (std::size_t i = 0; i < negative; ++i) values[7 * i] = -1;
    for (std::size_t i = 0; i < positive; ++i) values[3 + 7 * i] = 1;
    return resolve_colours(specshow, from_vector(values));
  };
  EXPECT_EQ(of(2, 5), Colours::magma);
  EXPECT_EQ(of(3, 2), Colours::magma);
  EXPECT_EQ(of(5, 3), Colours::coolwarm);
  EXPECT_EQ(of(3, 5), Colours::coolwarm);
  // Of 26 values half way between the two smallest.
  for (auto [second, expected] : {std::pair(1.01F, Colours::magma), {.99F, Colours::coolwarm}}) {
    std::vector<float> values(26, 2);
    values[11] = -1;
    values[5] = second;
    EXPECT_EQ(resolve_colours(specshow, from_vector(values)), expected);
  }
  float nan = std::nanf(""), infinity = INFINITY;
  EXPECT_EQ(resolve_colours(specshow, from_vector<float>({nan, 1, 2, -infinity})), Colours::magma);
  EXPECT_EQ(resolve_colours(specshow, from_vector<float>({nan, infinity})), Colours::magma);
  EXPECT_EQ(resolve_colours(Colours::grey, from_vector<float>({-1, 1})), Colours::grey);
}

TEST(Colours, Names) {
  const std::pair<const char*, Colours> names[] = {
      {"specshow", Colours::specshow}, {"magma", Colours::magma}, {"viridis", Colours::viridis},
      {"coolwarm", Colours::coolwarm}, {"grey", Colours::grey},   {"gray", Colours::grey}};
  for (auto [name, colours] : names) EXPECT_EQ(parse_colours(name), colours) << name;
  EXPECT_TRUE(contains(error_of([] { parse_colours("jet"); }), "no colour map 'jet'"));
  EXPECT_EQ(parse_frequency_axis("linear"), FrequencyAxis::linear);
  EXPECT_EQ(parse_frequency_axis("log"), FrequencyAxis::log);
  EXPECT_EQ(parse_frequency_axis("mel"), FrequencyAxis::mel);
  EXPECT_EQ(parse_frequency_axis("htk"), FrequencyAxis::htk);
  EXPECT_TRUE(contains(error_of([] { parse_frequency_axis("bark"); }), "no frequency axis 'bark'"));
}

TEST(FrequencyAxis, Positions) {
  constexpr double c2 = 65.40639132514966;
  struct Case {
    FrequencyAxis axis;
    double hz, position;
  };
  for (auto [axis, hz, position] :
       {Case{FrequencyAxis::linear, 123, 123}, Case{FrequencyAxis::log, 0, 0},
        Case{FrequencyAxis::log, c2 / 2, .5}, Case{FrequencyAxis::log, c2, 1},
        Case{FrequencyAxis::log, 2 * c2, 2}, Case{FrequencyAxis::log, 32 * c2, 6},
        Case{FrequencyAxis::mel, 500, 1}, Case{FrequencyAxis::mel, 1000, 2},
        Case{FrequencyAxis::mel, 2000, 3}, Case{FrequencyAxis::mel, 16000, 6},
        Case{FrequencyAxis::htk, 0, 0}, Case{FrequencyAxis::htk, 6300, 2595}})
    EXPECT_NEAR(axis_position(hz, axis), position, 1e-12) << hz;
}

TEST(SpectrogramPicture, ARowIsTheMeanOfWhatLiesUnderIt) {
  constexpr i64 bins = 9, frames = 4, height = 7;
  constexpr double nyquist = 4000;
  Tensor db = test_signal(bins * frames).reshape({bins, frames});
  std::vector<double> grey = colourise(db, Colours::grey).select(2, 0).to_vector<double>();
  for (FrequencyAxis axis :
       {FrequencyAxis::linear, FrequencyAxis::log, FrequencyAxis::mel, FrequencyAxis::htk}) {
    Tensor rgb = spectrogram_picture(db, 2 * nyquist, height, frames, Colours::grey, axis);
    ASSERT_EQ(rgb.shape(), (Shape{3, height, frames}));
    EXPECT_TRUE(equal(rgb.select(0, 0), rgb.select(0, 2)));
    // Many frequencies, each with the bin that is nearest, fall into rows; a row is weighted by its axis.
    std::vector<double> sum(height * frames, 0), weight(height, 0);
    constexpr int steps = 100000;
    double top = axis_position(nyquist, axis);
    for (int i = 0; i < steps; ++i) {
      double hz = nyquist * (i + .5) / steps, width = nyquist / steps;
      double share = axis_position(hz, axis) / top;
      double extent = axis_position(hz + width / 2, axis) - axis_position(hz - width / 2, axis);
      auto row = static_cast<i64>((1 - share) * height);
      i64 bin = std::lround(hz / nyquist * (bins - 1));
      weight[static_cast<std::size_t>(row)] += extent;
      for (i64 t = 0; t < frames; ++t)
        sum[static_cast<std::size_t>(row * frames + t)] +=
            extent * grey[static_cast<std::size_t>(bin * frames + t)];
    }
    std::vector<double> drawn = rgb.select(0, 0).to_vector<double>();
    for (std::size_t i = 0; i < sum.size(); ++i)
      EXPECT_NEAR(drawn[i], sum[i] / weight[i / frames], 1e-3)
          << static_cast<int>(axis) << ' ' << i;
  }
  for (auto [rows, columns] : {std::pair<i64, i64>{0, 5}, {5, 0}})
    EXPECT_TRUE(contains(error_of([&, rows = rows, columns = columns] {
                           spectrogram_picture(db, 8000, rows, columns, Colours::grey,
                                               FrequencyAxis::log);
                         }),
                         "height and width of at least 1"));
  EXPECT_TRUE(contains(error_of([&] {
                         spectrogram_picture(db.slice(0, 0, 1), 8000, 5, 5, Colours::grey,
                                             FrequencyAxis::log);
                       }),
                       "needs (bins, frames)"));
}

TEST(Picture, EveryParameterChangesIt) {
  TemporaryFolder folder;
  encode(folder / "x.wav", {test_signal(60000), 22050});
  const std::pair<const char*, std::function<void(Picture&)>> changes[] = {
      {"sample_rate", [](Picture& p) { p.sample_rate = 16000; }},
      {"n_fft", [](Picture& p) { p.n_fft = 1024; }},
      {"hop", [](Picture& p) { p.hop = 300; }},
      {"height", [](Picture& p) { p.height = 20; }},
      {"width", [](Picture& p) { p.width = 24; }},
      {"colours", [](Picture& p) { p.colours = Colours::grey; }},
      {"axis", [](Picture& p) { p.axis = FrequencyAxis::mel; }},
      {"seconds", [](Picture& p) { p.seconds = 1; }},
      {"mean", [](Picture& p) { p.mean = .4; }},
      {"std", [](Picture& p) { p.std = .4; }},
  };
  Tensor whole = load_picture({}, folder / "x.wav");
  for (const auto& [name, change] : changes) {
    Picture changed;
    change(changed);
    EXPECT_FALSE(equal(load_picture(changed, folder / "x.wav"), whole)) << name;
  }
}

TEST(Picture, IsTheStages) {
  TemporaryFolder folder;
  encode(folder / "x.wav", {test_signal(30000), 8000});
  Picture picture{.sample_rate = 8000,
                  .n_fft = 512,
                  .hop = 100,
                  .height = 20,
                  .width = 30,
                  .seconds = 2,
                  .mean = .3,
                  .std = .2};
  Tensor part = decode(folder / "x.wav").samples.slice(0, 8000, 24000);
  Tensor db = power_to_db(spectrogram(part, {.n_fft = 512, .hop_length = 100}), {.top_db = {}});
  db = clamp(db, max(db).item() - 80, INFINITY);
  Tensor rgb = spectrogram_picture(db, 8000, 20, 30, specshow, FrequencyAxis::log);
  EXPECT_TRUE(equal(load_picture(picture, folder / "x.wav", 1), (rgb - .3) / .2));
  EXPECT_TRUE(equal(picture_of(picture, part), (rgb - .3) / .2));
}

TEST(Picture, OfAPictureFile) {
  TemporaryFolder folder;
  // Red rises downwards, green to the right, blue is constant.
  std::vector<u8> rgb;
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 6; ++x)
      for (int value : {y * 30, x * 40, 51}) rgb.push_back(static_cast<u8>(value));
  save_png(folder / "x.png", from_vector(rgb, {8, 6, 3}));
  Tensor x = load_picture({.height = 4, .width = 3, .mean = .25, .std = 2}, folder / "x.png");
  ASSERT_EQ(x.shape(), (Shape{3, 4, 3}));
  for (i64 row = 0; row < 4; ++row)
    for (i64 column = 0; column < 3; ++column) {
      auto at = [&](i64 c) {
        return x.select(0, c).select(0, row).select(0, column).item() * 2 + .25;
      };
      EXPECT_NEAR(at(0), (static_cast<double>(row) * 60 + 15) / 255, 1e-6);
      EXPECT_NEAR(at(1), (static_cast<double>(column) * 80 + 20) / 255, 1e-6);
      EXPECT_NEAR(at(2), .2, 1e-6);
    }
}

/// A picture as text: '#' black, '.' white, 'b' the strokes' blue.
std::string as_text(const Tensor& picture) {
  std::vector<i64> values = picture.to_vector<i64>();
  std::string text;
  for (std::size_t i = 0; i < values.size(); i += 3) {
    std::vector<i64> rgb(values.begin() + static_cast<i64>(i),
                         values.begin() + static_cast<i64>(i) + 3);
    text += rgb == std::vector<i64>{255, 255, 255}  ? '.'
            : rgb == std::vector<i64>{0, 0, 0}      ? '#'
            : rgb == std::vector<i64>{31, 119, 180} ? 'b'
                                                    : '?';
    if ((i / 3 + 1) % static_cast<std::size_t>(picture.dim(1)) == 0) text += '\n';
  }
  return text;
}

TEST(Plot, AWaveIsAStrokeFromTheSmallestToTheLargest) {
  auto drawn = [](const std::vector<double>& x, i64 width) {
    return as_text(waveform_picture(from_vector(x), 5, width));
  };
  EXPECT_EQ(drawn({1, -1, 0, .5}, 2),
            "b.\n"
            "bb\n"
            "bb\n"
            "b.\n"
            "b.\n");
  EXPECT_EQ(drawn({3, -7, -.5}, 3),
            "b..\n"
            "...\n"
            "...\n"
            "..b\n"
            ".b.\n");
  EXPECT_EQ(drawn({0, 1}, 4),  // fewer samples than columns
            "..bb\n"
            "....\n"
            "bb..\n"
            "....\n"
            "....\n");
  EXPECT_EQ(drawn({0, 1, 0, -1, 0}, 2),  // 2 and 3
            "b.\n"
            "b.\n"
            "bb\n"
            ".b\n"
            ".b\n");
  for (auto [height, width] : {std::pair<i64, i64>{1, 5}, {5, 0}})
    EXPECT_NE(
        error_of([height = height, width = width] { waveform_picture(ones({4}), height, width); }),
        "no error");
}

TEST(Plot, ASpectrumIsInDecibelFromItsPeak) {
  std::vector<double> x;
  for (int i = 0; i < 64; ++i)
    x.push_back(std::cos(2 * std::numbers::pi * 8 * i / 64) +
                .1 * std::cos(2 * std::numbers::pi * 20 * i / 64));
  Tensor picture = spectrum_picture(from_vector(x), 81, 33);  // a decibel a row, a bin a column
  std::vector<i64> red = picture.select(2, 0).to_vector<i64>();
  for (i64 column = 0; column < 33; ++column) {
    i64 first = column == 8 ? 0 : column == 20 ? 20 : 80;
    for (i64 row = 0; row < 81; ++row)
      EXPECT_EQ(red[static_cast<std::size_t>(row * 33 + column)], row < first ? 255 : 31)
          << row << ' ' << column;
  }
  // Of two bins a column shows the louder one.
  Tensor narrow = spectrum_picture(from_vector(x), 81, 16);
  EXPECT_EQ(narrow.select(0, 0).select(0, 4).select(0, 0).item(), 31);
}

TEST(Plot, AFeaturesFirstRowIsAtTheBottom) {
  Tensor feature = from_vector<float>({0, 1, 2, 3}, {2, 2});
  Tensor rgb = feature_picture(feature, 4, 2, Colours::grey);
  std::vector<i64> levels = round(rgb.select(0, 1) * 255.).to_vector<i64>();
  EXPECT_EQ(levels, (std::vector<i64>{170, 255, 170, 255, 0, 85, 0, 85}));
  EXPECT_TRUE(contains(error_of([] { feature_picture(zeros({4}), 2, 2); }), "(rows, frames)"));
}

TEST(Plot, Bytes) {
  Tensor rgb = from_vector<float>({0, .5F, 1, -1, 2, .1F}, {3, 1, 2});
  Tensor bytes = to_bytes(rgb);
  EXPECT_EQ(bytes.shape(), (Shape{1, 2, 3}));
  EXPECT_EQ(bytes.to_vector<i64>(), (std::vector<i64>{0, 255, 255, 128, 0, 26}));
  EXPECT_TRUE(contains(error_of([] { to_bytes(zeros({1, 2, 3})); }), "(3, height, width)"));
}

TEST(Plot, AverageIsOverThoseThatReachSoFar) {
  Tensor average = average_feature({ones({2, 3}), full({2, 5}, 3)});
  EXPECT_EQ(average.to_vector<double>(), (std::vector<double>{2, 2, 2, 3, 3, 2, 2, 2, 3, 3}));
  EXPECT_EQ(average.dtype(), Dtype::f32);
  EXPECT_TRUE(contains(error_of([] { average_feature({}); }), "there are no features"));
  EXPECT_TRUE(contains(error_of([] {
                         average_feature({ones({2, 3}), ones({3, 3})});
                       }),
                       "equally many rows"));
}

TEST(Font, LettersAreLetters) {
  auto drawn = [](char character) {
    std::string text;
    for (unsigned row : glyph(character)) {
      for (int c = 4; c >= 0; --c) text += (row >> c & 1U) != 0 ? '#' : '.';
      text += '\n';
    }
    return text;
  };
  EXPECT_EQ(drawn('F'),
            "#####\n"
            "#....\n"
            "#....\n"
            "####.\n"
            "#....\n"
            "#....\n"
            "#....\n");
  EXPECT_EQ(drawn('f'), drawn('F'));
  EXPECT_EQ(drawn('?'), drawn(' '));
  EXPECT_EQ(drawn('-').find('#'), 18U);
  // All others by a sum (FNV-1a) over their rows: looked at, and then not to change by accident.
  u64 sum = 14695981039346656037U;
  for (char character : std::string("0123456789.-ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    for (u8 row : glyph(character)) sum = (sum ^ row) * 1099511628211U;
  EXPECT_EQ(sum, 14543357773761144972U);
}

TEST(Plot, OctavesOnTheAxesOfFrequencies) {
  for (auto [axis, first] : {std::pair(FrequencyAxis::log, 64.), {FrequencyAxis::mel, 512.}})
    for (double sample_rate : {8192., 22050.}) {
      Ticks ticks = frequency_ticks(sample_rate, axis);
      EXPECT_EQ(ticks.unit, "Hz");
      EXPECT_EQ(ticks.marks.front().label, "0");
      EXPECT_EQ(ticks.marks.front().share, 0);
      auto octaves = static_cast<std::size_t>(std::log2(sample_rate / 2 / first));
      ASSERT_EQ(ticks.marks.size(), octaves + 2);
      for (std::size_t i = 1; i < ticks.marks.size(); ++i) {
        double hz = std::ldexp(first, static_cast<int>(i) - 1);
        EXPECT_EQ(ticks.marks[i].label, format("{}", hz));
        EXPECT_DOUBLE_EQ(ticks.marks[i].share,
                         axis_position(hz, axis) / axis_position(sample_rate / 2, axis));
      }
    }
}

TEST(Plot, AxesLieAroundThePicture) {
  Tensor picture = full({30, 40, 3}, 99, Dtype::u8);
  PlotAxes axes{"T1", {"S", {{0, "0"}, {.75, "15"}}}, {"HZ", {{.5, "250"}}}};
  Tensor expected = full({30 + 18 + 28, 40 + 52 + 12, 3}, 255, Dtype::u8);
  expected.slice(0, 18, 48).slice(1, 52, 92).copy_(picture);
  auto black = [&](i64 y, i64 x) { expected.slice(0, y, y + 1).slice(1, x, x + 1).fill_(0); };
  auto write = [&](i64 y, i64 x, const std::string& words) {
    for (char character : words) {
      auto rows = glyph(character);
      for (i64 r = 0; r < 7; ++r)
        for (i64 c = 0; c < 5; ++c)
          if ((rows[static_cast<std::size_t>(r)] & (16 >> c)) != 0) black(y + r, x + c);
      x += 6;
    }
  };
  write(4, 52, "T1");
  for (i64 i = 0; i < 4; ++i) {
    black(48 + i, 52);       // at 0
    black(48 + i, 52 + 29);  // three quarters of 39 steps
    black(18 + 15, 51 - i);  // half of 29 steps
  }
  write(55, 52 - 3, "0");
  write(55, 81 - 6, "15");
  write(30, 52 - 8 - 18, "250");
  write(66, 92 - 6, "S");
  write(4, 52 - 8 - 12, "HZ");
  EXPECT_EQ(as_text(with_axes(picture, axes)), as_text(expected));
  EXPECT_TRUE(equal(with_axes(picture, axes), expected));
  for (const Tensor& wrong :
       {zeros({4, 4, 3}), zeros({4, 4, 1}, Dtype::u8), zeros({4, 3}, Dtype::u8)})
    EXPECT_TRUE(contains(error_of([&] { with_axes(wrong, axes); }), "needs u8 (height, width, 3)"));
}

}  // namespace
}  // namespace melgrad
