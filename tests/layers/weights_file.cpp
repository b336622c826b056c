// One class for the formats that weights are passed round in: told by their bytes, not their names.
#include "layers/models/weights_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "layers/keras/load_keras.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;
const fs::path goldens = MELGRAD_TEST_DATA "/goldens";

void expect_equal(const StateDict& a, const StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) {
    ASSERT_TRUE(b.contains(name)) << name;
    EXPECT_EQ(tensor.dtype(), b.at(name).dtype()) << name;
    EXPECT_TRUE(equal(tensor, b.at(name))) << name;
  }
}

std::unique_ptr<Module> drawn(const std::string& name, const Shape& shape, i64 classes) {
  auto net = make_net(name, shape, classes);
  Generator generator(3);
  net->reset(generator);
  return net;
}

TEST(WeightsFile, ComesBackFromEveryFormatUnderAnyName) {
  TemporaryFolder folder;
  auto net = drawn("base_cnn", {3, 8, 8}, 5);
  for (const char* written : {"w.safetensors", "w.pth", "w.pt"}) {
    save_weights(folder / written, net->state_dict(), {{"licence", "CC0"}});
    fs::copy_file(folder / written, folder / "odd.h5", fs::copy_options::overwrite_existing);
    for (const char* name : {written, "odd.h5"}) {
      WeightsFile file(folder / name);
      expect_equal(file.tensors(), net->state_dict());
      expect_equal(file.tensors_for(*net), net->state_dict());
      EXPECT_EQ(file.outputs(find_net("base_cnn")), 5);
      EXPECT_EQ(file.metadata().contains("licence"), std::string(written) == "w.safetensors");
    }
  }
}

// A safetensors file begins with its header's length: 640 has the bytes of a pickle.
TEST(WeightsFile, IsNotMistakenForAPickle) {
  TemporaryFolder folder;
  fs::path path = folder / "w.safetensors";
  StateDict state{{"x", zeros({2})}};
  for (u64 wanted : {0x280U, 0x380U, 0x480U, 0x580U}) {
    u64 length = 0;
    for (u64 padding = wanted - 200; padding < wanted && length != wanted; ++padding) {
      save_weights(path, state, {{"text", std::string(padding, 'x')}});
      std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(&length), 8);
    }
    ASSERT_EQ(length, wanted);
    expect_equal(WeightsFile(path).tensors(), state);
  }
}

TEST(WeightsFile, ReadsWhatPyTorchWrote) {
  StateDict of_zip = WeightsFile(goldens / "pytorch/checkpoint_zip.pth").tensors();
  EXPECT_FALSE(of_zip.empty());
  expect_equal(of_zip, WeightsFile(goldens / "pytorch/checkpoint_stream.pth").tensors());
}

TEST(WeightsFile, NamesKerassLayersAsTheNetDoes) {
  fs::path path = goldens / "keras/keras2_model.h5";
  auto net = load_keras(path);
  WeightsFile file(path);
  for (const StateDict& state : {file.tensors(), file.tensors_for(*net)})
    for (const auto& [name, tensor] : state)
      EXPECT_TRUE(equal(tensor, net->state_dict().at(name))) << name;
  EXPECT_EQ(file.tensors().count("conv2d_6.weight"), 1U);
  EXPECT_EQ(file.outputs(find_net("cnn1")), 3);
  EXPECT_TRUE(file.metadata().empty());
}

TEST(WeightsFile, SaysWhatElseAFileIs) {
  TemporaryFolder folder;
  auto error_with = [&](const std::string& bytes) {
    std::ofstream(folder / "w.pth", std::ios::binary) << bytes;
    return error_of([&] { WeightsFile file(folder / "w.pth"); });
  };
  for (const auto& [bytes, what] : std::map<std::string, std::string>{
           {"GIF89a", "a GIF"}, {"<html>", "a web page"}, {"%PDF-1.4", "a PDF"}, {"", "0 bytes"}}) {
    std::string error = error_with(bytes);
    EXPECT_TRUE(contains(error, what)) << error;
    EXPECT_TRUE(contains(error, "w.pth")) << error;
  }
  EXPECT_TRUE(contains(error_of([&] { WeightsFile file(folder / "none.h5"); }), "none.h5"));
  auto net = drawn("mlp1", {4}, 2);
  for (const char* name : {"w.h5", "w", "safetensors", "w.PTH"}) {
    std::string error = error_of([&] { save_weights(folder / name, net->state_dict()); });
    EXPECT_TRUE(contains(error, name) && contains(error, "ends neither")) << error;
    EXPECT_FALSE(fs::exists(folder / name));
  }
  save_weights(folder / "mlp.pt", net->state_dict());
  std::string error =
      error_of([&] { WeightsFile(folder / "mlp.pt").outputs(find_net("base_cnn")); });
  EXPECT_TRUE(contains(error, "no weights of a base_cnn: classifier.4.weight")) << error;
}

}  // namespace
}  // namespace melgrad
