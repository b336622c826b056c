#include "apps/harness/training/evaluate.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "apps/harness/data/batches.h"
#include "apps/harness/training/objective.h"
#include "autograd/autocast.h"
#include "kernels/error.h"
#include "kernels/profile/profile.h"

namespace melgrad {
namespace {

/// What a net says of batches. It stays on the net's device until all have had their turn: who reads a
/// value from a GPU leaves it without work.
struct Said {
  std::vector<Tensor> figures;  // of each batch (3): loss, right answers, weight
  std::vector<Tensor> answers;  // (n, classes + 2): strengths, the largest, its class

  void add(const Tensor& logits, const Batch& batch, const Tensor& class_weights) {
    Tensor weight = class_weights.defined()
                        ? sum(index_select(class_weights, 0, batch.labels))
                        : full({}, static_cast<double>(batch.size()), Dtype::f32, logits.device());
    figures.push_back(stack(std::vector{cross_entropy(logits, batch, 0, class_weights).data(),
                                        count_right(logits, batch.labels), weight}));
    Tensor shares = softmax(logits, 1);
    answers.push_back(
        cat(std::vector{shares, max(shares, Axes{1}, true), argmax(shares, 1, true).to(Dtype::f32)},
            1));
  }

  Evaluation evaluation() const {
    Evaluation result;
    double right = 0, weights = 0;
    std::vector<double> of_batches = stack(figures).to_vector<double>();
    for (std::size_t i = 0; i < of_batches.size(); i += 3) {
      result.loss += of_batches[i] * of_batches[i + 2];
      right += of_batches[i + 1];
      weights += of_batches[i + 2];
    }
    Tensor all = cat(answers);
    std::vector<float> values = all.to_vector<float>();
    std::ptrdiff_t classes = all.dim(1) - 2;
    for (auto row = values.begin(); row != values.end(); row += classes + 2)
      result.predictions.push_back(
          {static_cast<i64>(row[classes + 1]), row[classes], {row, row + classes}});
    result.loss /= weights;
    result.accuracy = right / static_cast<double>(all.dim(0));
    return result;
  }
};

Evaluation evaluate_pass(Module& net, const Examples& examples, const FittedView& view,
                         const std::vector<i64>& indices, i64 batch, bool bf16, Pass pass,
                         const Tensor& class_weights = {}) {
  Span span("evaluation");
  check(!indices.empty(), "evaluate", "there are no examples");
  NoGrad no_grad;
  net.eval();
  Said said;
  Batches batches(examples, view, indices, batch, device_of(net), pass);
  while (auto some = batches.next()) {
    said.add(logits_of(net, some->x, bf16).data(), *some, class_weights);
    batches.prefetch();
  }
  return said.evaluation();
}

/// A weighted mean of several passes' strengths.
class MeanStrengths {
 public:
  explicit MeanStrengths(std::size_t clips) : sums_(clips) {}

  void add(const std::vector<Prediction>& said, double weight) {
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      const std::vector<float>& strengths = said[i].strengths;
      sums_[i].resize(strengths.size());
      for (std::size_t c = 0; c < strengths.size(); ++c) sums_[i][c] += weight * strengths[c];
    }
    weights_ += weight;
  }

  std::vector<Prediction> predictions() const {
    std::vector<Prediction> all;
    all.reserve(sums_.size());
    for (const std::vector<double>& sums : sums_) {
      std::vector<float> mean;
      mean.reserve(sums.size());
      for (double sum : sums) mean.push_back(static_cast<float>(sum / weights_));
      auto largest = std::max_element(mean.begin(), mean.end());
      all.push_back({largest - mean.begin(), *largest, mean});
    }
    return all;
  }

  Evaluation evaluation(const std::vector<i64>& labels) const {
    Evaluation result;
    result.predictions = predictions();
    auto count = static_cast<double>(sums_.size());
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      auto truth = static_cast<std::size_t>(labels[i]);
      result.loss -= std::log(sums_[i][truth] / weights_) / count;
      result.accuracy += (result.predictions[i].label == labels[i] ? 1 : 0) / count;
    }
    return result;
  }

 private:
  std::vector<std::vector<double>> sums_;
  double weights_ = 0;
};

// "copies: accuracy" and "copies: loss"
void add_way(Figures& measured, const std::string& name, const std::vector<Prediction>& said,
             const std::vector<i64>& labels) {
  double right = 0, loss = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    right += said[i].label == labels[i] ? 1 : 0;
    loss -= std::log(said[i].strengths[static_cast<std::size_t>(labels[i])]);
  }
  auto count = static_cast<double>(labels.size());
  measured[name + ": accuracy"] = right / count;
  measured[name + ": loss"] = loss / count;
}

void add_copies(Figures& measured, const Evaluation& test, const std::vector<i64>& labels) {
  MeanStrengths fastais(labels.size());
  fastais.add(test.of_copies, 1 - fastai_plain);
  fastais.add(test.plain, fastai_plain);
  add_way(measured, "plain", test.plain, labels);
  add_way(measured, "copies", test.of_copies, labels);
  add_way(measured, "copies, .25 plain", fastais.predictions(), labels);
  double better = 0, worse = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    bool was = test.plain[i].label == labels[i], is = test.predictions[i].label == labels[i];
    better += !was && is ? 1 : 0;
    worse += was && !is ? 1 : 0;
  }
  measured["copies: better"] = better;
  measured["copies: worse"] = worse;
}

