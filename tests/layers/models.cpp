// The registry: parameter counts, torchvision's names, loading published weights into other heads.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "layers/models/pretrained.h"
#include "layers/models/registry.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

TEST(Models, ParameterCountsArePublished) {
  auto count = [](const char* name, i64 classes) {
    return make_net(name, classes)->parameter_count();
  };
  EXPECT_EQ(count("alexnet", 10), 57044810);
  EXPECT_EQ(count("alexnet", 1000), 61100840);
  EXPECT_EQ(count("vgg11", 10), 128807306);
  EXPECT_EQ(count("vgg11_bn", 10), 128812810);
  EXPECT_EQ(count("vgg16", 10), 134301514);
  EXPECT_EQ(count("vgg16_bn", 10), 134309962);
  EXPECT_EQ(count("resnet34", 10), 21289802);
  EXPECT_EQ(count("resnet50", 10), 23528522);
  EXPECT_EQ(count("resnetrs50", 10), 33663402);
  EXPECT_EQ(count("alexnet_fastai", 10), 2739008);
  EXPECT_EQ(count("vgg16_bn_fastai", 10), 15255616);
  EXPECT_EQ(count("resnet34_fastai", 10), 21817152);
  EXPECT_EQ(count("resnet50_fastai", 10), 25619520);
  EXPECT_EQ(count("resnetrs50_fastai", 10), 35754400);
  EXPECT_EQ(count("logistic", 4), 12288 * 4 + 4);
  EXPECT_EQ(count("mlp1", 4), 12289 * 512 + 513 * 4);
  EXPECT_EQ(count("mlp2", 4), 12289 * 512 + 513 * 128 + 129 * 4);
  auto conv = [](i64 in, i64 out) { return in * out * 9 + 3 * out; };  // with bias and batch norm
  i64 base = conv(3, 32) + conv(32, 64) + conv(64, 128);
  EXPECT_EQ(count("base_cnn", 4), base + 8193 * 128 + 129 * 4);
  EXPECT_EQ(count("cnn_rnn", 4), base + 128 * (1024 + 128 + 2) + 129 * 4);
  EXPECT_EQ(count("cnn_lstm", 4), base + 4 * 128 * (1024 + 128 + 2) + 129 * 4);
  i64 deep = conv(3, 32) + conv(32, 32) + conv(32, 64) + conv(64, 64) + conv(64, 128) +
             conv(128, 128) + conv(128, 256) + 3 * conv(256, 256);
  EXPECT_EQ(count("deep_cnn", 4), deep + 1025 * 128 + 129 * 4);
}

// Names, order and shapes of every tensor in torchvision's and timm's state dicts.
TEST(Models, StateDictsArePublished) {
  std::ifstream file(MELGRAD_TEST_DATA "/goldens/state_dicts.txt");
  ASSERT_TRUE(file);
  std::map<std::string, std::vector<std::pair<std::string, Shape>>> expected;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string net, name;
    words >> net >> name;
    Shape shape;
    for (i64 size; words >> size;) shape.push_back(size);
    expected[net].emplace_back(name, shape);
  }
  EXPECT_EQ(expected.size(), 8U);
  const std::map<std::string, i64> published{
      {"resnet34", 21797672}, {"resnet50", 25557032}, {"resnetrs50", 35691912}};
  for (const auto& [net_name, tensors] : expected) {
    auto net = make_net(net_name, 1000);
    if (auto count = published.find(net_name); count != published.end()) {
      EXPECT_EQ(net->parameter_count(), count->second) << net_name;
    }
    StateDict state = net->state_dict();
    EXPECT_EQ(state.size(), tensors.size()) << net_name;
    for (const auto& [name, shape] : tensors) {
      ASSERT_TRUE(state.contains(name)) << net_name << " " << name;
      EXPECT_EQ(state[name].shape(), shape) << net_name << " " << name;
    }
    // Parameters in the same order, too: an optimiser's state goes by it in PyTorch.
    Named<Variable> parameters = net->parameters();
    std::size_t next = 0;
    for (const auto& [name, shape] : tensors)
      if (next < parameters.size() && parameters[next].first == name) ++next;
    EXPECT_EQ(next, parameters.size()) << net_name;
  }
}

