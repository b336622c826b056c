#pragma once
#include <map>
#include <string>
#include <vector>

#include "kernels/dtype.h"

namespace melgrad {

/// How well one class was told from the others. A ratio without a denominator (a class that was
/// never predicted, say) is 0, as in scikit-learn.
struct ClassScore {
  double precision = 0, recall = 0, f1 = 0;
  i64 support = 0;  // examples of this class
};

/// Counts of (true class, predicted class).
class Confusion {
 public:
  Confusion() = default;
  explicit Confusion(i64 classes);
  /// The counts row by row. Throws Error unless their number is a square.
  explicit Confusion(const std::vector<i64>& counts);

  void add(i64 truth, i64 predicted);
  /// The counts' sum. One of no classes takes the other's; else throws Error unless both have as many.
  Confusion& operator+=(const Confusion& other);

  i64 classes() const { return classes_; }
  i64 operator()(i64 truth, i64 predicted) const { return counts_[index(truth, predicted)]; }
  const std::vector<i64>& counts() const { return counts_; }  // row by row, a row is a true class
  i64 total() const;

  double accuracy() const;
  ClassScore score(i64 of_class) const;
  /// Mean F1 of the classes, each counting the same.
  double macro_f1() const;

 private:
  std::size_t index(i64 truth, i64 predicted) const;
  i64 classes_ = 0;
  std::vector<i64> counts_;
};

/// Mean and (n − 1) standard deviation, 0 for fewer than two values.
struct MeanDeviation {
  double mean = 0, deviation = 0;
};
MeanDeviation mean_and_deviation(const std::vector<double>& values);

/// Figures by name: "accuracy", "loss", "top 3", "F1 Pop".
using Figures = std::map<std::string, double>;

/// How many classes are stronger than `label`, or as strong and listed earlier: 0 for the one that
/// is said.
i64 rank_of(i64 label, const std::vector<float>& strengths);

/// All that follows from what a net said of test clips: "accuracy", "loss" (given), "macro F1", with
/// more than three classes "top 3", and "precision X", "recall X", "F1 X" of each class. strengths:
/// one vector a clip, of a number a class. A class is among the top 3 if its rank is below 3.
/// Throws Error where the numbers of clips or classes differ.
Figures figures_of(double loss, const Confusion& confusion, const std::vector<std::string>& classes,
                   const std::vector<i64>& labels,
                   const std::vector<std::vector<float>>& strengths);

}  // namespace melgrad
