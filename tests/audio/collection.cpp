// Folders, lists, tables and splits.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "audio/collections/gtzan.h"
#include "audio/files/decode.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"
#include "tests/audio/write_files.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// A folder of clips; names that end in a slash are folders, pictures are made by their extension.
struct Music {
  TemporaryFolder folder;

  explicit Music(const std::vector<std::string>& names = {}) {
    for (const std::string& name : names) add(name);
  }
  void add(const std::string& name) const {
    fs::path path = folder / name;
    fs::create_directories(path.parent_path());
    if (is_audio_file(path))
      fs::copy(clip(), path);
    else if (is_image_file(path))
      save_png(path, zeros({4, 4, 1}, Dtype::u8));
    else if (path.has_filename())
      write_text(path, "neither");
  }
  void link(const std::string& name, const fs::path& target) const {
    fs::create_symlink(target, folder / name);
  }
  /// "jazz/a.wav 0 a; …" of examples, or "jazz/a.m4a: why; …" of what was skipped.
  std::string examples(const Collection& collection) const {
    std::string text;
    for (const Example& example : collection.examples)
      text += format("{} {} {}; ", relative(example.path.string()), example.label, example.group);
    return text;
  }
  std::string skipped(const Collection& collection) const {
    std::string text;
    for (const Skipped& one : collection.skipped) text += format("{}: {}; ", one.path, one.reason);
    return relative(text);
  }
  std::string error(const std::vector<std::string>& classes = {}) const {
    return relative(error_of([&] { scan_folder(folder.path, classes); }));
  }
  std::string relative(std::string text) const {
    for (std::size_t at = 0; (at = text.find(folder.path.string() + "/")) != std::string::npos;)
      text.erase(at, folder.path.string().size() + 1);
    return text;
  }

 private:
  static fs::path clip() {
    static TemporaryFolder made;
    if (!fs::exists(made / "clip.wav")) write_clip(made / "clip.wav");
    return made / "clip.wav";
  }
};

using Classes = std::vector<std::string>;

TEST(ScanFolder, SkipsAndNamesWhatItCannotRead) {
  Music music({"jazz/a.wav", "rock/notes.txt", "rock/.hidden.wav", "rock/._c.wav", "rock/d.m4a",
               "rock/deep/e.gif"});
  write_clip(music.folder / "jazz/b.ogg");
  write_clip(music.folder / "rock/c.flac");
  write_text(music.folder / "rock/empty.wav", "");
  write_text(music.folder / "rock/noise.mp3", "no music");
  music.link("rock/gone.wav", "nowhere");
  Collection collection = scan_folder(music.folder.path);
  EXPECT_EQ(collection.classes, (Classes{"jazz", "rock"}));
  EXPECT_EQ(music.examples(collection), "jazz/a.wav 0 a; jazz/b.ogg 0 b; rock/c.flac 1 c; ");
  std::string skipped = music.skipped(collection);
  ASSERT_EQ(collection.skipped.size(), 5U) << skipped;
  for (const char* part : {"rock/empty.wav: ", "the file is empty",
                           "rock/noise.mp3: ", "rock/d.m4a: m4a is not decoded here",
                           "rock/gone.wav: a link that leads nowhere",
                           "rock/deep/e.gif: a picture beside sounds is not a clip"})
    EXPECT_TRUE(contains(skipped, part)) << part << ": " << skipped;
  Collection swapped = scan_folder(music.folder.path, {"rock", "jazz"});
  EXPECT_EQ(music.examples(swapped), "rock/c.flac 0 c; jazz/a.wav 1 a; jazz/b.ogg 1 b; ");
}

