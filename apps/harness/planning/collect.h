#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/harness/command_line.h"
#include "apps/harness/data/examples.h"
#include "apps/harness/study.h"

namespace melgrad {

/// What a study's rows see: the same clips by each of the inputs that are needed.
struct StudyData {
  std::map<std::string, Examples> examples;  // by the input's name
  std::string source;                        // "synthesised music", "gtzan"
  std::filesystem::path folder;              // that the classes' folders are in
  bool of_sounds = false;                    // not of pictures alone, nor of a table
  std::vector<std::string> notes;            // what happened to the files on the way (notes.h)

  const Examples& any() const { return examples.begin()->second; }
  const Collection& collection() const { return any().collection(); }
  /// Of each input by name: of contents, parts, classes and the input.
  std::map<std::string, std::string> fingerprints() const;
  /// What any of the inputs could not be made of, and what was left out on purpose.
  std::vector<Skipped> skipped() const;
};

/// Throws Error where --out cannot be a run's folder: it is --data itself, or a folder below that
/// which holds something and which no run made.
void check_out(const Options& options);

/// Scans --data, but for --out, or synthesises music below `out`; takes excerpts; sees that they can
/// be split; makes or finds the rows of each of `inputs`; leaves out clips that one of them cannot be
/// made of, and with --drop-duplicates copies; trims the classes to one size unless --split says
/// which clips there are, or --keep-all. A study's table is read instead. Throws Interrupted on Ctrl-C.
StudyData collect(const Study& study, const Options& options,
                  const std::vector<const Input*>& inputs, const std::filesystem::path& out);
/// The same of the collection to pretrain on (can_pretrain()), all its classes, as they are, without the
/// inputs' variants.
StudyData collect_for_pretraining(const Study& study, const Options& options,
                                  const std::vector<const Input*>& inputs,
                                  const std::filesystem::path& out);

/// The clips as far as they can be told without reading them: for a plan. Not of a table in --data.
Collection foresee(const Study& study, const Options& options,
                   const std::vector<const Input*>& inputs);

}  // namespace melgrad
