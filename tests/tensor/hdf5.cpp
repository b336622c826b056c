#include "tensor/files/hdf5/hdf5.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tensor/files/file.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

// Files that h5py wrote: tests/goldens/keras_files.py.
namespace melgrad {
namespace {

const std::filesystem::path goldens = std::filesystem::path(MELGRAD_TEST_DATA) / "goldens/keras";

using Texts = std::vector<std::string>;

/// Old structures behind 512 bytes of something else, and new ones.
class Hdf5 : public testing::TestWithParam<const char*> {
 protected:
  Hdf5Group root_ = Hdf5File(goldens / GetParam()).root();
};
INSTANTIATE_TEST_SUITE_P(
    Files, Hdf5, testing::Values("types.h5", "latest.h5"), [](const auto& file) {
      return std::string(file.param).substr(0, std::string(file.param).find('.'));
    });

TEST_P(Hdf5, ReadsEveryType) {
  const std::vector<std::pair<std::string, Dtype>> types = {
      {"0/f2", Dtype::f32}, {"0/f4", Dtype::f32}, {"0/f8", Dtype::f64}, {"0/i1", Dtype::i64},
      {"0/i2", Dtype::i64}, {"0/i4", Dtype::i64}, {"0/i8", Dtype::i64}, {"0/u1", Dtype::u8},
      {"1/u2", Dtype::i64}, {"1/u4", Dtype::i64}, {"2/u8", Dtype::i64}};
  for (const auto& [name, dtype] : types) {
    Tensor x = root_.dataset(name).read();
    EXPECT_EQ(x.dtype(), dtype) << name;
    EXPECT_EQ(x.shape(), Shape({1, 3})) << name;
    EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{1, 2, 3})) << name;
  }
  EXPECT_EQ(root_.dataset("compact").read().to_vector<i64>(), (std::vector<i64>{-1, -128}));
  Tensor bf16 = root_.dataset("1/bf16").read();
  EXPECT_EQ(bf16.dtype(), Dtype::bf16);
  EXPECT_EQ(bf16.to_vector<double>(), (std::vector<double>{1, -2}));
  EXPECT_EQ(root_.group("1").dataset("scalar").read().item(), 7);
  EXPECT_EQ(root_.dataset("1/empty").read().shape(), Shape({0, 3}));
}

TEST_P(Hdf5, ReadsTextsOfAttributes) {
  EXPECT_EQ(root_.texts("texts"), (Texts{"a", "äöü", ""}));
  EXPECT_EQ(root_.texts("fixed"), (Texts{"abc", "d"}));
  EXPECT_TRUE(root_.texts("none").empty());
  EXPECT_TRUE(root_.has_attribute("number"));
  EXPECT_FALSE(root_.has_attribute("numbe"));
  EXPECT_TRUE(root_.has_group("0"));
  EXPECT_FALSE(root_.has_group("compact"));
  EXPECT_FALSE(root_.has_group("soft"));
  EXPECT_FALSE(root_.has_group("3"));
  EXPECT_EQ(root_.group("1").names(),
            (Texts{"bf16", "big_f4", "bool", "chunked", "empty", "scalar", "u2", "u4"}));
}

