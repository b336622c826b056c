#pragma once
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/harness/data/view.h"
#include "apps/harness/study.h"
#include "layers/module.h"
#include "tests/harness/example_study.h"

/// What a study computes, once more: from sounds to figures, put together by hand.
namespace melgrad {

using Json = nlohmann::json;

/// What the test knows of the clips without the harness: their sounds, parts and classes.
inline Tensor sound(const std::filesystem::path& folder, const Json& clip) {
  Clip all = decode(folder / clip["name"].get<std::string>());
  // As librosa.load: places and lengths are cut to whole samples.
  double begin = clip["begin"], end = clip["end"];
  auto first = static_cast<i64>(begin * all.sample_rate);
  return all.samples.slice(0, first, first + static_cast<i64>((end - begin) * all.sample_rate));
}

/// JSON's columns, as rows.
inline std::vector<Json> rows_of(const Json& columns) {
  std::vector<Json> rows;
  for (const auto& [name, values] : columns.items())
    for (std::size_t i = 0; i < values.size(); ++i) {
      rows.resize(std::max(rows.size(), i + 1));
      rows[i][name] = values[i];
    }
  return rows;
}

struct Said {
  std::vector<std::vector<double>> strengths;
};

inline double log_loss(const Said& said, const std::vector<i64>& labels) {
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    sum -= std::log(said.strengths[i][static_cast<std::size_t>(labels[i])]);
  return sum / static_cast<double>(labels.size());
}

inline i64 strongest(const std::vector<double>& strengths) {
  return std::max_element(strengths.begin(), strengths.end()) - strengths.begin();
}

/// Every figure by its definition.
inline std::map<std::string, double> figures(const Said& said, const std::vector<i64>& labels) {
  std::map<std::string, double> figure;
  auto n = static_cast<double>(labels.size());
  double macro = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::vector<double>& p = said.strengths[i];
    auto truth = static_cast<std::size_t>(labels[i]);
    figure["accuracy"] += (strongest(p) == labels[i]) / n;
    auto stronger = std::count_if(p.begin(), p.end(), [&](double q) { return q > p[truth]; });
    figure["top 3"] += (stronger < 3) / n;
  }
  for (std::size_t c = 0; c < four_tones.size(); ++c) {
    double both = 0, truly = 0, as = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      bool is = labels[i] == static_cast<i64>(c),
           taken = strongest(said.strengths[i]) == static_cast<i64>(c);
      both += is && taken;
      truly += is;
      as += taken;
    }
    figure["precision " + four_tones[c]] = as > 0 ? both / as : 0;
    figure["recall " + four_tones[c]] = truly > 0 ? both / truly : 0;
    double f1 = both > 0 ? 2 * both / (as + truly) : 0;
    figure["F1 " + four_tones[c]] = f1;
    macro += f1 / 4;
  }
  figure["macro F1"] = macro;
  return figure;
}

/// One row's way from sounds to strengths, put together by hand.
class ByHand {
 public:
  ByHand(const Row& row, const Input& input, const std::filesystem::path& folder,
         const std::vector<Json>& clips)
      : row_(row), input_(input) {
    for (const Json& clip : clips) {
      Tensor samples = sound(folder, clip);
      plain_.push_back(input.of_samples(samples, 8000));
      // The distorted variant cannot be made by hand: it is drawn. Its row is load()'s.
      Example example{folder / clip["name"].get<std::string>(), 0, "", clip["begin"].get<double>(),
                      clip["end"].get<double>() - clip["begin"].get<double>()};
      if (!input.variants.empty()) distorted_.push_back(input.load(example, 1));
    }
  }

  /// What the net sees of a clip: normalised by what the training part's mean and deviation are.
  Tensor see(const Tensor& row) const {
    if (mean_.empty()) return row;
    Shape each = mean_.size() == 1 ? Shape{1, 1, 1} : Shape{1, static_cast<i64>(mean_.size()), 1};
    if (mean_.size() > 1 && input_.name == "mfcc") each = {1, 1, static_cast<i64>(mean_.size())};
    return ((row.to(Dtype::f64) - from_vector(mean_, each)) / from_vector(std_, each))
        .to(Dtype::f32);
  }

  void learn_statistics(const std::vector<i64>& train) {
    NormaliseBy by = row_.variant.view.normalise;
    if (by == NormaliseBy::nothing) return;
    std::vector<Tensor> rows;
    for (i64 i : train) rows.push_back(plain_[static_cast<std::size_t>(i)].to(Dtype::f64));
    Tensor all = stack(rows);  // (N, 1, frames, coefficients)
    Axes over = by == NormaliseBy::training_part ? Axes{0, 1, 2, 3} : Axes{0, 1, 2};
    mean_ = mean(all, over).to_vector<double>();
    std_ = sqrt(var(all, over, 0)).to_vector<double>();
  }

  Said say(Module& net, const std::vector<i64>& clips, u64 seed, bool at_test_time) const {
    const TestTime& test = row_.variant.view.test;
    Said said;
    for (i64 clip : clips) {
      auto i = static_cast<std::size_t>(clip);
      std::vector<double> p = strengths(net, see(plain_[i]));
      if (at_test_time && test.variants)
        p = mean_of({p, strengths(net, see(distorted_[i]))}, {.5, .5});
      if (at_test_time && test.copies > 0) p = with_copies(net, clip, p, seed);
      said.strengths.push_back(p);
    }
    return said;
  }

 private:
  static std::vector<double> strengths(Module& net, const Tensor& x) {
    NoGrad no_grad;
    std::vector<double> z = net(x.unsqueeze(0).contiguous()).data().to_vector<double>(), p;
    double sum = 0;
    for (double each : z) sum += std::exp(each);
    for (double each : z) p.push_back(std::exp(each) / sum);
    return p;
  }

  static std::vector<double> mean_of(const std::vector<std::vector<double>>& several,
                                     const std::vector<double>& shares) {
    std::vector<double> mean(several[0].size(), 0);
    for (std::size_t s = 0; s < several.size(); ++s)
      for (std::size_t c = 0; c < mean.size(); ++c) mean[c] += shares[s] * several[s][c];
    return mean;
  }

  // Copies are drawn from streams that view_test.cpp checks; here it is their mean that counts.
  std::vector<double> with_copies(Module& net, i64 clip, const std::vector<double>& plain,
                                  u64 seed) const {
    const TestTime& test = row_.variant.view.test;
    Collection one;
    one.classes = four_tones;
    one.examples = {{"x", 0, "x"}};
    const Tensor& row = plain_[static_cast<std::size_t>(clip)];
    Examples examples(one, input_, row.permute({1, 2, 0}).contiguous().unsqueeze(0));
    FittedView view(examples, row_.variant.view, {0});
    std::vector<std::vector<double>> all = {plain};
    std::vector<double> shares = {test.plain};
    for (i64 copy = 0; copy < test.copies; ++copy) {
      Tensor x = view.augmented(examples.gather({0}), seed, -1 - copy, {clip});
      all.push_back(strengths(net, x.select(0, 0)));
      shares.push_back((1 - test.plain) / static_cast<double>(test.copies));
    }
    return mean_of(all, shares);
  }

  const Row& row_;
  const Input& input_;
  std::vector<Tensor> plain_, distorted_;
  std::vector<double> mean_, std_;
};

}  // namespace melgrad
