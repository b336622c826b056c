#pragma once
#include <string>

#include "apps/harness/report/report.h"

/// What several sections say in the same way.
namespace melgrad::sections {

const std::string& class_name(const Report& report, i64 label);
/// "85.4 %", and "± 1.2" in small print for the mean of several fits.
Html with_deviation(const std::string& figure, const Measured& mean);
/// "base CNN, fold 2, seed 7": as much as is needed to tell the fits of the main rule apart.
std::string fit_title(const Report& report, const RowResult& row, const Fit& fit);
/// A table of figures that scrolls where it is wide: a heading of columns, and rows below it.
Html score_table(const std::vector<std::string>& columns, const Html& rows);
/// Seconds of an epoch's training and validation, the mean over the fits of the main rule; NaN where
/// no epoch was trained.
double seconds_an_epoch(const Report& report, const RowResult& row);
/// Fits of the main rule.
std::vector<const Fit*> main_fits(const Report& report, const RowResult& row);
bool has_folds(const Report& report);
/// "guessing", or where classes are of unequal sizes "always saying jazz".
std::string guessing(const Report& report);
/// Whether any row has published figures: not where the genres are others than the write-up's.
bool has_published(const Report& report);

/// An entry of a legend: a drawing of 26 × 12 and what it stands for.
Html legend_entry(const Html& drawing, const std::string& words);

}  // namespace melgrad::sections
