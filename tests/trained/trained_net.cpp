// A weights file is complete by itself: what is saved comes back, key by key, and computes the same.
#include "apps/trained/trained_net.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "layers/models/registry.h"
#include "tensor/files/image.h"
#include "tensor/files/safetensors.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"
#include "tests/trained/leaves.h"
#include "tests/trained/song.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::unique_ptr<Module> drawn(const std::string& name, const Shape& shape, i64 classes) {
  auto net = make_net(name, shape, classes);
  Generator generator(5);
  net->reset(generator);
  net->eval();
  return net;
}

// base_cnn on three channels that are one log-mel spectrogram, normalised by band.
TrainedNet example() {
  Feature feature{.kind = "logmel", .sr = 6000};
  feature.stft = {.n_fft = 256, .hop_length = 100};
  feature.mel.n_mels = 10;
  TrainedNet trained{.name = "base_cnn", .shape = {3, 10, 17}, .classes = {"jazz", "métal"}};
  trained.input = {.name = "log-mel",
                   .recipe = Spectrum{.feature = feature, .frames = 17},
                   .variants = {Distortion{.least_snr_db = 3, .most_snr_db = 4}}};
  for (int band = 0; band < 10; ++band) {
    trained.normalisation.mean.push_back(-30 - 1. / 3 * band);
    trained.normalisation.std.push_back(10 + .1 * band);
  }
  trained.scores = {{"accuracy", .9}, {"loss", 1. / 3}};
  trained.training = R"({"study":"four genres","settings":{"lr":0.001,"batch":64}})";
  trained.other = R"({"licence":"CC0","lineage":{"from":["a",1]}})";
  trained.net = drawn("base_cnn", {3, 10, 17}, 2);
  return trained;
}

class Trained : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  fs::path path = folder / "net.safetensors";

  static std::string key_of(const fs::path& file) {
    return load_safetensors(file).metadata.at("melgrad");
  }
  void set_key(const std::string& text) const {
    save_safetensors(path, load_safetensors(path).tensors, {{"melgrad", text}});
  }
  // What loading says of a file with this key.
  std::string error_with(const std::string& text) const {
    set_key(text);
    std::string error = error_of([&] { load_trained(path); });
    EXPECT_TRUE(contains(error, path.string()) || error == "no error") << error;
    return error;
  }
};

TEST_F(Trained, FromAFileAndASongToStrengths) {
  TrainedNet saved = example();
  save_trained(path, saved);
  TrainedNet net = load_trained(path);
  EXPECT_FALSE(net.net->training());

  // By hand: feature, normalisation, three channels, net, softmax.
  fs::path song = write_song(folder / "song.wav", .6);
  Tensor x = extract(std::get<Spectrum>(saved.input.recipe).feature, Example{song, 0, ""});
  x = x.slice(1, 0, 17).clone();
  auto* value = x.data<float>();
  for (std::size_t band = 0; band < 10; ++band)
    for (int t = 0; t < 17; ++t, ++value)
      *value = (*value - static_cast<float>(saved.normalisation.mean[band])) /
               static_cast<float>(saved.normalisation.std[band]);
  NoGrad no_grad;
  Variable logits = (*saved.net)(stack(std::vector<Tensor>{x, x, x}).unsqueeze(0));
  Tensor expected = softmax(logits, 1).data().select(0, 0);
  Tensor strengths = net.strengths(song);
  EXPECT_EQ(strengths.shape(), (Shape{2}));
  EXPECT_TRUE(equal(strengths, expected));
  EXPECT_NEAR(sum(strengths).item(), 1, 1e-6);
  EXPECT_GT(std::abs(strengths.select(0, 0).item() - .5), 1e-4) << "two that differ";

  // From an offset on; rows by themselves, whatever stands beside them.
  Tensor row = net.input.load({.path = song, .label = 0, .group = "", .offset = .2});
  Tensor later = net.strengths(song, .2);
  EXPECT_FALSE(equal(later, strengths));
  Tensor rows = stack(std::vector<Tensor>{net.input.load({song, 0, ""}), row});
  EXPECT_LT(max(abs(net.strengths(rows) - stack(std::vector<Tensor>{strengths, later}))).item(),
            1e-6);  // f32 sums
  EXPECT_TRUE(contains(error_of([&] { net.strengths(folder / "no.wav"); }), "no.wav"));
}

