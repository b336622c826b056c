#pragma once
#include "apps/harness/command_line.h"
#include "apps/harness/data.h"
#include "apps/harness/results.h"
#include "apps/harness/study.h"
#include "audio/collections/split.h"

namespace melgrad {

/// One way to split the pictures into train, validation and test.
struct Splitting {
  Protocol protocol;
  Split split;
};

/// As the files of --split say; else at random over the files; or, where files give several
/// pictures, what --protocol says: over the pictures as published, over the files, or both. The
/// first is compared with the published figures. `absent` gets the clips that --split names and the
/// collection lacks.
std::vector<Splitting> splittings(const Study& study, const Options& options, const StudyData& data,
                                  std::vector<std::string>& absent);

}  // namespace melgrad
