#pragma once
#include <string>
#include <vector>

#include "apps/harness/training/recipe.h"
#include "kernels/dtype.h"

namespace melgrad {

/// What a study can say the source of, and a report has a line for.
enum class About : u8 {
  genres,
  input,
  normalisation,
  colours,
  frequency_axis,
  sample_rate,
  stft,
  excerpt,
  excerpts_of_a_file,
  variants,
  split,
  class_sizes,
  duplicates,
  layers,
  optimiser,
  learning_rate,
  rate_course,
  trained_parameters,
  batch,
  accumulation,
  loss,
  penalty,
  mixup,
  augmentation,
  test_time,
  early_stopping,
  rules_count_from,
  tested_weights,
  given_weights,
  epochs,
  gradient_norm,
  bf16,
  tf32,
  winograd,
};
/// "batch", "rules count from"
std::string name_of(About setting);

/// Where a setting comes from: src, fig, txt or inf, as in the report.
struct Source {
  About setting;
  std::string mark, note;
};

struct Study;
struct Row;
struct Options;
struct SettingUsed;

/// The study's trainings with what the command line changes: of the row's, or of the study's.
Training training_of(const Study& study, const Row& row, const Options& options);

/// Every setting of all the study's rows with its mark: the study's, or "set" where the command line
/// says otherwise. Those by which sounds become features only where there are sounds.
std::vector<SettingUsed> settings_of(const Study& study, const Options& options, bool of_sounds);

/// "batch: 64 → 16" for each setting that differs, but for the number of epochs. Of what is said row by
/// row that of `rows` counts, those that both runs have; none: of all.
std::vector<std::string> changes(const std::vector<SettingUsed>& then,
                                 const std::vector<SettingUsed>& now,
                                 const std::vector<std::string>& rows = {});

}  // namespace melgrad