TEST_P(Hdf5, SaysWhatItDoesNotRead) {
  auto refusal = [&](const std::string& path) {
    std::string text = error_of([&] { root_.dataset(path).read(); });
    std::string start = "[hdf5] " + (goldens / GetParam()).string() + ": ";
    EXPECT_TRUE(text.starts_with(start)) << text;
    return text.substr(std::min(text.size(), start.size()));
  };
  const std::string others = " is not read here; f16, bf16, f32, f64 and whole numbers are";
  EXPECT_EQ(refusal("1/big_f4"), "/1/big_f4, its datatype: a big-endian float of 4 bytes" + others);
  EXPECT_EQ(refusal("1/bool"), "/1/bool, its datatype: a enumeration (bool) of 1 bytes" + others);
  EXPECT_EQ(
      refusal("1/chunked"),
      "/1/chunked, its layout: in chunks, compressed or not, which Keras never writes and is not "
      "read here; h5repack -f NONE -l CONTI IN OUT makes them one block");
  EXPECT_EQ(refusal("soft"), "/: \"soft\" is a soft or external link, which is not followed");
  EXPECT_TRUE(refusal("0/f1").starts_with("/0: has no \"f1\"; it has: f2, f4, "))
      << refusal("0/f1");
  EXPECT_EQ(refusal("2/large"), "/2/large: a number is over 2^63 - 1");
  EXPECT_EQ(refusal("0"), "/0: is no dataset: it has no dataspace");
  EXPECT_EQ(refusal("0/f4/x"), "/0/f4: is not a group");
  std::string text = error_of([&] { root_.texts("number"); });
  EXPECT_TRUE(contains(text, "/, attribute \"number\": is no text but a integer of 8 bytes"))
      << text;
  text = error_of([&] { root_.text("fixed"); });
  EXPECT_TRUE(contains(text, "/, attribute \"fixed\": 2 texts, not one")) << text;
  text = error_of([&] { root_.text("there"); });
  EXPECT_TRUE(contains(text, "/, attribute \"there\": there is none")) << text;
}

TEST(Hdf5File, ReadsAGroupOfManyLeaves) {
  Hdf5Group many = Hdf5File(goldens / "types.h5").root().group("many");
  EXPECT_EQ(many.names().size(), 40U);
  EXPECT_EQ(many.dataset("39").read().to_vector<i64>(), (std::vector<i64>{1, 2, 3}));
}

TEST(Hdf5File, IsToldByItsBytes) {
  for (const char* name : {"small.h5", "types.h5", "latest.h5"})
    EXPECT_TRUE(is_hdf5(goldens / name)) << name;
  EXPECT_FALSE(is_hdf5(goldens / "../keras.safetensors"));
  EXPECT_FALSE(is_hdf5(MELGRAD_TEST_DATA "/README.md"));
}

TEST(Hdf5File, RefusesDenseLinks) {
  std::string text = error_of([&] { Hdf5File(goldens / "dense.h5").root(); });
  EXPECT_TRUE(contains(text, "dense.h5: /: its links are stored densely")) << text;
}

/// A file whose bytes are changed.
class ChangedHdf5 : public testing::Test {
 protected:
  std::string error() {
    std::ofstream(path_, std::ios::binary) << bytes_;
    return error_of_file();
  }
  std::string error_of_file() const {
    std::string text =
        error_of([&] { Hdf5File(path_).root().group("d").dataset("kernel:0").read(); });
    std::string start = "[hdf5] " + path_.string() + ": ";
    return text.starts_with(start) ? text.substr(start.size()) : text;
  }
  std::size_t last(std::string_view signature) const { return bytes_.rfind(signature); }
  void set(std::size_t at, u64 value, std::size_t count = 8) {
    for (std::size_t i = 0; i < count; ++i) bytes_[at + i] = static_cast<char>(value >> 8 * i);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "x.h5";
  std::string bytes_ = read_file(goldens / "small.h5");
};

TEST_F(ChangedHdf5, SaysWhatIsWrong) {
  const std::string whole = bytes_;
  EXPECT_EQ(error(), "no error");
  bytes_.resize(5000);
  EXPECT_EQ(error(), "the superblock: the file is cut off: it has 5000 bytes of 8216");
  bytes_ = "GIF89a";
  EXPECT_EQ(error(), "not an HDF5 file: it is a GIF");
  bytes_ = "";
  EXPECT_EQ(error(), "not an HDF5 file");
  bytes_ = whole;
  bytes_[8] = 4;
  EXPECT_EQ(error(), "the superblock: version 4 is not known");

  // A tree that leads to itself: as it says it is, and as it would have to be.
  bytes_ = whole;
  std::size_t tree = last("TREE");
  set(tree + 32, tree);
  EXPECT_EQ(error(), "/d, its entries: does not begin with SNOD");
  bytes_[tree + 5] = 1;
  EXPECT_EQ(error(), "/d, its tree: a node of level 1 where one of level 0 should be");

  // A group in itself: each step down is its own, as many as were asked for.
  bytes_ = whole;
  std::size_t leaf = last("SNOD"), root = bytes_.find("SNOD");
  u64 group = 0;
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(root) + 16, 8,
              reinterpret_cast<char*>(&group));
  set(leaf + 16, group);
  EXPECT_EQ(error(), "/d/kernel:0: is no dataset: it has no dataspace");
  write_file(path_, bytes_);
  EXPECT_EQ(Hdf5File(path_).root().group("d/kernel:0/kernel:0").path(), "/d/kernel:0/kernel:0");

