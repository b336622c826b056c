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

  explicit Lists(const std::string& train = "0/0.mp3\n1/1.wav\n") {
    write("train", train);
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
  for (int i = 10; i < 204; ++i) train += format("0/{}.wav\n", i);
  // With six others 200 names, of which two are lacking.
  lists.write("train", train + "0/900.wav\n0/901.wav\n1/20.wav\n1/1.wav\n");
  lists.write("valid", "0/2.wav\n");
  EXPECT_EQ(lists.split(collection).train.size(), 195U);
  EXPECT_EQ(lists.absent, (std::vector<std::string>{"1/20.wav", "0/900.wav", "0/901.wav"}));
  lists.write("train",
              train.substr(0, train.find("0/203")) + "0/900.wav\n0/901.wav\n1/20.wav\n1/1.wav\n");
  EXPECT_TRUE(contains(lists.error(collection),
                       "2 clips of the lists are not in the collection: 0/900.wav, 0/901.wav"));
  std::string both = "0/1.x\n1/1.x\n", five = "1/31.x\n1/32.x\n1/33.x\n1/34.x\n1/35.x\n";
  lists.write("train", both + "1/21.x\n" + five);
  EXPECT_TRUE(contains(lists.error(collection), ": 1/31.x, 1/32.x, 1/33.x, 1/34.x, 1/35.x"));
  EXPECT_FALSE(contains(lists.error(collection), "…"));
  lists.write("train", both + "1/30.x\n" + five);
  EXPECT_TRUE(contains(lists.error(collection), ": 1/30.x, 1/31.x, 1/32.x, 1/33.x, 1/34.x …"));
}

/// Names as people have them: with dots and without extension, and albums.
Collection of_names() {
  Collection collection;
  collection.classes = {"jazz", "rock"};
  for (const char* path :
       {"/m/jazz/jazz.00054.wav", "/m/jazz/01. Mr. Blue.mp3", "/m/jazz/live/a.mp3",
        "/m/jazz/live/cd2/b.mp3", "/m/rock/live/a.mp3", "/m/rock/studio/a.mp3", "/m/rock/twice.mp3",
        "/m/rock/twice.wav", "/m/rock/jazz/c.mp3", "/m/rock/mr.blue.mp3", "/m/rock/mr.mp3"})
    collection.examples.push_back({path, path[3] == 'r', "a group"});
  collection.skipped = {{"/m/jazz/bad.mp3", "damaged"},
                        {"/m/rock/live/bad.mp3", "damaged"},
                        {"/m/jazz/a.ogg", "damaged: the mp3 is meant"}};
  return collection;
}

/// For training two clips and what a test adds.
struct NamedLists : Lists {
  NamedLists() {
    write("valid", "jazz/01. Mr. Blue.mp3\n");
    write("test", "rock/twice.mp3\n");
  }
  void train(const std::string& lines) const {
    write("train", "jazz/jazz.00054.wav\nrock/twice.wav\n" + lines);
  }
};

TEST(SplitFromFiles, ClipsByAllTheirNames) {
  Collection collection = of_names();
  NamedLists lists;
  struct Case {
    const char* line;
    i64 index;
  };
  for (const Case& one : {Case{"jazz/a.mp3", 2},
                          {"jazz/live/a.mp3", 2},
                          {"./jazz/live/a", 2},
                          {"../jazz/./live/../live/a.wav", 2},
                          {"/elsewhere/jazz/a.mp3", 2},
                          {"C:\\music\\jazz\\live\\a.mp3", 2},
                          {"\\jazz\\a.mp3\t ", 2},
                          {"  \"jazz/a.mp3\"", 2},
                          {"'jazz/a'", 2},
                          {"jazz/live/cd2/b.mp3", 3},
                          {"jazz/b.mp3", 3},
                          {"b", 3},
                          {"b.npy", 3},
                          {"rock/live/a.mp3", 4},
                          {"rock/studio/a", 5},
                          {"rock/jazz/c.mp3", 8},
                          {"rock/c", 8},
                          {"rock/mr.blue", 9},
                          {"rock/mr.flac", 10}}) {
    lists.train(one.line);
    EXPECT_EQ(lists.error(collection), "no error") << one.line;
    EXPECT_EQ(lists.split(collection).train, (Indices{0, 7, one.index})) << one.line;
    EXPECT_TRUE(lists.absent.empty()) << one.line;
  }
  lists.train("jazz/bad\nrock/bad\ntechno/a.mp3\nfolk/live/x.mp3\n");
  EXPECT_EQ(lists.split(collection).train, (Indices{0, 7}));
  EXPECT_EQ(lists.absent, (std::vector<std::string>{"jazz/bad", "rock/bad"}));
}

