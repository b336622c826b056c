#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/harness/command_line.h"
#include "apps/harness/study.h"
#include "layers/module.h"

namespace melgrad {

/// Where the nets of pretrained rows start.
class StartingWeights {
 public:
  /// Reads the files of --weights: each must fit a pretrained row but for its head (load_pretrained). A
  /// row that --nets names and that has neither a file nor --pretrain is an error now, not after the
  /// rows before it.
  StartingWeights(const Study& study, const std::vector<const Row*>& rows, const Options& options);

  /// What the row needs and does not have; empty if it can be run.
  std::string missing(const Row& row) const;
  /// The rows that want a fit on --pretrain: pretrained, without a file.
  bool wants_pretraining(const Row& row) const;
  /// The file that such a fit wrote.
  void add(const Row& row, const std::string& path, const std::string& in_words);

  /// All but the head, which stays as it was drawn if it does not fit. In words where from, empty for
  /// a row that is not pretrained.
  std::string load(const Row& row, Module& net) const;

 private:
  struct Source {
    std::string path, in_words;
  };
  std::map<std::string, Source> sources_;  // by the row's name
  bool may_pretrain_;
};

}  // namespace melgrad
