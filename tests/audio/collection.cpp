// Folders, lists, tables and splits.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "audio/collections/csv.h"
#include "audio/collections/fma.h"
#include "audio/collections/gtzan.h"
#include "audio/collections/split.h"
#include "audio/collections/spotify.h"
#include "audio/synth/synth.h"
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

/// `songs` of each of two classes, as if they were there.
Collection made_up(i64 songs) {
  Collection collection;
  collection.classes = {"jazz", "rock"};
  for (i64 label = 0; label < 2; ++label)
    for (i64 i = 0; i < songs; ++i) {
      std::string name = collection.classes[static_cast<std::size_t>(label)];
      std::string stem = format("{}.{}", name, i);
      collection.examples.push_back({format("{}/{}.wav", name, stem), label, stem});
    }
  return collection;
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

std::set<i64> all_of(const Split& split) {
  std::set<i64> all(split.train.begin(), split.train.end());
  all.insert(split.valid.begin(), split.valid.end());
  all.insert(split.test.begin(), split.test.end());
  return all;
}

TEST(Split, StratifiedIsCompleteDisjointAndBalanced) {
  Collection collection = made_up(100);
  Split split = stratified_split(collection, {}, 3);
  EXPECT_EQ(split.train.size(), 140U);
  EXPECT_EQ(split.valid.size(), 30U);
  EXPECT_EQ(split.test.size(), 30U);
  EXPECT_EQ(all_of(split).size(), 200U);
  i64 jazz = std::count_if(split.test.begin(), split.test.end(), [](i64 i) { return i < 100; });
  EXPECT_EQ(jazz, 15);
  EXPECT_EQ(stratified_split(collection, {}, 3).test, split.test);
  EXPECT_NE(stratified_split(collection, {}, 4).test, split.test);
  EXPECT_TRUE(contains(error_of([&] { stratified_split(made_up(2), {}, 1); }),
                       "class 'jazz' has 2 examples, too few"));
  EXPECT_TRUE(contains(error_of([&] {
                         stratified_split(collection, {.5, .5, .5}, 1);
                       }),
                       "add up to 1"));
  EXPECT_EQ(all_of(random_split(collection, {.8, 0, .2}, 1)).size(), 200U);
}

TEST(Split, GroupsDoNotCross) {
  Collection parts = segmented(made_up(40), 10, 3);
  EXPECT_EQ(parts.examples.size(), 800U);
  EXPECT_EQ(parts.examples[13].offset, 9);
  EXPECT_TRUE(contains(error_of([&] { stratified_split(parts, {}, 1); }), "Leak::allow"));
  EXPECT_TRUE(contains(error_of([&] { random_split(parts, {}, 1); }), "Leak::allow"));
  EXPECT_TRUE(contains(error_of([&] { k_fold(parts, 5, 1); }), "Leak::allow"));
  EXPECT_EQ(all_of(stratified_split(parts, {}, 1, Leak::allow)).size(), 800U);

  auto groups = [&](const std::vector<i64>& part) {
    std::set<std::string> names;
    for (i64 i : part) names.insert(parts.examples[static_cast<std::size_t>(i)].group);
    return names;
  };
  Split split = grouped_split(parts, {}, 5);
  EXPECT_EQ(all_of(split).size(), 800U);
  EXPECT_EQ(groups(split.train).size() + groups(split.valid).size() + groups(split.test).size(),
            80U);
  EXPECT_EQ(split.train.size(), 560U);
  for (const Split& fold : grouped_k_fold(parts, 5, 5)) {
    EXPECT_EQ(fold.test.size(), 160U);
    EXPECT_EQ(groups(fold.test).size() + groups(fold.train).size(), 80U);
  }
}

TEST(Split, FoldsCoverEverythingOnce) {
  Collection collection = made_up(51);
  std::set<i64> seen;
  for (const Split& fold : k_fold(collection, 5, 1)) {
    EXPECT_EQ(fold.train.size() + fold.test.size(), 102U);
    for (i64 i : fold.test) EXPECT_TRUE(seen.insert(i).second);
  }
  EXPECT_EQ(seen.size(), 102U);
  EXPECT_TRUE(contains(error_of([&] { k_fold(collection, 1, 1); }), "1 folds"));
}

TEST(Split, FromFiles) {
  TemporaryFolder folder;
  fs::path train = folder.path / "train.txt", valid = folder.path / "v.txt",
           test = folder.path / "test.txt";
  Collection collection = made_up(200);
  auto split = [&] { return split_from_files(collection, train, valid, test); };
  write_text(train, "jazz/jazz.0.mp3\r\nrock/rock.1.wav\npop/pop.7.wav\n\n");
  write_text(valid, "jazz/jazz.2.wav\n");
  write_text(test, "rock/rock.2.wav\n");
  EXPECT_EQ(split().train, (std::vector<i64>{0, 201}));
  write_text(test, "rock/rock.1.wav\n");
  EXPECT_TRUE(contains(error_of(split), "named a second time"));
  write_text(test, "rock/rock.900.wav\njazz/jazz.901.wav\nrock/rock.3.wav\n");
  EXPECT_TRUE(contains(error_of(split), "rock/rock.900"));
  write_text(test, "pop/pop.3.wav\n");
  EXPECT_TRUE(contains(error_of(split), "0 for test"));
  fs::remove(test);
  EXPECT_TRUE(contains(error_of(split), "cannot read"));
}

TEST(Gtzan, FiftyRepetitions) {
  EXPECT_EQ(gtzan_repetitions().size(), 50U);
  EXPECT_TRUE(gtzan_repetitions().contains("metal.00013"));
  Collection collection = made_up(3);
  EXPECT_EQ(without(collection, {"jazz.1"}).examples.size(), 5U);
}

TEST(Csv, FieldsAndRefusals) {
  auto rows = parse_csv(
      "\xef\xbb\xbf"
      "a,\"b, c\",\"say \"\"hi\"\"\"\r\n\n1,,\"two\nlines\"\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"a", "b, c", "say \"hi\""}));
  EXPECT_EQ(rows[1], (std::vector<std::string>{"1", "", "two\nlines"}));
  EXPECT_TRUE(contains(error_of([] { parse_csv("a\n\"b"); }), "row 2: quotes are not closed"));
  EXPECT_TRUE(contains(error_of([&] { column(rows[0], "x"); }), "no column 'x': a, b, c"));
}

