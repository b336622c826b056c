// The Free Music Archive's folder and table.
#include "audio/collections/fma.h"

#include <gtest/gtest.h>

#include <fstream>

#include "audio/files/decode.h"
#include "tensor/ops.h"
#include "tests/audio/write_files.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// Tracks with a file each, but 10, whose file is empty, and 99, which has none; and files that are no tracks.
struct FmaFolder {
  TemporaryFolder folder;
  fs::path table = folder / "tracks.csv";

  FmaFolder() {
    write_clip(folder / "clip.flac");
    for (const char* name : {"000/000002", "000/000005", "012/012345", "123/1234567", "000/000020",
                             "000/000021", "000/000030", "000/000031", "000/000040"})
      copy_clip(name);
    write_text(folder / "000/000010.mp3", "");
    write_text(table,
               ",artist,set,set,track\n,id,split,subset,genre_top\ntrack_id,,,,\n"
               "2,7,training,small,Rock\n"
               "5,8,validation,small,Jazz\n"
               "10,8,training,small,Jazz\n"
               "12345,9,test,small,Rock\n"
               "1234567,9,training,small,Jazz\n"
               "20,11,training,medium,Folk\n"
               "21,12,validation,medium,Rock\n"
               "30,13,test,large,Blues\n"
               "31,14,training,large,Rock\n"
               "40,15,training,huge,Noise\n"
               "40,15,training,small,\n"
               "40,15,training,small\n"
               "99,9,test,large,Rock\n");
  }
  void copy_clip(const std::string& name) const {
    fs::create_directories((folder / name).parent_path());
    fs::copy(folder / "clip.flac", folder / (name + ".mp3"));
  }
  /// "2 Rock artist 7 train, …", in the collection's order.
  std::string read(const std::string& subset) const {
    Fma fma = read_fma(folder.path, table, subset);
    std::map<i64, std::string> part_of;
    Split official = official_split(fma, fma.collection);
    for (i64 i : official.train) part_of[i] += "train";
    for (i64 i : official.valid) part_of[i] += "valid";
    for (i64 i : official.test) part_of[i] += "test";
    std::string text;
    for (std::size_t i = 0; i < fma.collection.examples.size(); ++i) {
      const Example& example = fma.collection.examples[i];
      text += format("{} {} {} {}, ", fs::relative(example.path, folder.path).string(),
                     fma.collection.classes[static_cast<std::size_t>(example.label)], example.group,
                     part_of[static_cast<i64>(i)]);
    }
    return text;
  }
};

TEST(Fma, EachSubsetContainsTheSmallerOnes) {
  FmaFolder fma;
  std::string folk = "000/000020.mp3 Folk artist 11 train, ";
  std::string jazz = "000/000005.mp3 Jazz artist 8 valid, 123/1234567.mp3 Jazz artist 9 train, ";
  std::string rock = "000/000002.mp3 Rock artist 7 train, ",
              last = "012/012345.mp3 Rock artist 9 test, ";
  std::string of_medium = "000/000021.mp3 Rock artist 12 valid, ",
              of_large = "000/000031.mp3 Rock artist 14 train, ";
  std::string small = jazz + rock + last;
  std::string medium = folk + jazz + rock + of_medium + last;
  std::string large =
      "000/000030.mp3 Blues artist 13 test, " + folk + jazz + rock + of_medium + of_large + last;
  EXPECT_EQ(fma.read("small"), small);
  EXPECT_EQ(fma.read("medium"), medium);
  EXPECT_EQ(fma.read("large"), large);
  EXPECT_EQ(read_fma(fma.folder.path, fma.table).collection.examples.size(), 4U);
  Fma read = read_fma(fma.folder.path, fma.table, "large");
  EXPECT_EQ(read.collection.classes, (std::vector<std::string>{"Blues", "Folk", "Jazz", "Rock"}));
  EXPECT_TRUE(read.collection.has_albums);  // artist 9's
  ASSERT_EQ(read.collection.skipped.size(), 3U);
  EXPECT_EQ(read.collection.skipped[2].path.filename(), "000040.mp3");
  EXPECT_EQ(read.collection.skipped[2].reason, "is no track of subset 'large': this and 1 more");
  EXPECT_EQ(read.collection.skipped[0].path.filename(), "000010.mp3");
  EXPECT_TRUE(contains(read.collection.skipped[0].reason, "the file is empty"));
  EXPECT_TRUE(contains(read.collection.skipped[1].reason, "no such file"));
}

