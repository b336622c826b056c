#pragma once
#include <string>
#include <vector>

#include "apps/harness/results.h"

/// Figures as SVG and HTML fragments. Colours come from the page's style (report_style.cpp), so
/// that they follow the reader's light or dark mode.
namespace melgrad {

/// & < > " ' as entities; bytes that are not UTF-8 as U+FFFD.
std::string escape_html(const std::string& text);
/// 3 → "3", .8543 → "0.8543": at most `digits` after the point.
std::string decimal(double value, int digits);
/// .28 → "0.280": exactly `digits` after the point.
std::string fixed_point(double value, int digits);
/// .8543 → "85.4 %"; "–" for NaN.
std::string percent(double fraction, int digits = 1);
/// 2032392 → "2 032 392" with narrow spaces that do not break.
std::string thousands(i64 value);

/// The first epoch (from 0) in which overfitting shows: later than the best epoch, training loss
/// below that of the best epoch, and the mean validation loss of that epoch and its two neighbours
/// 5 % above the lowest. −1 if there is none.
i64 overfitting_start(const std::vector<Epoch>& history, i64 best_epoch);

/// Training and validation loss and, below, accuracy over the epochs; the best epoch is marked and
/// the part from overfitting_start on is shaded.
std::string learning_curves(const Fit& fit);

/// One row of a dot plot from 0 to 100 %: a ring for the published accuracy, a disc for the
/// measured one (with a bar of ± its deviation), a line at `chance`. NaN: not drawn.
std::string accuracy_strip(double published, double measured, double deviation, double chance);

/// A table of counts, each cell tinted by its share of the row.
std::string confusion_table(const Confusion& confusion, const std::vector<std::string>& classes);

}  // namespace melgrad