TEST(Spotify, OneHotKeyAndDroppedRows) {
  TemporaryFolder folder;
  fs::path path = folder.path / "songs.csv";
  std::string heading =
      "danceability,energy,key,loudness,mode,speechiness,acousticness,instrumentalness,liveness,"
      "valence,tempo,music_genre\n";
  write_text(path, heading +
                       ".1,.2,A,-3,Major,.1,.1,.1,.1,.5,120,Jazz\n"
                       ".1,.2,B,-3,Minor,.1,.1,.1,.1,.5,?,Jazz\n"
                       ".1,.2,C,-3,Minor,.1,.1,.1,.1,.5,90,Rock\n"
                       "short,row\n"
                       ".1,.2,B,-3,Minor,.1,.1,.1,.1,.5,80,Rare\n"
                       ".1,.2,B,-3,Minor,.1,.1,.1,.1,.5,80,Rock\n");
  SongTable table = read_spotify(path, "", 2);
  EXPECT_EQ(table.classes, (std::vector<std::string>{"Jazz", "Rock"}));
  EXPECT_EQ(table.x.shape(), (Shape{3, 12}));  // 9 numbers, mode, keys B and C
  EXPECT_EQ(table.dropped, 2);
  EXPECT_EQ(table.labels.to_vector<i64>(), (std::vector<i64>{0, 1, 1}));
  EXPECT_EQ(table.x.select(0, 1).select(0, 11).item(), 1);
  EXPECT_TRUE(contains(error_of([&] { read_spotify(path, "", 100); }), "needs two"));
  EXPECT_TRUE(contains(error_of([&] { read_spotify(path, "genre", 1); }), "no column 'genre'"));
}

TEST(Fma, MetadataAndArtists) {
  TemporaryFolder folder;
  write_clip(folder.path / "clip.flac");
  for (const char* id : {"000/000002.mp3", "000/000005.mp3", "012/012345.mp3"}) {
    fs::create_directories((folder.path / id).parent_path());
    fs::copy(folder.path / "clip.flac", folder.path / id);
  }
  write_text(folder.path / "000/000010.mp3", "");
  fs::path table = folder.path / "tracks.csv";
  write_text(table,
             ",artist,set,set,track\n,id,split,subset,genre_top\ntrack_id,,,,\n"
             "2,7,training,small,Rock\n5,8,validation,small,Jazz\n10,8,training,small,Jazz\n"
             "12345,9,test,small,Rock\n99,9,test,large,Rock\n");
  Fma fma = read_fma(folder.path, table);
  EXPECT_EQ(fma.collection.classes, (std::vector<std::string>{"Jazz", "Rock"}));
  EXPECT_EQ(fma.collection.examples.size(), 3U);
  EXPECT_EQ(fma.collection.skipped.size(), 1U);
  EXPECT_EQ(fma.collection.examples[2].group, "artist 9");
  EXPECT_EQ(fma.official.train, (std::vector<i64>{0}));
  EXPECT_EQ(fma.official.valid, (std::vector<i64>{1}));
  EXPECT_EQ(fma.official.test, (std::vector<i64>{2}));
  EXPECT_TRUE(contains(error_of([&] { read_fma(folder.path, table, "tiny"); }), "no subset"));
}

TEST(Synth, SeedsMakeClips) {
  for (const std::string& genre : synthetic_genres()) {
    Tensor a = synthesize(genre, 1, 1).samples;
    EXPECT_EQ(a.shape(), (Shape{22050}));
    EXPECT_TRUE(equal(a, synthesize(genre, 1, 1).samples));
    EXPECT_FALSE(equal(a, synthesize(genre, 2, 1).samples));
    for (u64 seed = 0; seed < 10; ++seed) {
      Tensor x = synthesize(genre, seed, .5, 16000).samples;
      EXPECT_LE(max(abs(x)).item(), 1) << genre << seed;
      EXPECT_GE(max(abs(x)).item(), .01) << genre << seed;
      EXPECT_EQ(min(isfinite(x)).item(), 1);
    }
  }
  EXPECT_TRUE(contains(error_of([] { synthesize("polka", 1, 1); }), "no genre 'polka'"));
}

TEST(Synth, ACollectionIsReadBack) {
  TemporaryFolder folder;
  i64 calls = 0;
  write_collection(folder.path, 5, .5, 9, [&](i64, i64 total) { calls += total == 20; });
  EXPECT_EQ(calls, 20);
  Collection collection = scan_folder(folder.path);
  EXPECT_EQ(collection.counts(), (std::vector<i64>{5, 5, 5, 5}));
  EXPECT_TRUE(collection.skipped.empty());
  std::set<std::string> extensions;
  for (const Example& example : collection.examples)
    extensions.insert(example.path.extension().string());
  EXPECT_EQ(extensions, (std::set<std::string>{".wav", ".flac", ".ogg"}));
}

}  // namespace
}  // namespace melgrad
