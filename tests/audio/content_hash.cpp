// What a file holds, remembered.
#include "audio/collections/content_hash.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "audio/collections/cache.h"
#include "tensor/files/file.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

TEST(ContentHash, IsFnv) {
  TemporaryFolder folder;
  auto hash = [&](const std::string& bytes) {
    write_file(folder / "f", bytes);
    return content_hash(folder / "f");
  };
  // The authors' test vectors: isthe.com/chongo/tech/comp/fnv
  EXPECT_EQ(hash(""), "cbf29ce484222325");
  EXPECT_EQ(hash("a"), "af63dc4c8601ec8c");
  EXPECT_EQ(hash("foobar"), "85944171f73967e8");
  std::string large(3000000, 'x');  // several blocks
  std::string before = hash(large);
  EXPECT_EQ(before, hexadecimal(fnv(large)));
  large[2500000] = 'y';
  EXPECT_NE(hash(large), before);
}

/// Writes the file anew, with the same time of writing.
void rewrite(const fs::path& path, const std::string& bytes) {
  auto time = fs::last_write_time(path);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary) << bytes;
  fs::last_write_time(path, time);
}

TEST(ContentHash, IsNotRememberedOfWhatChangedJustNow) {
  TemporaryFolder folder;
  FeatureCache cache(folder / "cache");
  write_file(folder / "f", "....");
  for (int i = 1000; i < 1200; ++i) {
    rewrite(folder / "f", std::to_string(i));
    EXPECT_EQ(cache.hash(folder / "f"), hexadecimal(fnv(std::to_string(i))));
  }
  EXPECT_FALSE(fs::exists(folder / "cache/hashes"));
}

TEST(ContentHash, IsRememberedUntilTheFileChanges) {
  TemporaryFolder folder;
  for (const char* name : {"a", "b", "c", "d"}) write_file(folder / name, "1234");
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  std::string right = hexadecimal(fnv("1234"));
  for (const char* name : {"a", "b", "c", "d"})
    EXPECT_EQ(FeatureCache(folder / "cache").hash(folder / name), right);

  // A wrong hash under a right checksum shows which answers are remembered.
  fs::path hashes = folder / "cache/hashes";
  std::string all = read_file(hashes), lie(16, '1'), lies;
  for (std::size_t at = 0; (at = all.find(right, at)) != std::string::npos; ++at) {
    std::string line = all.substr(at, all.find('\n', at) - at);
    lies += "\n" + with_checksum(lie + line.substr(16));
  }
  write_file(hashes, lies);
  EXPECT_EQ(FeatureCache(folder / "cache").hash(folder / "a"), lie);
  rewrite(folder / "a", "4321");
  write_file(folder / "e", "1234");
  fs::rename(folder / "e", folder / "b");  // another file of that name, size and content
  fs::resize_file(folder / "c", 3);
  FeatureCache cache(folder / "cache");
  EXPECT_EQ(cache.hash(folder / "a"), hexadecimal(fnv("4321")));
  EXPECT_EQ(cache.hash(folder / "b"), right);
  EXPECT_EQ(cache.hash(folder / "c"), hexadecimal(fnv("123")));
  EXPECT_EQ(cache.hash(folder / "d"), lie);

  // What is damaged is not believed.
  std::size_t last = lies.rfind('\n') + 1;
  for (std::size_t at = last; at < lies.size(); ++at) {
    std::string spoilt = lies;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 2);
    std::ofstream(hashes) << spoilt;
    EXPECT_EQ(FeatureCache(folder / "cache").hash(folder / "d"), right) << at;
    std::ofstream(hashes) << lies.substr(0, at);
    EXPECT_EQ(FeatureCache(folder / "cache").hash(folder / "d"), right) << at;
    EXPECT_EQ(FeatureCache(folder / "cache").hash(folder / "d"), right) << at << ", appended";
  }
  EXPECT_TRUE(contains(error_of([&] { cache.hash(folder / "none"); }), "none"));
}

TEST(ContentHash, TheListOfThemStaysShort) {
  TemporaryFolder folder;
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "\n" + with_checksum(std::string(16, '2') + " 1 2 3 4 /f");
  write_file(folder / "hashes", many);
  FeatureCache cache(folder.path);
  EXPECT_EQ(read_file(folder / "hashes"),
            "\n" + with_checksum(std::string(16, '2') + " 1 2 3 4 /f"));
}

}  // namespace
}  // namespace melgrad