// Another value of the same type, such as a file may have.
Json other_value(const std::string& place, const Json& value) {
  const std::map<std::string, Json> known = {{"/input/kind", {}},  // has a test of its own
                                             {"/input/stored", "u8"},
                                             {"/input/parameters/feature/kind", "mel"},
                                             {"/input/parameters/feature/stft/window", "kaiser"},
                                             {"/input/parameters/feature/stft/pad_mode", "edge"},
                                             {"/input/parameters/feature/dtype", "f64"}};
  if (auto found = known.find(place); found != known.end()) return found->second;
  if (value.is_null()) return 77;
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_integer()) return value.get<i64>() + 1;
  if (value.is_number()) return value.get<double>() * 1.5 + 1. / 3;
  return value.get<std::string>() + " \"ü\"";
}

TEST_F(Trained, EveryFieldOfTheKeyIsKept) {
  save_trained(path, example());
  std::string text = key_of(path);
  const std::vector<std::string> tied = {"/format",
                                         "/version",
                                         "/net",
                                         "/shape/0",
                                         "/shape/1",
                                         "/shape/2",
                                         "/input/kind",
                                         "/input/parameters/feature/mel/n_mels",
                                         "/input/parameters/frames",
                                         "/input/parameters/frames_first"};
  int kept = 0;
  for (const auto& [place, value] : leaves(Json::parse(text))) {
    if (std::find(tied.begin(), tied.end(), place) != tied.end()) continue;
    std::string other = with(text, place, other_value(place, value));
    ASSERT_NE(other, text) << place;
    set_key(other);
    save_trained(folder / "again.safetensors", load_trained(path));
    EXPECT_EQ(Json::parse(key_of(folder / "again.safetensors")), Json::parse(other)) << place;
    ++kept;
  }
  EXPECT_GT(kept, 60);
}

TEST_F(Trained, TheKeySaysWhatItShould) {
  save_trained(path, example());
  Json json = Json::parse(key_of(path));
  EXPECT_EQ(json["format"], 1);
  EXPECT_TRUE(json["version"].is_string());
  EXPECT_EQ(json["net"], "base_cnn");
  EXPECT_EQ(json["shape"], (std::vector<i64>{3, 10, 17}));
  EXPECT_EQ(json["classes"], (std::vector<std::string>{"jazz", "métal"}));
  EXPECT_EQ(json["input"]["kind"], "spectrum");
  EXPECT_EQ(json["input"]["name"], "log-mel");
  EXPECT_EQ(json["input"]["mean"].size(), 10U);
  EXPECT_EQ(json["input"]["std"][9], 10.9);
  EXPECT_EQ(json["training"]["settings"]["batch"], 64);
  EXPECT_EQ(json["scores"]["accuracy"], .9);
  EXPECT_EQ(json["lineage"]["from"][1], 1);
  TrainedNet back = load_trained(path);
  EXPECT_EQ(back.input.json(), example().input.json());
  EXPECT_EQ(back.scores, example().scores);
  EXPECT_EQ(back.other, example().other);
  EXPECT_EQ(back.training, example().training);

  // What this version knows is not taken from `other`; a version is that of who writes.
  TrainedNet forged = example();
  forged.other = R"({"net": "mlp1", "format": 7, "licence": "CC0"})";
  save_trained(path, forged);
  EXPECT_EQ(load_trained(path).name, "base_cnn");
  set_key(with(key_of(path), "/version", "9.9"));
  TrainedNet later = load_trained(path);
  save_trained(path, later);
  EXPECT_EQ(Json::parse(key_of(path))["version"], json["version"]);
}