TEST(Models, EveryNetRunsForwardAndTrainsItsParameters) {
  for (const NetEntry& entry : nets()) {
    if (entry.input.numel() > 20000) continue;  // the big ones are tests/nets
    auto net = make_net(entry.name, entry.classes);
    Generator generator(1);
    net->reset(generator);
    Shape batch = entry.input;
    batch.insert(0, 2);
    Variable y = (*net)(rand(batch, generator));
    EXPECT_EQ(y.shape(), (Shape{2, entry.classes})) << entry.name;
    cross_entropy(y, zeros({2}, Dtype::i64)).backward();
    for (auto& [name, p] : net->parameters())
      EXPECT_TRUE(p.grad().defined()) << entry.name << " " << name;
  }
}

// 1 GB of what vgg11_bn is, too.
bool is_one_more_vgg(const NetEntry& entry) {
  return std::set<std::string>{"vgg11", "vgg16", "vgg16_bn"}.contains(entry.name);
}

// Which tests of values leave out: they are run without dropout.
TEST(Models, FastaisHeadHasItsDropout) {
  auto net = make_net("alexnet_fastai", 10);
  std::map<std::string, std::string> details;
  for (const auto& [name, module] : net->modules())
    if (module->type() == "Dropout") details[name] = module->details();
  EXPECT_EQ(details,
            (std::map<std::string, std::string>{{"head.3", "p 0.25"}, {"head.7", "p 0.5"}}));
}

// (C, H, W) of all kinds: the smallest, odd ones, oblong ones, one channel and many.
std::vector<Shape> shapes_of(const NetEntry& entry) {
  if (entry.least == 0) return {{5}, {1, 1, 1}, {2, 3}, {1, 7, 20}, {3, 64, 64}};
  i64 n = entry.least;
  return {{3, n, n}, {1, n + 7, n}, {5, n + 1, n + 20}};
}

TEST(Models, TakeInputsOfOtherShapes) {
  for (const NetEntry& entry : nets()) {
    if (is_one_more_vgg(entry)) continue;
    for (const Shape& shape : shapes_of(entry)) {
      auto net = make_net(entry.name, shape, 3);
      net->eval();
      Shape batch = shape;
      batch.insert(0, 2);
      NoGrad no_grad;
      EXPECT_EQ((*net)(zeros(batch)).shape(), (Shape{2, 3})) << entry.name << shape;
      StateDict state = net->state_dict();
      auto head = state.find(std::string(entry.head) + ".weight");
      ASSERT_NE(head, state.end()) << entry.name;
      EXPECT_EQ(head->second.dim(0), 3) << entry.name;
    }
  }
}

// An input that is refused is one that the net could not compute with.
TEST(Models, TheSmallestInputIsTheSmallest) {
  for (const NetEntry& entry : nets()) {
    if (entry.least == 0 || is_one_more_vgg(entry)) continue;
    i64 n = entry.least;
    for (const Shape& shape : {Shape{3, n - 1, n}, Shape{3, n, n - 1}}) {
      std::string error = error_of([&] { make_net(entry.name, shape, 3); });
      EXPECT_TRUE(contains(error, entry.name) && contains(error, std::to_string(n)) &&
                  contains(error, to_string(shape)))
          << error;
      auto compute = [&] {
        auto net = entry.make(shape, 3);
        net->eval();
        NoGrad no_grad;
        (*net)(zeros({1, 3, shape[1], shape[2]}));
      };
      EXPECT_THROW(compute(), Error) << entry.name << shape;
    }
    for (const Shape& shape : {Shape{}, Shape{n}, Shape{n, n}, Shape{1, 3, n, n}, Shape{0, n, n}})
      EXPECT_TRUE(contains(error_of([&] { make_net(entry.name, shape, 3); }), to_string(shape)))
          << entry.name;
  }
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{3, -1, 2}})
    EXPECT_THROW(make_net("logistic", shape, 3), Error) << shape;
}

