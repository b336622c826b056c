#include <gtest/gtest.h>

#include <fstream>

#include "tensor/files/bytes.h"
#include "tensor/files/pytorch/pytorch.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

// Files of the older format, written by hand: what their tensors may say of their storages.
namespace melgrad {

namespace {

using namespace std::string_literals;

std::string whole(i64 value) { return "\212\10" + little_endian(static_cast<u64>(value), 8); }
std::string text(const std::string& value) { return "X" + little_endian(value.size(), 4) + value; }
std::string tuple(const std::vector<i64>& values) {
  std::string items;
  for (i64 value : values) items += whole(value);
  return "(" + items + "t";
}
std::string pickle(const std::string& opcodes) { return "\200\2" + opcodes + "."; }

struct Stored {
  i64 numel = 6;
  std::string type = "torch\nFloatStorage", key = "k", view = "N";
};
std::string tensor(const std::string& name, i64 offset, const std::vector<i64>& sizes,
                   const std::vector<i64>& strides, const Stored& stored = {}) {
  return text(name) + "ctorch._utils\n_rebuild_tensor\n((" + text("storage") + "c" + stored.type +
         "\n" + text(stored.key) + text("cpu") + whole(stored.numel) + stored.view + "tQ" +
         whole(offset) + tuple(sizes) + tuple(strides) + "tRs";
}

std::string storage(i64 numel = 6) {
  std::string bytes = little_endian(static_cast<u64>(numel), 8);
  for (i64 i = 0; i < numel; ++i) {
    auto value = static_cast<float>(i);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

class PyTorchStream : public testing::Test {
 protected:
  const std::string magic_ = pickle("\212\12\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
  const std::string head_ =
      magic_ + pickle("M\351\3") + pickle("}" + text("little_endian") + "\210s");

  Tensor load(const std::string& object) {
    write(file(object));
    return load_pytorch(path_).tensors.at("x");
  }
  std::string file(const std::string& object, const std::string& keys = text("k") + "a",
                   const std::string& storages = storage()) const {
    return head_ + pickle("}" + object) + pickle("]" + keys) + storages;
  }
  std::string refusal(const std::string& bytes) {
    write(bytes);
    std::string text = error_of([&] { load_pytorch(path_); });
    std::string start = "[load_pytorch] " + path_.string() + ": ";
    EXPECT_TRUE(text.starts_with(start)) << text;
    return text.substr(std::min(text.size(), start.size()));
  }
  void write(const std::string& bytes) {
    std::filesystem::remove(path_);
    std::ofstream(path_, std::ios::binary) << bytes;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "x.pth";
};

}  // namespace

TEST_F(PyTorchStream, TensorsAreViews) {
  auto values = [](const Tensor& x) { return x.to_vector<i64>(); };
  EXPECT_EQ(values(load(tensor("x", 0, {2, 3}, {3, 1}))), (std::vector<i64>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(values(load(tensor("x", 1, {2, 2}, {1, 3}))), (std::vector<i64>{1, 4, 2, 5}));
  EXPECT_EQ(values(load(tensor("x", 5, {3}, {0}))), (std::vector<i64>{5, 5, 5}));
  EXPECT_EQ(values(load(tensor("x", 4, {}, {}))), (std::vector<i64>{4}));
  EXPECT_EQ(load(tensor("x", 6, {2, 0}, {1, 1})).shape(), (Shape{2, 0}));
  std::string view = "(" + text("v") + whole(2) + whole(3) + "t";
  EXPECT_EQ(values(load(tensor("x", 1, {2}, {1}, {.view = view}))), (std::vector<i64>{3, 4}));
}

TEST_F(PyTorchStream, RefusesTensorsOutsideOfTheirStorage) {
  auto said = [&](i64 offset, const std::vector<i64>& sizes, const std::vector<i64>& strides) {
    return refusal(file(tensor("x", offset, sizes, strides)));
  };
  constexpr i64 largest = std::numeric_limits<i64>::max();
  EXPECT_EQ(said(0, {2, 3}, {4, 1}),
            "\"x\": sizes (2, 3) with strides (4, 1) from element 0 on reach outside of a storage "
            "of 6");
  EXPECT_TRUE(contains(said(1, {6}, {1}), "reach outside of a storage of 6"));
  EXPECT_TRUE(contains(said(-1, {1}, {1}), "reach outside of a storage of 6"));
  EXPECT_TRUE(contains(said(-1, {0}, {1}), "reach outside of a storage of 6"));
  EXPECT_TRUE(contains(said(largest, {2}, {1}), "reach outside of a storage of 6"));
  EXPECT_TRUE(contains(said(0, {3}, {largest}), "reach outside of a storage of 6"));
  EXPECT_TRUE(contains(said(0, {largest, largest}, {0, 0}), "reach outside of a storage of 6"));
  EXPECT_TRUE(contains(said(0, {largest, largest, 0}, {0, 0, 0}), "outside of a storage of 6"));
  EXPECT_EQ(said(0, {16777217}, {0}),
            "\"x\": sizes (16777217,) make 16777217 elements of a storage of 6; known are at most "
            "16777216");
  EXPECT_EQ(said(0, {-1}, {1}), "\"x\": a size is -1");
  EXPECT_EQ(said(0, {2}, {-1}), "\"x\": a stride is -1");
  EXPECT_EQ(said(0, {2}, {}), "\"x\": sizes (2,), but strides ()");
  EXPECT_EQ(said(0, std::vector<i64>(9, 1), std::vector<i64>(9, 1)),
            "\"x\": 9 sizes, at most 8 can be");
  std::string view = "(" + text("v") + whole(2) + whole(5) + "t";
  EXPECT_EQ(refusal(file(tensor("x", 0, {1}, {1}, {.view = view}))),
            "\"x\": elements 2 to 2 + 5 are not within a storage of 6");
}

TEST_F(PyTorchStream, RefusesStoragesThatDoNotFit) {
  std::string x = tensor("x", 0, {6}, {1}), key = text("k") + "a";
  EXPECT_EQ(refusal(file(tensor("x", 0, {6}, {1}, {.numel = 1000}))),
            "storage \"k\" of 1000 elements is longer than the file");
  EXPECT_EQ(refusal(file(tensor("x", 0, {6}, {1}, {.numel = 7}))).substr(0, 18),
            "storage \"k\" at byt");
  EXPECT_EQ(refusal(file(x + tensor("y", 0, {1}, {1}, {.type = "torch\nIntStorage"}))),
            "storage \"k\" is torch.FloatStorage of 6 elements, and torch.IntStorage of 6");
  EXPECT_EQ(refusal(file(x + tensor("y", 0, {1}, {1}, {.numel = 5}))),
            "storage \"k\" is torch.FloatStorage of 6 elements, and torch.FloatStorage of 5");
  EXPECT_EQ(refusal(file(x, "", "")), "storage \"k\" is not among the storages' keys");
  EXPECT_EQ(refusal(file(x, key + key, storage() + storage())),
            "storage \"k\" belongs to no tensor, or is there twice");
  EXPECT_EQ(refusal(file(x, key + text("l") + "a", storage() + storage())),
            "storage \"l\" belongs to no tensor, or is there twice");
  EXPECT_EQ(refusal(file(x, key, storage() + "!")), "1 bytes after the last storage");
  EXPECT_TRUE(refusal(file(x, key, storage().substr(0, 31))).starts_with("cut off: storage \"k\""));
  EXPECT_TRUE(refusal(file(x, key, "1234567")).starts_with("cut off: storage \"k\" would begin"));
  EXPECT_EQ(refusal(head_ + pickle("}" + x) + pickle("N")), "the storages' keys are None");
}

TEST_F(PyTorchStream, RefusesAnotherBeginning) {
  std::string x = tensor("x", 0, {6}, {1});
  EXPECT_EQ(refusal(magic_ + pickle("M\352\3")), "torch.save()'s protocol is not 1001");
  EXPECT_EQ(refusal(magic_ + pickle("M\351\3") + pickle("}" + text("little_endian") + "\211s")),
            "written by a big-endian machine");
  EXPECT_EQ(refusal(pickle("K\1")), "a Python pickle, but not torch.save()'s");
}

TEST_F(PyTorchStream, FindsTheOneDictOfTensors) {
  std::string x = tensor("x", 0, {6}, {1}), y = tensor("y", 0, {2}, {1});
  std::string nested = text("state_dict") + "}" + text("inner") + "}" + x + "ss";
  EXPECT_EQ(load(text("args") + "}" + text("lr") + "K\1ss" + nested).numel(), 6);
  EXPECT_TRUE(load_pytorch(path_).metadata.empty()) << "args is not on the way";
  EXPECT_EQ(refusal(file(nested + text("ema") + "}" + y + "s")),
            "which are the weights? Tensors are in state_dict.inner, ema; torch.save() the one "
            "dict");
  EXPECT_EQ(refusal(file(y + nested)),
            "which are the weights? Tensors are in the file's own dict, state_dict.inner; "
            "torch.save() the one dict");
  EXPECT_EQ(refusal(file(x + x)), "\"x\" is there twice");
  EXPECT_EQ(refusal(file(x + "K\1" + y.substr(6))), "the name of a tensor is an int");
  std::string twice = text("a") + "}q\1" + x + "s" + text("b") + "h\1s";
  EXPECT_EQ(load(twice).numel(), 6) << "one dict under two names";
  EXPECT_EQ(load(text("own") + "}q\1" + text("own") + "h\1s" + x + "s").numel(), 6) << "a circle";
}

}  // namespace melgrad