TEST(SplitFromFiles, LinesOfNoClipOrOfTwo) {
  Collection collection = of_names();
  NamedLists lists;
  for (auto [line, error] :
       {std::pair("rock/a.mp3", "/rock/live/a.mp3 or /m/rock/studio/a.mp3"),
        {"a.mp3", "line 'a.mp3' may be "},
        {"rock/twice", "/rock/twice.mp3 or /m/rock/twice.wav"},
        {"rock/twice.flac", "/rock/twice.mp3 or /m/rock/twice.wav"},
        {"rock/twice.mp3", "rock/twice.mp3 is named a second time (before: "},
        {"/m/jazz/01. Mr. Blue", "Mr. Blue.mp3 is named a second time (before: "},
        {"jazz/01", "1 clips of the lists are not in the collection: jazz/01"},
        {"jazz/jazz", "not in the collection: jazz/jazz"},
        {"jazz/b.00055", "not in the collection: jazz/b.00055"},
        {"jazz/b.standards", "not in the collection: jazz/b.standards"},
        {"jazz/b.a-1", "not in the collection: jazz/b.a-1"},
        {"jazz/studio/a.mp3", "not in the collection: jazz/studio/a.mp3"},
        {"rock/b.mp3", "not in the collection: rock/b.mp3"},
        {"Jazz/a.mp3", "not in the collection: Jazz/a.mp3"},
        {"unknown.mp3", "not in the collection: unknown.mp3"}}) {
    lists.train(line);
    EXPECT_TRUE(contains(lists.error(collection), error)) << lists.error(collection);
  }
}

TEST(SplitFromFiles, TextsOfAllSystems) {
  Collection collection = of_sizes({10, 10});
  for (const char* text : {"0/0\n1/1",
                           "\xef\xbb\xbf"
                           "0/0\n1/1\n",
                           "0/0\r\n\r\n1/1\r\n", "0/0\r1/1\r",
                           "# clips\n#\n0/0\n1/1\n# of/a book\n", "\n\n0/0\n \t\n1/1\n\n"}) {
    Lists lists(text);
    EXPECT_EQ(lists.error(collection), "no error") << text;
    EXPECT_EQ(lists.split(collection).train, (Indices{0, 11})) << text;
  }
  for (const auto& [text, error] : {std::pair(std::string("\xff\xfe/\0", 4), "is UTF-16"),
                                    {std::string("\xfe\xff\0/", 4), "is UTF-16"},
                                    {std::string("ID3\4\0\0", 6), "is not a text"},
                                    {"", "0 are for training, 2 for validation, 1 for test"},
                                    {"0/\n", "line '0/' is not class/name"},
                                    {"/\n", "line '/' is not class/name"}}) {
    Lists lists(text);
    EXPECT_TRUE(contains(lists.error(collection), error)) << lists.error(collection);
  }
  EXPECT_TRUE(contains(Lists(std::string(1, '\0')).error(collection), "/train: "));
  EXPECT_TRUE(contains(error_of([&] { split_from_files(collection, "/tmp", "/tmp", "/tmp"); }),
                       "cannot read /tmp"));
}

TEST(SplitFromFiles, AClassThatIsNotLearnt) {
  Collection collection = of_sizes({10, 10});
  collection.classes = {"0", "jazz"};
  for (i64 i = 10; i < 20; ++i)
    collection.examples[static_cast<std::size_t>(i)].path = format("jazz/{}.wav", i);
  Lists lists("0/0\n0/1\n");
  lists.write("valid", "0/2\n");
  lists.write("test", "0/3\njazz/12\n");
  std::string error = "[split] no line for training names a clip of class 'jazz'";
  EXPECT_EQ(lists.error(collection), error);
  lists.write("train", "0/0\nJazz/10.wav\nJazz/11.wav\n");
  EXPECT_EQ(lists.error(collection), error + "; not in the collection: Jazz/10.wav, Jazz/11.wav");
}

TEST(SplitFromFiles, AllPartsOfAClipFallWhereItsLineSays) {
  Split split = Lists().split(segmented(of_sizes({10, 10}), 2, 3));
  EXPECT_EQ(split.train, (Indices{0, 1, 22, 23}));
  EXPECT_EQ(split.test, (Indices{24, 25}));
}

TEST(SplitFromFiles, Refusals) {
  Collection collection = of_sizes({10, 10});
  EXPECT_EQ(Lists().error(collection), "no error");
  Lists twice;
  twice.write("test", "0/3.wav\n1/1.flac\n");
  EXPECT_TRUE(contains(twice.error(collection), "1/1.flac is named a second time (before: "));
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
