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
  bool of_sounds = false;                    // not of pictures alone, nor of a table

  const Collection& collection() const { return examples.begin()->second.collection(); }
  /// Of each input by name: of contents, parts, classes and the input.
  std::map<std::string, std::string> fingerprints() const;
  /// What any of the inputs could not be made of.
  std::vector<Skipped> skipped() const;
};

/// Scans --data, or synthesises music below `out`; takes excerpts; makes or finds the rows of each
/// of `inputs`; leaves out clips that one of them cannot be made of; trims the classes to one size
/// unless --split says which clips there are. Throws Interrupted on Ctrl-C.
StudyData collect(const Study& study, const Options& options,
                  const std::vector<const Input*>& inputs, const std::filesystem::path& out);
/// The same of another folder, all its classes: for pretraining.
StudyData collect_folder(const std::filesystem::path& folder, const Options& options,
                         const std::vector<const Input*>& inputs, const std::filesystem::path& out);

/// The clips as far as they can be told without reading them: for a plan.
Collection foresee(const Study& study, const Options& options,
                   const std::vector<const Input*>& inputs);

/// "jazz/a.wav: the file is empty"
std::vector<std::string> skipped_in_words(const StudyData& data);

}  // namespace melgrad
