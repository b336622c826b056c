#pragma once
#include <string>
#include <vector>

#include "apps/harness/report/html.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/results/results.h"

/// Figures as SVG and HTML fragments. Colours come from the page's style (report_style.cpp), so
/// that they follow the reader's light or dark mode.
namespace melgrad {

/// The first epoch (from 0) in which overfitting shows: later than the best epoch, training loss
/// below that of the best epoch, and the mean validation loss of that epoch and its two neighbours
/// 5 % above the lowest. −1 if there is none.
i64 overfitting_start(const std::vector<Epoch>& history, i64 best_epoch);

/// Training and validation loss and, below, accuracy over the epochs; the best epoch is marked and
/// the part from overfitting_start on is shaded.
Html learning_curves(const Fit& fit);

/// Training and validation loss of several fits, all in one panel: the folds of a row.
Html loss_curves(const std::vector<const Fit*>& fits);

/// One row of a dot plot from 0 to 100 %: a ring for the published accuracy, a disc for the
/// measured one (with a bar of ± its deviation), a line at `chance`. NaN: not drawn.
Html accuracy_strip(double published, double measured, double deviation, double chance);

/// A line through values from 0 to 1, with its name at its end. NaN: not drawn.
struct NamedLine {
  std::string name;
  std::vector<double> values;  // one for each place
};
/// Lines over the same places, from left to right: accuracies over what was changed.
Html accuracy_lines(const std::vector<std::string>& places, const std::vector<NamedLine>& lines);

/// Points over values from 0 to the largest, with their names beside.
struct NamedPoint {
  std::string name;
  double x = 0, accuracy = 0;
};
/// Accuracies against something, a point each: seconds an epoch. `axis`: in words, below.
Html accuracy_points(const std::vector<NamedPoint>& points, const std::string& axis);

/// A table of counts, each cell tinted by its share of the row.
Html confusion_table(const Confusion& confusion, const std::vector<std::string>& classes);

}  // namespace melgrad