TEST_F(Trained, ErrorsNameTheFileAndTheKey) {
  save_trained(path, example());
  std::string text = key_of(path);
  Json json = Json::parse(text);
  for (const char* key :
       {"format", "version", "net", "shape", "classes", "input", "training", "scores"}) {
    std::string place = std::string("/") + key;
    EXPECT_TRUE(contains(error_with(without(text, place)), std::string(key) + " is missing"));
    std::string error = error_with(with(text, place, true));
    EXPECT_TRUE(contains(error, std::string(key) + " is ") && contains(error, "not true")) << error;
  }
  for (const char* place : {"/input/mean", "/input/std", "/input/name", "/input/kind",
                            "/input/parameters/frames", "/input/variants/0/cuts"}) {
    std::string name = std::string(place).substr(std::string(place).rfind('/') + 1);
    EXPECT_TRUE(contains(error_with(without(text, place)), name + " is missing")) << place;
  }
  for (const auto& [place, value, said] : std::vector<std::tuple<std::string, Json, std::string>>{
           {"/format", 2, "format is 2"},
           {"/format", 0, "format is 0"},
           {"/net", "resnet", "there is no net 'resnet'; there are: logistic"},
           {"/net", "mlp1", "no weights of a mlp1: 3.weight is not there"},
           {"/net", "deep_cnn", "at least 32: (3, 10, 17)"},
           {"/shape/1", 11, "the input gives (1, 10, 17), the net sees (3, 11, 17)"},
           {"/shape/0", 0, "(0, 10, 17)"},
           {"/shape/0", -3, "(-3, 10, 17)"},
           {"/shape/2", 1LL << 60, "too large"},
           {"/shape/0", 1, "features.0.weight"},
           {"/classes/2", "techno", "3 classes are named, base_cnn has 2 outputs"},
           {"/classes", Json::array(), "0 classes are named"},
           {"/classes/0", 1, "classes[0] is a text, not 1"},
           {"/input/kind", "film", "\"film\""},
           {"/input/parameters/frames", 18, "the input gives (1, 10, 18)"},
           {"/input/parameters/frames_first", true, "the input gives (1, 17, 10)"},
           {"/input/mean/10", 0., "mean has 11 values, std 10"},
           {"/input/std/3", 0., "std is 0"},
           {"/input/std/3", "inf", "std is inf"},
           {"/input/mean/3", "nan", "mean is nan"},
           {"/scores/loss", "low", "scores.loss is a number, not \"low\""}})
    EXPECT_TRUE(contains(error_with(with(text, place, value)), said))
        << place << " " << value << ": " << error_with(with(text, place, value));
  for (const char* broken : {"", "{", "7", "[]", "{\"format\": 1}", "{\"format\": 1e99}"})
    EXPECT_NE(error_with(broken), "no error") << broken;
}

TEST_F(Trained, WeightsThatDoNotFitAreListed) {
  save_trained(path, example());
  TensorFile file = load_safetensors(path);
  auto error_with_tensors = [&](const StateDict& tensors) {
    save_safetensors(path, tensors, file.metadata);
    std::string error = error_of([&] { load_trained(path); });
    EXPECT_TRUE(contains(error, path.string())) << error;
    return error;
  };
  for (const auto& [name, tensor] : file.tensors) {
    StateDict tensors = file.tensors;
    tensors.erase(name);
    bool may_be_missing = name.ends_with("num_batches_tracked");  // in old weights
    EXPECT_TRUE(may_be_missing || contains(error_with_tensors(tensors), name)) << name;
    tensors[name] = zeros({7, 7});
    EXPECT_TRUE(contains(error_with_tensors(tensors),
                         name == "classifier.4.weight" ? "has 7 outputs" : name));
  }
  for (const Shape& shape : {Shape{}, Shape{7}, Shape{2, 7, 1}}) {
    StateDict tensors = file.tensors;
    tensors["classifier.4.weight"] = zeros(shape);
    EXPECT_TRUE(
        contains(error_with_tensors(tensors), "classifier.4.weight is " + to_string(shape)));
  }
  file.tensors["more"] = zeros({1});
  EXPECT_TRUE(contains(error_with_tensors(file.tensors), "more"));
}

