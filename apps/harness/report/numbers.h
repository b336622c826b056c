#pragma once
#include <string>

#include "apps/harness/results/metrics.h"

/// Numbers as a page shows them. One that is not finite is "–".
namespace melgrad {

/// 3 → "3", .8543 → "0.8543": at most `digits` after the point.
std::string decimal(double value, int digits);
/// .28 → "0.280": exactly `digits` after the point.
std::string fixed_point(double value, int digits);
/// .8543 → "85.4 %"
std::string percent(double fraction, int digits = 1);
/// 2032392 → "2 032 392" with narrow spaces that do not break.
std::string thousands(i64 value);
/// "accuracy", "best validation accuracy" and "top 3" as a percentage, "loss" and "F1 Pop" with three digits.
std::string figure_text(const std::string& name, double value);
/// "± 1.2", without a unit, for the deviation of such a figure.
std::string deviation_text(const std::string& name, double deviation);
/// 1 → "1 clip", 2 → "2 clips"
std::string counted(i64 count, const std::string& thing);
/// 1 → "1st"
std::string ordinal(i64 number);

}  // namespace melgrad
