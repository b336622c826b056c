#include <gtest/gtest.h>

#include <fstream>

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/flatten.h"
#include "layers/keras/build.h"
#include "layers/keras/config.h"
#include "layers/keras/load_keras.h"
#include "layers/keras/weights.h"
#include "layers/linear.h"
#include "layers/models/pretrained.h"
#include "layers/pool.h"
#include "layers/sequential.h"
#include "tensor/files/file.h"
#include "tensor/files/safetensors.h"
#include "tests/error_of.h"
#include "tests/golden_values.h"
#include "tests/temporary_folder.h"

// Files that Keras and h5py wrote, and what Keras says of them: tests/goldens/keras_files.py.
namespace melgrad {
namespace {

const std::filesystem::path goldens = std::filesystem::path(MELGRAD_TEST_DATA) / "goldens";

Tensor input(const Shape& sample) {
  Shape shape{3};
  for (i64 size : sample) shape.push_back(size);
  return hashed(1000, shape).to(Dtype::f32);
}

Tensor predicted(const std::string& name) {
  return load_safetensors(goldens / "keras.safetensors").tensors.at(name);
}

/// The layers of `sequential`, under our names.
class SmallCnn final : public Module {
 public:
  explicit SmallCnn(i64 classes = 3, bool as_keras = true) {
    features_.add<Conv2d>(2, 3, 3).add<ReLU>().add<BatchNorm2d>(3, keras_batch_norm);
    features_.add<MaxPool2d>(3, Pool2dOptions{.stride = 2, .mode = Padding::same});
    features_.add<Conv2d>(3, 4, 2).add<ReLU>();
    if (as_keras)
      features_.add<FlattenChannelsLast>();
    else
      features_.add<Flatten>();
    classifier_.add<Linear>(24, 5).add<ReLU>().add<Linear>(5, classes);
    add_module("features", features_);
    add_module("classifier", classifier_);
    eval();
  }
  std::string type() const override { return "SmallCnn"; }
  Variable forward(const Variable& x) override { return classifier_(features_(x)); }