// torchvision's files and the like: what the file lacks is in the options.
TEST_F(Trained, AFileThatSaysNothingOfItself) {
  TrainedNet trained = example();
  save_safetensors(path, trained.net->state_dict(), {{"format", "pt"}});
  EXPECT_TRUE(contains(error_of([&] { load_trained(path); }), "no metadata 'melgrad'"));
  TrainedOptions options{.name = "base_cnn", .shape = {3, 10, 17}, .input = trained.input};
  TrainedNet loaded = load_trained(path, options);
  EXPECT_EQ(loaded.classes, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(loaded.shape, options.shape);
  EXPECT_EQ(loaded.input.json(), trained.input.json());
  EXPECT_TRUE(loaded.normalisation.mean.empty());
  EXPECT_EQ(loaded.training, "{}");
  options.classes = {"a", "b"};
  EXPECT_EQ(load_trained(path, options).classes, options.classes);
  options.classes = {"a", "b", "c"};
  EXPECT_TRUE(contains(error_of([&] { load_trained(path, options); }), "3 classes are named"));

  // The net's own shape and a picture are what is meant by nothing.
  save_safetensors(path, drawn("mlp1", {3, 64, 64}, 4)->state_dict());
  EXPECT_EQ(load_trained(path, {.name = "mlp1"}).shape, (Shape{3, 64, 64}));

  // What the file says wins.
  save_trained(path, trained);
  loaded = load_trained(path, {.name = "mlp1", .shape = {3, 64, 64}, .classes = {"x"}});
  EXPECT_EQ(loaded.name, "base_cnn");
  EXPECT_EQ(loaded.classes, trained.classes);
}

TEST_F(Trained, WhatCouldNotBeLoadedIsNotSaved) {
  auto refused = [&](auto change) {
    TrainedNet trained = example();
    change(trained);
    std::string error = error_of([&] { save_trained(path, trained); });
    EXPECT_FALSE(fs::exists(path));
    EXPECT_TRUE(contains(error, path.string())) << error;
    return error;
  };
  EXPECT_TRUE(contains(refused([](TrainedNet& x) { x.net.reset(); }), "no net"));
  EXPECT_TRUE(contains(refused([](TrainedNet& x) { x.name = "resnet"; }), "'resnet'"));
  EXPECT_TRUE(contains(refused([](TrainedNet& x) { x.classes.pop_back(); }), "1 classes"));
  EXPECT_TRUE(contains(refused([](TrainedNet& x) { x.classes[0] = "\xff"; }), "UTF-8"));
  EXPECT_TRUE(
      contains(refused([](TrainedNet& x) { x.shape[1] = 12; }), "the net sees (3, 12, 17)"));
  EXPECT_TRUE(contains(refused([](TrainedNet& x) { x.training = "lr"; }), "training is no JSON"));
  EXPECT_TRUE(contains(refused([](TrainedNet& x) { x.training = "[]"; }), "training is an object"));
  EXPECT_TRUE(contains(refused([](TrainedNet& x) { x.other = ""; }), "other is no JSON"));
  EXPECT_TRUE(contains(refused([](TrainedNet& x) { x.normalisation.std.clear(); }), "std 0"));
  TrainedNet empty;
  EXPECT_THROW(empty.strengths(zeros({1, 3})), Error);
}

TEST(Normalised, OfEverythingEachChannelOrBand) {
  Generator generator(1);
  Tensor x = randn({2, 3, 4, 5}, generator);
  EXPECT_TRUE(Normalisation{}(x).shares_storage(x));
  auto expect = [](const Tensor& rows, const Normalisation& n, auto which) {
    std::vector<float> expected;
    std::vector<float> values = rows.to_vector<float>();
    for (std::size_t i = 0; i < values.size(); ++i)
      expected.push_back((values[i] - static_cast<float>(n.mean[which(i)])) /
                         static_cast<float>(n.std[which(i)]));
    EXPECT_EQ(n(rows).to_vector<float>(), expected) << n.mean.size();
  };
  expect(x, {{.1}, {3}}, [](std::size_t) { return 0; });
  expect(x, {{.1, .2, .3}, {1, 2, 3}}, [](std::size_t i) { return i / 20 % 3; });
  expect(x, {{.1, .2, .3, .4}, {1, 2, 3, 4}}, [](std::size_t i) { return i / 5 % 4; });
  Tensor square = randn({1, 3, 3, 2}, generator);  // as many channels as bands: channels
  expect(square, {{.1, .2, .3}, {1, 2, 3}}, [](std::size_t i) { return i / 6; });
  Tensor table = randn({3, 2}, generator);
  expect(table, {{.1, .2}, {1, 2}}, [](std::size_t i) { return i % 2; });
  for (const Tensor& wrong : {x, table, zeros({2, 5, 5})}) {
    Normalisation five{{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}};
    EXPECT_TRUE(contains(error_of([&] { five(wrong); }), to_string(wrong.shape())));
  }
}

TEST(See, BytesAreSharesAndOneChannelIsRepeated) {
  TrainedNet trained = example();
  trained.normalisation = {{.25, .5, .75}, {1, 2, 4}};  // of each channel, as ImageNet's
  std::vector<u8> bytes(170);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<u8>(i + 80);
  Tensor seen = trained.see(from_vector(bytes, {1, 1, 10, 17}));
  EXPECT_EQ(seen.shape(), (Shape{1, 3, 10, 17}));
  std::vector<float> values = seen.to_vector<float>();
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_EQ(values[170 * c + i], (static_cast<float>(bytes[i]) / 255 -
                                      static_cast<float>(trained.normalisation.mean[c])) /
                                         static_cast<float>(trained.normalisation.std[c]));
  for (const Shape& wrong : {Shape{1, 10, 17}, Shape{1, 2, 10, 17}, Shape{1, 1, 17, 10}, Shape{3}})
    EXPECT_TRUE(contains(error_of([&] { trained.see(zeros(wrong)); }), to_string(wrong)));
}

TEST_F(Trained, PicturesAndTables) {
  TrainedNet drawn_one{.name = "logistic", .shape = {3, 12, 8}, .classes = {"a", "b", "c"}};
  drawn_one.input.recipe = Picture{.height = 12, .width = 8};
  drawn_one.net = drawn("logistic", {3, 12, 8}, 3);
  save_trained(path, drawn_one);
  save_png(folder / "x.png", full({30, 20, 3}, 99, Dtype::u8));
  Tensor strengths = load_trained(path).strengths(folder / "x.png");
  NoGrad no_grad;
  Tensor row = load_picture(Picture{.height = 12, .width = 8}, folder / "x.png");
  EXPECT_TRUE(equal(strengths, softmax((*drawn_one.net)(row.unsqueeze(0)).data(), 1).select(0, 0)));

  TrainedNet table{.name = "mlp2", .shape = {2}, .classes = {"a", "b"}};
  table.input = {.name = "spotify", .recipe = Columns{{"tempo", "key"}}};
  table.normalisation = {{100, 5}, {20, 3}};
  table.net = drawn("mlp2", {2}, 2);
  save_trained(path, table);
  TrainedNet back = load_trained(path);
  Tensor rows = from_vector(std::vector<float>{120, 8, 80, 2, 100, 5}, {3, 2});
  Tensor normal = from_vector(std::vector<float>{1, 1, -1, -1, 0, 0}, {3, 2});
  EXPECT_TRUE(equal(back.strengths(rows), softmax((*table.net)(normal).data(), 1)));
  EXPECT_TRUE(contains(error_of([&] { back.strengths(folder / "x.wav"); }), "columns of a table"));
}

}  // namespace
}  // namespace melgrad
