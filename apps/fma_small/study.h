#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/harness/planning/log_mel_flags.h"
#include "apps/harness/study.h"

namespace melgrad {

/// What this study's command line can say beside what every study's can.
struct FmaFlags {
  std::string metadata;  // tracks.csv; empty: --data has a folder a genre
  std::string subset = "small";
  LogMelFlags log_mel = {};
  std::optional<i64> frames, steps;
  int jpeg_quality = 75;               // 0: none
  std::vector<i64> size, resnet_size;  // rows and columns, or nothing
};

/// The six rows of study B. Throws Error where flags do not fit each other or --data.
Study fma_study(const FmaFlags& flags, const Options& options);

}  // namespace melgrad
