#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/harness/planning/plan.h"
#include "apps/harness/results/results.h"
#include "audio/collections/shared_file.h"

namespace melgrad {

/// The output folder of a run: what is done, what is half done, results.json, the report. One run at
/// a time may have it.
class Session {
 public:
  /// Makes the folder; throws Error if it cannot be written to, or another run works in it.
  Session(const std::filesystem::path& out, bool resume);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const std::filesystem::path& folder() const { return out_; }
  std::filesystem::path checkpoint(const std::string& fit) const;
  std::filesystem::path weights(const std::string& name) const;

  /// With --resume: takes the fits that an earlier run in the folder finished into `results`. Throws
  /// Error that tells what differs if it had other data or settings, or more epochs. Without: moves
  /// what it left to previous/, and says so.
  void begin(Results& results);
  /// Whether there is nothing left to do for the fit. One that had all its epochs has something left
  /// if there are more by now, and one that lacks one of `figures` has to be tested for it.
  static bool is_done(const RowResult& row, const PlannedFit& fit, const std::string& rule,
                      i64 epochs, const std::vector<std::string>& figures = {});

  /// results.json and report.html.
  void write(const Results& results, const ClipSource& clips,
             const std::vector<Section>& sections) const;

 private:
  void keep_earlier(Results& results) const;
  void set_earlier_aside() const;

  std::filesystem::path out_;
  bool resume_;
  std::optional<SharedFile> lock_;
};

}  // namespace melgrad
