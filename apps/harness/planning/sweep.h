#pragma once
#include <string>

#include "apps/harness/command_line.h"
#include "apps/harness/study.h"

namespace melgrad {

/// The study with a row for each combination of the values that Options::lists has several of, named as
/// parse_swept_name() reads it (results/swept_name.h), in the place of each row that is run and that
/// they can be of: no rate of pretrained rows, nothing of rows that are solved or that --weights gives
/// weights to. A row keeps its published figures where the values are those it has anyway.
Study swept(const Study& study, const Options& options);

/// The augmentation called so, by name; "none" is none. Throws Error if the study has none of the name.
Augmentation find_augmentation(const Study& study, const std::string& name);

}  // namespace melgrad
