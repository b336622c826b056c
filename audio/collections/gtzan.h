#pragma once
#include <set>
#include <string>
#include <vector>

#include "audio/collections/dataset.h"

namespace melgrad {

/// Its ten, by name.
const std::vector<std::string>& gtzan_genres();
/// "jazz.00054", which no decoder reads in the published archive.
const std::set<std::string>& gtzan_corrupt();
/// The 50 exact repetitions among GTZAN's 1000 clips, by stem ("disco.00051"): the later one of
/// each pair (Sturm 2013, arXiv 1306.1461, table 2).
const std::set<std::string>& gtzan_repetitions();

/// The collection without the examples of these stems.
Collection without(const Collection& collection, const std::set<std::string>& stems);

}  // namespace melgrad
