#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apps/harness/report/report.h"

/// What the report of this study has beside that of every study: a file each.
namespace melgrad {
namespace fma {

/// "Artist: title" of a clip by the stem of its file, or nothing.
using TitleOf = std::function<std::string(const std::string& stem)>;

Html epochs(const Report& report);    // the last epoch, which is tested, beside the best
Html examples(const Report& report);  // a picture of each genre as the nets see it
Html genres(const Report& report);    // precision, recall and F1 beside the published
/// Clips that were taken for a genre and are of another, by a menu.
Html taken(const Report& report, const TitleOf& title_of);
Html bars(const Report& report);  // what is taken for each genre, and what it is taken for

/// The row that the published test is of, ResNet-50; if it did not run the best. Null where none ran.
const RowResult* tested_row(const Report& report);

}  // namespace fma

/// All of them, in order.
std::vector<Section> fma_sections(const fma::TitleOf& title_of);

}  // namespace melgrad
