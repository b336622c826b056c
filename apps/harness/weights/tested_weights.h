#pragma once
#include <map>
#include <string>
#include <vector>

#include "apps/harness/command_line.h"
#include "apps/harness/study.h"
#include "layers/module.h"

namespace melgrad {

/// The files of --weights that name a testable row, which is tested with them and not trained.
class TestedWeights {
 public:
  /// Reads them. Throws Error that says what does not fit: the file is another net's, or of another
  /// input; or the row is none of those that are run.
  TestedWeights(const Study& study, const std::vector<const Row*>& rows, const Options& options);

  bool are_for(const Row& row) const { return files_.contains(row.name); }
  /// Throws Error unless every file has as many outputs as there are classes and, where it names its
  /// classes, these.
  void check_classes(const std::vector<std::string>& classes) const;
  /// All of the net. In words which file: "model_cnn3.h5".
  std::string load(const Row& row, Module& net) const;

 private:
  struct File {
    std::string path;
    i64 outputs = 0;
    std::vector<std::string> classes;  // none: the file does not say
  };
  std::map<std::string, File> files_;  // by the row's name
};

/// The testable row that "NAME=FILE" names, and the file; null if it names none.
std::pair<const Row*, std::string> testable_row(const Study& study, const std::string& given);

}  // namespace melgrad
