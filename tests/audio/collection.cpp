// Folders, lists, tables and splits.
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "audio/collections/fma.h"
#include "audio/collections/gtzan.h"
#include "audio/files/decode.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

void write_clip(const fs::path& path) {
  fs::create_directories(path.parent_path());
  encode(path, {test_signal(1000).to(Dtype::f32), 22050});
}

TEST(ScanFolder, SkipsAndNamesWhatItCannotRead) {
  TemporaryFolder folder;
  write_clip(folder.path / "jazz/a.wav");
  write_clip(folder.path / "jazz/b.ogg");
  write_clip(folder.path / "rock/c.flac");
  write_text(folder.path / "rock/empty.wav", "");
  write_text(folder.path / "rock/noise.mp3", "no music");
  write_text(folder.path / "rock/fake.png", "no picture");
  write_text(folder.path / "rock/notes.txt", "passed over");
  write_text(folder.path / "rock/.hidden.wav", "passed over");
  save_png(folder.path / "rock/d.png", zeros({4, 4, 1}, Dtype::u8));
  Collection collection = scan_folder(folder.path);
  EXPECT_EQ(collection.classes, (std::vector<std::string>{"jazz", "rock"}));
  EXPECT_EQ(collection.counts(), (std::vector<i64>{2, 2}));
  ASSERT_EQ(collection.skipped.size(), 3U);
  EXPECT_EQ(collection.skipped[0].path.filename(), "empty.wav");
  EXPECT_TRUE(contains(collection.skipped[0].reason, "the file is empty"));
  EXPECT_EQ(collection.examples[1].group, "b");

  Collection swapped = scan_folder(folder.path, {"rock", "jazz"});
  EXPECT_EQ(swapped.examples.front().path.filename(), "c.flac");
}

TEST(ScanFolder, TellsFilesByExtensionAndPicturesByTheirFirstBytes) {
  TemporaryFolder folder;
  write_clip(folder.path / "jazz/b.wav");
  write_clip(folder.path / "jazz/a.song.flac");
  fs::create_directories(folder.path / "jazz/folder.wav");
  write_text(folder.path / "jazz/text", "passed over");
  write_text(folder.path / "rock/a.png", "\x89PNG and more");
  write_text(folder.path / "rock/b.JPG", "\xff\xd8 and more");
  write_text(folder.path / "rock/c.bmp", "BM and more");
  write_text(folder.path / "rock/d.jpeg", "BM, which decoders see");
  write_text(folder.path / "rock/e.png", "PNG!");
  write_text(folder.path / "rock/f.png", "BM");
  write_text(folder.path / "rock/g.png", "");
  write_clip(folder.path / "rock/.trash/a.wav");
  write_clip(folder.path / ".cache/a.wav");
  write_text(folder.path / "readme.wav", "no folder");
  Collection collection = scan_folder(folder.path);
  EXPECT_EQ(collection.classes, (std::vector<std::string>{"jazz", "rock"}));
  std::string found, skipped;
  for (const Example& example : collection.examples) {
    found += format("{} {} {}, ", example.path.filename().string(), example.label, example.group);
    EXPECT_EQ(example.offset, 0);
    EXPECT_EQ(example.duration, std::numeric_limits<double>::infinity());
  }
  EXPECT_EQ(found,
            "a.song.flac 0 a.song, b.wav 0 b, a.png 1 a, b.JPG 1 b, c.bmp 1 c, d.jpeg 1 d, ");
  for (const Skipped& one : collection.skipped)
    skipped += one.path.filename().string() + ": " + one.reason + "\n";
  EXPECT_EQ(skipped,
            "folder.wav: [scan_folder] not a regular file\n"
            "e.png: [scan_folder] its first bytes are not those of a PNG, JPEG or BMP picture\n"
            "f.png: [scan_folder] cannot be read\n"
            "g.png: [scan_folder] the file is empty\n");
  EXPECT_FALSE(collection.is_segmented);
}

TEST(ScanFolder, Refusals) {
  TemporaryFolder folder;
  auto error = [&](const std::vector<std::string>& classes = {}) {
    return error_of([&] { scan_folder(folder.path, classes); });
  };
  EXPECT_TRUE(contains(error_of([&] { scan_folder(folder.path / "none"); }), "is not a folder"));
  EXPECT_TRUE(contains(error(), "has no class folders"));
  write_clip(folder.path / "jazz/a.wav");
  EXPECT_TRUE(contains(error(), "only one class, 'jazz'"));
  fs::create_directories(folder.path / "rock");
  EXPECT_TRUE(contains(error(), "rock has no readable audio file or picture"));
  EXPECT_TRUE(contains(error({"jazz", "techno"}), "no class folder 'techno'"));
  EXPECT_TRUE(contains(error({"jazz", "jazz"}), "class 'jazz' is named twice"));
}

