#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "apps/harness/training/evaluate.h"
#include "apps/trained/trained_net.h"
#include "kernels/backend.h"
#include "layers/models/registry.h"
#include "tensor/files/file.h"
#include "tensor/files/safetensors.h"
#include "tests/harness/by_hand.h"
#include "tests/harness/example_study.h"
#include "tests/harness/short_training.h"
#include "tests/temporary_folder.h"

// A whole study, run as a user runs it; then every figure of its results.json is computed once more
// from the files' sounds and the weights of each fit.
namespace melgrad {
namespace {

namespace fs = std::filesystem;

int run_with(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {"tones"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  return run(example_study(), static_cast<int>(argv.size()), argv.data());
}

/// A GPU, real or simulated, where this program has one. There a fold of each rule is enough.
bool on_gpu() {
  try {
    backend(Device::cuda());
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// The study's 40 fits and its pretraining, once for all tests of this file.
class WholeStudy : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    write_tones(*folder_ / "tones", 1);
    write_tones(*folder_ / "others", 2);
    std::vector<std::string> arguments = {"--data",     (*folder_ / "tones").string(),
                                          "--segments", "2",
                                          "--seed",     "3",
                                          "--pretrain", (*folder_ / "others").string(),
                                          "--out",      out().string(),
                                          "--nets",     "all",
                                          "--threads",  "1"};
    if (on_gpu()) arguments.insert(arguments.end(), {"--device", "cuda", "--only", "*.1-3"});
    exit_code_ = run_with(arguments);
    if (exit_code_ == 0) results_ = Json::parse(read_file(out() / "results.json"));
  }
  static void TearDownTestSuite() { folder_.reset(); }
  void SetUp() override { ASSERT_EQ(exit_code_, 0); }

  static fs::path out() { return *folder_ / "out"; }

  static std::unique_ptr<TemporaryFolder> folder_;
  static int exit_code_;
  static Json results_;
};
std::unique_ptr<TemporaryFolder> WholeStudy::folder_;
int WholeStudy::exit_code_ = -1;
Json WholeStudy::results_;

bool tests_the_last(const Row& row) {
  const auto* recipe = row.variant.training ? std::get_if<Recipe>(&*row.variant.training) : nullptr;
  return recipe != nullptr && recipe->tested == Tested::last;
}

void load_of(Module& net, const TensorFile& checkpoint, const std::string& prefix) {
  StateDict state;
  for (const auto& [name, tensor] : checkpoint.tensors)
    if (name.rfind(prefix, 0) == 0) state[name.substr(prefix.size())] = tensor;
  net.load_state_dict(state);
}

/// The weights that a fit tested, from its checkpoint.
void load_tested(Module& net, const Row& row, const fs::path& checkpoint) {
  TensorFile file = load_safetensors(checkpoint);
  if (auto w = file.tensors.find("saga.w"); w != file.tensors.end()) {
    Tensor all = w->second.reshape({4, -1});
    for (auto& [name, parameter] : net.parameters())
      parameter.mutable_data().copy_(parameter.shape().rank() == 2 ? all.slice(1, 0, all.dim(1) - 1)
                                                                   : all.select(1, all.dim(1) - 1));
    return;
  }
  load_of(net, file, tests_the_last(row) ? "net." : "best.");
}

double penalty(const Row& row, const Module& net) {
  if (row.variant.training) return 0;  // the study's own recipe has one, on *.weight
  double sum = 0;
  for (const auto& [name, value] : net.state_dict())
    if (name.find("weight") != std::string::npos)
      for (double w : value.to_vector<double>()) sum += .001 * w * w;
  return sum;
}

/// What a row with test-time copies has beside: the view's share of the clip as it is is fastai's.
void add_ways(std::map<std::string, double>& expected, const Said& mixed, const Said& plain,
              const std::vector<i64>& labels) {
  Said copies = mixed;
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::size_t c = 0; c < copies.strengths[i].size(); ++c)
      copies.strengths[i][c] = (mixed.strengths[i][c] - .25 * plain.strengths[i][c]) / .75;
  for (const auto& [name, said] :
       {std::pair("copies, .25 plain", &mixed), std::pair("copies", &std::as_const(copies)),
        std::pair("plain", &plain)}) {
    expected[std::string(name) + ": accuracy"] = figures(*said, labels)["accuracy"];
    expected[std::string(name) + ": loss"] = log_loss(*said, labels);
  }
  double& better = expected["copies: better"] = 0;
  double& worse = expected["copies: worse"] = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    bool was = strongest(plain.strengths[i]) == labels[i];
    bool is = strongest(mixed.strengths[i]) == labels[i];
    better += is && !was ? 1 : 0;
    worse += was && !is ? 1 : 0;
  }
}

std::vector<i64> labels_of(const std::vector<Json>& clips, const std::vector<i64>& indices) {
  std::vector<i64> labels;
  for (i64 i : indices) {
    std::string name = clips[static_cast<std::size_t>(i)]["name"];
    std::string genre = name.substr(0, name.find('/'));
    labels.push_back(std::find(four_tones.begin(), four_tones.end(), genre) - four_tones.begin());
  }
  return labels;
}

/// The splits, once more from the rules.
std::vector<Split> splits_of(const std::string& rule, const std::vector<Json>& clips) {
  Collection collection;
  collection.classes = four_tones;
  collection.is_segmented = true;
  std::vector<i64> all(clips.size());
  std::iota(all.begin(), all.end(), 0);
  std::vector<i64> labels = labels_of(clips, all);
  for (std::size_t i = 0; i < clips.size(); ++i)
    collection.examples.push_back({clips[i]["name"].get<std::string>(), labels[i],
                                   fs::path(clips[i]["name"].get<std::string>()).stem()});
  Study study = example_study();
  return (rule == "folds" ? study.rules[0] : study.rules[1]).splits(collection, 3);
}

/// The share of files whose clips' mean strengths are strongest at the truth.
double of_songs(const Said& said, const std::vector<i64>& labels, const std::vector<i64>& tested,
                const std::vector<Json>& clips) {
  std::map<std::string, std::pair<i64, std::vector<double>>> songs;
  for (std::size_t i = 0; i < tested.size(); ++i) {
    auto& [label, sum] = songs[clips[static_cast<std::size_t>(tested[i])]["name"]];
    label = labels[i];
    sum.resize(4, 0);
    for (std::size_t c = 0; c < 4; ++c) sum[c] += said.strengths[i][c];
  }
  double right = 0;
  for (const auto& [name, song] : songs) right += strongest(song.second) == song.first ? 1 : 0;
  return right / static_cast<double>(songs.size());
}

TEST_F(WholeStudy, EveryFigureIsWhatTheWeightsSayOfTheSounds) {
  Study study = example_study();
  std::vector<Json> clips = results_["clips"].get<std::vector<Json>>();
  ASSERT_EQ(clips.size(), 48u);
  std::size_t fits = 0;
  for (const Row& row : study.rows) {
    const Input& input = find_input(study, row);
    ByHand by_hand(row, input, *folder_ / "tones", clips);
    auto net = make_net(row.net(), input.shape(), 4);
    net->eval();
    const Json* result = nullptr;
    for (const Json& any : results_["rows"])
      if (any["name"] == row.name) result = &any;
    ASSERT_NE(result, nullptr) << row.name;
    for (const Json& fit : (*result)["fits"]) {
      ++fits;
      auto fold = fit["fold"].get<std::size_t>();
      std::string rule = fit["rule"];
      SCOPED_TRACE(row.name + " " + rule + " " + std::to_string(fold));
      fs::path checkpoint =
          out() / "checkpoints" / format("{}-{}.{}-3.safetensors", row.name, rule, fold + 1);
      load_tested(*net, row, checkpoint);
      Split split = splits_of(rule, clips)[fold];
      by_hand.learn_statistics(split.train);
      std::vector<i64> labels = labels_of(clips, split.test);
      Said said = by_hand.say(*net, split.test, 3, true);

      std::map<std::string, double> expected = figures(said, labels);
      expected["song accuracy"] = of_songs(said, labels, split.test, clips);
      expected["loss"] = log_loss(said, labels) + penalty(row, *net);
      if (tests_the_last(row)) {
        load_of(*net, load_safetensors(checkpoint), "best.");
        Said best = by_hand.say(*net, split.test, 3, true);
        expected["best epoch: accuracy"] = figures(best, labels)["accuracy"];
        expected["best epoch: loss"] = log_loss(best, labels);
        load_tested(*net, row, checkpoint);
      }
      if (row.variant.view.test.copies > 0)
        add_ways(expected, said, by_hand.say(*net, split.test, 3, false), labels);
      std::size_t of_the_solver = row.name == "saga" ? 2 : 0;  // objective, largest gradient
      EXPECT_EQ(fit["measured"].size(), expected.size() + of_the_solver);
      for (const auto& [name, value] : expected)
        EXPECT_NEAR(fit["measured"][name].get<double>(), value,
                    name.ends_with("loss") ? 2e-5 : 1e-12)
            << name;
      std::vector<Json> predictions = rows_of(fit["predictions"]);
      ASSERT_EQ(predictions.size(), labels.size());
      std::vector<std::vector<i64>> confusion(4, std::vector<i64>(4, 0));
      for (std::size_t i = 0; i < labels.size(); ++i) {
        i64 best = strongest(said.strengths[i]);
        ++confusion[static_cast<std::size_t>(labels[i])][static_cast<std::size_t>(best)];
        EXPECT_EQ(predictions[i]["label"], best);
        EXPECT_NEAR(predictions[i]["confidence"].get<double>(),
                    said.strengths[i][static_cast<std::size_t>(best)], 1e-5);
        for (std::size_t c = 0; c < 4; ++c)
          EXPECT_NEAR(predictions[i]["strengths"][c].get<double>(), said.strengths[i][c], 1e-5);
      }
      EXPECT_EQ(fit["confusion"], Json(confusion));

      // The epoch whose weights were tested, on the validation part: without copies and variants.
      const Json& history = fit["history"];
      if (row.name == "saga" || history["valid_loss"].empty()) continue;
      auto epoch = tests_the_last(row) ? history["valid_loss"].size() - 1
                                       : fit["best_epoch"].get<std::size_t>();
      Said valid = by_hand.say(*net, split.valid, 3, false);
      std::vector<i64> truth = labels_of(clips, split.valid);
      EXPECT_NEAR(history["valid_loss"][epoch].get<double>(),
                  log_loss(valid, truth) + penalty(row, *net), 2e-5);
      EXPECT_NEAR(history["valid_accuracy"][epoch].get<double>(), figures(valid, truth)["accuracy"],
                  1e-12);
    }
  }
  EXPECT_EQ(fits, on_gpu() ? 10u : 40u);  // five rows, five folds and three
}

TEST_F(WholeStudy, MeansAreOfTheFitsAndFoldsAddUp) {
  std::vector<Json> clips = results_["clips"].get<std::vector<Json>>();
  for (const Json& rule : results_["rules"]) {
    EXPECT_EQ(rule["leaks"].get<bool>(), rule["name"] == "folds");
    std::multiset<i64> tested;
    std::vector<Split> splits = splits_of(rule["name"], clips);
    ASSERT_EQ(rule["folds"].size(), splits.size());
    for (std::size_t f = 0; f < splits.size(); ++f) {
      EXPECT_EQ(rule["folds"][f]["train"], Json(splits[f].train));
      EXPECT_EQ(rule["folds"][f]["valid"], Json(splits[f].valid));
      EXPECT_EQ(rule["folds"][f]["test"], Json(splits[f].test));
      for (const Json& i : rule["folds"][f]["test"]) tested.insert(i.get<i64>());
      if (rule["leaks"].get<bool>()) continue;
      std::set<std::string> learnt;  // "low/0.wav": no file on both sides
      for (i64 i : splits[f].train) learnt.insert(clips[static_cast<std::size_t>(i)]["name"]);
      for (i64 i : splits[f].test)
        EXPECT_FALSE(learnt.contains(clips[static_cast<std::size_t>(i)]["name"])) << i;
    }
    EXPECT_EQ(tested.size(), 48u);
    EXPECT_EQ(std::set<i64>(tested.begin(), tested.end()).size(), 48u) << "tested twice";
  }
}

TEST_F(WholeStudy, WeightsFilesSpeakForThemselves) {
  std::vector<Json> clips = results_["clips"].get<std::vector<Json>>();
  Study study = example_study();
  for (const Row& row : study.rows) {
    SCOPED_TRACE(row.name);
    TrainedNet trained = load_trained(out() / "weights" / (row.name + ".safetensors"));
    EXPECT_EQ(trained.classes, four_tones);
    EXPECT_EQ(trained.name, row.net());
    EXPECT_EQ(trained.input.json(), find_input(study, row).json());
    const Json* fit = nullptr;
    for (const Json& any : results_["rows"])
      if (any["name"] == row.name) fit = &any["fits"][0];
    for (const auto& [name, value] : trained.scores)
      EXPECT_EQ((*fit)["measured"][name].get<double>(), value) << name;
    Json training = Json::parse(trained.training);
    EXPECT_EQ(training["study"], "Tones");
    EXPECT_EQ(training["seed"], 3);
    for (const auto& [name, value] : row.published) EXPECT_EQ(training["published"][name], value);

    ByHand by_hand(row, trained.input, *folder_ / "tones", clips);
    Split split = splits_of("folds", clips)[0];
    by_hand.learn_statistics(split.train);
    Said expected = by_hand.say(*trained.net, split.test, 3, false);
    for (std::size_t i = 0; i < split.test.size(); ++i) {
      const Json& clip = clips[static_cast<std::size_t>(split.test[i])];
      double begin = clip["begin"], end = clip["end"];
      Example example{*folder_ / "tones" / clip["name"].get<std::string>(), 0, "", begin,
                      end - begin};
      Tensor said = trained.strengths(trained.input.load(example).unsqueeze(0));
      for (std::size_t c = 0; c < 4; ++c)
        EXPECT_NEAR(said.to_vector<double>()[c], expected.strengths[i][c], 1e-5);
    }
  }
}

TEST_F(WholeStudy, APretrainedRowStartsFromTheOtherCollection) {
  ASSERT_EQ(results_["pretraining"].size(), 1u);
  EXPECT_EQ(results_["pretraining"][0]["title"], "mlp1 on others");
  for (const Json& row : results_["rows"])
    EXPECT_EQ(row["started_from"], row["name"] == "tuned" ? "mlp1 on others" : "") << row["name"];
  EXPECT_TRUE(fs::exists(out() / "weights" / "pretrained-mlp1-picture.safetensors"));
}

TEST_F(WholeStudy, TheReportHasTheStudysOwnSection) {
  EXPECT_NE(read_file(out() / "report.html").find("&lt;own&gt; Tones"), std::string::npos);
}

TEST_F(WholeStudy, TheTimeWaitedForDataIsCounted) {
  double waited = 0;
  for (const Json& row : results_["rows"])
    for (const Json& fit : row["fits"]) {
      double sum = 0;
      for (const Json& epoch : fit["history"]["waited"]) sum += epoch.get<double>();
      EXPECT_NEAR(fit["waited"].get<double>(), sum, 1e-9);
      EXPECT_LE(sum, fit["seconds"].get<double>());
      waited += sum;
    }
  EXPECT_EQ(waited > 0, !on_gpu()) << "in a GPU's memory rows are there";
}

}  // namespace
}  // namespace melgrad
