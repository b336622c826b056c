#pragma once
#include <vector>

#include "apps/harness/planning/log_mel_flags.h"
#include "apps/harness/study.h"

namespace melgrad {

/// What this study's command line can say beside what every study's can.
struct SegmentFlags {
  std::vector<double> seconds = {3};  // of a segment; several are a chapter each
  bool early_stopping = false;
  LogMelFlags log_mel = {};
};

/// The table of study D's audio nets. Throws Error where --log-mel and --data do not fit.
Study segments_study(const SegmentFlags& flags, const Options& options);

/// This study's parts of the page: one clip in pictures, where overfitting begins, what was found.
/// `folder`: of the run, which paths of sounds may be relative to.
std::vector<Section> segment_sections(const Feature& mfcc, const std::filesystem::path& folder);

}  // namespace melgrad
