#include "apps/harness/data.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "audio/files/decode.h"
#include "tensor/files/file.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// Two classes of three files of noise, 2.5 seconds each, and one that only looks like a file.
class LoadPictures : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    Generator generator(3);
    for (const char* name : {"a/1", "a/2", "a/3", "b/1", "b/2", "b/3"}) {
      fs::path path = folder_ / "sounds" / (std::string(name) + ".wav");
      fs::create_directories(path.parent_path());
      encode(path, {rand({20000}, generator, -.5, .5), 8000});
    }
    picture_.sample_rate = 8000;
    picture_.n_fft = 256;
    picture_.hop = 128;
    picture_.height = picture_.width = 16;
    picture_.seconds = 1;
  }

  StudyData load(i64 segments) {
    return load_pictures(scan_folder(folder_ / "sounds"), picture_, segments, folder_ / "cache");
  }

  fs::path folder_ = fs::path(testing::TempDir()) / "melgrad_pictures";
  Picture picture_;
};

TEST_F(LoadPictures, OneComesFromTheMiddleSeveralAreSpreadEvenly) {
  StudyData one = load(1);
  EXPECT_EQ(one.inputs.shape(), (Shape{6, 16, 16, 3}));
  EXPECT_DOUBLE_EQ(one.offsets[0], .75);  // (2.5 − 1)/2

  StudyData several = load(9);  // two whole seconds fit into 2.5
  EXPECT_EQ(several.size(), 12);
  EXPECT_DOUBLE_EQ(several.offsets[0], .125);
  EXPECT_DOUBLE_EQ(several.offsets[1], 1.375);
  EXPECT_EQ(several.labels({0, 5, 6, 11}), (std::vector<i64>{0, 0, 1, 1}));
  EXPECT_EQ(several.collection.examples[0].group, several.collection.examples[1].group);
}

TEST_F(LoadPictures, BatchesAreChannelsLastCopiesOfRows) {
  StudyData data = load(1);
  Tensor batch = data.batch({4, 2});
  EXPECT_EQ(batch.shape(), (Shape{2, 3, 16, 16}));
  EXPECT_TRUE(batch.is_channels_last());
  EXPECT_TRUE(equal(batch.select(0, 1), data.inputs.select(0, 2).permute({2, 0, 1})));
}

TEST_F(LoadPictures, TheCacheIsReadUntilAFileChanges) {
  StudyData first = load(1);
  ASSERT_EQ(std::distance(fs::directory_iterator(folder_ / "cache"), {}), 1);
  EXPECT_TRUE(equal(load(1).inputs, first.inputs));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "cache"), {}), 1);

  Generator other(4);
  encode(folder_ / "sounds/a/1.wav", {rand({24000}, other, -.5, .5), 8000});
  StudyData changed = load(1);
  EXPECT_FALSE(equal(changed.inputs.select(0, 0), first.inputs.select(0, 0)));
  EXPECT_TRUE(equal(changed.inputs.select(0, 1), first.inputs.select(0, 1)));

  for (const auto& file : fs::directory_iterator(folder_ / "cache"))
    write_file(file.path(), "damaged");
  EXPECT_TRUE(equal(load(1).inputs, changed.inputs));
}

TEST_F(LoadPictures, WhatCannotBeReadIsNamed) {
  Generator generator(4);
  Tensor pixels = randint(0, 256, {20, 20, 3}, generator).to(Dtype::u8);
  std::string png = encode_png(pixels);
  write_file(folder_ / "sounds/a/4.wav", "");
  write_file(folder_ / "sounds/a/5.wav", png);
  write_file(folder_ / "sounds/a/6.png", png.substr(0, png.size() / 2));
  write_file(folder_ / "sounds/a/7.png", encode_jpeg(pixels));  // what it is matters, not its name
  StudyData data = load(1);
  EXPECT_EQ(data.size(), 7);
  std::vector<std::string> skipped;
  for (const Skipped& file : data.collection.skipped) skipped.push_back(file.path.filename());
  EXPECT_EQ(skipped, (std::vector<std::string>{"4.wav", "5.wav", "6.png"}));
}

TEST_F(LoadPictures, APictureForPeopleIsAJpeg) {
  EXPECT_EQ(jpeg_of(load(1), picture_, 0).substr(0, 3), "\xff\xd8\xff");
}

}  // namespace
}  // namespace melgrad