// Sizes from each net's definition.
TEST(Models, ParameterCountsFollowTheShape) {
  auto count = [](const char* name, const Shape& shape) {
    return make_net(name, shape, 4)->parameter_count();
  };
  i64 small = count("base_cnn", {3, 64, 64});
  EXPECT_EQ(count("base_cnn", {1, 64, 64}), small - 2 * 9 * 32);
  EXPECT_EQ(count("base_cnn", {3, 40, 79}), small - (8 * 8 - 5 * 9) * 128 * 128);
  EXPECT_EQ(count("cnn_rnn", {3, 40, 800}), count("cnn_rnn", {3, 64, 64}) - 3 * 128 * 128);
  EXPECT_EQ(count("cnn_lstm", {3, 72, 16}), count("cnn_lstm", {3, 64, 64}) + 4 * 128 * 128);
  EXPECT_EQ(count("deep_cnn", {3, 96, 40}), count("deep_cnn", {3, 64, 64}) - 256 * 128);
  EXPECT_EQ(count("logistic", {11}), 11 * 4 + 4);
  EXPECT_EQ(count("mlp1", {2, 5}), 11 * 512 + 513 * 4);
  EXPECT_EQ(count("mlp2", {1, 2, 5}), 11 * 512 + 513 * 128 + 129 * 4);
  EXPECT_EQ(count("alexnet", {1, 90, 70}), count("alexnet", {3, 224, 224}) - 2 * 11 * 11 * 64);
  EXPECT_EQ(count("vgg11_bn", {4, 32, 70}), count("vgg11_bn", {3, 224, 224}) + 9 * 64);
}

TEST(Models, NamesAreUniqueAndUnknownOnesRefused) {
  std::set<std::string> names;
  for (const NetEntry& entry : nets()) EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
  try {
    make_net("resnet9000", 4);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("vgg11_bn"), std::string::npos) << error.what();
  }
  EXPECT_THROW(make_net("mlp1", 0), Error);
}

TEST(Pretrained, ReplacesTheHeadAlone) {
  Generator generator(1);
  auto published = make_net("base_cnn", 10), net = make_net("base_cnn", 4);
  published->reset(generator);
  net->reset(generator);
  StateDict weights = published->state_dict();
  Tensor head = net->state_dict().at("classifier.4.weight").clone();

  auto report = load_pretrained(*net, weights, {"classifier.4"});
  EXPECT_EQ(report.kept, (std::vector<std::string>{"classifier.4.bias", "classifier.4.weight"}));
  StateDict after = net->state_dict();
  EXPECT_TRUE(equal(after.at("features.0.weight"), weights.at("features.0.weight")));
  EXPECT_TRUE(equal(after.at("classifier.4.weight"), head));

  EXPECT_TRUE(load_pretrained(*published, weights, {"classifier.4"}).kept.empty());
  EXPECT_THROW(load_pretrained(*net, weights, {"classifier.2"}), Error);  // not the misfit
  EXPECT_THROW(load_pretrained(*net, weights, {"fc"}), Error);
  weights.erase("features.0.weight");
  EXPECT_THROW(load_pretrained(*net, weights, {"classifier.4"}), Error);
}

// A head is taken or kept as a whole, also where one of its tensors fits or is not there.
TEST(Pretrained, KeepsAHeadOfWhichAPartFits) {
  Generator generator(1);
  auto published = make_net("base_cnn", 4), net = make_net("base_cnn", 4);
  published->reset(generator);
  net->reset(generator);
  Tensor bias = net->state_dict().at("classifier.4.bias").clone();
  for (bool there : {true, false}) {
    StateDict weights = published->state_dict();
    weights.at("classifier.4.weight") = zeros({4, 64});
    if (!there) weights.erase("classifier.4.weight");
    auto report = load_pretrained(*net, weights, {"classifier.4"});
    EXPECT_EQ(report.kept, (std::vector<std::string>{"classifier.4.bias", "classifier.4.weight"}));
    EXPECT_TRUE(equal(net->state_dict().at("classifier.4.bias"), bias));
  }
  load_pretrained(*net, published->state_dict(), {"classifier.4"});
  EXPECT_TRUE(equal(net->state_dict().at("classifier.4.bias"),
                    published->state_dict().at("classifier.4.bias")));
}