TEST(ScanFolder, PicturesWhereThereAreNoSounds) {
  Music music;
  write_text(music.folder / "jazz/h.png", "\x89PNG and more");
  write_text(music.folder / "rock/a.b.png", "\x89PNG and more");
  write_text(music.folder / "rock/b.JPG", "\xff\xd8 and more");
  write_text(music.folder / "rock/c.bmp", "BM and more");
  write_text(music.folder / "rock/d.jpeg", "BM, which decoders see");
  write_text(music.folder / "rock/e.png", "PNG!");
  write_text(music.folder / "rock/f.png", "BM");
  write_text(music.folder / "rock/g.png", "");
  write_text(music.folder / "rock/h.webp", "");
  Collection collection = scan_folder(music.folder.path);
  EXPECT_EQ(music.examples(collection),
            "jazz/h.png 0 h; rock/a.b.png 1 a.b; rock/b.JPG 1 b; rock/c.bmp 1 c; "
            "rock/d.jpeg 1 d; ");
  for (const Example& example : collection.examples) {
    EXPECT_EQ(example.offset, 0);
    EXPECT_EQ(example.duration, std::numeric_limits<double>::infinity());
  }
  std::string skipped = music.skipped(collection);
  EXPECT_EQ(skipped.substr(0, skipped.find("rock/h.webp: webp is not read here")),
            "rock/e.png: [scan_folder] its first bytes are not those of a PNG, JPEG or BMP "
            "picture; rock/f.png: [scan_folder] cannot be read; "
            "rock/g.png: [scan_folder] the file is empty; ");
  EXPECT_FALSE(collection.is_segmented);
}

TEST(ScanFolder, PicturesBesideSoundsAreNotClips) {
  Music music({"jazz/a.wav", "jazz/cover.jpg", "jazz/album/folder.png", "jazz/album/back.webp",
               "rock/b.wav", "rock/cover.jpg", "all.png"});
  Collection collection = scan_folder(music.folder.path);
  EXPECT_EQ(music.examples(collection), "jazz/a.wav 0 a; rock/b.wav 1 b; ");
  EXPECT_EQ(music.skipped(collection),
            "all.png: a picture beside sounds is not a clip: this and 4 more; ");
  // Also where none of the sounds can be read.
  EXPECT_TRUE(contains(Music({"jazz/a.m4a", "jazz/a.png", "rock/b.m4a", "rock/b.png"}).error(),
                       "jazz has no readable sound: jazz/a.m4a: m4a is not decoded here"));
}

TEST(ScanFolder, AFolderBelowAClassIsAGroup) {
  Music music({"jazz/a.wav", "jazz/live/a.wav", "jazz/live/cd2/b.wav", "rock/live/a.wav",
               "rock/a.wav/a.wav"});
  Collection collection = scan_folder(music.folder.path);
  EXPECT_EQ(music.examples(collection),
            "jazz/a.wav 0 a; jazz/live/a.wav 0 jazz/live; jazz/live/cd2/b.wav 0 jazz/live; "
            "rock/a.wav/a.wav 1 rock/a.wav; rock/live/a.wav 1 rock/live; ");
  EXPECT_TRUE(collection.has_albums);
  EXPECT_EQ(collection.counts(), (std::vector<i64>{3, 2}));
  EXPECT_EQ(collection.group_counts(), (std::vector<i64>{2, 2}));
  EXPECT_FALSE(
      scan_folder(Music({"jazz/a.wav", "jazz/b/a.wav", "rock/b/a.wav"}).folder.path).has_albums)
      << "each album is of one song";
}

TEST(ScanFolder, ClassesAreCalledByTheLastPartOfTheirPath) {
  Music music({"a/jazz/x.wav", "a/jazz./x.wav", "b/rock/y.wav", "a/Jazz/z.wav"});
  music.link("a/linked", "../b/rock");
  for (const char* rock : {"../b/rock", "../b/rock/", "linked", "./linked/", "../b/./rock/."}) {
    Collection collection = scan_folder(music.folder / "a", {"jazz/", rock});
    EXPECT_EQ(collection.classes,
              (Classes{"jazz", std::string(rock).find("linked") < 9 ? "linked" : "rock"}));
    EXPECT_EQ(collection.examples.at(1).group, "y");
  }
  EXPECT_EQ(scan_folder(music.folder / "a").classes, (Classes{"Jazz", "jazz", "jazz.", "linked"}));
}

