// Normalisation, pictures and loader.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "audio/collections/loader.h"
#include "audio/drawing/plot.h"
#include "audio/feature.h"
#include "audio/files/decode.h"
#include "audio/normalize.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

TEST(Normalize, FramesClipsAndTrainingSets) {
  Tensor x = test_signal(60).reshape({6, 10});
  Tensor scaled = frame_min_max(x);
  EXPECT_EQ(min(max(scaled, {0})).item(), 1);
  EXPECT_EQ(max(min(scaled, {0})).item(), 0);
  EXPECT_EQ(max(frame_min_max(ones({3, 4}))).item(), 0);
  Tensor z = z_score(x);
  EXPECT_NEAR(mean(z).item(), 0, 1e-14);
  EXPECT_NEAR(mean(square(z)).item(), 1, 1e-14);
  EXPECT_EQ(max(abs(z_score(ones({5})))).item(), 0);

  // Far from 0, where a sum of squares would lose all digits.
  std::vector<Tensor> examples = {x + 1e8, test_signal(90).reshape({6, 15}) + 1e8};
  Tensor all = cat(examples, 1);
  Scaling whole = fit_scaling(examples, false), bands = fit_scaling(examples, true);
  EXPECT_NEAR(whole.mean.item(), mean(all).item(), 1e-7);
  EXPECT_NEAR(whole.std.item(), std::sqrt(mean(square(all - mean(all))).item()), 1e-7);
  Tensor scaled_bands = bands(all);
  EXPECT_LE(max(abs(mean(scaled_bands, {1}))).item(), 1e-6);  // 1e8 + x has steps of 1.5e-8
  EXPECT_LE(max(abs(mean(square(scaled_bands), {1}) - 1)).item(), 1e-6);
  EXPECT_TRUE(contains(error_of([] { fit_scaling({}, true); }), "no examples"));
}

TEST(Picture, ATonesPlace) {
  // 1000 Hz on a linear axis up to 8000 Hz: an eighth from the bottom.
  std::vector<double> y;
  y.reserve(16000);
  for (int i = 0; i < 16000; ++i) y.push_back(std::sin(2 * std::numbers::pi * i / 16.));
  Tensor s = power_to_db(spectrogram(from_vector(y), {}, 2));
  Tensor rgb = spectrogram_picture(s, 16000, 80, 40, Colours::grey, FrequencyAxis::linear);
  EXPECT_EQ(rgb.shape(), (Shape{3, 80, 40}));
  i64 row = argmax(rgb.select(0, 0).select(1, 20)).to_vector<i64>().front();
  EXPECT_NEAR(static_cast<double>(row), 80 - 10, 1);
}

TEST(Picture, SpecshowsChoiceOfColours) {
  EXPECT_EQ(resolve_colours(specshow, linspace(-80, 0, 100)), Colours::magma);
  EXPECT_EQ(resolve_colours(specshow, linspace(0, 5, 100)), Colours::magma);
  EXPECT_EQ(resolve_colours(specshow, linspace(-40, 30, 100)), Colours::coolwarm);
  // A hundredth of positive values is less than the 2 % that do not count.
  EXPECT_EQ(resolve_colours(specshow, linspace(-99, 1, 1000)), Colours::magma);
  Tensor rgb = colourise(linspace(0, 1, 3), Colours::viridis, 0, 1) * 255.;
  EXPECT_EQ(round(rgb).to_vector<i64>(), (std::vector<i64>{68, 1, 84, 32, 144, 140, 253, 231, 36}));
}

TEST(Picture, ABandIsTheMeanOfItsBinsColours) {
  Tensor values = linspace(-3, 9, 35).reshape({5, 7});  // (frames, bins)
  const std::vector<Band> bands = {{4, {.25F, .5F, .25F}}, {0, {1}}, {2, {.5F, .5F}}, {3, {}}};
  for (Colours colours : {Colours::viridis, Colours::specshow, Colours::grey})
    for (double range : {100., 5.}) {
      Tensor colour = colourise(clamp(values, 9 - range, 9), colours);  // (frames, bins, 3)
      Tensor drawn = colour_bands({values}, bands, colours, range);
      ASSERT_EQ(drawn.shape(), (Shape{5, 4, 3}));
      EXPECT_TRUE(
          equal(colour_bands({values.slice(0, 0, 2), values.slice(0, 2, 5)}, bands, colours, range),
                drawn));
      for (std::size_t b = 0; b < bands.size(); ++b) {
        Tensor mean = zeros({5, 3});
        for (std::size_t k = 0; k < bands[b].shares.size(); ++k)
          mean = mean + colour.select(1, bands[b].first + static_cast<i64>(k)) *
                            static_cast<double>(bands[b].shares[k]);
        EXPECT_TRUE(allclose(drawn.select(1, static_cast<i64>(b)), mean, 0, 1e-6))
            << b << " " << range;
      }
    }
  EXPECT_TRUE(contains(error_of([&] {
                         colour_bands({values}, {{6, {1, 1}}}, Colours::grey);
                       }),
                       "2 bins from 6 on"));
}