// A published net's weights into its body, whose own head stays; and such a net's own.
TEST(Pretrained, LoadsTheBodyOfAPublishedNet) {
  for (const char* name : {"alexnet", "resnet34", "resnetrs50"}) {
    std::string own_name = std::string(name) + "_fastai";
    const NetEntry& entry = find_net(own_name);
    auto published = make_net(name, 5), net = make_net(own_name, 3);
    StateDict weights = published->state_dict();
    for (auto& [key, tensor] : weights) tensor.fill_(2);
    auto load = [&](Module& into) {
      return load_pretrained(into, weights, {entry.head}, entry.replaced);
    };
    auto report = load(*net);
    EXPECT_EQ(report.kept.front(), "head.2.bias") << name;
    EXPECT_EQ(report.kept.back(), "head.8.weight") << name;
    EXPECT_EQ(report.kept.size(), 12U) << name;  // two batch norms, two linear layers
    for (const auto& [key, tensor] : net->state_dict()) {
      bool is_new = key.starts_with("head.");
      EXPECT_EQ(is_new, !weights.contains(key)) << key;
      EXPECT_EQ(is_new, !equal(tensor, full(tensor.shape(), 2, tensor.dtype()))) << key;
    }

    std::string all = std::string(entry.replaced.published) + ".more.weight";
    weights[all] = zeros({1});  // of that head, too
    load(*net);
    for (const std::string extra : {"neck.weight", "head2.weight", "fcc.weight", "more"}) {
      weights[extra] = zeros({1});
      EXPECT_TRUE(contains(error_of([&] { load(*net); }), "unexpected (1): " + extra)) << name;
      weights.erase(extra);
    }
    std::string first = published->parameters().front().first;
    weights.erase(first);
    EXPECT_TRUE(contains(error_of([&] { load(*net); }), "missing (1): " + first)) << name;

    // Its own weights, for other classes; then nothing of another head is expected.
    weights = make_net(own_name, 7)->state_dict();
    EXPECT_EQ(load(*net).kept, (std::vector<std::string>{"head.8.weight"})) << name;
    weights[all] = zeros({1});
    EXPECT_TRUE(contains(error_of([&] { load(*net); }), "unexpected (1): " + all)) << name;
  }
}

// Keras's file of 2017, with its own top or without one.
TEST(Pretrained, LoadsKerassResNetUnderStudyBsHead) {
  const NetEntry& entry = find_net("resnet50_keras");
  auto net = make_net("resnet50_keras", {3, 197, 197}, 8);
  StateDict weights = net->state_dict();
  std::erase_if(weights, [](const auto& each) { return each.first.starts_with("classifier."); });
  for (bool has_top : {false, true}) {
    if (has_top) weights["fc1000.weight"] = zeros({1000, 2048});
    auto report = load_pretrained(*net, weights, {entry.head}, entry.replaced);
    EXPECT_EQ(report.kept.front(), "classifier.2.bias");
    EXPECT_EQ(report.kept.back(), "classifier.6.weight");
  }
  weights["fc.weight"] = zeros({1000, 2048});
  EXPECT_TRUE(
      contains(error_of([&] { load_pretrained(*net, weights, {entry.head}, entry.replaced); }),
               "unexpected (1): fc.weight"));
}

// A head that stays as nobody drew it is not trained.
TEST(Pretrained, KeptIsNotLoaded) {
  Generator generator(1);
  auto published = make_net("mlp1", 10), net = make_net("mlp1", 4);
  published->reset(generator);
  load_pretrained(*net, published->state_dict(), {"3"});
  std::string message = error_of([&] { (*net)(zeros({1, 3, 64, 64})); });
  EXPECT_TRUE(contains(message, "(2): 3.weight 3.bias")) << message;
}

}  // namespace
}  // namespace melgrad
