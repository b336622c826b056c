#include "tensor/files/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tensor/files/file.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {

namespace {

std::string with_length(const std::string& header, u64 length) {
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header;
}

class Safetensors : public testing::Test {
 protected:
  /// What loading a file of this header and `data` bytes says, after the file's name.
  std::string refusal(const std::string& header, std::size_t data) {
    return refusal_of_bytes(with_length(header, header.size()) + std::string(data, '\0'));
  }
  std::string refusal_of_bytes(const std::string& bytes) {
    write_file(path_, bytes);
    std::string text = error_of([&] { load_safetensors(path_); });
    std::string start = "[load_safetensors] " + path_.string() + ": ";
    EXPECT_TRUE(text.starts_with(start)) << text;
    return text.substr(std::min(text.size(), start.size()));
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "x.safetensors";
};

}  // namespace

TEST_F(Safetensors, ReturnsWhatWasSaved) {
  std::map<std::string, Tensor> saved{
      {"conv.weight", arange(120, Dtype::f32).reshape({2, 3, 4, 5}).channels_last()},
      {"byte", from_vector<u8>({1, 2, 255})},
      {"whole", scalar(-7, Dtype::i64)},
      {"half", linspace(-1, 1, 5, Dtype::bf16)},
      {"double", linspace(-1, 1, 7, Dtype::f64).flip(0)},
      {"empty", zeros({3, 0})},
      {"näme \"with\" quotes", ones({1})}};
  save_safetensors(path_, saved, {{"epoch", "12"}});
  TensorFile loaded = load_safetensors(path_);
  EXPECT_EQ(loaded.tensors.size(), saved.size());
  for (const auto& [name, tensor] : saved) {
    EXPECT_TRUE(equal(loaded.tensors.at(name), tensor)) << name;
  }
  EXPECT_EQ(loaded.metadata.at("epoch"), "12");
  save_safetensors(path_, {});
  EXPECT_TRUE(load_safetensors(path_).tensors.empty());
}

TEST_F(Safetensors, ReadsHalfPrecision) {
  std::string header = R"({"x":{"dtype":"F16","shape":[8],"data_offsets":[0,16]},)"
                       R"("m":{"dtype":"BOOL","shape":[2],"data_offsets":[16,18]}})";
  const std::uint16_t halves[] = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0xfe00, 0x3555};
  std::string data(reinterpret_cast<const char*>(halves), sizeof halves);
  write_file(path_, with_length(header, header.size()) + data + std::string("\1\0", 2));
  auto loaded = load_safetensors(path_).tensors;
  auto x = loaded.at("x").to_vector<double>();
  EXPECT_EQ(loaded.at("x").dtype(), Dtype::f32);
  EXPECT_EQ(x[0], 1);
  EXPECT_EQ(x[1], -2);
  EXPECT_EQ(x[2], 65504);
  EXPECT_EQ(x[3], 0x1p-24);
  EXPECT_TRUE(x[4] == 0 && std::signbit(x[4]));
  EXPECT_EQ(x[5], INFINITY);
  EXPECT_TRUE(std::isnan(x[6]));
  EXPECT_EQ(x[7], 0x1.554p-2);
  EXPECT_EQ(loaded.at("m").to_vector<i64>(), (std::vector<i64>{1, 0}));
}

TEST_F(Safetensors, RefusesBadHeaders) {
  EXPECT_EQ(refusal_of_bytes(""), "0 bytes are too few for a header");
  EXPECT_EQ(refusal_of_bytes("1234567"), "7 bytes are too few for a header");
  EXPECT_EQ(refusal_of_bytes(with_length("{}", u64{1} << 40U)),
            "a header of 1099511627776 bytes is over the limit of 100000000");
  EXPECT_EQ(refusal_of_bytes(with_length("{}", ~u64{0})),
            "a header of 18446744073709551615 bytes is over the limit of 100000000");
  EXPECT_EQ(refusal_of_bytes(with_length("{}", 3)),
            "a header of 3 bytes does not fit into 10 bytes");
  EXPECT_EQ(refusal("", 0), "the header does not begin with {");
  EXPECT_EQ(refusal("[1]", 0), "the header does not begin with {");
  EXPECT_EQ(refusal("{\"a\":", 0), "the header is not JSON");
  EXPECT_EQ(refusal("{\"\xff\":1}", 0), "the header is not JSON");
  EXPECT_EQ(refusal("{} {}", 0), "the header is not JSON");
  EXPECT_EQ(refusal(std::string(100000, '{'), 0), "the header is not JSON");
  EXPECT_EQ(refusal(R"({"__metadata__":{"a":1}})", 0), "__metadata__ \"a\" is not text");
}

