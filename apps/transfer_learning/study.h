#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/harness/study.h"

namespace melgrad {

/// What this study's command line can say beside what every study's can.
struct TransferFlags {
  std::optional<i64> size;  // height and width of what nets see
  std::string recipe = "fastai", normalise = "whole";
  i64 copies = 8;           // at test time, of rows that are augmented
  bool fastai_tta = false;  // a quarter of the clip itself beside them
  bool ablate = false;
  std::optional<i64> pretrain_epochs;
};

/// The table of study E.
Study transfer_study(const TransferFlags& flags, const Options& options);

}  // namespace melgrad
