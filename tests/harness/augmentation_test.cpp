// What happens to training examples by chance.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "apps/harness/data/view.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/harness/sounds.h"

namespace melgrad {
namespace {

Tensor augmented(const FittedView& view, const Examples& examples, u64 seed, i64 epoch,
                 const std::vector<i64>& indices) {
  return view.augmented(examples.gather(indices), seed, epoch, indices);
}

/// Rows whose values tell where they were: 100 · row + column of each channel of (C, H, W).
Examples places(const Input& input, i64 count) {
  Shape row = input.shape();
  std::vector<float> all;
  for (i64 n = 0; n < count; ++n)
    for (i64 h = 0; h < row[1]; ++h)
      for (i64 w = 0; w < row[2]; ++w)
        for (i64 c = 0; c < row[0]; ++c) all.push_back(static_cast<float>(100 * h + w));
  return in_memory(input, from_vector(all, {count, row[1], row[2], row[0]}));
}

/// Of `places`, augmented without noise: the time and the band that each place (h, w) shows, when
/// frames go along the columns. Empty if rows and columns were not moved as a whole.
struct Shown {
  std::vector<i64> band, time;
};
Shown shown(const Tensor& batch, i64 i, bool frames_first) {
  Tensor one = batch.select(0, i).select(0, 0);
  i64 height = one.dim(0), width = one.dim(1);
  std::vector<i64> all = one.to_vector<i64>(), rows, columns;
  for (i64 h = 0; h < height; ++h) rows.push_back(all[static_cast<std::size_t>(h * width)] / 100);
  for (i64 w = 0; w < width; ++w) columns.push_back(all[static_cast<std::size_t>(w)] % 100);
  for (i64 h = 0; h < height; ++h)
    for (i64 w = 0; w < width; ++w)
      if (all[static_cast<std::size_t>(h * width + w)] !=
          100 * rows[static_cast<std::size_t>(h)] + columns[static_cast<std::size_t>(w)])
        return {};
  if (frames_first) std::swap(rows, columns);
  return {rows, columns};
}

std::vector<i64> counting(i64 n) { return arange(n).to_vector<i64>(); }

std::vector<i64> reversed(i64 n) {
  std::vector<i64> result = counting(n);
  std::reverse(result.begin(), result.end());
  return result;
}

/// All of an epoch's examples, each as a picture of where its values were.
std::vector<Shown> epoch_of(const Augmentation& augmentation, const Input& input, i64 epoch = 0) {
  Examples examples = places(input, 60);
  FittedView view(examples, {.augmentation = augmentation}, {});
  Tensor seen = augmented(view, examples, 9, epoch, all_of(examples));
  bool frames_first = std::holds_alternative<Spectrum>(input.recipe) &&
                      std::get<Spectrum>(input.recipe).frames_first;
  EXPECT_EQ(seen.shape(), examples.gather(all_of(examples)).shape());
  EXPECT_TRUE(seen.is_channels_last());
  std::vector<Shown> all;
  for (i64 i = 0; i < 60; ++i) all.push_back(shown(seen, i, frames_first));
  return all;
}

const std::vector<Input>& three_inputs() {
  static const std::vector<Input> inputs = {small_picture(), small_spectrum(),
                                            small_spectrum(true)};
  return inputs;
}
i64 bands_of(const Input& input) { return std::holds_alternative<Picture>(input.recipe) ? 16 : 6; }
i64 frames_of(const Input& input) {
  return std::holds_alternative<Picture>(input.recipe) ? 16 : 20;
}

TEST(Augmentation, TimeFlip) {
  for (const Input& input : three_inputs()) {
    int flipped = 0;
    for (const Shown& one : epoch_of({.time_flip = .5}, input)) {
      EXPECT_EQ(one.band, counting(bands_of(input)));
      bool turned = one.time == reversed(frames_of(input));
      EXPECT_TRUE(turned || one.time == counting(frames_of(input)));
      flipped += turned ? 1 : 0;
    }
    EXPECT_GT(flipped, 15);  // of 60, half of them expected: four deviations
    EXPECT_LT(flipped, 45);
    for (const Shown& one : epoch_of({.time_flip = 1}, input))
      EXPECT_EQ(one.time, reversed(frames_of(input)));
  }
}

TEST(Augmentation, TimeShift) {
  for (const Input& input : three_inputs()) {
    std::set<i64> shifts;
    i64 frames = frames_of(input);
    for (const Shown& one : epoch_of({.time_shift = 3}, input)) {
      EXPECT_EQ(one.band, counting(bands_of(input)));
      ASSERT_EQ(one.time.size(), static_cast<std::size_t>(frames));
      for (i64 t = 0; t < frames; ++t)
        EXPECT_EQ(one.time[static_cast<std::size_t>(t)], (one.time[0] + t) % frames);
      shifts.insert(one.time[0]);
    }
    EXPECT_EQ(shifts, (std::set<i64>{0, 1, 2, 3, frames - 3, frames - 2, frames - 1}));
  }
}

/// A z in [.7, 1.3] by which an axis that shows this may have been zoomed about its centre; 0: none.
double zoom_of(const std::vector<i64>& shown) {
  auto last = static_cast<double>(shown.size()) - 1;
  auto is_by = [&](double z) {
    for (std::size_t i = 0; i < shown.size(); ++i) {
      double source = last / 2 + (static_cast<double>(i) - last / 2) * z;
      if (shown[i] != std::lround(std::clamp(source, 0., last))) return false;
    }
    return true;
  };
  for (double z = .7; z <= 1.3; z += 1e-4)
    if (is_by(z)) return z;
  return 0;
}

TEST(Augmentation, Zoom) {
  for (const Input& input : three_inputs()) {
    std::vector<double> bands, times;
    int same = 0;
    for (const Shown& one : epoch_of({.zoom = .3}, input)) {
      ASSERT_EQ(one.time.size(), static_cast<std::size_t>(frames_of(input)));
      bands.push_back(zoom_of(one.band));
      times.push_back(zoom_of(one.time));
      same += bands.back() == times.back() ? 1 : 0;
    }
    for (const auto& zooms : {bands, times}) {  // of 60 in [.7, 1.3]
      EXPECT_GE(*std::min_element(zooms.begin(), zooms.end()), .7);
      EXPECT_LT(*std::min_element(zooms.begin(), zooms.end()), .8);
      // Six bands look the same by all z from .8 on: the outermost are repeated.
      EXPECT_GT(*std::max_element(zooms.begin(), zooms.end()), bands_of(input) == 6 ? .8 : 1.1);
    }
    EXPECT_LT(same, 30) << "each axis has its own";
  }
}

TEST(Augmentation, Noise) {
  for (const Input& input : {small_picture(), small_spectrum(true), columns(400)}) {
    Examples examples = noise_in_memory(input, 40);
    View view{.normalise = NormaliseBy::training_part, .augmentation = {.noise = .25}};
    FittedView fitted(examples, view, all_of(examples));
    Tensor rows = examples.gather(all_of(examples));
    Tensor added = augmented(fitted, examples, 1, 2, all_of(examples)) - fitted(rows);
    EXPECT_NEAR(mean(added).item(), 0, .01);  // four deviations of a mean of 4800: .0036 each
    EXPECT_NEAR(std::sqrt(mean(square(added)).item()), .25, .01);
    EXPECT_FALSE(allclose(added.select(0, 0), added.select(0, 1), 0, .1));
  }
}

TEST(Augmentation, SpecAugment) {
  for (const Input& input : three_inputs()) {
    Examples examples = in_memory(input, ones([&] {
                                    Shape row = input.shape();
                                    return Shape{60, row[1], row[2], row[0]};
                                  }()));
    SpecAugment masks{.frequency_masks = 1,
                      .widest_frequency = 2,
                      .time_masks = 1,
                      .widest_time = 5,
                      .value = -7};
    FittedView view(examples, {.augmentation = {.spec_augment = masks}}, {});
    Tensor seen = augmented(view, examples, 1, 0, all_of(examples));
    bool frames_first = seen.dim(2) == 20;
    std::set<i64> band_widths, time_widths;
    for (i64 i = 0; i < 60; ++i) {
      Tensor hidden =
          (seen.select(0, i).select(0, 0) == full({seen.dim(2), seen.dim(3)}, -7)).to(Dtype::f32);
      EXPECT_EQ(sum(hidden).item(),
                sum((seen.select(0, i).select(0, 0) < 0.).to(Dtype::f32)).item());
      if (frames_first) hidden = hidden.transpose(0, 1);
      band_widths.insert(static_cast<i64>(sum(min(hidden, Axes{1})).item()));
      time_widths.insert(static_cast<i64>(sum(min(hidden, Axes{0})).item()));
    }
    EXPECT_EQ(band_widths, (std::set<i64>{0, 1, 2}));
    EXPECT_EQ(time_widths, (std::set<i64>{0, 1, 2, 3, 4, 5}));
  }
}

TEST(Augmentation, Variants) {
  Input input = small_spectrum();
  input.variants = {{.compressed = true}, {.compressed = true}};
  Examples examples = noise_in_memory(input, 300);
  FittedView view(examples, {.augmentation = {.variants = true}}, {});
  std::map<i64, int> count;
  for (i64 variant : view.variants(1, 0, all_of(examples))) ++count[variant];
  ASSERT_EQ(count.size(), 3U);
  for (auto [variant, times] : count) {
    EXPECT_TRUE(variant >= 0 && variant < 3);
    EXPECT_NEAR(times, 100, 33);  // four deviations
  }
  EXPECT_EQ(view.variants(1, 0, {7, 3}),
            (std::vector<i64>{view.variants(1, 0, {7})[0], view.variants(1, 0, {3})[0]}));
  EXPECT_NE(view.variants(1, 0, all_of(examples)), view.variants(1, 1, all_of(examples)));
  EXPECT_NE(view.variants(1, 0, all_of(examples)), view.variants(2, 0, all_of(examples)));
}

/// Each augmentation alone.
std::vector<Augmentation> each_augmentation() {
  return {{.zoom = .3},
          {.time_flip = .5},
          {.noise = .5},
          {.time_shift = 3},
          {.spec_augment = SpecAugment{.widest_frequency = 3, .widest_time = 5}}};
}

TEST(Augmentation, AnExampleIsSeenTheSameWhateverIsBesideIt) {
  for (const Augmentation& augmentation : each_augmentation()) {
    EXPECT_TRUE(augmentation.any());
    Examples examples = noise_in_memory(small_spectrum(), 30);
    FittedView view(examples, {.augmentation = augmentation}, {});
    Tensor all = augmented(view, examples, 5, 2, all_of(examples));
    EXPECT_TRUE(equal(all, augmented(view, examples, 5, 2, all_of(examples))));
    Tensor some = augmented(view, examples, 5, 2, {17, 4});
    EXPECT_TRUE(equal(some.select(0, 0), all.select(0, 17)));
    EXPECT_TRUE(equal(some.select(0, 1), all.select(0, 4)));
    EXPECT_FALSE(equal(all, view(examples.gather(all_of(examples)))));
    EXPECT_FALSE(equal(all, augmented(view, examples, 5, 3, all_of(examples))));
    EXPECT_FALSE(equal(all, augmented(view, examples, 6, 2, all_of(examples))));
    Tensor same_rows = examples.gather(std::vector<i64>(30, 4));
    Tensor each = view.augmented(same_rows, 5, 2, all_of(examples));
    EXPECT_TRUE(equal(each.select(0, 4), all.select(0, 4)));
    bool differ = false;
    for (i64 i = 1; i < 30; ++i) differ |= !equal(each.select(0, 0), each.select(0, i));
    EXPECT_TRUE(differ);
  }
  EXPECT_FALSE(Augmentation{}.any());
  EXPECT_TRUE(Augmentation{.variants = true}.any());
}

// Shift and flip do what they would alone.
TEST(Augmentation, OneLeavesTheOthersDraws) {
  for (const Input& input : three_inputs()) {
    std::vector<Shown> flipped = epoch_of({.time_flip = .5}, input);
    std::vector<Shown> shifted = epoch_of({.time_shift = 3}, input);
    std::vector<Shown> both = epoch_of({.time_flip = .5, .time_shift = 3}, input);
    auto frames = static_cast<std::size_t>(frames_of(input));
    for (std::size_t i = 0; i < both.size(); ++i)
      for (std::size_t t = 0; t < frames; ++t) {
        auto from = static_cast<std::size_t>(shifted[i].time[t]);
        EXPECT_EQ(both[i].time[t], flipped[i].time[from]);
      }
  }
}

TEST(Augmentation, IsOfNormalisedValues) {
  Examples examples = noise_in_memory(bytes(small_spectrum()), 30);
  SpecAugment masks{.widest_frequency = 3, .widest_time = 5, .value = 0};
  View view{.normalise = NormaliseBy::training_bands,
            .channels = 3,
            .augmentation = {.spec_augment = masks}};
  FittedView fitted(examples, view, all_of(examples));
  Tensor plain = fitted(examples.gather(all_of(examples)));
  Tensor seen = augmented(fitted, examples, 1, 0, all_of(examples));
  Tensor kept = (seen != zeros(seen.shape())).to(Dtype::f32);
  EXPECT_TRUE(equal(seen, plain * kept)) << "what is hidden is the mean, what is not is untouched";
  EXPECT_LT(mean(kept).item(), 1);
  EXPECT_TRUE(equal(seen.select(1, 0), seen.select(1, 2)));
}

TEST(Augmentation, WhatCannotBeIsRefused) {
  Examples songs = noise_in_memory(columns(4), 3), spectra = noise_in_memory(small_spectrum(), 3);
  for (const Augmentation& augmentation : each_augmentation()) {
    if (augmentation.noise > 0) continue;
    EXPECT_TRUE(contains(error_of([&] { FittedView(songs, {.augmentation = augmentation}, {}); }),
                         "no time"));
  }
  for (const Augmentation& augmentation :
       {Augmentation{.zoom = 1}, Augmentation{.zoom = -.1}, Augmentation{.time_flip = 1.1},
        Augmentation{.time_flip = -.1}, Augmentation{.noise = -1}, Augmentation{.time_shift = -1}})
    EXPECT_TRUE(contains(error_of([&] { FittedView(spectra, {.augmentation = augmentation}, {}); }),
                         "out of bounds"));
  for (const View& view :
       {View{.augmentation = {.variants = true}}, View{.test = {.variants = true}}})
    EXPECT_TRUE(contains(error_of([&] { FittedView(spectra, view, {}); }), "no variants"));
  FittedView view(spectra, {}, {});
  EXPECT_TRUE(contains(error_of([&] {
                         view.augmented(spectra.gather({0, 1}), 1, 1, {0});
                       }),
                       "1 indices"));
}

}  // namespace
}  // namespace melgrad