TEST(Gtzan, TheRepetitionsAreThePublishedOnes) {
  // As the table has them, in a form of its own: each number counts.
  std::istringstream table(
      "disco 51 70 60 89 74 99; hiphop 45 78; jazz 51 53 54 55 58 60 62 65 67 68 69 70 71 72; "
      "metal 13 94 61 62 63 64 65 66; pop 22 31 46 80 57 60 59 71 90; "
      "reggae 54 56 57 60 58 69 74 81 82 91 92");
  std::set<std::string> published;
  std::string genre;
  for (std::string word; table >> word;) {
    if (std::isalpha(static_cast<unsigned char>(word.front())) != 0)
      genre = word;
    else
      published.insert(genre + ".000" + word.substr(0, 2));
  }
  EXPECT_EQ(gtzan_repetitions(), published);
  EXPECT_EQ(published.size(), 50U);
  EXPECT_EQ(gtzan_corrupt(), (std::set<std::string>{"jazz.00054"}));
}

TEST(Gtzan, WithoutLeavesTheOthers) {
  Collection collection;
  collection.classes = {"jazz", "rock"};
  for (const char* path : {"jazz/a.wav", "jazz/b.wav", "rock/a.b.au", "rock/b.mp3"})
    collection.examples.push_back({path, path[0] == 'r', ""});
  collection.skipped = {{"rock/a.wav", "damaged"}};
  auto paths = [&](const std::set<std::string>& stems) {
    std::string text;
    for (const Example& example : without(collection, stems).examples)
      text += example.path.string() + ' ';
    return text;
  };
  EXPECT_EQ(paths({}), "jazz/a.wav jazz/b.wav rock/a.b.au rock/b.mp3 ");
  EXPECT_EQ(paths({"b", "rock"}), "jazz/a.wav rock/a.b.au ");
  EXPECT_EQ(paths({"a.b", "a"}), "jazz/b.wav rock/b.mp3 ");
  EXPECT_EQ(without(collection, {"a"}).classes, collection.classes);
  EXPECT_EQ(without(collection, {"a"}).skipped.size(), 1U);
}

/// Tracks with a file each, but 10, whose file is empty, and 99, which has none.
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
    for (i64 i : fma.official.train) part_of[i] += "train";
    for (i64 i : fma.official.valid) part_of[i] += "valid";
    for (i64 i : fma.official.test) part_of[i] += "test";
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
  std::string small =
      "000/000002.mp3 Rock artist 7 train, 000/000005.mp3 Jazz artist 8 valid, "
      "012/012345.mp3 Rock artist 9 test, 123/1234567.mp3 Jazz artist 9 train, ";
  std::string medium =
      small + "000/000020.mp3 Folk artist 11 train, 000/000021.mp3 Rock artist 12 valid, ";
  std::string large =
      medium + "000/000030.mp3 Blues artist 13 test, 000/000031.mp3 Rock artist 14 train, ";
  EXPECT_EQ(fma.read("small"), small);
  EXPECT_EQ(fma.read("medium"), medium);
  EXPECT_EQ(fma.read("large"), large);
  EXPECT_EQ(read_fma(fma.folder.path, fma.table).collection.examples.size(), 4U);
  Fma read = read_fma(fma.folder.path, fma.table, "large");
  EXPECT_EQ(read.collection.classes, (std::vector<std::string>{"Blues", "Folk", "Jazz", "Rock"}));
  ASSERT_EQ(read.collection.skipped.size(), 2U);
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
  EXPECT_TRUE(contains(error(), "(1 skipped)"));
  for (auto [group, name] :
       {std::pair("artist", "id"), {"set", "split"}, {"set", "subset"}, {"track", "genre_top"}}) {
    std::string lacking = heading;
    lacking.replace(lacking.find(name), std::string(name).size(), "other");
    write_text(fma.table, lacking + "2,7,training,small,Rock\n");
    EXPECT_EQ(error(), format("[read_fma] the table has no column '{}, {}'", group, name));
  }
}

}  // namespace
}  // namespace melgrad