// Files of other formats, by their first bytes: none is taken for the length of a header.
TEST_F(Safetensors, NamesOtherFormats) {
  std::string entry = std::string("PK\3\4") + std::string(26, '\0');
  for (const std::string& pytorch :
       {entry + "archive/data.pkl", std::string("\x80\2\x8a\nl\xfc\x9c") + "F\xf9 j\xa8P"}) {
    std::string text = refusal_of_bytes(pytorch);
    EXPECT_TRUE(text.starts_with("not a safetensors file: it is a PyTorch file (")) << text;
  }
  EXPECT_EQ(refusal_of_bytes(entry + "arr_0.npy"),
            "not a safetensors file: it is a zip of NumPy arrays (npz)");
  EXPECT_EQ(refusal_of_bytes("\x89HDF\r\n\x1a\n and more"),
            "not a safetensors file: it is an HDF5 file");
  EXPECT_EQ(refusal_of_bytes("<!DOCTYPE html><html>"), "not a safetensors file: it is a web page");
  EXPECT_EQ(refusal_of_bytes("version https://git-lfs.github.com/spec/v1"),
            "not a safetensors file: it is a Git LFS pointer: git lfs pull gets the file");
}

// A header of 0x4034b50 bytes would be no zip.
TEST_F(Safetensors, ALengthThatLooksLikeAZip) {
  EXPECT_EQ(refusal_of_bytes(std::string("PK\3\4\0\0\0\0{}", 10)),
            "a header of 67324752 bytes does not fit into 10 bytes");
}

TEST_F(Safetensors, RefusesBadEntries) {
  EXPECT_EQ(refusal(R"({"x":1})", 0), "\"x\" must have dtype, shape and data_offsets, and no more");
  EXPECT_EQ(refusal(R"({"x":{"dtype":"F32","shape":[1]}})", 4),
            "\"x\" must have dtype, shape and data_offsets, and no more");
  EXPECT_EQ(refusal(R"({"x":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}})", 8),
            "\"x\" has dtype C64; known are F32, F64, BF16, I64, U8, F16, BOOL");
  EXPECT_EQ(refusal(R"({"x":{"dtype":3,"shape":[1],"data_offsets":[0,8]}})", 8),
            "\"x\": dtype is not text");
  EXPECT_EQ(refusal(R"({"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,8]}})", 8),
            "\"x\": -1 in shape is not a whole number from 0 to 2^63 - 1");
  EXPECT_EQ(refusal(R"({"x":{"dtype":"U8","shape":[1.5],"data_offsets":[0,8]}})", 8),
            "\"x\": 1.5 in shape is not a whole number from 0 to 2^63 - 1");
  EXPECT_EQ(
      refusal(R"({"x":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,8]}})", 8),
      "\"x\": 1e+20 in shape is not a whole number from 0 to 2^63 - 1");
  EXPECT_EQ(refusal(R"({"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1),
            "\"x\": shape is not a list of at most 8 sizes");
  EXPECT_EQ(
      refusal(R"({"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
      "\"x\": shape (4294967296, 4294967296) has more bytes than 64 bits can count");
  EXPECT_EQ(refusal(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", 8),
            "\"x\": data_offsets are not two");
  EXPECT_EQ(refusal(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8),
            "\"x\": data_offsets 8 to 0 do not lie within the 8 bytes of data");
  EXPECT_EQ(refusal(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4),
            "\"x\": shape (2,) F32 takes 8 bytes, data_offsets give 4");
}

TEST_F(Safetensors, RefusesDataThatDoNotFit) {
  std::string x = R"("x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  EXPECT_EQ(refusal("{" + x + "}", 3),
            "\"x\": data_offsets 0 to 4 do not lie within the 3 bytes of data");
  EXPECT_EQ(refusal("{" + x + "}", 5), "1 bytes after the last tensor");
  EXPECT_EQ(refusal("{" + x + R"(,"y":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}})", 7),
            "\"y\" overlaps \"x\": it begins at 3, before 4");
  EXPECT_EQ(refusal("{" + x + R"(,"y":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4),
            "\"y\" overlaps \"x\": it begins at 0, before 4");
  EXPECT_EQ(refusal("{" + x + R"(,"y":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}})", 10),
            "2 bytes between \"x\" and \"y\" belong to no tensor");
  EXPECT_EQ(refusal("{" + x + "," + x + "}", 4), "the header names \"x\" twice");
  EXPECT_EQ(refusal(R"({"x":{"dtype":"U8","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4),
            "the header names \"dtype\" twice");
}

TEST_F(Safetensors, AFullDiskLeavesTheOldFile) {
  save_safetensors(path_, {{"x", ones({3})}});
  {
    FullDisk full(100'000);
    std::string text = error_of([&] { save_safetensors(path_, {{"x", ones({100'000})}}); });
    EXPECT_EQ(text, "[write_file] " + path_.string() + ": File too large");
  }
  EXPECT_EQ(load_safetensors(path_).tensors.at("x").numel(), 3);
  EXPECT_EQ(folder_.entries(), 1U);
}

TEST_F(Safetensors, RefusesToSave) {
  EXPECT_NE(error_of([&] { save_safetensors(path_, {{"x", Tensor()}}); }), "no error");
  EXPECT_NE(error_of([&] { save_safetensors(path_, {{"__metadata__", ones({1})}}); }), "no error");
  EXPECT_EQ(error_of([&] {
              save_safetensors(path_, {{"\xff", ones({1})}});
            }),
            "[save_safetensors] " + path_.string() + ": a name or metadata is not UTF-8");
  EXPECT_EQ(folder_.entries(), 0U);
}

}  // namespace melgrad
