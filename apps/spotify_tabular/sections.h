#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "apps/harness/report/report.h"
#include "audio/collections/spotify.h"

namespace melgrad {

/// What the report says of a table, beside what every study's says: five songs of it; every score
/// beside the largest genre's share; how far the solvers came; the coefficients, from the weights
/// files below `out`, whose nets saw `standardised` columns or the table's. `table` is what the run has read.
std::vector<Section> sections_of_table(const std::shared_ptr<SongTable>& table,
                                       const std::filesystem::path& out, bool standardised);

}  // namespace melgrad
