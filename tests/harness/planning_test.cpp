#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "apps/harness/fitting.h"
#include "apps/harness/planning/estimate.h"
#include "apps/harness/planning/plan.h"
#include "layers/models/registry.h"
#include "tensor/files/file.h"
#include "tests/error_of.h"
#include "tests/harness/example_study.h"
#include "tests/temporary_folder.h"

// Which fits a study has: rows, seeds, rules and folds, and what the command line leaves of them.
namespace melgrad {
namespace {

/// Eight songs of each class, by two parts each where asked for.
Collection songs(i64 parts) {
  Collection collection;
  collection.classes = {"a", "b", "c"};
  for (i64 label = 0; label < 3; ++label)
    for (int song = 0; song < 8; ++song)
      for (i64 part = 0; part < parts; ++part) {
        std::string name =
            format("{}/{}{}.wav", collection.classes[static_cast<std::size_t>(label)], label, song);
        collection.examples.push_back(
            {name, label, format("{}{}", label, song), static_cast<double>(part) * 3, 3});
      }
  collection.is_segmented = parts > 1;
  return collection;
}

std::set<std::string> songs_of(const Collection& collection, const std::vector<i64>& indices) {
  std::set<std::string> names;
  for (i64 i : indices) names.insert(collection.examples[static_cast<std::size_t>(i)].group);
  return names;
}

bool tears_songs(const Collection& collection, const Split& split) {
  std::set<std::string> train = songs_of(collection, split.train);
  for (const auto* part : {&split.valid, &split.test})
    for (const std::string& song : songs_of(collection, *part))
      if (train.contains(song)) return true;
  return false;
}

std::vector<std::string> names_of(const std::vector<PlannedFit>& fits) {
  std::vector<std::string> names;
  for (const PlannedFit& fit : fits) names.push_back(fit.name);
  return names;
}

std::vector<RuleSplits> two_rules() {
  return {{split_over_clips("one", "One", "", true), std::vector<Split>(1)},
          {folds_over_groups("folds", "Folds", "", 3), std::vector<Split>(3)}};
}

TEST(Plan, IsRowsBySeedsByRulesByFolds) {
  Study study = example_study();
  Options options;
  options.seed = 5;
  options.seeds = 2;
  std::vector<const Row*> rows = chosen_rows(study, {"cnn", "mlp"});
  std::vector<PlannedFit> fits = plan(rows, two_rules(), options);
  EXPECT_EQ(names_of(fits), (std::vector<std::string>{
                                "mlp-one-5", "mlp-folds.1-5", "mlp-folds.2-5", "mlp-folds.3-5",
                                "mlp-one-6", "mlp-folds.1-6", "mlp-folds.2-6", "mlp-folds.3-6",
                                "cnn-one-5", "cnn-folds.1-5", "cnn-folds.2-5", "cnn-folds.3-5",
                                "cnn-one-6", "cnn-folds.1-6", "cnn-folds.2-6", "cnn-folds.3-6"}));
  EXPECT_EQ(fits[6].row->name, "mlp");
  EXPECT_EQ(fits[6].rule, 1u);
  EXPECT_EQ(fits[6].fold, 1);
  EXPECT_EQ(fits[6].seed, 6u);
}

TEST(Plan, ItsPartsAreChosenByNameAndFold) {
  Study study = example_study();
  std::vector<const Row*> rows = chosen_rows(study, {"cnn", "mlp"});
  auto with = [&](std::vector<std::string> only, std::vector<i64> folds) {
    Options options;
    options.only = std::move(only);
    options.folds = std::move(folds);
    return names_of(plan(rows, two_rules(), options));
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(with({}, {2}), (Names{"mlp-one-0", "mlp-folds.2-0", "cnn-one-0", "cnn-folds.2-0"}));
  EXPECT_EQ(with({}, {1, 3}).size(), 6u);
  EXPECT_EQ(with({"mlp-folds.*"}, {}), (Names{"mlp-folds.1-0", "mlp-folds.2-0", "mlp-folds.3-0"}));
  EXPECT_EQ(with({"*.3-0", "*-one-*"}, {}),
            (Names{"mlp-one-0", "mlp-folds.3-0", "cnn-one-0", "cnn-folds.3-0"}));
  EXPECT_EQ(with({"cnn"}, {1}), (Names{"cnn-one-0", "cnn-folds.1-0"}));
  EXPECT_TRUE(contains(error_of([&] { with({"cnn-one-1"}, {}); }), "no fit is left"));
  EXPECT_TRUE(contains(error_of([&] { with({}, {4}); }), "no fold 4"));
}

TEST(Plan, RowsAreThoseNamedOrThoseNotOnRequest) {
  Study study = example_study();
  study.rows[1].variant.on_request = true;
  auto names = [&](const std::vector<std::string>& chosen) {
    std::string all;
    for (const Row* row : chosen_rows(study, chosen)) all += row->name + " ";
    return all;
  };
  EXPECT_EQ(names({}), "mlp bands tuned saga ");
  EXPECT_EQ(names({"all"}), "mlp cnn bands tuned saga ");
  EXPECT_EQ(names({"saga", "cnn"}), "cnn saga ");
  EXPECT_TRUE(contains(error_of([&] { names({"nope"}); }), "'nope' is none of mlp, cnn, bands"));
}

TEST(Rules, TheDefaultsSayWhatLeaks) {
  Study study;
  Options options;
  std::vector<std::string> absent;
  for (i64 parts : {1, 2}) {
    Collection collection = songs(parts);
    std::vector<RuleSplits> rules = rule_splits(study, options, collection, absent);
    ASSERT_EQ(rules.size(), parts == 1 ? 1u : 2u);
    for (const RuleSplits& rule : rules) {
      EXPECT_EQ(tears_songs(collection, rule.splits[0]), rule.rule.leaks) << rule.rule.name;
      std::size_t all = 0;
      for (const auto* part :
           {&rule.splits[0].train, &rule.splits[0].valid, &rule.splits[0].test}) {
        EXPECT_FALSE(part->empty());
        all += part->size();
      }
      EXPECT_EQ(all, collection.examples.size());
    }
    EXPECT_EQ(rules.front().rule.name, parts == 1 ? "stratified" : "published");
    EXPECT_EQ(rules.front().rule.leaks, parts == 2);
    EXPECT_FALSE(rules.back().rule.leaks);
  }
}

/// Six songs of each class: two of an album, two of another, two by themselves; of the last class
/// the last two are gone.
Collection albums() {
  Collection collection;
  collection.classes = {"a", "b", "c"};
  collection.has_albums = true;
  for (i64 label = 0; label < 3; ++label)
    for (int song = 0; song < (label == 2 ? 4 : 6); ++song) {
      std::string folder = song < 2 ? "one/" : song < 4 ? "two/" : "";
      std::string name =
          format("{}/{}{}", collection.classes[static_cast<std::size_t>(label)], folder, song);
      collection.examples.push_back(
          {name, label, folder.empty() ? name : format("{}/{}", label, folder)});
    }
  return collection;
}

TEST(Rules, AlbumsAreSplitAsPublishedAndWhole) {
  Study study;
  Options options;
  std::vector<std::string> absent;
  auto names = [&](const Collection& collection) {
    std::string all;
    for (const RuleSplits& rule : rule_splits(study, options, collection, absent)) {
      all += format("{} {} ", rule.rule.name, rule.rule.title);
      EXPECT_FALSE(!rule.rule.leaks && tears_songs(collection, rule.splits[0]));
    }
    return all;
  };
  Collection two = albums(), enough = albums();
  enough.examples.push_back({"c/4", 2, "c/4"});
  EXPECT_EQ(names(enough), "published split over files honest split over albums ");
  enough.is_segmented = true;
  EXPECT_EQ(names(enough), "published split over excerpts honest split over albums ");
  options.protocol = "honest";
  EXPECT_EQ(names(enough), "honest split over albums ");
  EXPECT_TRUE(contains(error_of([&] { names(two); }),
                       "class 'c' has 2 albums, too few for one in each of 3"));
  options.protocol = "auto";
  EXPECT_EQ(names(two), "published split over files ");
  std::vector<RuleSplits> rules = rule_splits(study, options, two, absent);
  EXPECT_TRUE(rules[0].rule.leaks);
  EXPECT_TRUE(contains(rules[0].rule.note, "class 'c' has 2 albums, too few"));
}

// Before anything is trimmed, so that it is the class that had too few.
TEST(Rules, AClassWithTooFewIsNamedWithItsNumber) {
  Study study;
  Options options;
  auto without_most_of_b = [](Collection collection) {
    std::erase_if(collection.examples,
                  [](const Example& e) { return e.label == 1 && e.group > "11"; });
    return collection;
  };
  auto error = [&](i64 parts) {
    return error_of([&] { check_splits(study, options, without_most_of_b(songs(parts))); });
  };
  EXPECT_TRUE(contains(error(1), "class 'b' has 2 examples, too few for 3 parts")) << error(1);
  EXPECT_TRUE(contains(error(2), "class 'b' has 2 groups")) << error(2);
  options.protocol = "published";  // of four excerpts
  EXPECT_EQ(error(2), "no error");
}

TEST(Rules, ProtocolChoosesWhereThereIsAChoice) {
  Study study;
  std::vector<std::string> absent;
  auto names = [&](const std::string& protocol, i64 parts) {
    Options options;
    options.protocol = protocol;
    std::string all;
    for (const RuleSplits& rule : rule_splits(study, options, songs(parts), absent))
      all += rule.rule.name + " ";
    return all;
  };
  EXPECT_EQ(names("auto", 2), "published honest ");
  EXPECT_EQ(names("both", 2), "published honest ");
  EXPECT_EQ(names("published", 2), "published ");
  EXPECT_EQ(names("honest", 2), "honest ");
  for (const char* protocol : {"auto", "published", "honest"})
    EXPECT_EQ(names(protocol, 1), "stratified ");
}

TEST(Rules, FoldsHoldOutEverythingOnce) {
  Collection collection = songs(2);
  for (const SplitRule& rule :
       {folds_over_clips("x", "", "", true, 4, true), folds_over_clips("x", "", "", true, 4, false),
        folds_over_groups("x", "", "", 4)}) {
    std::vector<Split> folds = rule.splits(collection, 3);
    ASSERT_EQ(folds.size(), 4u);
    std::multiset<i64> tested;
    bool torn = false;
    for (const Split& fold : folds) {
      tested.insert(fold.test.begin(), fold.test.end());
      EXPECT_EQ(fold.train.size() + fold.test.size(), collection.examples.size());
      torn = torn || tears_songs(collection, {fold.train, {}, fold.test});
    }
    EXPECT_EQ(tested.size(), 48u);
    EXPECT_EQ(std::set<i64>(tested.begin(), tested.end()).size(), 48u);
    EXPECT_EQ(torn, rule.leaks);
  }
  EXPECT_EQ(folds_over_clips("x", "", "", true, 4, true).splits(collection, 3)[1].valid,
            folds_over_clips("x", "", "", true, 4, true).splits(collection, 3)[1].test);
  EXPECT_TRUE(folds_over_clips("x", "", "", true, 4, false).splits(collection, 3)[1].valid.empty());
}

// Whole songs, of each class, and nothing of the training part or of the fold that is scored.
TEST(Rules, AValidationPartIsTakenOutOfWhatIsLearnt) {
  Collection collection = songs(2);
  for (const Split& fold : folds_over_groups("x", "", "", 4, .25).splits(collection, 3)) {
    EXPECT_EQ(fold.test.size(), 12u);
    EXPECT_EQ(fold.train.size() + fold.valid.size(), 36u);
    EXPECT_FALSE(tears_songs(collection, fold));
    EXPECT_FALSE(tears_songs(collection, {fold.valid, {}, fold.test}));
    std::set<i64> classes;
    for (i64 i : fold.valid) classes.insert(collection.examples[static_cast<std::size_t>(i)].label);
    EXPECT_EQ(classes.size(), 3u);
    EXPECT_GE(fold.valid.size(), 6u);
    EXPECT_LE(fold.valid.size(), 12u);
  }
}

TEST(Rules, AClassWithTooFewForTheFoldsIsNamed) {
  Collection collection = songs(2);
  std::erase_if(collection.examples,
                [](const Example& e) { return e.label == 1 && e.group > "13"; });
  EXPECT_EQ(error_of([&] { folds_over_groups("x", "", "", 5).splits(collection, 3); }),
            "[folds] class 'b' has 4 songs, too few for one in each of 5 folds");
  EXPECT_EQ(error_of([&] { folds_over_clips("x", "", "", true, 9, true).splits(collection, 3); }),
            "[folds] class 'b' has 8 clips, too few for one in each of 9 folds");
  EXPECT_EQ(folds_over_clips("x", "", "", true, 8, true).splits(collection, 3).size(), 8u);
}

TEST(Rules, OneThatTearsSongsMustSaySo) {
  Collection collection = songs(2);
  for (const SplitRule& rule :
       {split_over_clips("x", "", "", false), folds_over_clips("x", "", "", false, 4, false)})
    EXPECT_TRUE(contains(error_of([&] { rule.splits(collection, 1); }), "tear apart"));
}

TEST(Rules, AFilesListNamesAllPartsOfAClip) {
  TemporaryFolder folder;
  Collection collection = songs(2);
  std::map<std::string, std::string> lists;
  for (int song = 0; song < 8; ++song)
    for (int label = 0; label < 3; ++label)
      lists[song < 5   ? "train"
            : song < 6 ? "valid"
                       : "test"] +=
          format("{}/{}{}.au\n", collection.classes[static_cast<std::size_t>(label)], label, song);
  Options options;
  for (const char* name : {"train", "valid", "test"}) {
    write_file(folder / name, lists[name]);
    options.split.push_back((folder / name).string());
  }
  std::vector<std::string> absent;
  std::vector<RuleSplits> rules = rule_splits({}, options, collection, absent);
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_EQ(rules[0].rule.name, "files");
  const Split& split = rules[0].splits[0];
  EXPECT_EQ(split.train.size(), 30u);
  EXPECT_EQ(split.valid.size(), 6u);
  EXPECT_EQ(split.test.size(), 12u);
  EXPECT_FALSE(tears_songs(collection, split));
  for (i64 i : split.valid)
    EXPECT_EQ(collection.examples[static_cast<std::size_t>(i)].group.back(), '5');
}

// The published rule beside the lists, where both are asked for.
TEST(Rules, ListsMayStandBesideTheRuleThatLeaks) {
  TemporaryFolder folder;
  Collection collection = songs(1);
  Options options;
  for (int part = 0; part < 3; ++part) {
    std::string list;
    for (int song = part * 2; song < part * 2 + 2; ++song)
      for (int label = 0; label < 3; ++label)
        list += format("{}/{}{}.au\n", collection.classes[static_cast<std::size_t>(label)], label,
                       song);
    write_file(folder / std::to_string(part), list);
    options.split.push_back((folder / std::to_string(part)).string());
  }
  Study study;
  study.rules = {split_over_clips("leaky", "", "", true), split_over_groups("honest", "", "")};
  std::vector<std::string> absent;
  auto names = [&](const std::string& protocol) {
    options.protocol = protocol;
    std::string all;
    for (const RuleSplits& rule : rule_splits(study, options, collection, absent))
      all += rule.rule.name + " ";
    return all;
  };
  EXPECT_EQ(names("both"), "leaky files ");
  for (const char* protocol : {"auto", "published", "honest"}) EXPECT_EQ(names(protocol), "files ");
}

TEST(Estimate, KnowsParametersStepsAndTakesTimeAndMemory) {
  Study study = example_study();
  Options options;
  Estimate mlp = estimate(study, study.rows[0], options, {}, four_tones);
  EXPECT_EQ(mlp.parameters, 768 * 512 + 512 + 512 * 4 + 4);
  EXPECT_EQ(mlp.trained_parameters, mlp.parameters);
  EXPECT_GT(mlp.seconds_a_batch, 0);
  // Weights, gradients and Adam's two moments, at least; with the best epoch's and a batch not much more.
  EXPECT_GT(mlp.bytes, 4 * 4 * mlp.parameters);
  EXPECT_LT(mlp.bytes, 8 * 4 * mlp.parameters);
  Estimate saga = estimate(study, study.rows[4], options, {}, four_tones);
  EXPECT_EQ(saga.parameters, 256 * 4 + 4);
  EXPECT_GT(saga.seconds_a_batch, 0);

  Collection clips = songs(1);
  clips.classes = four_tones;
  std::vector<RuleSplits> rules = {{split_over_clips("one", "", "", false), {Split{}}}};
  for (i64 i = 0; i < 24; ++i)
    (i < 14 ? rules[0].splits[0].train : rules[0].splits[0].test).push_back(i);
  std::vector<const Row*> rows = chosen_rows(study, {"mlp", "cnn", "saga"});
  std::string text =
      plan_in_words(study, options, {}, four_tones, rules, plan(rows, rules, options));
  // mlp: 2 epochs of 3 steps, then 2 of ⌈⌈14/6⌉/2⌉; cnn: 3 epochs of ⌈14/8⌉; SAGA: 20 passes.
  auto steps_of = [&](const std::string& name) {
    std::istringstream line(text.substr(text.find(name)));
    std::string fit;
    i64 parameters = 0, trained = 0, steps = 0;
    line >> fit >> parameters >> trained >> steps;
    return steps;
  };
  EXPECT_EQ(steps_of("mlp-one-0"), 2 * 3 + 2 * 2);
  EXPECT_EQ(steps_of("cnn-one-0"), 3 * 2);
  EXPECT_EQ(steps_of("saga-one-0"), 20);
  EXPECT_TRUE(contains(text, "3 fits, at most 0:0"));
}

}  // namespace
}  // namespace melgrad
