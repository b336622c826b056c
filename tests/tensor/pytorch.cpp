#include "tensor/files/pytorch/pytorch.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tensor/files/file.h"
#include "tensor/files/pytorch/zip.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {

namespace {

using namespace std::string_literals;
const std::filesystem::path goldens = std::filesystem::path(MELGRAD_TEST_DATA) / "goldens/pytorch";

// tests/goldens/pytorch_files.py fills tensors with these, too.
Tensor steps(i64 count, i64 begin = 0) {
  std::vector<i64> values;
  for (i64 i = begin; i < begin + count; ++i) {
    auto hash = static_cast<std::uint32_t>(static_cast<u64>(i) * 2654435761U);
    values.push_back(static_cast<i64>(hash >> 24U) - 128);
  }
  return from_vector(values);
}
Tensor scaled(const Tensor& x, double factor) {
  return x.to(Dtype::f64) * scalar(factor, Dtype::f64);
}

using Tensors = std::map<std::string, Tensor>;

// What save_pytorch() was given for goldens/pytorch/saved.pth.
Tensors to_save() {
  Tensor n = steps(6).reshape({2, 3});
  return {{"f32", scaled(n, 1. / 16).to(Dtype::f32)},
          {"f64", scaled(n, 1. / 16)},
          {"bf16", scaled(n, 1. / 16).to(Dtype::bf16)},
          {"i64", scaled(n, 0x1p40).to(Dtype::i64)},
          {"u8", (n + full({}, 128, Dtype::i64)).to(Dtype::u8)},
          {"scalar", scalar(-2.5)},
          {"empty", zeros({3, 0})},
          {"transposed", n.to(Dtype::f32).transpose(0, 1)}};
}

void expect_same(const Tensors& tensors, const Tensors& expected) {
  EXPECT_EQ(tensors.size(), expected.size());
  for (const auto& [name, x] : expected) {
    ASSERT_EQ(tensors.count(name), 1U) << name;
    EXPECT_EQ(tensors.at(name).dtype(), x.dtype()) << name;
    EXPECT_TRUE(equal(tensors.at(name), x)) << name;
  }
}

class PyTorch : public testing::Test {
 protected:
  /// What loading these bytes says, after the file's name.
  std::string refusal(const std::string& bytes) {
    write(bytes);
    std::string text = error_of([&] { load_pytorch(path_); });
    std::string start = "[load_pytorch] " + path_.string() + ": ";
    EXPECT_TRUE(text.starts_with(start)) << text;
    return text.substr(std::min(text.size(), start.size()));
  }
  void write(const std::string& bytes) {  // a file that is replaced would be brought to the disk
    std::filesystem::remove(path_);
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  /// A zip archive of these entries.
  std::string archive(const std::map<std::string, std::string>& entries) {
    {
      AtomicFile file(path_);
      ZipWriter zip(file);
      for (const auto& [name, bytes] : entries) zip.add(name, bytes);
      zip.finish();
      file.commit();
    }
    return read_file(path_);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "x.pth";
};

}  // namespace

TEST_F(PyTorch, EveryDtypeOfBothFormats) {
  Tensor n = steps(6).reshape({2, 3});
  Tensor sixteenths = scaled(n, 1. / 16);
  const Tensors expected = {{"f32", sixteenths.to(Dtype::f32)},
                            {"f64", sixteenths},
                            {"f16", sixteenths.to(Dtype::f32)},
                            {"bf16", sixteenths.to(Dtype::bf16)},
                            {"i64", scaled(n, 0x1p40).to(Dtype::i64)},
                            {"i32", scaled(n, 0x1p20).to(Dtype::i64)},
                            {"i16", scaled(n, 32).to(Dtype::i64)},
                            {"i8", n},
                            {"u8", (n + full({}, 128, Dtype::i64)).to(Dtype::u8)},
                            {"bool", (n > full({}, 0, Dtype::i64)).to(Dtype::u8)}};
  for (const char* name : {"dtypes_zip.pth", "dtypes_stream.pth"})
    expect_same(load_pytorch(goldens / name).tensors, expected);
}

TEST_F(PyTorch, ViewsOfOneStorage) {
  Tensor x = steps(24).to(Dtype::f32).reshape({4, 6});
  const Tensors expected = {
      {"whole", x},
      {"transposed", x.transpose(0, 1)},
      {"part", x.slice(0, 1, 4, 2).slice(1, 2, 6, 3)},
      {"row", x.select(0, 2)},
      {"one", x.select(0, 3).select(0, 1)},
      {"again", x.slice(0, 0, 1).expand({3, 6})},
      {"parameter", x},
      {"with_state", steps(2).to(Dtype::f64)},
      {"scalar", scalar(-2.5)},
      {"empty", zeros({3, 0, 2})},
      {"channels_last", steps(24).to(Dtype::f32).reshape({2, 3, 2, 2}).channels_last()}};
  for (const char* name : {"views_zip.pth", "views_stream.pth", "protocol_5.pth"}) {
    Tensors loaded = load_pytorch(goldens / name).tensors;
    expect_same(loaded, expected);
    EXPECT_TRUE(loaded.at("part").shares_storage(loaded.at("parameter"))) << name;
    EXPECT_FALSE(loaded.at("part").shares_storage(loaded.at("scalar"))) << name;
    EXPECT_TRUE(loaded.at("channels_last").is_channels_last()) << name;
  }
}

// {"epoch": …, "state_dict": …, "optimizer": …} of a DataParallel net.
TEST_F(PyTorch, ACheckpointsStateDict) {
  for (const char* name : {"checkpoint_zip.pth", "checkpoint_stream.pth"}) {
    TensorFile file = load_pytorch(goldens / name);
    expect_same(file.tensors, {{"0.weight", steps(6).to(Dtype::f32).reshape({3, 2})},
                               {"0.bias", steps(3, 100).to(Dtype::f32)},
                               {"1.weight", steps(3, 200).to(Dtype::f32)},
                               {"1.bias", steps(3, 300).to(Dtype::f32)},
                               {"1.running_mean", steps(3, 400).to(Dtype::f32)},
                               {"1.running_var", steps(3, 500).to(Dtype::f32)},
                               {"1.num_batches_tracked", steps(1, 600).reshape({})}});
    EXPECT_EQ(
        file.metadata,
        (std::map<std::string, std::string>{
            {"arch", "linear"}, {"best_prec1", "91.5"}, {"epoch", "12"}, {"nesterov", "False"}}));
  }
}

TEST_F(PyTorch, ReturnsWhatWasSaved) {
  Tensors saved = to_save();
  saved["näme ☃"] = ones({1});
  saved[""] = linspace(-1, 1, 7, Dtype::f64).flip(0);
  saved["module.x"] = arange(120, Dtype::f32).reshape({2, 3, 4, 5}).channels_last();
  save_pytorch(path_, saved);
  expect_same(load_pytorch(path_).tensors, saved);
  save_pytorch(path_, {});
  EXPECT_TRUE(load_pytorch(path_).tensors.empty());
}

// The bytes that torch.load(weights_only=True) has read as the same tensors.
TEST_F(PyTorch, SavesWhatPyTorchHasRead) {
  save_pytorch(path_, to_save());
  EXPECT_TRUE(read_file(path_) == read_file(goldens / "saved.pth"));
}

TEST_F(PyTorch, NamesOtherFormats) {
  EXPECT_EQ(refusal(""), "not a PyTorch file");
  EXPECT_EQ(refusal("\x89HDF\r\n\x1a\n and more"), "not a PyTorch file: it is an HDF5 file");
  EXPECT_EQ(refusal("<!DOCTYPE html><html>"), "not a PyTorch file: it is a web page");
  EXPECT_EQ(refusal("\x80\2K\1."s), "a Python pickle, but not torch.save()'s");
  save_safetensors(path_, {{"x", ones({1})}});
  EXPECT_EQ(refusal(read_file(path_)), "not a PyTorch file: it is a safetensors file");
  EXPECT_EQ(refusal(archive({{"a.npy", ""}})),
            "not a PyTorch file: a zip archive without data.pkl");
  EXPECT_EQ(refusal(read_file(goldens / "script.pth")),
            "a TorchScript archive; in Python, torch.save(torch.jit.load(FILE).state_dict(), OUT) "
            "gives a file that can be read");
  EXPECT_EQ(refusal(read_file(goldens / "model.pth")),
            "model/data.pkl, byte 2: names torch.nn.modules.linear.Linear: refused, a file can "
            "never run anything; of a model, torch.save(model.state_dict(), FILE) saves what can "
            "be read");
}

TEST_F(PyTorch, RefusesArchivesThatAreNoStateDict) {
  const std::string empty_dict = "\x80\2}."s;
  EXPECT_EQ(refusal(archive({{"a/data.pkl", empty_dict}, {"b/data.pkl", empty_dict}})),
            "a/data.pkl and b/data.pkl: only one can be read");
  EXPECT_EQ(refusal(archive({{"a/data.pkl", empty_dict}, {"a/byteorder", "big"}})),
            "a/byteorder is big; known is little");
  EXPECT_EQ(refusal(archive({{"a/data.pkl", empty_dict + "."}})),
            "a/data.pkl has 1 bytes behind its end");
  EXPECT_EQ(refusal(archive({{"a/data.pkl", "\x80\2]."s}})), "holds a list, not a dict of tensors");
  EXPECT_EQ(refusal(archive({{"a/data.pkl", "\x80\2}X\1\0\0\0xK\1s."s}})),
            "no dict in it has tensors");
}

TEST_F(PyTorch, RefusesStoragesThatAreNotThere) {
  const std::string pickle =
      "\x80\2}X\1\0\0\0xctorch._utils\n_rebuild_tensor\n((X\7\0\0\0storage"
      "ctorch\nFloatStorage\nX\1\0\0\0kX\3\0\0\0cpuK\2tQK\0K\2\x85K\1\x85tRs."s;
  EXPECT_EQ(refusal(archive({{"a/data.pkl", pickle}})), "a/data/k is not in the archive");
  EXPECT_EQ(refusal(archive({{"a/data.pkl", pickle}, {"a/data/k", "1234"}})),
            "a/data/k has 4 bytes, torch.FloatStorage of 2 elements take 8");
  std::string whole = archive({{"a/data.pkl", pickle}, {"a/data/k", "12345678"}});
  EXPECT_EQ(load_pytorch(path_).tensors.at("x").numel(), 2);
  whole[whole.find("12345678")] = '0';
  EXPECT_TRUE(refusal(whole).starts_with("k is damaged: its CRC-32 is not "));
}

TEST_F(PyTorch, RefusesZipsThatAreNotRight) {
  std::string bytes = archive({{"a/data.pkl", "\x80\2}."s}, {"a/version", "3\n"}});
  std::size_t entry = bytes.find("PK\1\2"), end = bytes.rfind("PK\5\6"),
              end64 = bytes.rfind("PK\6\6");
  auto changed = [&](std::size_t at, const std::string& to) {
    return refusal(std::string(bytes).replace(at, to.size(), to));
  };
  const std::string no_end =
      "cut off, or with a comment: the zip directory's end is not at the file's";
  EXPECT_EQ(refusal(bytes + "!"), no_end);
  EXPECT_EQ(refusal(bytes.substr(0, 8)), no_end);
  EXPECT_EQ(refusal("PK\3\4" + bytes.substr(end)), "no zip64 directory");
  EXPECT_EQ(changed(entry + 8, "\1"),
            "a/data.pkl is compressed; unzip, then zip -0 -r make an archive that is not");
  EXPECT_EQ(changed(entry + 10, "\10"),
            "a/data.pkl is compressed; unzip, then zip -0 -r make an archive that is not");
  EXPECT_EQ(changed(entry, "XX"), "the zip directory is damaged");
  EXPECT_EQ(changed(end64 + 32, "\3"), "the zip directory has 2 entries, its end says 3");
  EXPECT_EQ(changed(end64 + 44, "\1"),
            "a zip directory of 4294967463 bytes is over the limit of 33554432");
  EXPECT_TRUE(contains(changed(end64 + 52, "\1"), "cut off: 167 bytes at 4294967"));
  // Sizes and the offset of the directory's first entry, in its extra field.
  std::size_t sizes = bytes.find("a/data.pkl", entry) + 10 + 4;
  EXPECT_EQ(changed(sizes, "\5"), "a/data.pkl of 5 bytes takes 4");
  EXPECT_EQ(changed(sizes, "\xff\0\0\0\0\0\0\0\xff"s),
            "a/data.pkl has 255 bytes at 64, but what follows begins at 68");
  EXPECT_EQ(changed(sizes + 16, "\1"), "a/data.pkl is not at 1, where the zip directory has it");
}

TEST_F(PyTorch, RefusesAnEntryThatIsThereTwice) {
  AtomicFile file(path_);
  ZipWriter zip(file);
  zip.add("a/data.pkl", "1");
  zip.add("a/data.pkl", "2");
  zip.finish();
  file.commit();
  EXPECT_EQ(refusal(read_file(path_)), "a/data.pkl is there twice");
}

// No prefix of a file is one.
TEST_F(PyTorch, RefusesFilesThatAreCutOff) {
  for (const char* name : {"checkpoint_zip.pth", "checkpoint_stream.pth"}) {
    std::string bytes = read_file(goldens / name);
    for (std::size_t length = 0; length < bytes.size(); length += 7)
      EXPECT_NE(refusal(bytes.substr(0, length)), "") << name << " " << length;
  }
}

// Each byte with another bit turned: the same tensors still, or an Error.
TEST_F(PyTorch, SeesDamage) {
  std::string bytes = read_file(goldens / "saved.pth");
  Tensors expected = to_save();
  int refused = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1 << i % 8);
    write(damaged);
    try {
      expect_same(load_pytorch(path_).tensors, expected);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1500);
}

TEST_F(PyTorch, AFullDiskLeavesTheOldFile) {
  save_pytorch(path_, {{"x", ones({3})}});
  {
    FullDisk full(100'000);
    std::string text = error_of([&] { save_pytorch(path_, {{"x", ones({100'000})}}); });
    EXPECT_EQ(text, "[write_file] " + path_.string() + ": File too large");
  }
  EXPECT_EQ(load_pytorch(path_).tensors.at("x").numel(), 3);
  EXPECT_EQ(folder_.entries(), 1U);
}

TEST_F(PyTorch, RefusesToSave) {
  EXPECT_NE(error_of([&] { save_pytorch(path_, {{"x", Tensor()}}); }), "no error");
  EXPECT_EQ(error_of([&] {
              save_pytorch(path_, {{"\xff", ones({1})}});
            }),
            "[save_pytorch] " + path_.string() + ": a name is not UTF-8");
  EXPECT_EQ(folder_.entries(), 0U);
}

}  // namespace melgrad
