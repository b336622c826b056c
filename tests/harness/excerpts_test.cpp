// Parts of clips, classes of one size, pictures for people.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "apps/harness/data/examples.h"
#include "tensor/files/file.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/harness/sounds.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

constexpr double whole = std::numeric_limits<double>::infinity();

TEST(Excerpts, OneComesFromTheMiddleSeveralAreSpreadEvenly) {
  Sounds sounds;
  Collection collection = sounds.collection();
  Collection one = excerpts(collection, 1, 1);
  ASSERT_EQ(one.examples.size(), 6U);
  EXPECT_FALSE(one.is_segmented);
  EXPECT_EQ(one.examples[0].offset, .75);  // (2.5 − 1)/2
  EXPECT_EQ(one.examples[0].duration, 1);
  EXPECT_EQ(one.skipped.size(), collection.skipped.size());
  EXPECT_EQ(one.classes, collection.classes);

  Collection several = excerpts(collection, 9, 1);  // two whole seconds fit into 2.5
  ASSERT_EQ(several.examples.size(), 12U);
  EXPECT_TRUE(several.is_segmented);
  EXPECT_EQ(several.examples[0].offset, .125);
  EXPECT_EQ(several.examples[1].offset, 1.375);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(several.examples[i].path, collection.examples[i / 2].path);
    EXPECT_EQ(several.examples[i].group, collection.examples[i / 2].group);
    EXPECT_EQ(several.examples[i].label, collection.examples[i / 2].label);
    EXPECT_EQ(several.examples[i].duration, 1);
  }
  EXPECT_EQ(excerpts(collection, 2, 1).examples[1].offset, 1.375);
  Collection whole_files = excerpts(collection, 3, whole);
  EXPECT_EQ(whole_files.examples.size(), 6U);
  EXPECT_EQ(whole_files.examples[2].offset, 0);
  EXPECT_EQ(whole_files.examples[2].duration, whole);
  EXPECT_EQ(excerpts(collection, 3, 9).examples[5].offset, 0) << "too short for one";
}

TEST(Excerpts, OfPartsAndOfPictures) {
  Sounds sounds;
  Collection parts = sounds.collection();
  parts.examples.resize(1);
  parts.examples[0].offset = .5;
  parts.examples[0].duration = 1.5;
  Collection one = excerpts(parts, 1, .5);
  EXPECT_EQ(one.examples[0].offset, 1);  // .5 + (1.5 − .5)/2
  EXPECT_EQ(excerpts(parts, 9, .5).examples.size(), 3U);
  EXPECT_EQ(excerpts(parts, 1, 2).examples[0].duration, 1.5);
  parts.examples[0].offset = 1.5;  // of the 2.5 s one is left
  EXPECT_EQ(excerpts(parts, 1, .5).examples[0].offset, 1.75);
  EXPECT_EQ(excerpts(parts, 9, .5).examples.size(), 2U);
  parts.is_segmented = true;
  EXPECT_TRUE(excerpts(parts, 1, 1).is_segmented) << "it was before";

  parts.examples[0] = {"nowhere/x.png", 0, "x"};
  Collection picture = excerpts(parts, 9, 1);
  ASSERT_EQ(picture.examples.size(), 1U);
  EXPECT_EQ(picture.examples[0].offset, 0);
  EXPECT_EQ(picture.examples[0].duration, whole);
  EXPECT_TRUE(contains(error_of([&] { excerpts(parts, 0, 1); }), "0 excerpts of 1 s"));
  EXPECT_TRUE(contains(error_of([&] { excerpts(parts, 1, 0); }), "1 excerpts of 0 s"));
}

/// `counts[c]` groups of class c with three files of two parts each.
Collection grouped(const std::vector<i64>& counts) {
  Collection collection;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    collection.classes.push_back(std::to_string(c));
    for (i64 i = 0; i < counts[c] * 6; ++i)
      collection.examples.push_back(
          {format("{}/{}", c, i / 2), static_cast<i64>(c), std::to_string(i / 6)});
  }
  return collection;
}

TEST(Trimmed, ClassesAreOfOneSizeAndOfAllTheirGroups) {
  Collection collection = grouped({7, 4, 9});
  std::set<std::vector<i64>> choices;
  for (u64 seed = 0; seed < 20; ++seed) {
    std::vector<i64> kept = trimmed(collection, seed);
    EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
    std::map<std::pair<i64, std::string>, i64> of_group, of_file;
    std::vector<i64> of_class(3, 0), groups(3, 0);
    for (i64 i : kept) {
      const Example& example = collection.examples[static_cast<std::size_t>(i)];
      ++of_class[static_cast<std::size_t>(example.label)];
      ++of_group[{example.label, example.group}];
      ++of_file[{example.label, example.path.string()}];
    }
    EXPECT_EQ(of_class, (std::vector<i64>{24, 24, 24}));
    for (const auto& [file, count] : of_file) EXPECT_EQ(count, 2) << file.second;
    for (const auto& [group, count] : of_group) {
      ++groups[static_cast<std::size_t>(group.first)];
      double share = 24. / (group.first == 0 ? 7 : group.first == 1 ? 4 : 9);  // of equal groups
      EXPECT_LT(std::abs(static_cast<double>(count) - share), 2) << "a file more, or one less";
    }
    EXPECT_EQ(groups, (std::vector<i64>{7, 4, 9}));
    choices.insert(kept);
  }
  EXPECT_GT(choices.size(), 18U) << "they do not depend on the seed";
}

