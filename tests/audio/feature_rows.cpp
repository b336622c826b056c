// Rows on disk: which are found again when files are damaged, cut off, removed, disks full.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tensor/files/file.h"
#include "tests/audio/cached_rows.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// write_file() waits for the disk.
void write(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(FeatureRows, AreFoundAgain) {
  TemporaryFolder folder;
  FeatureCache cache(folder.path / "a" / "cache");
  FeatureRows rows = cache.rows("recipe", row_shape, Dtype::f32);
  EXPECT_EQ(rows.find("0"), std::nullopt);
  put(rows, 0, 100);
  EXPECT_EQ(found(rows, 101), 100);
  EXPECT_EQ(rows.size(), 100);
  EXPECT_EQ(rows.put("17", row("another")), *rows.find("17")) << "the first one stays";
  EXPECT_EQ(rows.size(), 100);
  EXPECT_EQ(rows.shape(), row_shape);
  EXPECT_EQ(rows.dtype(), Dtype::f32);
  EXPECT_EQ(rows.row_bytes(), row_bytes);
  rows.flush();
  EXPECT_EQ(cache.size(), fs::file_size(file(folder.path / "a/cache", ".rows")) +
                              fs::file_size(file(folder.path / "a/cache", ".keys")));
  EXPECT_EQ(found(open_rows(folder.path / "a/cache"), 101), 100) << "beside the first handle";
  rows = {};
  EXPECT_EQ(found(open_rows(folder.path / "a/cache"), 101), 100) << "opened anew";
}

TEST(FeatureRows, WithoutFlushUpTo63WaitForTheLastHandle) {
  TemporaryFolder folder;
  FeatureRows rows = open_rows(folder.path);
  put(rows, 0, 70);
  EXPECT_EQ(found(open_rows(folder.path), 70), 64);
  rows.flush();
  EXPECT_EQ(found(open_rows(folder.path), 70), 70);
  put(rows, 70, 71);
  rows = {};
  EXPECT_EQ(found(open_rows(folder.path), 71), 71);
}

TEST(FeatureRows, OtherRecipesShapesAndDtypesAreOthers) {
  TemporaryFolder folder;
  FeatureCache cache(folder.path);
  cache.rows("recipe", {3, 5}, Dtype::f32).put("k", row("k"));
  EXPECT_TRUE(cache.rows("recipe", {3, 5}, Dtype::f32).find("k"));
  EXPECT_FALSE(cache.rows("recipe ", {3, 5}, Dtype::f32).find("k"));
  EXPECT_FALSE(cache.rows("recipe", {5, 3}, Dtype::f32).find("k"));
  EXPECT_FALSE(cache.rows("recipe", {15}, Dtype::f32).find("k"));
  EXPECT_FALSE(cache.rows("recipe", {3, 5}, Dtype::u8).find("k"));
  EXPECT_FALSE(cache.rows("recipe", {3, 5}, Dtype::f32).find("K"));
}

TEST(FeatureRows, RefuseWhatIsNoRowAndNoKey) {
  TemporaryFolder folder;
  FeatureRows rows = open_rows(folder.path);
  EXPECT_TRUE(contains(error_of([&] { rows.put("k", zeros({5, 3})); }), "this one is (5, 3) f32"));
  EXPECT_TRUE(contains(error_of([&] { rows.put("k", zeros({3, 5}, Dtype::u8)); }), "u8"));
  EXPECT_TRUE(contains(error_of([&] { rows.put("a\nb", row("k")); }), "one line"));
  float value = 0;
  EXPECT_TRUE(contains(error_of([&] { rows.read(-1, &value); }), "no row"));
  EXPECT_TRUE(contains(error_of([&] { rows.read(0, &value); }), "cut off"));
  EXPECT_TRUE(contains(error_of([&] { FeatureCache("/dev/null/x"); }), "/dev/null/x"));
}

// What is not a whole header before whole rows is set aside, and everything is made again.
TEST(FeatureRows, ADamagedFileIsAsIfAbsentAndKept) {
  auto damage = [](const char* name, auto spoil) {
    SCOPED_TRACE(name);
    TemporaryFolder folder;
    put(open_rows(folder.path), 0, 10);
    fs::path rows = file(folder.path, ".rows");
    spoil(rows);
    std::string spoilt = fs::exists(rows) ? read_file(rows) : "";
    EXPECT_EQ(found(open_rows(folder.path), 10), 0);
    if (!spoilt.empty()) {
      EXPECT_EQ(read_file(file(folder.path, ".damaged")), spoilt);
    }
    put(open_rows(folder.path), 0, 12);
    EXPECT_EQ(found(open_rows(folder.path), 12), 12);
  };
  for (u64 at : {0, 20, 25, 30, 40, 1000, 4095})
    damage("header", [&](const fs::path& rows) { overwrite(rows, at, "x"); });
  damage("cut in the header", [](const fs::path& rows) { fs::resize_file(rows, 17); });
  damage("header alone", [](const fs::path& rows) { fs::resize_file(rows, 4096); });
  damage("last row", [](const fs::path& rows) { fs::resize_file(rows, fs::file_size(rows) - 1); });
  damage("empty", [](const fs::path& rows) { fs::resize_file(rows, 0); });
  damage("gone", [](const fs::path& rows) { fs::remove(rows); });
}

TEST(FeatureRows, OfCutOrSpoiltKeysTheRestIsGood) {
  TemporaryFolder folder;
  put(open_rows(folder.path), 0, 3);
  fs::path keys = file(folder.path, ".keys"), rows = file(folder.path, ".rows");
  std::string all = read_file(keys), good = read_file(rows);
  auto whole_lines = [&](std::size_t size) {
    return static_cast<int>(std::count(all.begin(), all.begin() + size, '\n'));
  };
  for (std::size_t size = 0; size <= all.size(); ++size) {
    write(keys, all.substr(0, size));
    write(rows, good);
    EXPECT_EQ(found(open_rows(folder.path), 3), whole_lines(size)) << size;
    put(open_rows(folder.path), 0, 4);
    EXPECT_EQ(found(open_rows(folder.path), 4), 4) << size;
  }
  for (std::size_t at = 0; at < all.size(); ++at) {
    std::string spoilt = all;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 1);  // a newline becomes \v: two lines are spoilt
    write(keys, spoilt);
    write(rows, good);
    EXPECT_EQ(found(open_rows(folder.path), 3), all[at] == '\n' && at + 1 < all.size() ? 1 : 2);
    put(open_rows(folder.path), 0, 4);
    EXPECT_EQ(found(open_rows(folder.path), 4), 4) << at;
  }
}

