#include "apps/harness/weights/tested_weights.h"

#include <gtest/gtest.h>

#include "apps/harness/planning/plan.h"
#include "apps/harness/weights/starting_weights.h"
#include "apps/trained/trained_net.h"
#include "layers/models/registry.h"
#include "layers/models/weights_file.h"
#include "tensor/files/file.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/harness/example_study.h"
#include "tests/temporary_folder.h"

// Rows that are tested with the weights of a file, and not trained.
namespace melgrad {
namespace {

namespace fs = std::filesystem;

Study testable_study() {
  Study study = example_study();
  study.rows[0].variant.testable = study.rows[1].variant.testable = true;
  return study;
}

std::unique_ptr<Module> net_with(const char* name, u64 seed, i64 classes = 4) {
  auto net = make_net(name, {3, 16, 16}, classes);
  Generator generator(seed);
  net->reset(generator);
  return net;
}

std::string error_with(const Study& study, const std::vector<std::string>& given,
                       const std::vector<std::string>& classes = four_tones) {
  Options options;
  options.weights = given;
  std::vector<const Row*> rows = chosen_rows(study, {"mlp", "tuned"});
  return error_of([&] { TestedWeights(study, rows, options).check_classes(classes); });
}

TEST(TestedWeights, AreAllOfTheFileInEveryFormat) {
  TemporaryFolder folder;
  Study study = testable_study();
  auto published = net_with("mlp1", 77);
  for (const char* name : {"w.safetensors", "w.pth"}) {
    save_weights(folder / name, published->state_dict());
    Options options;
    options.weights = {"mlp=" + (folder / name).string()};
    std::vector<const Row*> rows = chosen_rows(study, {"mlp", "cnn"});
    TestedWeights tested(study, rows, options);
    EXPECT_TRUE(tested.are_for(*rows[0]));
    EXPECT_FALSE(tested.are_for(*rows[1]));
    tested.check_classes(four_tones);
    auto net = net_with("mlp1", 1);
    EXPECT_EQ(tested.load(*rows[0], *net), name);
    for (const auto& [key, value] : published->state_dict())
      EXPECT_TRUE(equal(net->state_dict().at(key), value)) << key;
    // They start no training.
    StartingWeights starting(study, rows, options);
    EXPECT_EQ(starting.missing(*rows[0]), "");
  }
}

TEST(TestedWeights, SayInOneSentenceWhatDoesNotFit) {
  TemporaryFolder folder;
  Study study = testable_study();
  auto file = [&](const char* name, const Module& net) {
    save_weights(folder / name, net.state_dict());
    return (folder / name).string();
  };
  std::string mlp = file("mlp.safetensors", *net_with("mlp1", 1));
  std::string cnn = file("cnn.safetensors", *net_with("base_cnn", 1));
  std::string three = file("three.safetensors", *net_with("mlp1", 1, 3));
  EXPECT_EQ(error_with(study, {"mlp=" + mlp}), "no error");
  std::string error = error_with(study, {"mlp=" + cnn});
  EXPECT_TRUE(contains(error, "cnn.safetensors does not fit mlp, which sees (3, 16, 16): "))
      << error;
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 0) << error;
  error = error_with(study, {"mlp=" + three});
  EXPECT_TRUE(contains(error, "tells 3 classes apart, and the data have 4: high, low")) << error;
  EXPECT_TRUE(contains(error_with(study, {"cnn=" + cnn}), "that --nets does not name"));
  write_file(folder / "x.h5", "no weights");
  EXPECT_TRUE(contains(error_with(study, {"mlp=" + (folder / "x.h5").string()}), "x.h5"));
  // A net of the same layers for a larger input.
  auto larger = make_net("mlp1", {3, 20, 20}, 4);
  error = error_with(study, {"mlp=" + file("larger.safetensors", *larger)});
  EXPECT_TRUE(contains(error, "1.weight is (512, 1200), not (512, 768)")) << error;
  // Without a name it is for pretrained nets, which this one is not.
  Options options;
  options.weights = {cnn};
  std::vector<const Row*> rows = chosen_rows(study, {"mlp", "tuned"});
  EXPECT_TRUE(contains(error_of([&] { StartingWeights(study, rows, options); }),
                       "to test it say of which net it is, as NAME=FILE"));
}

// A study's own weights files name their classes, whose order is that of the outputs.
TEST(TestedWeights, ClassesAreThoseOfTheFile) {
  TemporaryFolder folder;
  TrainedNet trained;
  trained.name = "mlp1";
  trained.shape = {3, 16, 16};
  trained.classes = {"low", "high", "middle", "noisy"};
  trained.input = two_inputs()[0];
  trained.net = net_with("mlp1", 3);
  save_trained(folder / "w.safetensors", trained);
  std::string given = "mlp=" + (folder / "w.safetensors").string();
  EXPECT_EQ(error_with(testable_study(), {given}, trained.classes), "no error");
  EXPECT_TRUE(
      contains(error_with(testable_study(), {given}), "in this order, and the data have high"));
}

TEST(TestedWeights, AreTestedOnceWhateverTheSeeds) {
  TemporaryFolder folder;
  Study study = testable_study();
  save_weights(folder / "w.pth", net_with("mlp1", 1)->state_dict());
  Options options;
  options.weights = {"mlp=" + (folder / "w.pth").string()};
  options.seeds = 3;
  std::vector<const Row*> rows = chosen_rows(study, {"mlp", "cnn"});
  TestedWeights tested(study, rows, options);
  std::vector<RuleSplits> rules = {{split_over_clips("one", "One", "", true), {{}}}};
  std::vector<PlannedFit> fits = plan(rows, rules, options, &tested);
  ASSERT_EQ(fits.size(), 4u);
  for (const PlannedFit& fit : fits) EXPECT_EQ(fit.only_tested, fit.row->name == "mlp") << fit.name;
  EXPECT_EQ(plan(rows, rules, options).size(), 6u);
}

// The file is a setting: another one is another run.
TEST(TestedWeights, AreASetting) {
  TemporaryFolder folder;
  Study study = testable_study();
  Options none, one, other;
  for (auto [options, seed] : {std::pair{&one, 1}, std::pair{&other, 2}}) {
    fs::path path = folder / std::to_string(seed) / "w.pth";
    fs::create_directories(path.parent_path());
    save_weights(path, net_with("mlp1", static_cast<u64>(seed))->state_dict());
    options->weights = {"mlp=" + path.string()};
  }
  auto settings = [&](const Options& options) { return settings_of(study, options, true); };
  EXPECT_TRUE(changes(settings(one), settings(one)).empty());
  for (const auto& [then, now] : {std::pair{none, one}, std::pair{one, other}}) {
    std::vector<std::string> all = changes(settings(then), settings(now));
    ASSERT_EQ(all.size(), 1u);
    EXPECT_TRUE(contains(all[0], "given weights: ") && contains(all[0], "w.pth (contents "))
        << all[0];
  }
}

}  // namespace
}  // namespace melgrad