TEST(Fma, AHeadingWithLinesOfDifferentLengths) {
  FmaFolder fma;
  // What both upper lines have is looked at, and in each its own words.
  write_text(fma.table,
             ",artist,set,set,track,more,and more\n,id,split,subset,genre_top\ntrack_id\n"
             "2,7,training,small,Rock\n");
  EXPECT_EQ(fma.read("small"), "000/000002.mp3 Rock artist 7 train, ");
  write_text(fma.table,
             "x,artist,set,set,track\nx,id,split,subset,genre_top,more,and more\ntrack_id\n"
             "2,7,training,small,Rock\n");
  EXPECT_EQ(fma.read("small"), "000/000002.mp3 Rock artist 7 train, ");
  write_text(fma.table,
             "id,artist,set,set,track\ngenre_top,id,split,subset\ntrack_id,,,,\n"
             "2,7,training,small,Rock\n");
  EXPECT_TRUE(contains(error_of([&] { fma.read("small"); }), "no column 'track, genre_top'"));
}

// The real table: a heading of three lines, texts with commas, quotes and line breaks, columns between.
TEST(Fma, SaysWhatATrackIs) {
  FmaFolder fma;
  write_text(
      fma.table,
      ",album,artist,artist,set,set,track,track\n,title,id,name,split,subset,genre_top,title\n"
      "track_id,,,,,,,\n"
      "2,\"One, two\",7,\"A \"\"B\"\"\",training,small,Rock,\"Two\nlines, and a comma\"\n"
      "5,,8,,validation,small,Jazz,\n");
  Fma read = read_fma(fma.folder.path, fma.table);
  ASSERT_EQ(read.tracks.size(), 2U);
  const FmaTrack& track = read.tracks.at("000002");
  EXPECT_EQ(track.title, "Two\nlines, and a comma");
  EXPECT_EQ(track.artist, "A \"B\"");
  EXPECT_EQ(track.album, "One, two");
  EXPECT_EQ(track.part, "training");
  EXPECT_EQ(read.tracks.at("000005").title, "");
}

// Of clips of which some were left out, and of classes in another order.
TEST(Fma, TheOfficialSplitOfWhatIsLeft) {
  FmaFolder fma;
  Fma read = read_fma(fma.folder.path, fma.table);  // 5 valid, 1234567 train, 2 train, 12345 test
  Collection some = read.collection;
  some.examples.erase(some.examples.begin() + 1);
  std::reverse(some.examples.begin(), some.examples.end());
  Split split = official_split(read, some);
  EXPECT_EQ(split.train, (std::vector<i64>{1}));
  EXPECT_EQ(split.valid, (std::vector<i64>{2}));
  EXPECT_EQ(split.test, (std::vector<i64>{0}));
  some.examples.front().path = "000/000003.mp3";
  EXPECT_TRUE(contains(error_of([&] { official_split(read, some); }),
                       "000003.mp3 is no track of the table"));
}

TEST(Fma, Refusals) {
  FmaFolder fma;
  auto error = [&](const std::string& subset = "small") {
    return error_of([&] { read_fma(fma.folder.path, fma.table, subset); });
  };
  EXPECT_EQ(error("tiny"), "[read_fma] no subset 'tiny': small, medium, large");
  std::string heading = ",artist,set,set,track\n,id,split,subset,genre_top\ntrack_id,,,,\n";
  write_text(fma.table, heading);
  EXPECT_TRUE(contains(error(), "too short for a heading of three lines"));
  write_text(fma.table, heading + "99,9,test,small,Rock\n");
  EXPECT_TRUE(contains(error(), "no readable track of subset 'small'"));
  EXPECT_TRUE(contains(error(), "(1 skipped; the first, ")) << error();
  EXPECT_TRUE(contains(error(), "000099.mp3: ")) << error();
  for (auto [group, name] :
       {std::pair("artist", "id"), {"set", "split"}, {"set", "subset"}, {"track", "genre_top"}}) {
    std::string lacking = heading;
    lacking.replace(lacking.find(name), std::string(name).size(), "other");
    write_text(fma.table, lacking + "2,7,training,small,Rock\n");
    EXPECT_EQ(error(), format("[read_fma] the table has no column '{}, {}'", group, name));
  }
  write_text(fma.table, heading + "2,7,sometimes,small,Rock\n");
  EXPECT_TRUE(contains(error(), "track 2 is in 'sometimes' of the split")) << error();
}

}  // namespace
}  // namespace melgrad
