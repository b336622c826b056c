#include "tensor/files/npy.h"

#include <gtest/gtest.h>

#include "tensor/files/file.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {

namespace {

class Npy : public testing::Test {
 protected:
  static std::string file_of(const std::string& header, const std::string& data, char version = 1) {
    std::string bytes = std::string("\x93NUMPY") + version + '\0';
    std::size_t length = header.size();
    for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
      bytes += static_cast<char>(length >> (8 * i) & 255U);
    }
    return bytes + header + data;
  }
  std::string refusal(const std::string& bytes) {
    write_file(path_, bytes);
    std::string text = error_of([&] { load_npy(path_); });
    std::string start = "[load_npy] " + path_.string() + ": ";
    EXPECT_TRUE(text.starts_with(start)) << text;
    return text.substr(std::min(text.size(), start.size()));
  }
  Tensor loaded(const std::string& bytes) {
    write_file(path_, bytes);
    return load_npy(path_);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "x.npy";
};

std::string six_bytes() { return {"\0\1\2\3\4\5", 6}; }

}  // namespace

TEST_F(Npy, ReturnsWhatWasSaved) {
  for (Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::i64, Dtype::u8}) {
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3, 4}, Shape{0, 3}}) {
      Tensor x = arange(shape.numel(), dtype).reshape(shape);
      save_npy(path_, x);
      EXPECT_TRUE(equal(load_npy(path_), x));
      EXPECT_EQ(std::filesystem::file_size(path_) % 64,
                static_cast<u64>(x.numel()) * size_of(dtype) % 64);
    }
  }
  Tensor turned = arange(6).reshape({2, 3}).transpose(0, 1);
  save_npy(path_, turned);
  EXPECT_TRUE(equal(load_npy(path_), turned));
  EXPECT_EQ(error_of([&] { save_npy(path_, zeros({2}, Dtype::bf16)); }),
            "[encode_npy] NumPy has no bf16, convert to f32 first: (2,) bf16");
}

TEST_F(Npy, EveryVersionAndOrder) {
  Tensor rows = arange(6, Dtype::u8).reshape({2, 3});
  for (char version : {'\1', '\2', '\3'}) {
    EXPECT_TRUE(
        equal(loaded(file_of("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n",
                             six_bytes(), version)),
              rows));
  }
  Tensor columns =
      loaded(file_of("{\"shape\":(2,3),\"fortran_order\":True,\"descr\":\"|u1\"}", six_bytes()));
  EXPECT_TRUE(equal(columns, arange(6, Dtype::u8).reshape({3, 2}).transpose(0, 1).contiguous()));
  EXPECT_EQ(
      loaded(file_of("{'descr':'|b1','fortran_order':False,'shape':(6,)}", six_bytes())).dim(0), 6);
}

// What NumPy writes of arange(-1, 2) or of 1, 258 and 0, in each type and order of bytes.
TEST_F(Npy, EveryTypeAndOrderOfBytes) {
  struct Row {
    std::string descr, data;
    Dtype dtype;
    std::vector<double> values;
  };
  auto bytes = [](std::initializer_list<int> each) {
    std::string text;
    for (int byte : each) text += static_cast<char>(byte);
    return text;
  };
  const std::vector<Row> rows = {
      {"<f2", bytes({0, 0xbc, 0, 0, 0, 0x3c}), Dtype::f32, {-1, 0, 1}},
      {">f2", bytes({0xbc, 0, 0, 0, 0x3c, 0}), Dtype::f32, {-1, 0, 1}},
      {">f4", bytes({0xbf, 0x80, 0, 0, 0x3f, 0x80, 0, 0}), Dtype::f32, {-1, 1}},
      {">f8", bytes({0xbf, 0xf0, 0, 0, 0, 0, 0, 0}), Dtype::f64, {-1}},
      {"|i1", bytes({0xff, 0, 1}), Dtype::i64, {-1, 0, 1}},
      {"<i2", bytes({0xff, 0xff, 2, 1}), Dtype::i64, {-1, 258}},
      {">i2", bytes({0xff, 0xff, 1, 2}), Dtype::i64, {-1, 258}},
      {"<i4", bytes({0xff, 0xff, 0xff, 0xff, 2, 1, 0, 0}), Dtype::i64, {-1, 258}},
      {">i4", bytes({0xff, 0xff, 0xff, 0xff, 0, 0, 1, 2}), Dtype::i64, {-1, 258}},
      {">i8", bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}), Dtype::i64, {-2}},
      {"<u2", bytes({0xff, 0xff, 2, 1}), Dtype::i64, {65535, 258}},
      {">u4", bytes({0xff, 0xff, 0xff, 0xff, 0, 0, 1, 2}), Dtype::i64, {4294967295, 258}},
      {"<u8", bytes({2, 1, 0, 0, 0, 0, 0, 0}), Dtype::i64, {258}},
      {"|b1", bytes({1, 0}), Dtype::u8, {1, 0}}};
  for (const Row& row : rows) {
    std::string shape = "(" + std::to_string(row.values.size()) + "L,)";  // as Python 2 wrote it
    Tensor x = loaded(
        file_of("{'descr': '" + row.descr + "', 'fortran_order': False, 'shape': " + shape + ", }",
                row.data));
    EXPECT_EQ(x.dtype(), row.dtype) << row.descr;
    EXPECT_EQ(x.to_vector<double>(), row.values) << row.descr;
  }
}