TEST(ScanFolder, FoldersThatAreNoClassesAreNamed) {
  Music music({"jazz/a.wav", "rock/b.wav", "runs/1/report.html", "averages/jazz.png",
               ".cache/a.wav", "loose.wav", "alone.wav", "notes.txt"});
  music.link("up", "..");
  music.link("gone", "nowhere");
  Collection collection = scan_folder(music.folder.path);
  EXPECT_EQ(collection.classes, (Classes{"jazz", "rock"}));
  EXPECT_EQ(music.skipped(collection),
            "alone.wav: lies beside the class folders: this and 1 more; "
            "gone: a link that leads nowhere; up: a link to a folder that it is in; "
            "averages: no sound in it: not a class; runs: no sound in it: not a class; "
            "averages/jazz.png: a picture beside sounds is not a clip; ");
  EXPECT_EQ(music.skipped(scan_folder(music.folder.path, {"jazz", "rock"})), "");

  // What the program writes is passed over, wherever it is.
  Music own({"jazz/a.wav", "rock/b.wav", "report/c.wav", "rock/out/d.wav"});
  collection = scan_folder(own.folder.path, {}, {own.folder / "report", own.folder / "rock/out"});
  EXPECT_EQ(own.examples(collection) + own.skipped(collection), "jazz/a.wav 0 a; rock/b.wav 1 b; ");
}

TEST(ScanFolder, Refusals) {
  EXPECT_TRUE(contains(error_of([] { scan_folder("/none"); }), "/none is not a folder"));
  Music pipe({"jazz/a.wav", "rock/"});
  ASSERT_EQ(mkfifo((pipe.folder / "rock/b.wav").c_str(), 0600), 0);
  EXPECT_TRUE(contains(pipe.error(), "rock has no readable sound: rock/b.wav: not a regular file"));

  Music linked({"jazz/a.wav", "rock/b.wav"});
  linked.link("swing", "jazz");
  EXPECT_TRUE(contains(linked.error(), "class folders jazz and swing are one folder"));
  EXPECT_TRUE(contains(linked.error({"rock", "swing", "jazz"}), "swing and jazz are one folder"));

  Music music({"jazz/a.wav", "jazz/bebop/a.wav", "jazz-rock/c.wav", "rock/m.m4a", "rock/n.wma",
               "other/jazz/a.wav", "polka/"});
  struct Case {
    Classes classes;
    std::string error;
  };
  for (const auto& [classes, error] :
       {Case{{}, "polka has no readable sound"},
        {{"jazz", "rock"}, "rock has no readable sound: rock/m.m4a: m4a is not decoded here: "},
        {{"jazz", "rock"}, "rock/m.flac (and 1 more)"},
        {{"jazz", "techno"}, "no class folder 'techno'"},
        {{"jazz"}, "only one class, 'jazz'"},
        {{"jazz", "jazz"}, "class 'jazz' is named twice"},
        {{"jazz", "jazz/"}, "class 'jazz' is named twice"},
        {{"./jazz", "jazz"}, "class 'jazz' is named twice"},
        {{"jazz", "other/jazz"}, "class 'jazz' is named twice"},
        {{"jazz", "jazz-rock", "jazz/bebop"}, "jazz/bebop is in class folder jazz: its files"},
        {{"jazz", "."}, "is in class folder "},
        {{"jazz", ""}, "is in class folder "}})
    EXPECT_TRUE(contains(music.error(classes), error)) << music.error(classes);

  for (const auto& [names, error] :
       {std::pair(Classes{}, "no class folders"),
        {{"a.wav"}, "no class folders"},
        {{"jazz/a.wav"}, "only one class, 'jazz'"},
        {{"jazz/a.wav", "rock/b.png"}, "to tell apart; rock: no sound in it: not a class"},
        {{"gtzan/jazz/a.wav", "gtzan/rock/b.wav"},
         "if the folders in it are the classes, give gtzan"},
        {{"jazz/a.txt", "rock/b.txt"}, "rock: nothing in it is read: not a class"}})
    EXPECT_TRUE(contains(Music(names).error(), error)) << Music(names).error();
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

}  // namespace
}  // namespace melgrad
