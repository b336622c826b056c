#include "apps/harness/planning/sweep.h"

#include <gtest/gtest.h>

#include "apps/harness/planning/plan.h"
#include "apps/harness/results/swept_name.h"
#include "apps/harness/session.h"
#include "tests/error_of.h"
#include "tests/harness/example_study.h"

// Several values of a setting: a row for each.
namespace melgrad {
namespace {

std::string names_of(const Study& study) {
  std::string all;
  for (const Row& row : study.rows) all += row.name + " ";
  return all;
}

const Row& row_of(const Study& study, const std::string& name) {
  for (const Row& row : study.rows)
    if (row.name == name) return row;
  fail("test", "no row {}", name);
}

Recipe recipe_of(const Study& study, const std::string& name, const Options& options) {
  return std::get<Recipe>(training_of(study, row_of(study, name), options));
}

Study study_with_augmentations() {
  Study study = example_study();
  study.augmentations = {{"flip", {.time_flip = .5}}, {"noise", {.noise = .2}}};
  return study;
}

TEST(Sweep, OneValueOrNoneIsTheStudyAsItIs) {
  Options options;
  options.lists = {.lr = {.1}, .batch = {3}, .epochs = {4}, .augment = {"flip"}};
  take_single_values(options);
  EXPECT_TRUE(options.lists.lr.empty() && options.lists.batch.empty());
  EXPECT_EQ(options.lr, .1);
  EXPECT_EQ(options.batch, 3);
  EXPECT_EQ(options.epochs, 4);
  Study study = study_with_augmentations(), same = swept(study, options);
  EXPECT_EQ(names_of(same), names_of(study));
  for (const Row& row : same.rows) {
    EXPECT_EQ(row.variant.view.augmentation.time_flip, .5) << row.name;
    EXPECT_FALSE(row.variant.view.augmentation.variants) << "in the place of what the row had";
    EXPECT_EQ(row.published, row_of(study, row.name).published);
  }
  EXPECT_EQ(names_of(swept(study, {})), names_of(study));
}

TEST(Sweep, EachCombinationIsARow) {
  Options options;
  options.lists = {.lr = {.005, .1}, .batch = {6, 12}};
  Study study = swept(example_study(), options);
  EXPECT_EQ(names_of(study),
            "mlp@lr=0.005@batch=6 mlp@lr=0.005@batch=12 mlp@lr=0.1@batch=6 mlp@lr=0.1@batch=12 "
            "cnn@lr=0.005@batch=6 cnn@lr=0.005@batch=12 cnn@lr=0.1@batch=6 cnn@lr=0.1@batch=12 "
            "bands@lr=0.005@batch=6 bands@lr=0.005@batch=12 bands@lr=0.1@batch=6 "
            "bands@lr=0.1@batch=12 tuned@batch=6 tuned@batch=12 saga ")
      << "a pretrained row's rate is its own; SAGA has neither";
  const Row& row = row_of(study, "mlp@lr=0.1@batch=12");
  EXPECT_EQ(row.title, "MLP on pictures, lr 0.1, batch 12");
  EXPECT_EQ(row.net(), "mlp1");
  Study named_as_its_net = example_study();
  named_as_its_net.rows[0].name = "mlp1";
  named_as_its_net.rows[0].variant.net.clear();
  EXPECT_EQ(row_of(swept(named_as_its_net, options), "mlp1@lr=0.1@batch=12").net(), "mlp1");
  Recipe recipe = recipe_of(study, row.name, options);
  EXPECT_EQ(recipe.lr(), .1);
  EXPECT_EQ(recipe.batch, 12);
  EXPECT_EQ(recipe.stages.size(), 2u) << "the rest is the study's";
  EXPECT_EQ(recipe_of(study, "cnn@lr=0.005@batch=12", options).stages.size(), 2u);
  EXPECT_EQ(recipe_of(study, "cnn@lr=0.005@batch=12", options).tested, Tested::last);
}

TEST(Sweep, FiguresStandBesideWhatWasPublished) {
  Options options;
  options.lists.lr = {.005, .1};
  Study study = swept(example_study(), options);
  EXPECT_FALSE(row_of(study, "mlp@lr=0.005").published.empty());
  EXPECT_TRUE(row_of(study, "mlp@lr=0.1").published.empty());
  options.lists = {.epochs = {2, 9}};
  study = swept(example_study(), options);
  EXPECT_FALSE(row_of(study, "mlp@epochs=2").published.empty());
  EXPECT_TRUE(row_of(study, "mlp@epochs=9").published.empty());
  EXPECT_EQ(recipe_of(study, "mlp@epochs=9", options).stages.back().epochs, 9);
  options.lists = {.augment = {"none", "flip"}};
  study = swept(study_with_augmentations(), options);
  EXPECT_FALSE(row_of(study, "mlp@augment=none").published.empty());
  EXPECT_TRUE(row_of(study, "mlp@augment=flip").published.empty());
  EXPECT_EQ(row_of(study, "cnn@augment=flip").variant.view.augmentation.noise, 0);
  EXPECT_EQ(row_of(study, "cnn@augment=flip").variant.view.test.copies, 3);
}

TEST(Sweep, RowsThatAreGivenWeightsStay) {
  Study study = example_study();
  study.rows[0].variant.testable = true;
  Options options;
  options.lists.lr = {.1, .2};
  options.weights = {"mlp=w.h5"};
  EXPECT_TRUE(names_of(swept(study, options)).starts_with("mlp cnn@lr=0.1 "));
}

TEST(Sweep, IsOfTheRowsThatAreRun) {
  Study study = example_study();
  study.rows[3].variant.on_request = true;
  Options options;
  options.lists.batch = {1, 2};
  EXPECT_TRUE(names_of(swept(study, options)).ends_with("bands@batch=2 tuned saga "));
  options.nets = {"cnn", "tuned"};
  EXPECT_EQ(names_of(swept(study, options)),
            "mlp cnn@batch=1 cnn@batch=2 bands tuned@batch=1 tuned@batch=2 saga ");
}

TEST(Sweep, SaysWhatIsWrong) {
  Options options;
  options.lists.batch = {4, 8, 4};
  EXPECT_TRUE(contains(error_of([&] { swept(example_study(), options); }), "4 is listed twice"));
  options.lists = {.augment = {"none", "echo"}};
  EXPECT_TRUE(
      contains(error_of([&] { swept(example_study(), options); }), "no augmentation 'echo'"));
}

TEST(Sweep, NamesSayWhatWasSet) {
  SweptName name = parse_swept_name("cnn2@lr=0.001@augment=none");
  EXPECT_EQ(name.base, "cnn2");
  using Settings = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(name.settings, (Settings{{"lr", "0.001"}, {"augment", "none"}}));
  EXPECT_EQ(parse_swept_name("cnn2").base, "cnn2");
  EXPECT_TRUE(parse_swept_name("cnn2").settings.empty());
}

TEST(Sweep, RowsAreChosenByTheNetsName) {
  Options options;
  options.lists.lr = {.1, .2};
  Study study = swept(example_study(), options);
  std::vector<const Row*> rows = chosen_rows(study, {"cnn"});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1]->name, "cnn@lr=0.2");
  EXPECT_TRUE(contains(error_of([&] { chosen_rows(study, {"nope"}); }),
                       "'nope' is none of mlp, cnn, bands, tuned, saga"));
  std::vector<RuleSplits> rules = {{split_over_clips("one", "One", "", true), {{}}}};
  auto count = [&](const std::string& only) {
    options.only = {only};
    return plan(rows, rules, options).size();
  };
  EXPECT_EQ(count("cnn"), 2u);
  EXPECT_EQ(count("cnn@lr=0.2"), 1u);
  EXPECT_EQ(count("cnn@lr=0.2-one-*"), 1u);
}

// A longer list goes on with the rows that are done; another value of all rows does not.
TEST(Sweep, ResumesWithOtherValues) {
  Options two, three;
  two.lists.lr = {.1, .2};
  three.lists.lr = {.2, .3, .4};
  auto settings = [](const Options& options) {
    return settings_of(swept(example_study(), options), options, true);
  };
  EXPECT_FALSE(changes(settings(two), settings(three)).empty());
  EXPECT_TRUE(
      changes(settings(two), settings(three), {"mlp@lr=0.2", "cnn@lr=0.2", "saga"}).empty());
  three.batch = 99;
  EXPECT_FALSE(changes(settings(two), settings(three), {"mlp@lr=0.2"}).empty());
  for (const SettingUsed& setting : settings(two))
    EXPECT_TRUE(setting.name != "learning rate" || setting.mark == "set");
}

}  // namespace
}  // namespace melgrad
