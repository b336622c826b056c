#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/fma_small/study.h"
#include "audio/collections/fma.h"

namespace melgrad {

/// The archive's folder as a study's collection, and what its table says of the tracks.
class FmaFiles {
 public:
  explicit FmaFiles(const FmaFlags& flags) : metadata_(flags.metadata), subset_(flags.subset) {}
  FindFiles find() const;
  /// "Artist: title" of a track by the stem of its file; empty before find() was called, and where the
  /// table does not say.
  std::string title_of(const std::string& stem) const;
  /// The split over artists that is published with the data.
  SplitRule official() const;

 private:
  std::string metadata_, subset_;
  std::shared_ptr<Fma> fma_ = std::make_shared<Fma>();
};

/// 100 clips of each class for validation and 100 for the test, of smaller classes 15 % each.
SplitRule split_as_published(bool leaks, std::string note);
/// The published one and, where clips have artists or albums, those that keep them together.
std::vector<SplitRule> fma_rules(const FmaFlags& flags, const Options& options,
                                 const FmaFiles& files);
/// Throws Error where --data is the archive's folder and --metadata is not given, or the other way.
void check_files(const FmaFlags& flags, const std::string& data);

}  // namespace melgrad