TEST(FeatureRows, HalfARowAndRowsWithoutAKeyAreWrittenOver) {
  TemporaryFolder folder;
  put(open_rows(folder.path), 0, 5);
  fs::path rows = file(folder.path, ".rows");
  u64 size = fs::file_size(rows);
  for (u64 more : {u64{1}, row_bytes - 1, row_bytes, 3 * row_bytes + 7}) {
    fs::resize_file(rows, size + more);
    EXPECT_EQ(found(open_rows(folder.path), 5), 5);
    EXPECT_EQ(fs::file_size(rows), size);
  }
  FeatureRows others = open_rows(folder.path);  // who uses them keeps them from being mended
  fs::resize_file(rows, size + row_bytes / 2);
  put(open_rows(folder.path), 5, 8);
  EXPECT_EQ(found(others, 8), 8);
  EXPECT_EQ(fs::file_size(rows), size + 3 * row_bytes);
}

TEST(FeatureRows, CutOffWhileTheyAreUsed) {
  TemporaryFolder folder;
  FeatureRows rows = open_rows(folder.path);
  put(rows, 0, 70);
  fs::path path = file(folder.path, ".rows");
  fs::resize_file(path, fs::file_size(path) - 40 * row_bytes);
  Tensor read = zeros(row_shape);
  rows.read(5, read.raw());
  EXPECT_TRUE(contains(error_of([&] { rows.read(60, read.raw()); }), path.string() + ": the file"));
  EXPECT_TRUE(contains(error_of([&] { rows.put("new", row("new")); }), path.string() + ": the fi"));
}

TEST(FeatureRows, ThatAnotherProcessRemovedCanBeUsed) {
  TemporaryFolder folder;
  FeatureRows rows = open_rows(folder.path);
  put(rows, 0, 70);
  for (const auto& entry : fs::directory_iterator(folder.path)) fs::remove(entry.path());
  EXPECT_EQ(found(rows, 80), 70);
  put(rows, 70, 80);
  rows.flush();
  EXPECT_EQ(found(rows, 80), 80);
  EXPECT_EQ(found(open_rows(folder.path), 80), 0);
}

TEST(FeatureRows, OnAFullDisk) {
  TemporaryFolder folder;
  FeatureRows rows = open_rows(folder.path);
  put(rows, 0, 10);
  rows.flush();
  std::string path = file(folder.path, ".rows").string(), message;
  {
    FullDisk full(fs::file_size(path) + row_bytes / 2);
    message = error_of([&] { rows.put("10", row("10")); });
    EXPECT_TRUE(contains(message, path + ": File too large")) << message;
    EXPECT_EQ(found(rows, 11), 10);
    message = error_of([&] { open_rows(folder.path, std::string(10000, 'r')); });
    EXPECT_TRUE(contains(message, "File too large")) << message;
  }
  put(rows, 10, 200);
  rows = {};
  EXPECT_EQ(found(open_rows(folder.path), 200), 200);
  EXPECT_EQ(open_rows(folder.path, std::string(10000, 'r')).size(), 0);
}

TEST(FeatureRows, KeysThatDoNotFitOnTheDiskAreWrittenLater) {
  TemporaryFolder folder;
  FeatureRows rows = FeatureCache(folder.path).rows("r", {1}, Dtype::u8);
  std::string long_key(300, 'k');
  auto put_some = [&](int begin, int end) {
    for (int i = begin; i < end; ++i) rows.put(long_key + std::to_string(i), zeros({1}, Dtype::u8));
  };
  put_some(0, 50);
  {
    FullDisk full(8000);  // one page and a byte a row fit, 50 keys do not
    std::string message = error_of([&] { rows.flush(); });
    EXPECT_TRUE(contains(message, ".keys: File too large")) << message;
    EXPECT_EQ(fs::file_size(file(folder.path, ".keys")), 0U);
  }
  put_some(50, 60);
  rows.flush();
  EXPECT_EQ(FeatureCache(folder.path).rows("r", {1}, Dtype::u8).size(), 60);
}

}  // namespace
}  // namespace melgrad
