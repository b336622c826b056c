#include "apps/harness/weights/starting_weights.h"

#include <gtest/gtest.h>

#include "apps/harness/planning/collect.h"
#include "apps/harness/planning/plan.h"
#include "layers/models/registry.h"
#include "layers/models/weights_file.h"
#include "tests/error_of.h"
#include "tests/harness/example_study.h"
#include "tests/temporary_folder.h"

// Where nets of pretrained rows start.
namespace melgrad {
namespace {

const Shape seen{3, 64, 64};

/// A row on study A's fine-tuned net, and one whose head is another than its body was published with.
Study pretrained_study() {
  Study study;
  study.inputs = {{.name = "picture", .recipe = Picture{.height = 64, .width = 64}}};
  study.rows = {{"own", "", "", {}, {.net = "base_cnn", .pretrained = true}},
                {"other_head", "", "", {}, {.net = "alexnet_fastai", .pretrained = true}}};
  return study;
}

std::unique_ptr<Module> drawn(const std::string& name, u64 seed, i64 classes) {
  auto net = make_net(name, seen, classes);
  Generator generator(seed);
  net->reset(generator);
  return net;
}

/// Which of the net's tensors are the file's after loading, by name.
std::set<std::string> loaded(const std::string& row, const std::string& net_name,
                             const std::string& extension, i64 classes) {
  TemporaryFolder folder;
  Study study = pretrained_study();
  auto published = drawn(net_name, 77, 4), net = drawn(net_name, 1, classes);
  std::string file = (folder / ("w" + extension)).string();
  save_weights(file, published->state_dict());
  Options options;
  options.weights = {row + "=" + file};
  std::vector<const Row*> rows = chosen_rows(study, {row});
  StartingWeights starting(study, rows, options);
  EXPECT_EQ(starting.load(*rows[0], *net), "w" + extension);
  std::set<std::string> names;
  StateDict theirs = published->state_dict();
  for (const auto& [name, value] : net->state_dict())
    if (value.shape() == theirs.at(name).shape() && equal(value, theirs.at(name)) &&
        value.numel() > 1)
      names.insert(name);
  return names;
}

TEST(StartingWeights, AreAllButAHeadThatDoesNotFit) {
  for (const char* extension : {".safetensors", ".pth"}) {
    EXPECT_TRUE(loaded("own", "base_cnn", extension, 4).contains("classifier.4.weight"));
    std::set<std::string> of_other_classes = loaded("own", "base_cnn", extension, 7);
    EXPECT_FALSE(of_other_classes.contains("classifier.4.weight"));
    EXPECT_TRUE(of_other_classes.contains("classifier.2.weight"));
  }
}

// A body's head is new although the file's fits, and all of it.
TEST(StartingWeights, OfABodyHaveANewHead) {
  for (auto [extension, classes] : {std::pair(".safetensors", i64{4}), std::pair(".pth", i64{7})}) {
    std::set<std::string> names = loaded("other_head", "alexnet_fastai", extension, classes);
    for (const char* layer : {"0", "3", "6", "8", "10"})
      EXPECT_TRUE(names.contains(format("features.{}.weight", layer))) << layer;
    EXPECT_FALSE(names.contains("head.4.weight"));
    EXPECT_FALSE(names.contains("head.8.weight"));
  }
}

TEST(StartingWeights, MayComeFromMusicThatIsMadeUp) {
  Study study = pretrained_study();
  std::vector<const Row*> rows = chosen_rows(study, {});
  auto wants = [&](const Options& options) {
    return StartingWeights(study, rows, options).wants_pretraining(*rows[0]);
  };
  Options options, with_data, with_other;
  with_data.data = with_other.data = "songs";
  with_other.pretrain = "others";
  EXPECT_FALSE(wants(options));
  EXPECT_TRUE(wants(with_other));
  study.pretraining_clips = 3;
  EXPECT_TRUE(wants(options));
  EXPECT_FALSE(wants(with_data)) << "for recorded music nothing is made up";
  EXPECT_TRUE(wants(with_other));
}

TEST(Pretraining, MakesUpOtherMusicAndDistortsNone) {
  TemporaryFolder folder;
  Study study = pretrained_study();
  study.pretraining_clips = 7;
  auto& picture = std::get<Picture>(study.inputs[0].recipe);
  picture = {.sample_rate = 8000, .n_fft = 256, .hop = 128, .height = 8, .width = 8, .seconds = .3};
  study.inputs[0].variants.resize(3);
  StudyData data = collect_for_pretraining(study, {}, {&study.inputs[0]}, folder.path);
  EXPECT_EQ(data.source, "other synthesised music");
  EXPECT_EQ(data.folder, folder.path / "music" / "7_clips_seed_1000000");
  EXPECT_EQ(data.collection().examples.size(), 28u);
  EXPECT_EQ(data.any().variants(), 1);
}

}  // namespace
}  // namespace melgrad
