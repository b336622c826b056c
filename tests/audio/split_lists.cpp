// Splits that lists in files give.
#include <gtest/gtest.h>

#include <fstream>

#include "audio/collections/split.h"
#include "tests/audio/songs.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

/// Three lists in a folder.
struct Lists {
  TemporaryFolder folder;
  std::vector<std::string> absent;

  Lists() {
    write("train", "0/0.mp3\n1/1.wav\n");
    write("valid", "0/2.wav\n1/5.wav\n");
    write("test", "1/2.wav\n");
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  Split split(const Collection& collection) {
    return split_from_files(collection, folder / "train", folder / "valid", folder / "test",
                            &absent);
  }
  std::string error(const Collection& collection) {
    return error_of([&] { split(collection); });
  }
};

TEST(SplitFromFiles, AreTheListsInTheirOrder) {
  Lists lists;
  Collection collection = of_sizes({10, 10});
  lists.write("train", "music/1/3.wav\r\n0/4.au  \n\n2/7.wav\n0/0.mp3");  // there is no class 2
  Split split = lists.split(collection);
  EXPECT_EQ(split.train, (Indices{13, 4, 0}));
  EXPECT_EQ(split.valid, (Indices{2, 15}));
  EXPECT_EQ(split.test, (Indices{12}));
  EXPECT_TRUE(lists.absent.empty());
  EXPECT_EQ(split_from_files(collection, lists.folder / "train", lists.folder / "valid",
                             lists.folder / "test")
                .test,
            split.test);
}

TEST(SplitFromFiles, OneNameInAHundredMayBeLacking) {
  Lists lists;
  Collection collection = of_sizes({300, 10});
  collection.skipped = {{"music/1/20.wav", "damaged"}, {"1/21.wav", "damaged"}};
  std::string train;
  for (int i = 10; i < 207; ++i) train += format("0/{}.wav\n", i);
  // With the five names of valid, test and skipped: 202, of which two are lacking.
  lists.write("train", train + "0/900.wav\n0/901.wav\n1/20.wav\n");
  lists.write("valid", "0/2.wav\n");
  EXPECT_EQ(lists.split(collection).train.size(), 197U);
  EXPECT_EQ(lists.absent, (std::vector<std::string>{"1/20", "0/900", "0/901"}));
  lists.write("train", train.substr(0, train.find("0/204")) + "0/900.wav\n0/901.wav\n1/20.wav\n");
  EXPECT_TRUE(contains(lists.error(collection),
                       "2 clips of the lists are not in the collection: 0/900, 0/901"));
  lists.write("train", "1/21.x\n1/31.x\n1/32.x\n1/33.x\n1/34.x\n1/35.x\n");
  EXPECT_TRUE(contains(lists.error(collection), ": 1/31, 1/32, 1/33, 1/34, 1/35"));
  EXPECT_FALSE(contains(lists.error(collection), "…"));
  lists.write("train", "1/30.x\n1/31.x\n1/32.x\n1/33.x\n1/34.x\n1/35.x\n");
  EXPECT_TRUE(contains(lists.error(collection), ": 1/30, 1/31, 1/32, 1/33, 1/34 …"));
}

TEST(SplitFromFiles, Refusals) {
  Collection collection = of_sizes({10, 10});
  EXPECT_EQ(Lists().error(collection), "no error");
  Lists twice;
  twice.write("test", "0/3.wav\n1/1.flac\n");
  EXPECT_TRUE(contains(twice.error(collection), "1/1 is named a second time"));
  Lists odd;
  odd.write("valid", "0/3.wav\n4.wav\n");
  EXPECT_TRUE(contains(odd.error(collection), "line '4.wav' is not genre/name.extension"));
  odd.write("valid", "0/\n");
  EXPECT_TRUE(contains(odd.error(collection), "line '0/' is not genre/name.extension"));
  for (auto [name, counts] :
       {std::pair("train", "0 are for training, 2 for validation, 1 for test"),
        {"valid", "2 are for training, 0 for validation, 1 for test"},
        {"test", "2 are for training, 2 for validation, 0 for test"}}) {
    Lists lists;
    lists.write(name, "2/1.wav\n");
    EXPECT_TRUE(contains(lists.error(collection), counts)) << lists.error(collection);
    std::filesystem::remove(lists.folder / name);
    EXPECT_TRUE(contains(lists.error(collection), "cannot read")) << lists.error(collection);
  }
}

}  // namespace
}  // namespace melgrad
