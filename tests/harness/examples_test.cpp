// From a collection to stored rows.
#include "apps/harness/data/examples.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <set>
#include <thread>

#include "apps/harness/console/interrupt.h"
#include "tensor/files/file.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/harness/sounds.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// How many rows are computed while f runs.
i64 computed(const std::function<void()>& f) {
  testing::internal::CaptureStderr();
  f();
  std::string said = testing::internal::GetCapturedStderr();
  std::size_t at = said.find("computing ");
  return at == std::string::npos ? 0 : std::stoll(said.substr(at + 10));
}

/// The row of an example as its file gives it.
Tensor row_of(const Examples& examples, i64 index, i64 variant = 0) {
  return examples.input().load(examples.collection().examples[static_cast<std::size_t>(index)],
                               variant);
}

TEST(LoadExamples, RowsAreWhatTheInputMakesOfEachClip) {
  Sounds sounds;
  Input noisy = small_picture();
  noisy.variants = {{.least_snr_db = 5, .most_snr_db = 10}, {.cuts = 1, .most_cut = .5}};
  Input bytes = small_picture();
  std::get<Picture>(bytes.recipe).mean = 0;
  std::get<Picture>(bytes.recipe).std = 1;
  bytes.stored = Dtype::u8;
  for (const Input& input :
       {small_picture(), noisy, bytes, small_spectrum(), small_spectrum(true)}) {
    Examples examples = sounds.load(input);
    ASSERT_EQ(examples.size(), 6);
    ASSERT_EQ(examples.variants(), 1 + static_cast<i64>(input.variants.size()));
    for (const Examples& some : {examples, examples.keep({0, 1, 2, 3, 4, 5})})
      for (i64 i = 0; i < 6; ++i) {
        EXPECT_TRUE(equal(some.gather({i}).select(0, 0), row_of(some, i))) << input.json();
        for (i64 v = 0; v < some.variants(); ++v)
          EXPECT_TRUE(equal(some.gather({i}, {v}).select(0, 0), row_of(some, i, v)));
      }
    Tensor batch = examples.gather({4, 2, 4});
    EXPECT_EQ(batch.dtype(), input.stored);
    EXPECT_TRUE(batch.is_channels_last());
    EXPECT_TRUE(equal(batch.select(0, 0), batch.select(0, 2)));
    EXPECT_TRUE(equal(batch.select(0, 1), row_of(examples, 2)));
    EXPECT_EQ(examples.labels({0, 5, 2, 3}), (std::vector<i64>{0, 1, 0, 1}));
  }
}

TEST(LoadExamples, IntoMemoryIsTheSame) {
  Sounds sounds;
  Input input = small_picture();
  input.variants = {{.least_snr_db = 5, .most_snr_db = 10}};
  Examples examples = sounds.load(input), there = examples.keep({5, 1, 3});
  std::string print = there.fingerprint();
  there.to(Device::cpu());
  fs::remove_all(sounds.folder.path / "cache");
  EXPECT_TRUE(equal(there.gather({2, 0}, {1, 0}), examples.gather({3, 5}, {1, 0})));
  EXPECT_TRUE(there.gather({0, 1}).is_channels_last());
  EXPECT_EQ(there.fingerprint(), print);
  EXPECT_TRUE(equal(there.keep({1}).gather({0}, {1}), examples.gather({1}, {1})));
}

