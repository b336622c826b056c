// Rows on their way to a net, in batches.
#include "apps/harness/data/batches.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "apps/harness/data/mixup.h"
#include "audio/collections/content_hash.h"
#include "kernels/sanitizers.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/harness/sounds.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

Input with_variants() {
  Input input = small_spectrum();
  input.variants = {{.least_snr_db = 5, .most_snr_db = 10}, {.cuts = 1, .most_cut = .5}};
  return input;
}

std::vector<Batch> all_batches(const Examples& examples, const FittedView& view,
                               const std::vector<i64>& indices, i64 size, Pass pass = {}) {
  Batches batches(examples, view, indices, size, Device::cpu(), pass);
  std::vector<Batch> all;
  while (auto batch = batches.next()) {
    all.push_back(*batch);
    if (all.size() % 2 == 0) batches.prefetch();  // or not: it changes nothing
  }
  EXPECT_FALSE(batches.next().has_value());
  return all;
}

Tensor joined(const std::vector<Batch>& batches) {
  std::vector<Tensor> parts;
  for (const Batch& batch : batches) parts.push_back(batch.x);
  return cat(parts);
}

constexpr u64 seed = 11;
const std::vector<i64> order = {5, 0, 3, 3, 1, 4, 2};

/// What each pass shows, made in one piece.
Tensor expected(const Examples& examples, const FittedView& view, const Pass& pass) {
  std::vector<i64> variants(order.size(), pass.number);
  switch (pass.kind) {
    case Pass::Kind::plain: return view(examples.gather(order));
    case Pass::Kind::variant: return view(examples.gather(order, variants));
    case Pass::Kind::training:
      return view.augmented(examples.gather(order, view.variants(seed, pass.number, order)), seed,
                            pass.number, order);
    case Pass::Kind::test_copy: break;
  }
  return {};
}

TEST(Batches, OfEveryKindAreTheSameFromDiskAndMemoryWithAnyNumberOfThreads) {
  Sounds sounds;
  Examples on_disk = sounds.load(with_variants()), in_mem = sounds.load(with_variants());
  in_mem.to(Device::cpu());
  FittedView view(on_disk, full_view(), {0, 1, 3});
  int threads = num_threads();
  using Kind = Pass::Kind;
  for (const Pass& pass : {Pass{}, Pass{Kind::training, seed, 0}, Pass{Kind::training, seed, 3},
                           Pass{Kind::test_copy, seed, 0}, Pass{Kind::test_copy, seed, 3},
                           Pass{Kind::variant, seed, 1}, Pass{Kind::variant, seed, 2}}) {
    set_num_threads(1);
    Tensor first = joined(all_batches(on_disk, view, order, 3, pass));
    if (pass.kind != Kind::test_copy)
      EXPECT_TRUE(equal(first, expected(on_disk, view, pass)));
    else
      EXPECT_FALSE(equal(
          first, joined(all_batches(on_disk, view, order, 3, {Kind::training, seed, pass.number}))))
          << "a copy is no epoch's";
    for (int count : {1, 2, 5}) {
      set_num_threads(count);
      EXPECT_TRUE(equal(first, joined(all_batches(on_disk, view, order, 3, pass))));
      EXPECT_TRUE(equal(first, joined(all_batches(in_mem, view, order, 2, pass))));
    }
  }
  set_num_threads(threads);
  auto copy = [&](i64 number) {
    return joined(all_batches(on_disk, view, order, 3, {Kind::test_copy, seed, number}));
  };
  EXPECT_FALSE(equal(copy(0), copy(1)));
}

