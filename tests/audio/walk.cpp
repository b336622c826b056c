// What is found below a folder, and by which name.
#include "audio/collections/walk.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// A folder "music" of empty files, and what else a test makes beside it.
struct Music {
  TemporaryFolder outside;
  fs::path folder = outside / "music";

  explicit Music(const std::vector<std::string>& names = {}) {
    fs::create_directory(folder);
    for (const std::string& name : names) file(name);
  }
  void file(const std::string& name) const {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << "not looked at";
  }
  void link(const std::string& name, const fs::path& target) const {
    fs::create_directories((folder / name).parent_path());
    fs::create_symlink(target, folder / name);
  }
  std::string without_folder(std::string text) const {
    for (std::size_t at = 0; (at = text.find(folder.string() + "/")) != std::string::npos;)
      text.erase(at, folder.string().size() + 1);
    return text;
  }
  /// "a.wav b/c.png"
  std::string found(const std::vector<fs::path>& except = {}) const {
    FilesBelow files = files_below(folder, except);
    std::string text;
    for (const auto* paths : {&files.sounds, &files.pictures})
      for (const fs::path& path : *paths) text += (text.empty() ? "" : " ") + path.string();
    return without_folder(text);
  }
  /// "d.wav: a link that leads nowhere; …"
  std::string skipped() const {
    std::string text;
    for (const Skipped& one : files_below(folder).skipped)
      text += format("{}{}: {}", text.empty() ? "" : "; ", one.path, one.reason);
    return without_folder(text);
  }
};

TEST(FilesBelow, AreSoundsAndPicturesOfEveryFolderInTheOrderOfTheirNames) {
  Music music({"b.mp3", "B.WAV", "a/z.flac", "a/a/deep/x.ogg", "a.b/c.wav", "a-b/c.wav", "p.png",
               "a/cover.JPG", "notes.txt", "no_extension", "jazz./x.wav", "two\nlines/ .wav"});
  EXPECT_EQ(music.found(),
            "B.WAV a/a/deep/x.ogg a/z.flac a-b/c.wav a.b/c.wav b.mp3 jazz./x.wav two\nlines/ .wav "
            "a/cover.JPG p.png");
  EXPECT_EQ(music.skipped(), "");
}

TEST(FilesBelow, AnyNameThatTheFileSystemAllows) {
  std::string longest = std::string(251, 'n') + ".wav", latin = "caf\xe9.wav";
  Music music({longest, latin, " .mp3", "a b.wav", "\xf0\x9f\x8e\xb5.wav"});
  EXPECT_EQ(music.found(), " .mp3 a b.wav " + latin + " " + longest + " \xf0\x9f\x8e\xb5.wav");
}

TEST(FilesBelow, HiddenNamesArePassedOver) {
  Music music({"._song.mp3", ".DS_Store/x.wav", "a/.trash/x.wav", "a/.m4a", "a/.x.m4a"});
  music.link(".up", "..");
  EXPECT_EQ(music.found() + music.skipped(), "");
  // The folder that is asked for may be called anything.
  music.file(".here/a.wav");
  EXPECT_EQ(files_below(music.folder / ".here").sounds.size(), 1U);
  EXPECT_EQ(files_below(music.folder / ".here/.").sounds.size(), 1U);
}

TEST(FilesBelow, NamesFormatsThatAreNotRead) {
  Music music({"a.m4a", "b/a.WMA", "c.gif", "d.webp", "e.pdf"});
  EXPECT_EQ(music.found(), "");
  for (const char* part : {"a.m4a: m4a is not decoded here: ffmpeg", "b/a.WMA: wma is not",
                           "c.gif: gif is not read here", "d.webp: webp is not read here"})
    EXPECT_TRUE(contains(music.skipped(), part)) << music.skipped();
  EXPECT_FALSE(contains(music.skipped(), "pdf"));
}

TEST(FilesBelow, FollowsLinksAndCallsWhatTheyLeadToByTheirNames) {
  Music music({"a.wav"});
  fs::path other = music.outside / "other";
  fs::create_directories(other / "album");
  std::ofstream(other / "song.wav");
  std::ofstream(other / "album/x.mp3");
  music.link("linked.wav", other / "song.wav");
  music.link("jazz", "../other/album");
  music.link("through", "jazz");  // a link to a link
  EXPECT_EQ(music.found(), "a.wav jazz/x.mp3 linked.wav");
  EXPECT_EQ(music.skipped(), "through: the same folder as jazz");
}