  bytes_ = whole;
  set(leaf + 8, 4000);
  EXPECT_EQ(error(), "/d, its entries: entry 0 has its name outside of the names");
  bytes_ = whole;
  set(leaf + 16, u64{1} << 60);
  EXPECT_EQ(error(),
            "/d/kernel:0: 4 bytes at address 1152921504606846976 do not lie within the "
            "file's 8216");
  bytes_ = whole;
  set(last("HEAP") + 8, ~u64{0} - 10);
  EXPECT_EQ(error(), "/d, its names: 18446744073709551605 bytes at address " +
                         std::to_string(last("HEAP") + 32) + " do not lie within the file's 8216");
}

// A tree of `levels`, each node of which leads to the next twice; the last to a leaf without entries.
TEST_F(ChangedHdf5, ATreeThatMeetsItselfEnds) {
  constexpr std::size_t levels = 60, node = 24 + 2 * 16 + 8;
  std::size_t tree = last("TREE"), begin = bytes_.size();
  bytes_.resize(begin + levels * node + 8);
  set(40, bytes_.size());  // where the file ends
  for (std::size_t i = 0; i < levels; ++i) {
    std::size_t at = begin + i * node;
    bytes_.replace(at, 4, "TREE");
    set(at + 4, (levels - 1 - i) << 8U | 2U << 16U, 4);
    for (std::size_t child : {at + 32, at + 48}) set(child, at + node);
  }
  bytes_.replace(begin + levels * node, 8, std::string("SNOD\1\0\0\0", 8));
  bytes_[tree + 5] = levels;
  set(tree + 32, begin);
  std::string text = error();
  EXPECT_TRUE(text.ends_with("what it leads to was read 32 times: damaged")) << text;
}

TEST_F(ChangedHdf5, SizesAreCheckedBeforeAnythingIsAllocated) {
  const std::string whole = bytes_;
  // The dataspace (2, 3), as it stands in the header.
  std::string sizes("\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 16);
  std::size_t space = whole.find(sizes);
  ASSERT_NE(space, std::string::npos);
  for (u64 size : {u64{1} << 40, u64{1} << 62, ~u64{0}}) {
    bytes_ = whole;
    set(space, size);
    EXPECT_NE(error(), "no error") << size;
    EXPECT_TRUE(error().starts_with("/d/kernel:0, its ")) << error();
  }
}

// Each byte changed, and every length: an Error or an answer. The file is changed in place, as new ones
// would be written to the disk.
TEST_F(ChangedHdf5, DamageIsNeverMoreThanAnError) {
  for (const char* name : {"small.h5", "latest.h5"}) {
    const std::string whole = read_file(goldens / name);
    bytes_ = whole;
    EXPECT_EQ(error(), "no error");
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    auto put = [&](std::size_t at, int byte) {
      file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(byte)).flush();
    };
    for (std::size_t at = 0; at < whole.size(); ++at) {
      if (whole[at] == 0 && at % 8 != 0) continue;  // of the empty parts every eighth
      for (int flip : {0xff, 0x01}) {
        put(at, whole[at] ^ flip);
        error_of_file();
      }
      put(at, whole[at]);
    }
    EXPECT_EQ(error_of_file(), "no error");
    for (std::size_t size = whole.size(); size-- > 0;) {
      std::filesystem::resize_file(path_, size);
      EXPECT_NE(error_of_file(), "no error") << name << " of " << size;
    }
  }
}

}  // namespace
}  // namespace melgrad