TEST(Batches, TheLastIsSmallerAndLabelsAreTheirs) {
  Sounds sounds;
  Examples examples = sounds.load(small_picture());
  FittedView view(examples, {}, {});
  std::vector<Batch> batches = all_batches(examples, view, order, 3);
  ASSERT_EQ(batches.size(), 3U);
  EXPECT_EQ(batches[0].x.shape(), (Shape{3, 3, 16, 16}));
  EXPECT_EQ(batches[2].size(), 1);
  EXPECT_TRUE(batches[0].x.is_channels_last());
  EXPECT_EQ(batches[0].labels.to_vector<i64>(), (std::vector<i64>{1, 0, 1}));
  EXPECT_EQ(batches[1].labels.to_vector<i64>(), (std::vector<i64>{1, 0, 1}));
  EXPECT_EQ(batches[2].labels.to_vector<i64>(), (std::vector<i64>{0}));
  EXPECT_FALSE(batches[0].targets.defined());
  EXPECT_EQ(all_batches(examples, view, order, 7).size(), 1U);
  EXPECT_EQ(all_batches(examples, view, {}, 7).size(), 0U);
  EXPECT_TRUE(contains(error_of([&] { Batches(examples, view, order, 0, Device::cpu()); }),
                       "must be positive"));
}

TEST(Batches, AreMixedInTrainingOnly) {
  Sounds sounds;
  Examples examples = sounds.load(small_picture());
  FittedView view(examples, {}, {});
  auto pass = [](Pass::Kind kind, double mixup) { return Pass{kind, seed, 2, mixup}; };
  std::vector<Batch> plain = all_batches(examples, view, order, 4);
  std::vector<Batch> mixed = all_batches(examples, view, order, 4, pass(Pass::Kind::training, .4));
  ASSERT_EQ(mixed.size(), 2U);
  for (std::size_t b = 0; b < 2; ++b) {
    ASSERT_EQ(mixed[b].targets.shape(), (Shape{plain[b].size(), 2}));
    EXPECT_TRUE(mixed[b].x.is_channels_last());
    EXPECT_TRUE(equal(mixed[b].labels, plain[b].labels));
    std::vector<double> shares = mixed[b].targets.to_vector<double>();
    std::vector<i64> labels = plain[b].labels.to_vector<i64>();
    // Each is λ of itself and 1 − λ of one other, and so are its labels.
    for (i64 i = 0; i < plain[b].size(); ++i) {
      double own = shares[static_cast<std::size_t>(2 * i + labels[static_cast<std::size_t>(i)])];
      bool found = false;
      for (i64 j = 0; j < plain[b].size(); ++j) {
        Tensor x = plain[b].x.select(0, i), y = plain[b].x.select(0, j);
        bool same_class =
            labels[static_cast<std::size_t>(i)] == labels[static_cast<std::size_t>(j)];
        Tensor difference = mixed[b].x.select(0, i) - y, span = x - y;
        double lambda = sum(square(span)).item() > 0
                            ? sum(difference * span).item() / sum(square(span)).item()
                            : 1;
        found |= allclose(difference, span * lambda, 0, 1e-5) &&
                 std::abs(own - (same_class ? 1 : lambda)) < 1e-5 && lambda > .499;
      }
      EXPECT_TRUE(found) << b << ", " << i;
    }
  }
  EXPECT_FALSE(equal(joined(mixed), joined(plain)));
  EXPECT_TRUE(equal(joined(mixed),
                    joined(all_batches(examples, view, order, 4, pass(Pass::Kind::training, .4)))));
  // An epoch that is resumed after its first batch.
  std::vector<i64> rest(order.begin() + 4, order.end());
  std::vector<Batch> resumed = all_batches(examples, view, rest, 4, pass(Pass::Kind::training, .4));
  EXPECT_TRUE(equal(resumed[0].x, mixed[1].x));
  EXPECT_TRUE(equal(resumed[0].targets, mixed[1].targets));
  for (Pass::Kind kind : {Pass::Kind::plain, Pass::Kind::test_copy}) {
    std::vector<Batch> unmixed = all_batches(examples, view, order, 4, pass(kind, .4));
    EXPECT_TRUE(equal(joined(unmixed), joined(plain)));
    EXPECT_FALSE(unmixed[0].targets.defined());
  }
}