TEST(FilesBelow, AFileWithSeveralNamesIsThereOnce) {
  Music music({"m.wav", "rock/x.wav", "rock/album/y.wav", "z.m4a"});
  music.link("a.wav", "m.wav");
  music.link("b/c.wav", "../m.wav");
  music.link("all_rock", "rock");
  music.link("some_rock", "rock/album");
  music.link("y.m4a", "z.m4a");
  fs::create_hard_link(music.folder / "m.wav", music.folder / "n.wav");
  EXPECT_EQ(music.found(), "m.wav rock/album/y.wav rock/x.wav") << "its own name, not the first";
  std::string skipped = music.skipped();
  EXPECT_EQ(skipped.substr(0, skipped.find("; z.m4a: ")),
            "a.wav: the same file as m.wav; all_rock: the same folder as rock; "
            "b/c.wav: the same file as m.wav; n.wav: the same file as m.wav; "
            "some_rock: the same folder as rock/album; y.m4a: the same file as z.m4a");

  // Links to one file outside, and one to a folder that holds a linked one.
  Music links;
  fs::create_directories(links.outside / "other/inner");
  std::ofstream(links.outside / "other/inner/x.wav");
  std::ofstream(links.outside / "other/y.wav");
  links.link("b.wav", links.outside / "other/y.wav");
  links.link("a.wav", links.outside / "other/y.wav");
  links.link("inner", links.outside / "other/inner");
  links.link("other", links.outside / "other");
  EXPECT_EQ(links.found(), "a.wav inner/x.wav");
  EXPECT_EQ(links.skipped(),
            "b.wav: the same file as a.wav; other/inner: the same folder as inner; "
            "other/y.wav: the same file as a.wav");
}

TEST(FilesBelow, LinksThatLeadNowhereOrBackAreNamed) {
  Music music({"a/x.wav"});
  music.link("a/self.wav", "self.wav");
  music.link("a/up", "..");
  music.link("a/here", ".");
  music.link("a/b", "c");
  music.link("a/c", "b");
  music.link("a/gone", "nowhere/at/all");
  music.link("a/through_a_file", "x.wav/y");
  music.link("a/outside", music.outside.path);
  fs::create_directories(music.outside / "other/deep");
  std::ofstream(music.outside / "other/y.wav");
  fs::create_symlink("..", music.outside / "other/deep/up");  // not above music, but above itself
  fs::create_symlink(music.folder, music.outside / "other/deep/music");
  music.link("deep", music.outside / "other/deep");
  EXPECT_EQ(music.found(), "a/x.wav");
  std::string back = ": a link to a folder that it is in; ";
  EXPECT_EQ(music.skipped(),
            "a/b: a link that leads in a circle; a/c: a link that leads in a circle; "
            "a/gone: a link that leads nowhere; a/here" +
                back + "a/outside" + back + "a/self.wav: a link that leads in a circle; " +
                "a/through_a_file: a link that leads nowhere; a/up" + back + "deep/music" + back +
                "deep/up: a link to a folder that it is in");
}

TEST(FilesBelow, NamesWhatIsNoFile) {
  Music music({"folder.wav/song.wav"});
  ASSERT_EQ(mkfifo((music.folder / "pipe.wav").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo((music.folder / "pipe").c_str(), 0600), 0);
  music.link("device.mp3", "/dev/zero");
  sockaddr_un address{AF_UNIX, "socket.ogg"};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  fs::path before = fs::current_path();
  fs::current_path(music.folder);
  EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  fs::current_path(before);
  close(listener);
  EXPECT_EQ(music.found(), "folder.wav/song.wav");
  EXPECT_EQ(music.skipped(),
            "device.mp3: not a regular file; pipe.wav: not a regular file; "
            "socket.ogg: not a regular file");
}

TEST(FilesBelow, ExceptSomeFolders) {
  Music music({"a/x.wav", "out/y.wav", "out/deep/z.wav", "outer/y.wav"});
  music.link("link", "out");
  EXPECT_EQ(music.found({music.folder / "out"}), "a/x.wav outer/y.wav");
  EXPECT_EQ(music.found({music.folder / "link/", music.folder / "a/../a", "not/there"}),
            "outer/y.wav");
  EXPECT_EQ(music.found({music.folder / "out/deep"}), "a/x.wav out/y.wav outer/y.wav");
  EXPECT_EQ(music.found({music.folder, music.outside.path}),
            "a/x.wav out/deep/z.wav out/y.wav outer/y.wav")
      << "somebody writes into the folder itself";
}

TEST(FilesBelow, FoldersThatCannotBeRead) {
  Music music({"a/x.wav", "closed/y.wav"});
  EXPECT_TRUE(contains(error_of([&] { files_below(music.folder / "none"); }),
                       "none: No such file or directory"));
  EXPECT_TRUE(
      contains(error_of([&] { files_below(music.folder / "a/x.wav"); }), "cannot read the folder"));
  EXPECT_NE(error_of([] { files_below(""); }), "no error");
  fs::permissions(music.folder / "closed", fs::perms::none);
  if (access((music.folder / "closed").c_str(), R_OK) == 0) return;  // nothing is closed to root
  EXPECT_EQ(music.found(), "a/x.wav");
  EXPECT_EQ(music.skipped(), "closed: cannot be read: Permission denied");
  fs::permissions(music.folder / "closed", fs::perms::owner_all);
}

}  // namespace
}  // namespace melgrad