// Each is a change after which nothing that is stored can be used, or everything.
TEST(LoadExamples, AreComputedOnce) {
  Sounds sounds;
  Examples first;
  EXPECT_EQ(computed([&] { first = sounds.load(small_picture()); }), 6);
  EXPECT_EQ(computed([&] { sounds.load(small_picture()); }), 0) << "by another process, meanwhile";

  fs::last_write_time(sounds.file("a/1"), fs::file_time_type::clock::now());
  fs::rename(sounds.file("a/2"), sounds.file("a/4"));
  EXPECT_EQ(computed([&] { sounds.load(small_picture()); }), 0) << "name and time";
  Collection other_classes = sounds.collection();
  std::swap(other_classes.examples.front().label, other_classes.examples.back().label);
  other_classes.examples.front().group = "other";
  EXPECT_EQ(computed([&] { sounds.load(other_classes, small_picture()); }), 0) << "class, group";

  write_noise(sounds.file("a/1"), 100);
  EXPECT_EQ(computed([&] { sounds.load(small_picture()); }), 1) << "content of the same size";
  Collection parts = sounds.collection();
  for (Example& example : parts.examples) example.offset = .25;
  EXPECT_EQ(computed([&] { sounds.load(parts, small_picture()); }), 6) << "offset";
  parts.examples[3].offset += 1e-12;
  EXPECT_EQ(computed([&] { sounds.load(parts, small_picture()); }), 1) << "digits of the offset";
  parts.examples[2].duration = .5;
  EXPECT_EQ(computed([&] { sounds.load(parts, small_picture()); }), 1) << "duration";
}

TEST(LoadExamples, EveryParameterOfAnInputCounts) {
  Sounds sounds;
  sounds.load(small_picture());
  sounds.load(small_spectrum());
  auto picture = [](auto change) {
    Input input = small_picture();
    change(std::get<Picture>(input.recipe));
    return input;
  };
  auto spectrum = [](auto change) {
    Input input = small_spectrum();
    change(std::get<Spectrum>(input.recipe));
    return input;
  };
  Input noisy = small_picture();
  noisy.variants = {{.least_snr_db = 5, .most_snr_db = 10}};
  const std::vector<Input> others = {
      picture([](Picture& p) { p.sample_rate = 7000; }),
      picture([](Picture& p) { p.n_fft = 512; }),
      picture([](Picture& p) { p.hop = 100; }),
      picture([](Picture& p) { p.height = 17; }),
      picture([](Picture& p) { p.width = 17; }),
      picture([](Picture& p) { p.colours = Colours::grey; }),
      picture([](Picture& p) { p.axis = FrequencyAxis::mel; }),
      picture([](Picture& p) { p.seconds = 1.5; }),
      picture([](Picture& p) { p.mean = .4; }),
      picture([](Picture& p) { p.std = .4; }),
      spectrum([](Spectrum& s) { s.feature.kind = "mel"; }),
      spectrum([](Spectrum& s) { s.feature.stft.hop_length = 801; }),
      spectrum([](Spectrum& s) { s.feature.mel.fmin = 50; }),
      spectrum([](Spectrum& s) { s.feature.decibel.top_db = 60; }),
      spectrum([](Spectrum& s) { s.frames = 19; }),
      spectrum([](Spectrum& s) { s.frames_first = true; }),
  };
  for (const Input& input : others)
    EXPECT_EQ(computed([&] { sounds.load(input); }), 6) << input.json();
  EXPECT_EQ(computed([&] { sounds.load(noisy); }), 12);
  Input bytes = small_spectrum();
  bytes.stored = Dtype::u8;
  EXPECT_EQ(computed([&] { sounds.load(bytes); }), 6);
  Input renamed = small_picture();
  renamed.name = "another";
  EXPECT_EQ(computed([&] { sounds.load(renamed); }), 0) << "what it is called does not count";
}

TEST(LoadExamples, ThePartsOfAFileAreReadFromItOnce) {
  Sounds sounds;
  Collection parts = excerpts(sounds.collection(), 2, 1);
  EXPECT_EQ(computed([&] { sounds.load(parts, small_picture()); }), 12);
  Examples examples = sounds.load(parts, small_picture());
  EXPECT_TRUE(examples.collection().is_segmented);
  EXPECT_FALSE(equal(examples.gather({0}), examples.gather({1})));
  EXPECT_TRUE(equal(examples.gather({1}).select(0, 0), row_of(examples, 1)));
}

