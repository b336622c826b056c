#pragma once
#include <string>
#include <vector>

#include "apps/harness/command_line.h"
#include "apps/harness/study.h"

namespace melgrad {

/// A rule and the splits it made of the run's collection.
struct RuleSplits {
  SplitRule rule;
  std::vector<Split> splits;
};

/// As the files of --split say, and with --protocol both, before it, by the study's rules that leak; else
/// by the study's rules; else at random over the clips, or, where files give several excerpts or lie in
/// albums, over the clips as published ("leaks"), over the files or albums, or both. Of several rules --protocol chooses. The first is compared with the published
/// figures. `absent` gets the clips that --split names and the collection lacks. Throws Error that
/// names a class which has too few clips, files or albums to be in every part.
std::vector<RuleSplits> rule_splits(const Study& study, const Options& options,
                                    const Collection& collection, std::vector<std::string>& absent);

/// The errors of rule_splits(), of clips that are not trimmed yet: with the numbers that classes have.
void check_splits(const Study& study, const Options& options, const Collection& collection);

/// Rules that studies are made of. Over rows: what is said to leak may tear songs apart.
SplitRule split_over_clips(std::string name, std::string title, std::string note, bool leaks,
                           const Fractions& fractions = {});
SplitRule split_over_groups(std::string name, std::string title, std::string note,
                            const Fractions& fractions = {});
/// k folds, stratified. `validation`: the held-out fold is the validation part, too, as published
/// recipes have it that stop early on the fold that scores them; else there is none. A class with
/// fewer clips than folds, or groups, is an Error that names it.
SplitRule folds_over_clips(std::string name, std::string title, std::string note, bool leaks, i64 k,
                           bool validation);
/// k folds of whole groups (a song's parts, an album, copies of a file), stratified as far as these
/// allow. `valid`: that fraction of what a fold learns from is its validation part, whole groups, too.
SplitRule folds_over_groups(std::string name, std::string title, std::string note, i64 k,
                            double valid = 0);

}  // namespace melgrad