TEST(Batches, WhatALoaderThreadThrowsArrives) {
  Sounds sounds;
  Examples examples = sounds.load(small_picture());
  FittedView view(examples, {}, {});
  fs::path rows;
  for (const auto& entry : fs::directory_iterator(sounds.folder.path / "cache"))
    if (entry.path().extension() == ".rows") rows = entry.path();
  fs::resize_file(rows, fs::file_size(rows) - 1);
  Batches batches(examples, view, {0, 1, 5, 2, 3, 4}, 2, Device::cpu());
  EXPECT_TRUE(batches.next().has_value());
  std::string message = error_of([&] { batches.next(); });
  EXPECT_TRUE(contains(message, rows.string() + ": the file was cut off")) << message;
  EXPECT_FALSE(batches.next().has_value());
}

TEST(Batches, MayEndEarlyAndSayHowLongTheyWereWaitedFor) {
  Sounds sounds;
  Examples examples = sounds.load(with_variants());
  FittedView view(examples, full_view(), {0, 1, 3});
  std::vector<i64> many;
  for (i64 i = 0; i < 600; ++i) many.push_back(i % 6);
  for (int fetched : {0, 1, 20}) {
    auto begin = std::chrono::steady_clock::now();
    Batches batches(examples, view, many, 8, Device::cpu(), {Pass::Kind::training, 1, 0});
    EXPECT_EQ(batches.waited(), 0);
    double waited = 0;
    for (int i = 0; i < fetched; ++i) {
      EXPECT_TRUE(batches.next().has_value());
      EXPECT_GT(batches.waited(), waited) << "all of it so far";
      waited = batches.waited();
    }
    EXPECT_EQ(waited > 0, fetched > 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    double all =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() - .005;
    EXPECT_LE(waited, all) << "seconds";
    EXPECT_EQ(batches.waited(), waited) << "time in which nobody waits does not count";
  }
}

i64 anonymous_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "RssAnon:") {
      i64 kilobytes = 0;
      status >> kilobytes;
      return kilobytes * 1024;
    }
  return -1;
}

// 160 MB of rows pass through an eighth of it: seconds of a waveform, each from another place.
TEST(Batches, OfACollectionLargerThanMemoryLeaveMemoryFree) {
  if (MELGRAD_ASAN || MELGRAD_TSAN) GTEST_SKIP() << "sanitizers keep freed memory";
  Sounds sounds;
  constexpr i64 count = 800, frames = 50000;
  write_noise(sounds.file("a/1"), 1, 10);
  write_noise(sounds.file("b/1"), 2, 10);
  Collection collection = sounds.collection(), parts = collection;
  parts.examples.clear();
  for (i64 i = 0; i < count; ++i) {
    Example part = collection.examples[i % 2 == 0 ? 0 : 3];
    part.offset = static_cast<double>(i) / count;
    part.duration = frames / 8000.;
    parts.examples.push_back(part);
  }
  Feature waveform;
  waveform.kind = "waveform";
  waveform.sr = 8000;
  Input input{.name = "waveform", .recipe = Spectrum{.feature = waveform, .frames = frames}};

  i64 before = anonymous_bytes(), most = 0;
  ASSERT_GT(before, 0);
  auto look = [&] { most = std::max(most, anonymous_bytes() - before); };
  Examples examples = sounds.load(parts, input);
  look();
  FittedView view(examples,
                  {.normalise = NormaliseBy::training_part, .augmentation = {.time_shift = 100}},
                  all_of(examples));
  look();
  double total = 0;
  i64 seen = 0;
  Batches batches(examples, view, all_of(examples), 8, Device::cpu(), {Pass::Kind::training, 1, 0});
  while (auto batch = batches.next()) {
    total += mean(batch->x).item() * static_cast<double>(batch->size());
    seen += batch->size();
    look();
  }
  EXPECT_EQ(seen, count);
  EXPECT_NEAR(total / count, 0, 1e-5) << "they are normalised";
  EXPECT_LT(most, count * frames * 4 / 8);
  RecordProperty("bytes", std::to_string(most));
}

}  // namespace
}  // namespace melgrad
