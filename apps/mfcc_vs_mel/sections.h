#pragma once
#include <string>
#include <vector>

#include "apps/harness/report/report.h"

/// What the report of this study has beside that of every study: a file each.
namespace melgrad::mfcc_vs_mel {

/// All of them, in order. `factor`: on mel power read off pictures.
std::vector<Section> sections(double factor);

Html grid(const Report& report);       // the eight means in the published form, and seconds a fit
Html findings(const Report& report);   // MFCC and mel, basic and deeper, fold by fold
Html selection(const Report& report);  // the best model, chosen by folds that do not score it
Html curves(const Report& report);     // losses of the folds, of the best and the worst model
Html matrix(const Report& report);     // confusions of the best beside the published
/// Average MFCC and mel of each genre and one clip's pair.
Html genres(const Report& report);
Html scale(const Report& report, double factor);  // mel power times 1, 100, 1000

/// A row of which a fit under the report's first rule ended; null if there is none.
const RowResult* ran_row(const Report& report, const std::string& name);
/// A row of the grid, and null where it was not run: "mfcc" or "mel", "basic" or "deeper", 16 or 32.
const RowResult* cell(const Report& report, const std::string& feature, const std::string& net,
                      int batch);
/// Of the grid, in its order, those that ran under the report's first rule.
std::vector<const RowResult*> ran_of_grid(const Report& report);
/// By mean accuracy under that rule; null where none ran.
const RowResult* best_of_grid(const Report& report);
const RowResult* worst_of_grid(const Report& report);

}  // namespace melgrad::mfcc_vs_mel