TEST(LoadExamples, WhatCannotBeReadIsNamedOnceEachTime) {
  Sounds sounds;
  Generator generator(4);
  Tensor pixels = randint(0, 256, {20, 20, 3}, generator).to(Dtype::u8);
  std::string png = encode_png(pixels);
  fs::path folder = sounds.folder.path / "sounds/a";
  Collection collection = excerpts(sounds.collection(), 2, 1);
  write_file(folder / "6.png", png.substr(0, png.size() / 2));
  write_file(folder / "7.png", encode_jpeg(pixels));  // what it is matters, not its name
  for (int i : {6, 7})
    collection.examples.insert(collection.examples.begin() + i,
                               {folder / format("{}.png", i), 0, "pictures"});
  write_file(sounds.file("a/2"), "no longer sound");
  fs::remove(sounds.file("b/3"));
  for (int time = 0; time < 2; ++time) {
    Examples examples = sounds.load(collection, small_picture());
    EXPECT_EQ(examples.size(), 4 + 1 + 4);
    std::vector<std::string> skipped;
    for (const Skipped& file : examples.collection().skipped) {
      skipped.push_back(file.path.filename());
      EXPECT_TRUE(contains(file.reason, file.path.string())) << file.reason;
    }
    EXPECT_EQ(skipped, (std::vector<std::string>{"2.wav", "6.png", "3.wav"}));
    for (i64 i = 0; i < examples.size(); ++i)
      EXPECT_TRUE(equal(examples.gather({i}).select(0, 0), row_of(examples, i))) << i;
  }
  for (const char* name : {"b/1", "b/2"}) fs::remove(sounds.file(name));
  std::string message = error_of([&] { sounds.load(collection, small_picture()); });
  EXPECT_TRUE(contains(message, "no file of class b can be read, the first because: [read_file] " +
                                    sounds.file("b/1").string()))
      << message;
}

TEST(LoadExamples, AFullDiskIsNoFilesFault) {
  Sounds sounds;
  FullDisk full(4096 + 2 * 3 * 16 * 16 * 4);
  std::string message = error_of([&] { sounds.load(small_picture()); });
  EXPECT_TRUE(contains(message, (sounds.folder.path / "cache").string())) << message;
  EXPECT_TRUE(contains(message, "File too large")) << message;
}

TEST(LoadExamples, CtrlCLeavesWhatIsMade) {
  Sounds sounds;
  Collection parts = sounds.collection(), many = parts;
  for (int i = 1; i < 100; ++i)
    for (Example example : parts.examples) {
      example.offset = i / 100.;
      many.examples.push_back(example);
    }
  auto bytes_of_rows = [&] {
    u64 bytes = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(sounds.folder.path / "cache", error))
      if (entry.path().extension() == ".rows") bytes = fs::file_size(entry.path());
    return bytes;
  };
  {
    InterruptGuard guard;
    std::thread user([&] {
      while (bytes_of_rows() < 10000) std::this_thread::yield();
      kill(getpid(), SIGINT);
    });
    EXPECT_THROW(sounds.load(many, small_picture()), Interrupted);
    user.join();
  }
  InterruptGuard not_interrupted;
  auto made = static_cast<i64>((bytes_of_rows() - 4096) / (16 * 16 * 3 * 4));
  EXPECT_GT(made, 0);
  EXPECT_LT(made, 600);
  EXPECT_EQ(computed([&] { sounds.load(many, small_picture()); }), 600 - made);
}

