#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/harness/command_line.h"
#include "apps/harness/planning/collect.h"
#include "apps/harness/planning/splitting.h"

namespace melgrad {

/// What --test-noise and --test-mp3 do to a clip's sound.
struct Degradation {
  std::string name;  // "noise 20 dB", "MP3 64 kbit/s"
  Distortion distortion = {};
};
std::vector<Degradation> degradations_of(const Options& options);

/// The test clips of all splits with one degradation, as each input sees them.
struct DegradedClips {
  std::string name;
  std::map<std::string, Examples> examples;  // by the input's name
  std::map<i64, i64> place_of;               // clip of StudyData -> example

  std::vector<i64> places(const std::vector<i64>& clips) const;
};
/// Throws Error where one of them is asked for and an input sees pictures, or columns.
void check_degradable(const Options& options, const std::vector<const Input*>& inputs);
/// Makes them, through the run's feature cache. Throws Error where there is no sound to degrade, or
/// where a clip cannot be.
std::vector<DegradedClips> degraded(const Options& options, const StudyData& data,
                                    const std::vector<const Input*>& inputs,
                                    const std::vector<RuleSplits>& rules,
                                    const std::filesystem::path& out);

}  // namespace melgrad
