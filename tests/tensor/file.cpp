#include "tensor/files/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {

TEST(File, AppearsWhenItIsComplete) {
  TemporaryFolder folder;
  auto path = folder / "a.txt";
  write_file(path, "old");
  {
    AtomicFile file(path);
    file.write("new");
    EXPECT_EQ(read_file(path), "old");
    file.commit();
    EXPECT_EQ(read_file(path), "new");
  }
  { AtomicFile(path).write("never committed"); }
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(File, AFullDiskLeavesTheOldFile) {
  TemporaryFolder folder;
  auto path = folder / "a.txt";
  write_file(path, "old");
  {
    FullDisk full(1000);
    EXPECT_EQ(error_of([&] { write_file(path, std::string(5000, 'x')); }),
              "[write_file] " + path.string() + ": File too large");
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(File, LinksAreFollowed) {
  TemporaryFolder folder;
  write_file(folder / "target", "old");
  std::filesystem::create_symlink("target", folder / "link");
  write_file(folder / "link", "new");
  EXPECT_EQ(read_file(folder / "target"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
}

// Renaming over /dev/null would replace the device.
TEST(File, DevicesAreWrittenTo) {
  EXPECT_NO_THROW(write_file("/dev/null", "gone"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

// The name until then is longer, and 255 bytes are what a folder takes.
TEST(File, LongNames) {
  TemporaryFolder folder;
  for (std::size_t length : {200, 240, 250, 255}) {
    std::string name(length, 'x');
    write_file(folder / name, "text");
    EXPECT_EQ(read_file(folder / name), "text");
  }
  EXPECT_EQ(folder.entries(), 4U);
  std::string longer = (folder / std::string(256, 'x')).string();
  EXPECT_EQ(error_of([&] { write_file(longer, ""); }),
            "[write_file] " + longer + ": File name too long");
  write_file(folder / "not\xff\xfeUTF-8", "text");
  EXPECT_EQ(read_file(folder / "not\xff\xfeUTF-8"), "text");
}

TEST(File, WhetherItCanBeWrittenIsKnownBefore) {
  TemporaryFolder folder;
  write_file(folder / "old", "text");
  for (const char* name : {"old", "new"}) EXPECT_NO_THROW(check_writable(folder / name));
  EXPECT_NO_THROW(check_writable("/dev/null"));
  EXPECT_EQ(read_file(folder / "old"), "text");
  EXPECT_EQ(folder.entries(), 1U);
  for (const char* name : {"", "no/such/folder", "old/below"})
    EXPECT_EQ(error_of([&] { check_writable(folder / name); }),
              error_of([&] { write_file(folder / name, ""); }));
  EXPECT_NE(error_of([&] { check_writable(folder / "old/below"); }), "no error");
}

TEST(File, Refuses) {
  TemporaryFolder folder;
  std::string name = (folder / "").string();
  EXPECT_EQ(error_of([&] { read_file(folder / "none"); }),
            "[read_file] " + (folder / "none").string() + ": No such file or directory");
  EXPECT_EQ(error_of([&] { read_file(name); }), "[read_file] " + name + ": not a regular file");
  mkfifo((folder / "pipe").c_str(), 0600);
  EXPECT_EQ(error_of([&] { read_file(folder / "pipe"); }),
            "[read_file] " + (folder / "pipe").string() + ": not a regular file");
  EXPECT_EQ(error_of([&] { write_file(name, ""); }), "[write_file] " + name + ": is a folder");
  EXPECT_EQ(error_of([&] { write_file(folder / "no/such/folder", ""); }),
            "[write_file] " + (folder / "no/such/folder").string() + ": No such file or directory");
  write_file(folder / "ten", "0123456789");
  EXPECT_EQ(error_of([&] { read_file(folder / "ten", 9); }),
            "[read_file] " + (folder / "ten").string() + ": 10 bytes are more than the 9 allowed");
  char target[8];
  EXPECT_EQ(error_of([&] { InputFile(folder / "ten").read(5, target, 8); }),
            "[read_file] " + (folder / "ten").string() + ": the file ends 3 bytes too early");
}

}  // namespace melgrad