TEST(Trimmed, NoFileIsCutButTheLast) {
  Collection collection = grouped({3, 1});
  collection.examples.resize(collection.examples.size() - 3);  // three of the second class
  for (u64 seed = 0; seed < 20; ++seed) {
    std::map<std::string, i64> of_file;
    for (i64 i : trimmed(collection, seed)) {
      const Example& example = collection.examples[static_cast<std::size_t>(i)];
      if (example.label == 0) ++of_file[example.path.string()];
    }
    EXPECT_EQ(of_file.size(), 2U) << seed;
  }
}

TEST(Trimmed, EqualClassesStayAndAFixedChoiceStays) {
  Collection equal_classes = grouped({2, 2});
  std::vector<i64> all = trimmed(equal_classes, 5);
  EXPECT_EQ(all.size(), 24U);
  // What the program chose from the beginning: whoever resumes a run or repeats one relies on it.
  Collection files{{"a", "b"}, {}, {}};
  for (int i = 0; i < 12; ++i)
    files.examples.push_back(
        {format("{}/{}", i < 8 ? "a" : "b", i % 8), i < 8 ? 0 : 1, std::to_string(i % 8)});
  EXPECT_EQ(trimmed(files, 3), (std::vector<i64>{0, 2, 5, 6, 8, 9, 10, 11}));
}

TEST(JpegOf, ShowsThePictureAsItWas) {
  TemporaryFolder folder;
  fs::create_directories(folder.path / "p/a");
  fs::create_directories(folder.path / "p/b");
  std::vector<u8> levels;
  for (int i = 0; i < 16 * 16; ++i)
    for (int c = 0; c < 3; ++c) levels.push_back(static_cast<u8>(i % 16 * 15 + c * 10));
  Tensor pixels = from_vector(levels, {16, 16, 3});
  for (const char* name : {"p/a/1.png", "p/b/1.png"}) save_png(folder.path / name, pixels);
  Input bytes = small_picture();
  std::get<Picture>(bytes.recipe).mean = 0;
  std::get<Picture>(bytes.recipe).std = 1;
  bytes.stored = Dtype::u8;
  Input odd = small_picture();
  std::get<Picture>(odd.recipe).mean = .2;
  std::get<Picture>(odd.recipe).std = 3;
  for (const Input& input : {small_picture(), bytes, odd}) {
    FeatureCache cache(folder.path / "cache");
    Examples examples = load_examples(scan_folder(folder.path / "p"), input, cache);
    write_file(folder.path / "x.jpg", jpeg_of(examples, 1));
    Tensor shown = load_image(folder.path / "x.jpg", 3);
    ASSERT_EQ(shown.shape(), pixels.shape());
    Tensor error = abs(shown.to(Dtype::f32) - pixels.to(Dtype::f32));
    EXPECT_LE(max(error).item(), 12) << "what JPEG loses of this picture: at most 6 observed";
  }
}

// A feature's first row at the bottom, its first frame on the left; the same where bands are columns.
TEST(Excerpts, AFeatureIsDrawnForPeople) {
  for (bool frames_first : {false, true}) {
    Input input{.name = "x",
                .recipe = Spectrum{.feature = {.kind = "logmel", .mel = {.n_mels = 4}},
                                   .frames = 4,
                                   .frames_first = frames_first}};
    Tensor rows = zeros({1, 4, 4, 1});
    rows.fill_(-9);
    for (i64 i = 0; i < 2; ++i) rows.data<float>()[frames_first ? 4 * i : i] = 9;  // band 0
    Collection one{{"a"}, {{"a.wav", 0, "a"}}, {}};
    TemporaryFolder folder;
    write_file(folder.path / "x.jpg", jpeg_of(Examples(one, input, rows), 0));
    Tensor shown = load_image(folder.path / "x.jpg", 3).to(Dtype::f32);
    ASSERT_EQ(shown.shape(), (Shape{128, 128, 3}));
    auto red = [&](i64 row, i64 column) {
      return shown.select(0, row).select(0, column).select(0, 0).item();
    };
    EXPECT_GT(red(120, 30), 150) << "warm, as the largest";
    EXPECT_LT(red(120, 100), 100);
    EXPECT_LT(red(8, 30), 100);
  }
}

}  // namespace
}  // namespace melgrad