 private:
  Sequential features_, classifier_;
};

TEST(Keras, BuildsTheNetThatAFileDescribes) {
  for (const char* file : {"keras2_model.h5", "keras3_model.h5"}) {
    auto net = load_keras(goldens / "keras" / file);
    EXPECT_EQ(net->input(), Shape({2, 9, 7}));
    EXPECT_FALSE(net->training());
    Tensor logits = (*net)(input(net->input())).data();
    EXPECT_LT(largest_difference(softmax(logits), predicted("sequential")), 1e-6) << file;
    auto names = net->state_dict();
    EXPECT_EQ(names.count("conv2d_6.weight"), 1U) << file;
    EXPECT_EQ(names.count("bn_3.running_var"), 1U) << file;
  }
  auto net = load_keras(goldens / "keras/keras3_functional.h5");
  EXPECT_EQ(net->input(), Shape({2, 8, 6}));
  Tensor y = (*net)(input(net->input())).data();
  EXPECT_LT(largest_difference(y, predicted("functional")), 1e-6) << "a softmax inside stays";
  std::map<std::string, std::string> details;
  for (const auto& [name, module] : net->modules()) details[name] = module->details();
  EXPECT_EQ(details["n1"], "4, eps 0.01, momentum 0.1");
}

// By order in a model's file, by order of each class in a .weights.h5.
TEST(Keras, LoadsIntoANetWithOtherNames) {
  for (const char* file : {"keras2_model.h5", "keras3_model.h5", "keras3.weights.h5"}) {
    SmallCnn net;
    KerasWeights weights = read_keras_weights(goldens / "keras" / file);
    EXPECT_EQ(weights.in_order, std::string(file) != "keras3.weights.h5");
    net.load_state_dict(keras_state_dict(weights, net));
    Tensor logits = net(input({2, 9, 7})).data();
    EXPECT_LT(largest_difference(softmax(logits), predicted("sequential")), 1e-6) << file;
  }
}

TEST(Keras, LoadsByNameWhereTheNetHasKerasNames) {
  auto net = load_keras(goldens / "keras/keras2_model.h5");
  Tensor before = (*net)(input({2, 9, 7})).data();
  Generator generator(1);
  net->reset(generator);
  KerasWeights weights = read_keras_weights(goldens / "keras/keras3.weights.h5");
  std::reverse(weights.layers.begin(), weights.layers.end());
  net->load_state_dict(keras_state_dict(weights, *net));
  EXPECT_LT(largest_difference((*net)(input({2, 9, 7})).data(), before), 1e-6);
}

// The file of ResNet-50's weights from 2017 has such names.
TEST(Keras, ReadsKeras1) {
  KerasWeights weights = read_keras_weights(goldens / "keras/keras1_weights.h5");
  ASSERT_EQ(weights.layers.size(), 2U);
  EXPECT_EQ(weights.layers[0].name, "conv1");
  EXPECT_EQ(weights.layers[1].name, "bn");
  StateDict state;
  for (const KerasLayer& layer : weights.layers)
    for (const auto& [name, tensor] : layer.tensors) state[layer.name + "." + name] = tensor;
  ASSERT_EQ(state.size(), 6U);
  Tensor kernel = hashed(0, {2, 2, 1, 3}).to(Dtype::f32);  // (h, w, in, out)
  EXPECT_TRUE(equal(state.at("conv1.weight"), kernel.permute({3, 2, 0, 1})));
  const char* others[] = {"conv1.bias", "bn.weight", "bn.bias", "bn.running_mean",
                          "bn.running_var"};
  for (u64 k = 0; k < 5; ++k)
    EXPECT_TRUE(equal(state.at(others[k]), hashed(k + 1, {3}).to(Dtype::f32))) << others[k];
}

// dense_2 comes before dense_10.
TEST(Keras, ReadsNumberedLayersWithoutNames) {
  KerasWeights weights = read_keras_weights(goldens / "keras/numbered.weights.h5");
  ASSERT_EQ(weights.layers.size(), 4U);
  std::map<std::string, double> norm;
  for (const auto& [name, tensor] : weights.layers[0].tensors) norm[name] = tensor.item();
  EXPECT_EQ(norm, (std::map<std::string, double>{
                      {"weight", 1}, {"bias", 0}, {"running_mean", 5}, {"running_var", 6}}));
  const std::pair<std::string, double> dense[] = {{"dense", 0}, {"dense_2", 2}, {"dense_10", 10}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(weights.layers[i + 1].name, dense[i].first);
    EXPECT_EQ(weights.layers[i + 1].tensors.at(0).second.item(), dense[i].second);
  }
}

TEST(Keras, MismatchesAreOneError) {
  KerasWeights weights = read_keras_weights(goldens / "keras/keras2_model.h5");
  SmallCnn other(7);
  std::string text = error_of([&] { other.load_state_dict(keras_state_dict(weights, other)); });
  EXPECT_TRUE(contains(text, "classifier.2.weight")) << text;
  EXPECT_TRUE(contains(text, "classifier.2.bias")) << text;
  PretrainedReport report =
      load_pretrained(other, keras_state_dict(weights, other), {"classifier.2"});
  EXPECT_EQ(report.kept, (std::vector<std::string>{"classifier.2.bias", "classifier.2.weight"}));

  weights.layers.erase(weights.layers.begin() + 1);  // what follows does not fit any more
  SmallCnn net;
  text = error_of([&] { net.load_state_dict(keras_state_dict(weights, net)); });
  for (const char* part : {"features.2.running_mean", "features.2.weight", "classifier.2.weight"})
    EXPECT_TRUE(contains(text, part)) << part << text;

  SmallCnn flattens(3, false);
  text = error_of([&] { keras_state_dict(weights, flattens); });
  EXPECT_TRUE(contains(text, "flattens pictures in the order C, H, W (features.6)")) << text;
}

TEST(Keras, SaysWhatAFileIsInstead) {
  auto text = [](const char* file) { return error_of([&] { load_keras(goldens / file); }); };
  EXPECT_TRUE(contains(text("keras/keras1_weights.h5"),
                       "keras1_weights.h5: has weights only, no model_config"));
  EXPECT_TRUE(contains(text("keras/types.h5"), "types.h5: an HDF5 file, but not Keras's"));
  EXPECT_TRUE(contains(text("keras.safetensors"), "keras.safetensors: not an HDF5 file"));
  TemporaryFolder folder;
  write_file(folder / "x.keras", std::string("PK\3\4") + std::string(26, '\0') + "metadata.json{}");
  EXPECT_TRUE(contains(error_of([&] { load_keras(folder / "x.keras"); }),
                       "not an HDF5 file: it is a Keras archive"));
}

// --- descriptions --------------------------------------------------------------------------------

std::string layer(const std::string& kind, const std::string& name, const std::string& options,
                  const std::string& beside = "") {
  return R"({"class_name": ")" + kind + R"(", "config": {"name": ")" + name + "\"" +
         (options.empty() ? "" : ", " + options) + "}" + beside + "}";
}

/// What load_keras says of a model of these layers after a convolution "c" of (5, 4, 1), behind "layer ".
std::string refusal(const std::string& layers) {
  KerasWeights weights;
  weights.path = "x.h5";
  weights.layers = {{"c", {{"weight", zeros({2, 1, 3, 3})}, {"bias", zeros({2})}}},
                    {"d", {{"weight", zeros({4, 12})}, {"bias", zeros({4})}}}};
  weights.model_config =
      R"({"class_name": "Sequential", "config": [)" +
      layer("Conv2D", "c",
            R"("filters": 2, "kernel_size": [3, 3], "batch_input_shape": [null, 5, 4, 1])") +
      (layers.empty() ? "" : ", ") + layers + "]}";
  std::string text = error_of([&] { build_keras(weights); }), start = "[load_keras] x.h5: layer ";
  return text.starts_with(start) ? text.substr(start.size()) : text;
}

TEST(Keras, OptionsThatAreNotKnownAreNamed) {
  EXPECT_EQ(refusal(""), "no error");
  const std::string f = layer("Flatten", "f", "");
  EXPECT_EQ(refusal(f + "," + layer("Dense", "d", R"("units": 4)")), "no error");
  auto one = [](const char* kind, const char* options) {
    return refusal(layer(kind, "x", options));
  };
  EXPECT_EQ(one("LSTM", R"("units": 3)"),
            "'x' (LSTM): this class is not known here; known are InputLayer, Conv2D, MaxPooling2D, "
            "AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, BatchNormalization, "
            "ZeroPadding2D, Dropout, Flatten, Dense, Activation, ReLU, LeakyReLU, Softmax");
  EXPECT_EQ(one("Conv2D", R"("filters": 2, "kernel_size": 1, "padding": "causal")"),
            "'x' (Conv2D): option 'padding' = \"causal\" is not known here");
  EXPECT_EQ(one("Conv2D", R"("filters": 2, "kernel_size": [1, 1, 1])"),
            "'x' (Conv2D): option 'kernel_size' = [1,1,1] is not known here");
  EXPECT_EQ(one("Conv2D", R"("filters": 2.5, "kernel_size": 1)"),
            "'x' (Conv2D): option 'filters' = 2.5 is not known here");
  EXPECT_EQ(one("Conv2D", R"("kernel_size": 1)"), "'x' (Conv2D): has no option 'filters'");
  EXPECT_EQ(one("Conv2D", R"("filters": 2, "kernel_size": 9)"),
            "'x' (Conv2D): no window of 9 × 9 fits into (3, 2, 2)");
  EXPECT_EQ(one("Conv2D", R"("filters": 2, "kernel_size": 1)"),
            "'x' (Conv2D): the file has no weights of this name");
  EXPECT_EQ(one("MaxPooling2D", R"("data_format": "channels_first")"),
            "'x' (MaxPooling2D): option 'data_format' = \"channels_first\" is not known here");
  EXPECT_EQ(one("GlobalMaxPooling2D", R"("keepdims": true)"),
            "'x' (GlobalMaxPooling2D): option 'keepdims' = true is not known here");
  EXPECT_EQ(one("BatchNormalization", R"("axis": [1])"),
            "'x' (BatchNormalization): option 'axis' = [1] is not known here");
  EXPECT_EQ(one("Dropout", R"("rate": 1.0)"),
            "'x' (Dropout): option 'rate' = 1.0 is not known here");
  EXPECT_EQ(one("Dropout", R"("rate": 0.5, "noise_shape": [1, 2])"),
            "'x' (Dropout): option 'noise_shape' = [1,2] is not known here");
  EXPECT_EQ(one("Activation", R"("activation": "swish")"),
            "'x' (Activation): option 'activation' = \"swish\" is not known here");
  EXPECT_EQ(one("ReLU", R"("max_value": 6.0)"),
            "'x' (ReLU): option 'max_value' = 6.0 is not known here");
  EXPECT_EQ(one("Softmax", ""), "'x' (Softmax): a softmax of (D) is known here, not of (3, 2, 2)");
  EXPECT_EQ(one("Dense", R"("units": 4)"), "'x' (Dense): takes (D) or (T, D), here (3, 2, 2)");
  EXPECT_EQ(refusal(f + "," + layer("Dense", "d", R"("units": 1000000000)")),
            "'d' (Dense): a weight (4, 12) where (1000000000, 12) is expected");
  EXPECT_EQ(refusal(f + "," + layer("Dense", "d", R"("units": 4, "use_bias": false)")),
            "'d' (Dense): has a bias in its weights only");
  EXPECT_EQ(one("ZeroPadding2D", R"("padding": [1, 2, 3])"),
            "'x' (ZeroPadding2D): option 'padding' = [1,2,3] is not known here");
}

TEST(Keras, FollowsALineOfLayersOnly) {
  auto nodes = [](const std::string& inputs) { return R"(, "inbound_nodes": [[)" + inputs + "]]"; };
  auto from = [](const std::string& name) { return "[\"" + name + "\", 0, 0, {}]"; };
  auto read = [](const std::string& layers) {
    return read_keras_config("x.h5",
                             R"({"class_name": "Model", "config": {"layers": [)" + layers + "]}}");
  };
  const std::string in = layer("InputLayer", "i", R"("batch_input_shape": [null, null, 4, 1])",
                               R"(, "inbound_nodes": [])");
  const std::string a = layer("ReLU", "a", "", nodes(from("i")));
  const std::string b = layer("Softmax", "b", R"("axis": -1)", nodes(from("a")));
  KerasModelConfig net = read(b + "," + in + "," + a);  // in whatever order they stand
  EXPECT_EQ(net.input, (std::vector<i64>{-1, 4, 1}));
  ASSERT_EQ(net.layers.size(), 2U);
  EXPECT_EQ(net.layers[0].name, "a");
  EXPECT_EQ(net.layers[1].class_name, "Softmax");

  const std::string end =
      "; nets whose layers stand in one line are built here, into others weights load "
      "(keras_state_dict)";
  auto refused = [&](const std::string& layers) { return error_of([&] { read(layers); }); };
  EXPECT_EQ(refused(in + "," + a + "," + layer("Add", "s", "", nodes(from("i") + "," + from("a")))),
            "[load_keras] x.h5: layer 's' (Add) has 2 inputs" + end);
  EXPECT_EQ(refused(in + "," + a + "," + layer("ReLU", "s", "", nodes(from("i")))),
            "[load_keras] x.h5: layer 's' (ReLU) is the second that follows 'i'" + end);
  EXPECT_EQ(refused(in + "," + layer("ReLU", "s", "", nodes(from("s")))),
            "[load_keras] x.h5: 1 layers of 2 are not reached from the input" + end);
  EXPECT_EQ(refused(layer("ReLU", "s", "", nodes(from("s")))),
            "[load_keras] x.h5: no layer of the net takes its input");
  EXPECT_EQ(error_of([] { read_keras_config("x.h5", "{"); }),
            "[load_keras] x.h5: model_config is not a net's JSON");
  EXPECT_EQ(
      error_of([] { read_keras_config("x.h5", R"({"class_name": "Mine", "config": {}})"); }),
      "[load_keras] x.h5: a net of class Mine is not known here; Sequential and Functional ones "
      "are");
  std::string deep = R"({"class_name": "Sequential", "config": )" + std::string(100'000, '[') +
                     std::string(100'000, ']') + "}";
  EXPECT_NE(error_of([&] { read_keras_config("x.h5", deep); }), "no error");
}

// --- damaged files -------------------------------------------------------------------------------

TEST(Keras, TheSameWeightsOverAndOverAreRefused) {
  std::string text = error_of([&] { read_keras_weights(goldens / "keras/repeated.h5"); });
  EXPECT_TRUE(contains(text, "layer 'd': more weights than the file has bytes")) << text;
}

// Every eleventh byte, one at a time; of the reader's own test every one.
TEST(Keras, DamagedFilesAreErrorsOrNets) {
  TemporaryFolder folder;
  for (const char* name : {"keras2_model.h5", "keras3.weights.h5"}) {
    const std::string whole = read_file(goldens / "keras" / name);
    const std::filesystem::path path = folder / name;
    write_file(path, whole);
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    auto put = [&](std::size_t at, int byte) {
      file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(byte)).flush();
    };
    int errors = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
      if (whole[at] == 0 || at % 11 != 0) continue;
      put(at, whole[at] ^ 0xff);
      std::string text = error_of([&] { load_keras(path); });
      errors += contains(text, "weights only") || text == "no error" ? 0 : 1;
      put(at, whole[at]);
    }
    EXPECT_GT(errors, 80) << name;
  }
}

}  // namespace
}  // namespace melgrad