TEST_F(Npy, Refuses) {
  EXPECT_EQ(refusal(""), "0 bytes are too few for a header");
  EXPECT_EQ(refusal("this is not an array"), "not an npy file");
  EXPECT_EQ(refusal(file_of("{}", "", 4)), "version 4.0 is none of 1.0, 2.0, 3.0");
  EXPECT_EQ(refusal(file_of("{}", "").substr(0, 11)),
            "a header of 2 bytes is cut off or over the limit of 1000000");
  EXPECT_EQ(refusal(file_of("{", "")), "the header is wrong: a quoted word is missing");
  EXPECT_EQ(refusal(file_of("{}", "")),
            "the header is wrong: descr, fortran_order or shape is missing");
  auto with = [](const std::string& descr, const std::string& shape, std::size_t bytes) {
    return file_of("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + "}",
                   std::string(bytes, '\0'));
  };
  const std::string known = "; known are f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1";
  for (const char* other : {"<c8", "<U1", "f4", "=f4", "", "<f"})
    EXPECT_EQ(refusal(with(other, "(1,)", 4)), "dtype \"" + std::string(other) + "\"" + known);
  EXPECT_EQ(refusal(with("|O", "(1,)", 4)), "holds Python objects (a pickle), not numbers");
  EXPECT_EQ(refusal(file_of("{'descr': [('a', '<f4')], ", "")),
            "the header is wrong: its elements are structures, not numbers");
  EXPECT_EQ(refusal(file_of("{'descr': '<u8', 'fortran_order': False, 'shape': ()}",
                            std::string(8, '\xff'))),
            "has numbers above 2^63 - 1");
  EXPECT_EQ(refusal(std::string("PK\3\4") + std::string(26, '\0') + "arr_0.npy"),
            "not an npy file: it is a zip of NumPy arrays (npz)");
  EXPECT_EQ(refusal("\x80\4\x95\x0b 123456"), "not an npy file: it is a Python pickle");
  EXPECT_EQ(refusal(with("<f4", "(2,)", 7)),
            "cut off: shape (2,) f4 does not take the 7 bytes held");
  EXPECT_EQ(refusal(with("<f4", "(2,)", 9)), "shape (2,) f4 does not take the 9 bytes held");
  EXPECT_EQ(refusal(with("<f4", "(-2,)", 8)),
            "the header is wrong: a size is not a whole number from 0 to 2^63 - 1");
  EXPECT_EQ(refusal(with("<f4", "(99999999999999999999,)", 8)),
            "the header is wrong: a size is not a whole number from 0 to 2^63 - 1");
  EXPECT_EQ(refusal(with("<f4", "(4611686018427387904,4)", 0)),
            "cut off: shape (4611686018427387904, 4) f4 does not take the 0 bytes held");
  EXPECT_EQ(refusal(with("<f4", "(1,1,1,1,1,1,1,1,1)", 4)),
            "the header is wrong: more than 8 axes");
  EXPECT_EQ(refusal(with("<f4", "()} trailing", 4)),
            "the header is wrong: text after the dictionary");
}

}  // namespace melgrad
