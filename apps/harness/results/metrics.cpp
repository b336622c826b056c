#include "apps/harness/results/metrics.h"

#include <cmath>
#include <numeric>

#include "kernels/error.h"

namespace melgrad {
namespace {

double ratio(i64 part, i64 whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Confusion::Confusion(i64 classes)
    : classes_(classes), counts_(static_cast<std::size_t>(classes * classes), 0) {}

Confusion::Confusion(const std::vector<i64>& counts)
    : classes_(std::llround(std::sqrt(static_cast<double>(counts.size())))), counts_(counts) {
  check(classes_ * classes_ == static_cast<i64>(counts.size()), "confusion",
        "{} counts are not a square matrix", counts.size());
}

std::size_t Confusion::index(i64 truth, i64 predicted) const {
  check(truth >= 0 && truth < classes_ && predicted >= 0 && predicted < classes_, "confusion",
        "class {} predicted as {}, but there are {} classes", truth, predicted, classes_);
  return static_cast<std::size_t>(truth * classes_ + predicted);
}

void Confusion::add(i64 truth, i64 predicted) { ++counts_[index(truth, predicted)]; }

Confusion& Confusion::operator+=(const Confusion& other) {
  if (classes_ == 0) return *this = other;
  check(classes_ == other.classes_, "confusion", "counts of {} classes cannot be added to {}",
        other.classes_, classes_);
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  return *this;
}

i64 Confusion::total() const { return std::accumulate(counts_.begin(), counts_.end(), i64{0}); }

double Confusion::accuracy() const {
  i64 right = 0;
  for (i64 c = 0; c < classes_; ++c) right += (*this)(c, c);
  return ratio(right, total());
}

// precision = right / predicted as c    recall = right / truly c    F1 = their harmonic mean
//                                                               = 2 right / (predicted + truly c)
ClassScore Confusion::score(i64 of_class) const {
  i64 truly = 0, predicted = 0, right = (*this)(of_class, of_class);
  for (i64 c = 0; c < classes_; ++c) {
    truly += (*this)(of_class, c);
    predicted += (*this)(c, of_class);
  }
  return {ratio(right, predicted), ratio(right, truly), ratio(2 * right, predicted + truly), truly};
}

double Confusion::macro_f1() const {
  double sum = 0;
  for (i64 c = 0; c < classes_; ++c) sum += score(c).f1;
  return classes_ == 0 ? 0 : sum / static_cast<double>(classes_);
}

MeanDeviation mean_and_deviation(const std::vector<double>& values) {
  if (values.empty()) return {};
  double n = static_cast<double>(values.size()), mean = 0, squares = 0;
  for (double value : values) mean += value / n;
  for (double value : values) squares += (value - mean) * (value - mean);
  return {mean, n < 2 ? 0 : std::sqrt(squares / (n - 1))};
}

i64 rank_of(i64 label, const std::vector<float>& strengths) {
  float own = strengths.at(static_cast<std::size_t>(label));
  i64 before = 0;
  for (i64 c = 0; c < static_cast<i64>(strengths.size()); ++c) {
    float other = strengths[static_cast<std::size_t>(c)];
    bool weaker = other < own || (other == own && c > label);  // a NaN is not
    before += c != label && !weaker;
  }
  return before;
}

Figures figures_of(double loss, const Confusion& confusion, const std::vector<std::string>& classes,
                   const std::vector<i64>& labels,
                   const std::vector<std::vector<float>>& strengths) {
  check(confusion.classes() == static_cast<i64>(classes.size()), "figures",
        "counts of {} classes, but {} names", confusion.classes(), classes.size());
  check(labels.size() == strengths.size(), "figures", "strengths of {} clips, but {} labels",
        strengths.size(), labels.size());
  Figures figures{
      {"accuracy", confusion.accuracy()}, {"loss", loss}, {"macro F1", confusion.macro_f1()}};
  if (classes.size() > 3) {
    i64 among = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      check(strengths[i].size() == classes.size(), "figures", "{} strengths for {} classes",
            strengths[i].size(), classes.size());
      among += rank_of(labels[i], strengths[i]) < 3;
    }
    figures["top 3"] = ratio(among, static_cast<i64>(labels.size()));
  }
  for (std::size_t c = 0; c < classes.size(); ++c) {
    ClassScore score = confusion.score(static_cast<i64>(c));
    figures["precision " + classes[c]] = score.precision;
    figures["recall " + classes[c]] = score.recall;
    figures["F1 " + classes[c]] = score.f1;
  }
  return figures;
}

}  // namespace melgrad