// What the net would see of a test clip's copies.
bool copies_differ(const Examples& examples, const FittedView& view, i64 clip, u64 seed) {
  auto copy = [&](i64 number) {
    Batches one(examples, view, {clip}, 1, examples.device(),
                {Pass::Kind::test_copy, seed, number});
    return one.next()->x;
  };
  Tensor first = copy(0);
  for (i64 number = 1; number < view.view().test.copies; ++number)
    if (!equal(first, copy(number))) return true;
  return false;
}

}  // namespace

void check_copies_differ(const Examples& examples, const FittedView& view,
                         const std::vector<i64>& indices, u64 seed) {
  if (view.view().test.copies < 2) return;
  check(std::any_of(indices.begin(), indices.end(),
                    [&](i64 clip) { return copies_differ(examples, view, clip, seed); }),
        "test time",
        "the {} augmented copies of each test clip are all equal: their mean is that "
        "of one",
        view.view().test.copies);
}

double song_accuracy(const Collection& collection, const std::vector<i64>& clips,
                     const std::vector<Prediction>& said) {
  struct Song {
    i64 label = 0;
    std::vector<double> strengths = {};  // sums: the largest is the mean's largest
  };
  std::map<std::filesystem::path, Song> songs;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const Example& clip = collection.examples.at(static_cast<std::size_t>(clips[i]));
    auto& [label, strengths] = songs[clip.path];
    label = clip.label;
    strengths.resize(said[i].strengths.size());
    for (std::size_t c = 0; c < strengths.size(); ++c) strengths[c] += said[i].strengths[c];
  }
  i64 right = 0;
  for (const auto& [path, song] : songs) {
    auto strongest = std::max_element(song.strengths.begin(), song.strengths.end());
    right += strongest - song.strengths.begin() == song.label;
  }
  return static_cast<double>(right) / static_cast<double>(songs.size());
}

void add_test(Fit& fit, const Evaluation& test, const Lesson& lesson) {
  const std::vector<std::string>& classes = lesson.examples.collection().classes;
  std::vector<i64> labels = lesson.examples.labels(lesson.split.test);
  std::vector<std::vector<float>> strengths;
  fit.confusion = Confusion(static_cast<i64>(classes.size()));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    fit.confusion.add(labels[i], test.predictions[i].label);
    strengths.push_back(test.predictions[i].strengths);
  }
  fit.measured = figures_of(test.loss, fit.confusion, classes, labels, strengths);
  if (lesson.examples.collection().is_segmented)
    fit.measured["song accuracy"] =
        song_accuracy(lesson.examples.collection(), lesson.split.test, test.predictions);
  if (!test.of_copies.empty()) add_copies(fit.measured, test, labels);
  fit.predictions = test.predictions;
}

Device device_of(const Module& net) { return net.parameters().front().second.device(); }

Variable logits_of(Module& net, const Tensor& x, bool bf16) {
  if (!bf16) return net(x);
  Autocast autocast(Dtype::bf16);
  return to(net(x), Dtype::f32);
}

Tensor count_right(const Tensor& logits, const Tensor& labels) {
  return sum((argmax(logits, 1) == labels).to(Dtype::f32));
}

Evaluation evaluate(Module& net, const Examples& examples, const FittedView& view,
                    const std::vector<i64>& indices, i64 batch, bool bf16,
                    const Tensor& class_weights) {
  return evaluate_pass(net, examples, view, indices, batch, bf16, {}, class_weights);
}

Evaluation evaluate_at_test_time(Module& net, const Examples& examples, const FittedView& view,
                                 const std::vector<i64>& indices, i64 batch, u64 seed, bool bf16) {
  const TestTime& test = view.view().test;
  i64 variants = test.variants ? examples.variants() : 1;
  Evaluation plain = evaluate(net, examples, view, indices, batch, bf16);
  if (test.copies == 0 && variants == 1) return plain;
  auto pass = [&](Pass::Kind kind, i64 number) {
    return evaluate_pass(net, examples, view, indices, batch, bf16, {kind, seed, number})
        .predictions;
  };

  MeanStrengths mean(indices.size()), of_copies(indices.size());
  // Copies share what the example itself leaves; without copies its variants share everything.
  double copies_share = test.copies > 0 ? 1 - test.plain : 0;
  for (i64 copy = 0; copy < test.copies; ++copy) {
    std::vector<Prediction> said = pass(Pass::Kind::test_copy, copy);
    mean.add(said, copies_share / static_cast<double>(test.copies));
    of_copies.add(said, 1);
  }
  if (double share = 1 - copies_share; share > 0)
    for (i64 variant = 0; variant < variants; ++variant)
      mean.add(variant == 0 ? plain.predictions : pass(Pass::Kind::variant, variant),
               share / static_cast<double>(variants));
  Evaluation result = mean.evaluation(examples.labels(indices));
  if (test.copies == 0) return result;
  result.of_copies = of_copies.predictions();
  result.plain = std::move(plain.predictions);
  return result;
}

}  // namespace melgrad
