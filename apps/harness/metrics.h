#pragma once
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

}  // namespace melgrad