TEST(Picture, GreyPicturesAreRepeatedAndResizedByArea) {
  TemporaryFolder folder;
  std::vector<u8> levels;
  levels.reserve(128 * 128);
  for (int i = 0; i < 128 * 128; ++i) levels.push_back(i / 128 % 2 == 0 ? 0 : 254);
  save_png(folder.path / "x.png", from_vector(levels, {128, 128, 1}));
  Tensor x = load_picture(Picture{}, folder.path / "x.png");
  EXPECT_EQ(x.shape(), (Shape{3, 64, 64}));
  EXPECT_NEAR(min(x).item(), (127. / 255 - .5) / .5, 1e-6);  // two rows, averaged
  EXPECT_NEAR(max(x).item(), (127. / 255 - .5) / .5, 1e-6);
}

TEST(Picture, AudioFiles) {
  TemporaryFolder folder;
  encode(folder.path / "x.wav", {test_signal(44100).to(Dtype::f32), 44100});
  Tensor x = load_picture(Picture{}, folder.path / "x.wav");
  EXPECT_EQ(x.shape(), (Shape{3, 64, 64}));
  EXPECT_GE(min(x).item(), -1);
  EXPECT_LE(max(x).item(), 1);
  EXPECT_TRUE(contains(error_of([&] { load_picture(Picture{}, folder.path / "x.wav", 9); }),
                       "nothing after"));
}

TEST(Plot, AxesAndShapes) {
  Tensor black = zeros({100, 300, 3}, Dtype::u8);
  Tensor plot = with_axes(
      black, {"A-1", linear_ticks("s", 0, 3, 5), frequency_ticks(22050, FrequencyAxis::log)});
  EXPECT_EQ(plot.dim(2), 3);
  EXPECT_GT(plot.dim(0), 100);
  // The picture itself is inside, untouched.
  EXPECT_EQ(plot.select(0, 60).select(0, 150).select(0, 0).item(), 0);
  EXPECT_EQ(waveform_picture(test_signal(1000), 50, 70).shape(), (Shape{50, 70, 3}));
  EXPECT_EQ(spectrum_picture(test_signal(1000), 50, 70).shape(), (Shape{50, 70, 3}));
  Tensor average = average_feature({ones({2, 3}), full({2, 5}, 3)});
  EXPECT_EQ(average.to_vector<double>(), (std::vector<double>{2, 2, 2, 3, 3, 2, 2, 2, 3, 3}));
}

std::string marks(const Ticks& ticks) {
  std::string text;
  for (const Ticks::Mark& mark : ticks.marks) text += format("{}@{} ", mark.label, mark.share);
  return text;
}

TEST(Plot, Ticks) {
  EXPECT_EQ(marks(linear_ticks("s", 0, 2, 5)), "0@0 0.5@0.25 1@0.5 1.5@0.75 2@1 ");
  EXPECT_EQ(marks(linear_ticks("dB", -80, 0, 2)), "-50@0.375 0@1 ");
  EXPECT_EQ(marks(linear_ticks("MFCC", -.5, 1.5, 2)), "0@0.25 1@0.75 ");
  EXPECT_EQ(marks(frequency_ticks(8000, FrequencyAxis::linear)),
            "0@0 1000@0.25 2000@0.5 3000@0.75 4000@1 ");
  // The scale is linear here: three bands have their peaks at 187.5, 375 and 562.5 Hz.
  Ticks mel = mel_ticks({.sr = 1500, .n_mels = 3, .fmax = 750});
  ASSERT_EQ(mel.marks.size(), 3);
  EXPECT_EQ(mel.marks[1].label, "256");
  EXPECT_NEAR(mel.marks[1].share, (256. / 187.5 - 1 + .5) / 3, 1e-12);
}

