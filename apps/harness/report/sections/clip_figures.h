#pragma once
#include <map>
#include <vector>

#include "apps/harness/report/report.h"

namespace melgrad::sections {

/// Test clips as small pictures, which play where there is a sound, with what the best net said.
class ClipFigures {
 public:
  /// report.best must not be null.
  explicit ClipFigures(const Report& report);

  const std::map<i64, Prediction>& said() const { return said_; }  // by the best net
  const ClipInfo& clip(i64 index) const;
  bool right(i64 index) const;
  Html operator()(i64 index) const;

 private:
  Html picture(i64 index) const;
  Html caption(i64 index) const;
  Html truth(i64 index) const;
  std::string tally(i64 index) const;

  const Report& report_;
  std::map<i64, Prediction> said_;
  std::vector<std::map<i64, Prediction>> said_by_all_;
};

}  // namespace melgrad::sections
