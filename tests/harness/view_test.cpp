// From stored rows to what a net sees.
#include "apps/harness/data/view.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/error_of.h"
#include "tests/harness/sounds.h"

namespace melgrad {
namespace {

TEST(View, WithNothingAskedForRowsPass) {
  for (const Input& input : {small_picture(), small_spectrum(true), columns(5)}) {
    Examples examples = noise_in_memory(input, 4);
    FittedView view(examples, {}, {0, 1});
    Tensor rows = examples.gather({2, 0, 3});
    EXPECT_TRUE(view(rows).shares_storage(rows));
    EXPECT_EQ(view(rows).strides(), rows.strides());
    EXPECT_TRUE(view.augmented(rows, 1, 0, {2, 0, 3}).shares_storage(rows));
    EXPECT_EQ(view.shape(), input.shape());
    EXPECT_TRUE(view.normalisation().mean.empty());
    EXPECT_EQ(view.variants(1, 2, {0, 1, 2}), (std::vector<i64>{0, 0, 0}));
  }
}

TEST(View, BytesBecomeNumbersUpToOne) {
  Examples examples = noise_in_memory(bytes(small_spectrum()), 3);
  FittedView view(examples, {}, {});
  Tensor seen = view(examples.gather({0, 2}));
  EXPECT_EQ(seen.dtype(), Dtype::f32);
  Tensor expected = examples.gather({0, 2}).to(Dtype::f32) / 255.;
  EXPECT_TRUE(equal(seen, expected));
  EXPECT_TRUE(seen.is_channels_last());
}

TEST(View, OneChannelIsRepeated) {
  Examples examples = noise_in_memory(small_spectrum(), 3);
  FittedView view(examples, {.channels = 3}, {});
  Tensor rows = examples.gather({1, 2}), seen = view(rows);
  EXPECT_EQ(view.shape(), (Shape{3, 6, 20}));
  EXPECT_EQ(seen.shape(), (Shape{2, 3, 6, 20}));
  EXPECT_TRUE(seen.is_channels_last());
  for (i64 c = 0; c < 3; ++c) EXPECT_TRUE(equal(seen.select(1, c), rows.select(1, 0)));
  EXPECT_TRUE(equal(view.augmented(rows, 1, 1, {1, 2}), seen));
  Examples pictures = noise_in_memory(small_picture(), 2);
  Tensor three = pictures.gather({0});
  EXPECT_TRUE(FittedView(pictures, {.channels = 3}, {})(three).shares_storage(three));
  EXPECT_TRUE(contains(error_of([&] { FittedView(pictures, {.channels = 4}, {}); }), "4 channels"));
  EXPECT_TRUE(
      contains(error_of([&] { FittedView(noise_in_memory(columns(3), 2), {.channels = 3}, {}); }),
               "channel"));
}

/// The values of a band in rows `part` of the examples, as the net would see them unscaled.
std::vector<double> band_values(const Examples& examples, const std::vector<i64>& part, i64 axis,
                                i64 band) {
  Tensor rows = FittedView(examples, {}, {})(examples.gather(part));
  return (axis < 0 ? rows : rows.select(axis, band)).to_vector<double>();
}

void expect_statistics(const Examples& examples, NormaliseBy by, i64 axis) {
  std::vector<i64> part;  // 70 of them: more than one block
  for (i64 i = 0; i < 140; i += 2) part.push_back(i);
  FittedView view(examples, {.normalise = by}, part);
  const auto& [mean, std] = view.normalisation();
  Tensor rows = examples.gather(part), seen = view(rows);
  std::size_t bands = axis < 0 ? 1 : static_cast<std::size_t>(rows.dim(axis));
  ASSERT_EQ(mean.size(), bands);
  ASSERT_EQ(std.size(), bands);
  for (std::size_t band = 0; band < bands; ++band) {
    std::vector<double> all = band_values(examples, part, axis, static_cast<i64>(band));
    double sum = 0, squares = 0;
    for (double x : all) sum += x;
    double expected = sum / static_cast<double>(all.size());
    for (double x : all) squares += (x - expected) * (x - expected);
    double deviation = std::sqrt(squares / static_cast<double>(all.size()));
    EXPECT_NEAR(mean[band], expected, 1e-12 * std::abs(expected) + 1e-13);  // sums in f64
    EXPECT_NEAR(std[band], deviation, 1e-10 * deviation);
    Tensor one = axis < 0 ? seen : seen.select(axis, static_cast<i64>(band));
    std::vector<double> scaled = one.to_vector<double>();
    for (std::size_t i = 0; i < scaled.size(); i += 7)  // three roundings to f32
      EXPECT_NEAR(scaled[i], (all[i] - expected) / deviation, 3e-6);
  }
}

TEST(View, StatisticsAreTheTrainingParts) {
  for (const Input& input : {small_picture(), bytes(small_spectrum()), small_spectrum()}) {
    expect_statistics(noise_in_memory(input, 140), NormaliseBy::training_part, -1);
    expect_statistics(noise_in_memory(input, 140), NormaliseBy::training_bands, 2);
  }
  expect_statistics(noise_in_memory(small_spectrum(true), 140), NormaliseBy::training_part, -1);
  expect_statistics(noise_in_memory(small_spectrum(true), 140), NormaliseBy::training_bands, 3);
  expect_statistics(noise_in_memory(columns(5), 140), NormaliseBy::training_part, -1);
  expect_statistics(noise_in_memory(columns(5), 140), NormaliseBy::training_bands, 1);
}

TEST(View, OtherRowsAndVariantsDoNotEnterTheStatistics) {
  Input input = small_spectrum();
  input.variants = {{.compressed = true}};
  Generator generator(1);
  Tensor rows = rand({8, 6, 20, 1}, generator), other = rows.clone();
  for (i64 row : {1, 3, 4, 5, 6, 7}) other.select(0, row).fill_(100);  // 0 and 2 are examples 0, 1
  View whole{.normalise = NormaliseBy::training_part};
  FittedView a(in_memory(input, rows), whole, {0, 1}), b(in_memory(input, other), whole, {0, 1});
  EXPECT_EQ(a.normalisation().mean, b.normalisation().mean);
  EXPECT_EQ(a.normalisation().std, b.normalisation().std);
  FittedView c(in_memory(input, other), whole, {0, 1, 2});
  EXPECT_NE(a.normalisation().mean, c.normalisation().mean);
  EXPECT_TRUE(
      contains(error_of([&] { FittedView(in_memory(input, rows), whole, {}); }), "no training"));
}

TEST(View, FarFromZeroAndWithoutDeviation) {
  Generator generator(1);
  // f32 near 4096 has steps of 2^-11; the values are multiples of it, so that none is rounded.
  Tensor steps = randint(0, 5, {100, 6, 20, 1}, generator).to(Dtype::f32) / 2048.;
  Examples near = in_memory(small_spectrum(), steps),
           far = in_memory(small_spectrum(), steps + 4096.);
  View whole{.normalise = NormaliseBy::training_part};
  FittedView a(near, whole, all_of(near)), b(far, whole, all_of(far));
  EXPECT_NEAR(b.normalisation().mean[0], a.normalisation().mean[0] + 4096, 1e-11);
  EXPECT_NEAR(b.normalisation().std[0], a.normalisation().std[0], 1e-13);

  Examples constant = in_memory(small_spectrum(), full({4, 6, 20, 1}, 3));
  Tensor seen = FittedView(constant, whole, {0, 1})(constant.gather({2}));
  EXPECT_EQ(max(abs(seen)).item(), 0);
}

}  // namespace
}  // namespace melgrad
