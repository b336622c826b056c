#include "apps/harness/planning/splitting.h"

namespace melgrad {
namespace {

// The files' lists name clips, of which each may have given several examples.
Split split_of_excerpts(const Collection& collection, const std::vector<std::string>& files,
                        std::vector<std::string>& absent) {
  Collection clips{collection.classes, {}, collection.skipped};
  std::vector<std::vector<i64>> excerpts_of;
  for (std::size_t i = 0; i < collection.examples.size(); ++i) {
    const Example& example = collection.examples[i];  // sorted: a file's are neighbours
    if (clips.examples.empty() || clips.examples.back().path != example.path) {
      clips.examples.push_back(example);
      excerpts_of.emplace_back();
    }
    excerpts_of.back().push_back(static_cast<i64>(i));
  }
  Split of_clips = split_from_files(clips, files[0], files[1], files[2], &absent), split;
  auto expand = [&](const std::vector<i64>& from, std::vector<i64>& to) {
    for (i64 clip : from)
      for (i64 excerpt : excerpts_of[static_cast<std::size_t>(clip)]) to.push_back(excerpt);
  };
  expand(of_clips.train, split.train);
  expand(of_clips.valid, split.valid);
  expand(of_clips.test, split.test);
  return split;
}

std::vector<SplitRule> default_rules(const Study& study, const Options& options,
                                     const Collection& collection) {
  if (collection.is_segmented)
    return {split_over_clips(
                "published", "split over excerpts",
                "Several excerpts come from one file, and the split is over excerpts: pieces of "
                "one recording are on both sides, which flatters every net. " +
                    study.protocol_note,
                true),
            split_over_groups(
                "honest", "split over recordings",
                "All excerpts of a file fall in one part: no recording is on both sides.")};
  return {split_over_clips(
      "stratified", "stratified split",
      "Each file gives one picture, so no file is on both sides of the split" +
          (options.data.empty()
               ? std::string("; every clip of synthesised music is a piece of its own.")
               : ". Whether two files hold the same recording or artist the program cannot know: "
                 "such pairs flatter every net. " +
                     study.protocol_note),
      false)};
}

// --protocol means something where a leaky rule and an honest one stand side by side.
bool is_wanted(const std::vector<SplitRule>& rules, const SplitRule& rule,
               const std::string& protocol) {
  bool leaky = false, honest = false;
  for (const SplitRule& other : rules) (other.leaks ? leaky : honest) = true;
  if (!leaky || !honest) return true;
  return rule.leaks ? protocol != "honest" : protocol != "published";
}

}  // namespace

SplitRule split_over_clips(std::string name, std::string title, std::string note, bool leaks,
                           const Fractions& fractions) {
  return {std::move(name), std::move(title), std::move(note), leaks,
          [=](const Collection& collection, u64 seed) {
            return std::vector{
                stratified_split(collection, fractions, seed, leaks ? Leak::allow : Leak::refuse)};
          }};
}

SplitRule split_over_groups(std::string name, std::string title, std::string note,
                            const Fractions& fractions) {
  return {std::move(name), std::move(title), std::move(note), false,
          [=](const Collection& collection, u64 seed) {
            return std::vector{grouped_split(collection, fractions, seed)};
          }};
}

SplitRule folds_over_clips(std::string name, std::string title, std::string note, bool leaks, i64 k,
                           bool validation) {
  return {std::move(name), std::move(title), std::move(note), leaks,
          [=](const Collection& collection, u64 seed) {
            std::vector<Split> folds =
                k_fold(collection, k, seed, leaks ? Leak::allow : Leak::refuse);
            if (validation)
              for (Split& fold : folds) fold.valid = fold.test;
            return folds;
          }};
}

SplitRule folds_over_groups(std::string name, std::string title, std::string note, i64 k) {
  return {
      std::move(name), std::move(title), std::move(note), false,
      [=](const Collection& collection, u64 seed) { return grouped_k_fold(collection, k, seed); }};
}

std::vector<RuleSplits> rule_splits(const Study& study, const Options& options,
                                    const Collection& collection,
                                    std::vector<std::string>& absent) {
  if (const auto& files = options.split; !files.empty()) {
    SplitRule rule;
    rule.name = "files";
    rule.title = "split from files";
    rule.note = format("The split comes from {}, {} and {}.", files[0], files[1], files[2]);
    return {{rule, {split_of_excerpts(collection, files, absent)}}};
  }
  std::vector<SplitRule> rules =
      study.rules.empty() ? default_rules(study, options, collection) : study.rules;
  std::vector<RuleSplits> made;
  for (const SplitRule& rule : rules)
    if (is_wanted(rules, rule, options.protocol))
      made.push_back({rule, rule.splits(collection, options.seed)});
  return made;
}

}  // namespace melgrad