TEST(Examples, AFingerprintIsOfContentsPartsClassesAndInput) {
  Sounds sounds;
  Collection collection = sounds.collection();
  Examples examples = sounds.load(collection, small_picture());
  std::set<std::string> prints = {examples.fingerprint()};
  auto is_new = [&](const Collection& of, const Input& input) {
    return prints.insert(sounds.load(of, input).fingerprint()).second;
  };
  EXPECT_FALSE(is_new(collection, small_picture()));
  auto changed = [&](auto change) {
    Collection other = collection;
    change(other.examples[1]);
    return other;
  };
  EXPECT_FALSE(is_new(changed([](Example& e) { e.group = "x"; }), small_picture()));
  EXPECT_TRUE(is_new(changed([](Example& e) { e.label = 1; }), small_picture()));
  EXPECT_TRUE(is_new(changed([](Example& e) { e.offset = .5; }), small_picture()));
  EXPECT_TRUE(is_new(changed([](Example& e) { e.duration = .5; }), small_picture()));
  EXPECT_TRUE(is_new(collection, small_spectrum()));
  Collection named = collection;
  named.classes[1] = "c";
  EXPECT_TRUE(is_new(named, small_picture()));
  fs::rename(sounds.file("a/3"), sounds.file("a/4"));
  EXPECT_FALSE(is_new(sounds.collection(), small_picture()));
  write_noise(sounds.file("a/4"), 77);
  EXPECT_TRUE(is_new(sounds.collection(), small_picture()));

  EXPECT_TRUE(prints.insert(examples.keep({0, 1, 2, 3, 4}).fingerprint()).second);
  EXPECT_TRUE(prints.insert(examples.keep({0, 1, 2, 3, 5}).fingerprint()).second);
  Generator generator(1);
  Tensor rows = rand({4, 16, 16, 3}, generator);
  EXPECT_TRUE(prints.insert(in_memory(small_picture(), rows).fingerprint()).second);
  EXPECT_FALSE(prints.insert(in_memory(small_picture(), rows.clone()).fingerprint()).second);
  rows.select(0, 3).select(0, 15).add_(ones({16, 3}), 1e-3);
  EXPECT_TRUE(prints.insert(in_memory(small_picture(), rows).fingerprint()).second);
}

TEST(Examples, InMemoryAndTables) {
  Input input = small_spectrum();
  input.variants = {{.compressed = true}};
  Tensor rows = arange(4 * 6 * 20, Dtype::f32).reshape({4, 6, 20, 1});
  Examples examples = in_memory(input, rows);
  EXPECT_EQ(examples.size(), 2);
  EXPECT_EQ(examples.gather({1, 0}, {1, 0}).shape(), (Shape{2, 1, 6, 20}));
  EXPECT_TRUE(
      equal(examples.gather({1}, {1}).reshape({6, 20}), rows.select(0, 3).reshape({6, 20})));
  EXPECT_TRUE(contains(error_of([&] {
                         in_memory(input, rows.reshape({4, 20, 6, 1}));
                       }),
                       "are rows (4, 6, 20, 1) f32, not (4, 20, 6, 1) f32"));
  EXPECT_TRUE(contains(error_of([&] { in_memory(input, rows.to(Dtype::u8)); }), "not (4, 6, 20, "));
  for (auto [index, variant] : {std::pair<i64, i64>{2, 0}, {-1, 0}, {0, 2}, {0, -1}})
    EXPECT_TRUE(contains(error_of([&, i = index, v = variant] { examples.gather({i}, {v}); }),
                         format("no example {} with a variant {}", index, variant)));
  EXPECT_TRUE(contains(error_of([&] { examples.gather({0, 1}, {0}); }), "2 examples, 1 variants"));

  SongTable table{{"energy", "tempo"},
                  {"jazz", "rock"},
                  from_vector<float>({1, 2, 3, 4, 5, 6}, {3, 2}),
                  from_vector<i64>({0, 1, 1}),
                  0};
  Examples songs(table);
  EXPECT_EQ(songs.size(), 3);
  EXPECT_EQ(songs.input().shape(), (Shape{2}));
  EXPECT_EQ(songs.labels({2, 0}), (std::vector<i64>{1, 0}));
  EXPECT_EQ(songs.gather({2, 0}).to_vector<float>(), (std::vector<float>{5, 6, 1, 2}));
  EXPECT_EQ(jpeg_of(songs, 0), "");
}

}  // namespace
}  // namespace melgrad