TEST(Loader, OrderDoesNotDependOnWorkers) {
  for (int workers : {1, 2, 5}) {
    std::atomic<int> running = 0, most = 0;
    auto load = [&](i64 i) {
      int now = ++running;
      most = std::max<int>(most, now);
      std::this_thread::sleep_for(std::chrono::milliseconds(i % 3));
      --running;
      check(i != 7, "load", "{} is damaged", i);
      return scalar(static_cast<double>(i));
    };
    Loader loader(40, load, workers, 6);
    for (i64 i = 0; i < 40; ++i) {
      auto item = loader.next();
      ASSERT_TRUE(item.has_value());
      EXPECT_EQ(item->index, i);
      if (i == 7)
        EXPECT_EQ(item->error, "[load] 7 is damaged");
      else
        EXPECT_EQ(item->value.item(), static_cast<double>(i));
    }
    EXPECT_FALSE(loader.next().has_value());
    EXPECT_LE(most, workers);
  }
  Loader abandoned(
      1000, [](i64) { return zeros({10}); }, 3);
  EXPECT_TRUE(abandoned.next().has_value());  // and is destroyed with work left
}

TEST(Loader, ACollectionWithAHole) {
  TemporaryFolder folder;
  std::vector<Example> examples;
  for (int i = 0; i < 6; ++i) {
    auto path = folder.path / (std::to_string(i) + ".wav");
    if (i != 3) encode(path, {test_signal(3000).to(Dtype::f32), 22050});
    examples.push_back({path, i, ""});
  }
  i64 calls = 0;
  auto load = [](const Example& example) {
    return decode(example.path).samples * static_cast<double>(example.label);
  };
  Loaded loaded = load_all(examples, load, [&](i64 done, i64 total) {
    EXPECT_EQ(done, ++calls);
    EXPECT_EQ(total, 6);
  });
  EXPECT_EQ(calls, 6);
  ASSERT_EQ(loaded.items.size(), 5U);
  ASSERT_EQ(loaded.examples.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(loaded.examples[i].label, i < 3 ? i : i + 1);
    EXPECT_TRUE(equal(loaded.items[i], load(loaded.examples[i])));
  }
  ASSERT_EQ(loaded.skipped.size(), 1U);
  EXPECT_EQ(loaded.skipped[0].path, examples[3].path);
  EXPECT_EQ(load_all(examples, load).items.size(), 5U);
  EXPECT_TRUE(contains(loaded.skipped[0].reason, "no such file"));
}

/// Waits until `ready` or, which fails the test, for a minute.
void await(const std::function<bool()>& ready) {
  for (int i = 0; i < 12000 && !ready(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(ready()) << "it never came";
}

TEST(Loader, ReadsAheadAsFarAsItMayAndNoFurther) {
  for (auto [workers, ahead, most] :
       {std::tuple(1, 1, 1), {2, 6, 6}, {3, 6, 6}, {4, 2, 4 /* each has one in hand */}}) {
    std::atomic<int> started = 0;
    Loader loader(
        30, [&](i64 i) { return ++started, scalar(static_cast<double>(i)); }, workers, ahead);
    for (int taken = 0; taken < 30; ++taken) {
      int expected = std::min(30, most + taken);
      await([&] { return started >= expected; });
      if (taken % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      EXPECT_EQ(started, expected) << workers << " workers, " << taken << " taken";
      EXPECT_EQ(loader.next()->value.item(), taken);
    }
    EXPECT_FALSE(loader.next().has_value());
    EXPECT_EQ(started, 30) << "something was loaded twice";
  }
}

TEST(Loader, WorkersLoadAtOnceEachWithItsOneThread) {
  std::atomic<int> arrived = 0, threads = 0;
  auto meet = [&](i64) {
    ++arrived;
    await([&] { return arrived >= 3; });
    threads += num_threads();
    return zeros({1});
  };
  Loader loader(3, meet, 3, 1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(loader.next().has_value());
  EXPECT_EQ(threads, 3);
}

TEST(Loader, StopsAfterWhatItsWorkersAreAt) {
  std::atomic<int> started = 0, finished = 0;
  {
    Loader loader(
        1000,
        [&](i64) {
          ++started;
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
          return ++finished, zeros({1});
        },
        2, 500);
    await([&] { return started >= 2; });
  }
  EXPECT_EQ(started, finished);
  EXPECT_LT(started, 500) << "it loaded all that it was allowed to";
  EXPECT_FALSE(Loader(
                   0, [](i64) { return zeros({1}); }, 2)
                   .next()
                   .has_value());
  for (auto [workers, ahead] : {std::pair(0, 1), {1, 0}})
    EXPECT_TRUE(contains(error_of([workers = workers, ahead = ahead] {
                           Loader(
                               1, [](i64) { return zeros({1}); }, workers, ahead);
                         }),
                         "both must be positive"));
}

}  // namespace
}  // namespace melgrad
