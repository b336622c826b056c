#pragma once
#include <vector>

#include "apps/harness/command_line.h"
#include "apps/harness/study.h"

namespace melgrad {

/// The study's training with what the command line changes.
Training training_of(const Study& study, const Options& options);

/// Every setting of the run with its mark: the study's, or "set" where the command line says
/// otherwise. Those by which sounds become pictures only where there are sounds.
std::vector<Setting> settings_of(const Study& study, const Options& options,
                                 const Training& training, bool of_sounds);

}  // namespace melgrad
