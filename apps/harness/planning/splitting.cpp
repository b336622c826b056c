#include "apps/harness/planning/splitting.h"

#include <algorithm>

#include "apps/harness/report/numbers.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

// What the program cannot tell from the files.
std::string unknown(const Study& study, const Options& options, const Collection& collection) {
  if (options.data.empty()) return "Every clip of synthesised music is a piece of its own.";
  std::string note =
      "Files that are byte for byte others are found, and counted below; whether two hold the same "
      "recording in other bytes, or one artist, the program cannot know: such pairs flatter every "
      "net.";
  return is_published_task(study, collection.classes) ? note + " " + study.protocol_note : note;
}

std::vector<SplitRule> leaky_and_honest(const std::string& clips, const std::string& torn,
                                        const std::string& whole, const std::string& unknown) {
  return {split_over_clips("published", "split over " + clips,
                           format("The split is over {}: {} are on both sides, which flatters "
                                  "every net. {}",
                                  clips, torn, unknown),
                           true),
          split_over_groups("honest", "split over " + whole,
                            format("No {} is on both sides.", whole.substr(0, whole.size() - 1)))};
}

// Recordings are files; of albums there may be too few in a class to be in every part.
std::vector<SplitRule> default_rules(const Study& study, const Options& options,
                                     const Collection& collection) {
  std::string rest = unknown(study, options, collection);
  const char* clips = collection.is_segmented ? "excerpts" : "files";
  if (!collection.has_albums) {
    if (collection.is_segmented)
      return leaky_and_honest(clips, "pieces of one recording", "recordings", rest);
    return {split_over_clips(
        "stratified", "stratified split",
        "Each file gives one clip, so no file is on both sides of the split. " + rest, false)};
  }
  std::vector<i64> albums = collection.group_counts();
  auto fewest = std::min_element(albums.begin(), albums.end());
  if (*fewest >= 3) return leaky_and_honest(clips, "pieces of one album", "albums", rest);
  std::string why = format("class '{}' has {}, too few for one in each of 3 parts",
                           collection.classes[static_cast<std::size_t>(fewest - albums.begin())],
                           counted(*fewest, "album"));
  check(options.protocol != "honest", "protocol", "{}", why);
  return {split_over_clips("published", std::string("split over ") + clips,
                           format("The split is over {}: {}. Files of one album are on both sides, "
                                  "which flatters every net. {}",
                                  clips, why, rest),
                           true)};
}

// --protocol means something where a leaky rule and an honest one stand side by side.
bool is_wanted(const std::vector<SplitRule>& rules, const SplitRule& rule,
               const std::string& protocol) {
  bool leaky = false, honest = false;
  for (const SplitRule& other : rules) (other.leaks ? leaky : honest) = true;
  if (!leaky || !honest) return true;
  return rule.leaks ? protocol != "honest" : protocol != "published";
}

void check_sizes(const Collection& collection, const std::vector<i64>& counts, i64 folds,
                 const std::string& what) {
  auto fewest = std::min_element(counts.begin(), counts.end());
  check(*fewest >= folds, "folds", "class '{}' has {}, too few for one in each of {} folds",
        collection.classes[static_cast<std::size_t>(fewest - counts.begin())],
        counted(*fewest, what), folds);
}

// Whole groups of a fold's training part become its validation part.
void take_validation(const Collection& collection, double valid, u64 seed, Split& fold) {
  Collection training = collection;
  training.examples.clear();
  for (i64 i : fold.train)
    training.examples.push_back(collection.examples[static_cast<std::size_t>(i)]);
  Split parts = grouped_split(training, {.train = 1 - valid, .valid = valid, .test = 0}, seed);
  auto of_all = [&](const std::vector<i64>& part) {
    std::vector<i64> indices;
    indices.reserve(part.size());
    for (i64 i : part) indices.push_back(fold.train[static_cast<std::size_t>(i)]);
    return indices;
  };
  fold.valid = of_all(parts.valid);
  fold.train = of_all(parts.train);
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
            check_sizes(collection, collection.counts(), k, "clip");
            std::vector<Split> folds =
                k_fold(collection, k, seed, leaks ? Leak::allow : Leak::refuse);
            if (validation)
              for (Split& fold : folds) fold.valid = fold.test;
            return folds;
          }};
}

SplitRule folds_over_groups(std::string name, std::string title, std::string note, i64 k,
                            double valid) {
  return {std::move(name), std::move(title), std::move(note), false,
          [=](const Collection& collection, u64 seed) {
            check_sizes(collection, collection.group_counts(), k, "song");
            std::vector<Split> folds = grouped_k_fold(collection, k, seed);
            if (valid > 0)
              for (Split& fold : folds) take_validation(collection, valid, seed, fold);
            return folds;
          }};
}

std::vector<RuleSplits> rule_splits(const Study& study, const Options& options,
                                    const Collection& collection,
                                    std::vector<std::string>& absent) {
  if (const auto& files = options.split; !files.empty()) {
    SplitRule rule;
    rule.name = "files";
    rule.title = "split from files";
    rule.note = format("The split comes from {}, {} and {}.", files[0], files[1], files[2]);
    std::vector<RuleSplits> made;
    for (const SplitRule& own : study.rules)
      if (own.leaks && options.protocol == "both")
        made.push_back({own, own.splits(collection, options.seed)});
    made.push_back({rule, {split_from_files(collection, files[0], files[1], files[2], &absent)}});
    return made;
  }
  std::vector<SplitRule> rules =
      study.rules.empty() ? default_rules(study, options, collection) : study.rules;
  std::vector<RuleSplits> made;
  for (const SplitRule& rule : rules)
    if (is_wanted(rules, rule, options.protocol))
      made.push_back({rule, rule.splits(collection, options.seed)});
  return made;
}

void check_splits(const Study& study, const Options& options, const Collection& collection) {
  std::vector<std::string> absent;
  rule_splits(study, options, collection, absent);
}

}  // namespace melgrad
