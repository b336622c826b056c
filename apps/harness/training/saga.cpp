#include "apps/harness/training/saga.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "apps/harness/training/evaluate.h"
#include "apps/harness/training/objective.h"
#include "kernels/error.h"
#include "tensor/files/safetensors.h"

namespace melgrad {
namespace {

constexpr i64 evaluated_at_once = 256;

double dot(const double* a, const double* b, i64 n) { return std::inner_product(a, a + n, b, 0.0); }

}  // namespace

Saga::Saga(Module& net, const Lesson& lesson, const SagaSettings& settings, u64 seed)
    : net_(net), lesson_(lesson), settings_(settings), seed_(seed) {
  NamedParameters parameters = net.parameters();
  bool linear = parameters.size() == 2 && parameters[0].second.shape().rank() == 2 &&
                parameters[1].second.shape().rank() == 1;
  check(linear, "saga", "the net must be one Linear layer, not {}", net.type());
  check(!lesson.split.train.empty() && !lesson.split.test.empty(), "saga",
        "a part of the split is empty: {} to train, {} to test", lesson.split.train.size(),
        lesson.split.test.size());
  classes_ = parameters[0].second.shape()[0];
  width_ = parameters[0].second.shape()[1] + 1;
  read_clips();
  w_.assign(static_cast<std::size_t>(classes_ * width_), 0);
  sum_ = w_;
  residual_.assign(static_cast<std::size_t>(clips_ * classes_), 0);
  seen_.assign(static_cast<std::size_t>(clips_), 0);
}

void Saga::read_clips() {
  const std::vector<i64>& clips = lesson_.split.train;
  clips_ = static_cast<i64>(clips.size());
  labels_ = lesson_.examples.labels(clips);
  class_weights_.assign(static_cast<std::size_t>(classes_), 1);
  if (settings_.balanced) class_weights_ = balanced_weights(labels_, classes_);
  double largest = 0;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    Tensor row = lesson_.view(lesson_.examples.gather({clips[i]})).to(Device::cpu()).contiguous();
    check(row.numel() == width_ - 1, "saga", "a clip has {} numbers, the net takes {}", row.numel(),
          width_ - 1);
    std::vector<double> values = row.to_vector<double>();
    values.push_back(1);
    double weight = class_weights_[static_cast<std::size_t>(labels_[i])];
    largest = std::max(largest, weight * dot(values.data(), values.data(), width_));
    x_.insert(x_.end(), values.begin(), values.end());
  }
  rate_ = 1 / (2 * .25 * largest);  // the bias' 1 is in `largest` already
}

i64 Saga::steps() const { return settings_.iterations; }

void Saga::visit(i64 clip) {
  const double* x = x_.data() + clip * width_;
  double* residual = residual_.data() + clip * classes_;
  std::vector<double> logits(static_cast<std::size_t>(classes_));
  for (i64 c = 0; c < classes_; ++c)
    logits[static_cast<std::size_t>(c)] = dot(w_.data() + c * width_, x, width_);
  double top = *std::max_element(logits.begin(), logits.end()), sum = 0;
  for (double& logit : logits) sum += std::exp(logit - top);
  double log_sum = top + std::log(sum);

  auto& seen = seen_[static_cast<std::size_t>(clip)];
  seen_count_ += 1 - std::exchange(seen, 1);
  auto label = labels_[static_cast<std::size_t>(clip)];
  double weight = class_weights_[static_cast<std::size_t>(label)];
  auto s = static_cast<double>(seen_count_);
  running_.train_loss += weight * (log_sum - logits[static_cast<std::size_t>(label)]);
  running_.train_accuracy += logits[static_cast<std::size_t>(label)] == top ? 1 : 0;
  for (i64 c = 0; c < classes_; ++c) {
    double p = std::exp(logits[static_cast<std::size_t>(c)] - log_sum);
    double now = weight * (p - (c == label ? 1 : 0));
    double change = now - std::exchange(residual[c], now);
    double *w = w_.data() + c * width_, *g = sum_.data() + c * width_;
    for (i64 j = 0; j < width_; ++j) {
      g[j] += change * x[j];
      w[j] -= rate_ * ((1 - 1 / s) * change * x[j] + g[j] / s);
    }
  }
}

double Saga::pass() {
  std::vector<double> before = w_;
  Generator generator = Generator(seed_).fork(history_.size());
  for (i64 clip : randint(0, clips_, {clips_}, generator).to_vector<i64>()) visit(clip);
  double change = 0;
  for (std::size_t i = 0; i < w_.size(); ++i)
    change = std::max(change, std::abs(w_[i] - before[i]));
  return change;
}

Fit Saga::run(const std::filesystem::path& checkpoint, Progress& progress) {
  auto count = static_cast<double>(clips_);
  while (ended_.empty()) {
    auto start = std::chrono::steady_clock::now();
    double nan = std::numeric_limits<double>::quiet_NaN();
    running_ = {.valid_loss = nan, .valid_accuracy = nan, .lr = rate_};
    double change = pass(), largest = 0;
    for (double w : w_) largest = std::max(largest, std::abs(w));
    running_.train_loss /= count;
    running_.train_accuracy /= count;
    running_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    history_.push_back(running_);
    auto passes = static_cast<i64>(history_.size());
    if (!std::isfinite(largest))
      ended_ = format("diverged: a weight is {} after pass {}", largest, passes);
    else if (change <= settings_.tolerance * largest)
      ended_ = format("converged, after pass {}", passes);
    else if (passes >= settings_.iterations)
      ended_ = format("all {} passes, not converged", passes);
    progress.show(passes, format("pass {}", passes));
    bool stop = interrupted();
    if (!checkpoint.empty() && (stop || !ended_.empty())) save(checkpoint);
    if (stop && ended_.empty()) throw Interrupted("stopped");
  }
  return finish();
}

void Saga::put_weights_into_net() const {
  NamedParameters parameters = net_.parameters();
  Tensor& weight = parameters[0].second.mutable_data();
  // A GPU has no f64.
  Tensor all = from_vector(w_, {classes_, width_}).to(weight.dtype()).to(weight.device());
  weight.copy_(all.slice(1, 0, width_ - 1));
  parameters[1].second.mutable_data().copy_(all.select(1, width_ - 1));
}

Fit Saga::finish() {
  Fit fit;
  fit.seed = seed_;
  fit.history = history_;
  fit.ended = ended_;
  fit.diverged = ended_.rfind("diverged", 0) == 0;
  for (const Epoch& epoch : history_) fit.seconds += epoch.seconds;
  if (fit.diverged) return fit;
  put_weights_into_net();
  Evaluation test = evaluate_at_test_time(net_, lesson_.examples, lesson_.view, lesson_.split.test,
                                          evaluated_at_once, seed_);
  add_test(fit, test, lesson_);
  return fit;
}

void Saga::save(const std::filesystem::path& checkpoint) const {
  StateDict file;
  std::vector<double> losses;
  for (const Epoch& epoch : history_)
    for (double value : {epoch.train_loss, epoch.train_accuracy, epoch.seconds})
      losses.push_back(value);
  file["saga.w"] = from_vector(w_);
  file["saga.sum"] = from_vector(sum_);
  file["saga.residual"] = from_vector(residual_);
  file["saga.seen"] = from_vector(seen_);
  file["saga.history"] = from_vector(losses);
  file["saga.seed"] = from_vector(std::vector<i64>{static_cast<i64>(seed_)});
  save_safetensors(checkpoint, file, {{"ended", ended_}});
}

void Saga::load(const std::filesystem::path& checkpoint) {
  TensorFile file = load_safetensors(checkpoint);
  auto entry = [&](const char* name, std::size_t size) -> const Tensor& {
    auto found = file.tensors.find(name);
    check(found != file.tensors.end() &&
              (size == 0 || found->second.numel() == static_cast<i64>(size)),
          "resume", "{} is no checkpoint of this fit: {} is missing or of another size", checkpoint,
          name);
    return found->second;
  };
  check(static_cast<u64>(entry("saga.seed", 1).to_vector<i64>()[0]) == seed_, "resume",
        "{} is of another seed", checkpoint);
  w_ = entry("saga.w", w_.size()).to_vector<double>();
  sum_ = entry("saga.sum", sum_.size()).to_vector<double>();
  residual_ = entry("saga.residual", residual_.size()).to_vector<double>();
  seen_ = entry("saga.seen", seen_.size()).to_vector<i64>();
  seen_count_ = std::accumulate(seen_.begin(), seen_.end(), i64{0});
  std::vector<double> values = entry("saga.history", 0).to_vector<double>();
  double nan = std::numeric_limits<double>::quiet_NaN();
  history_.clear();
  for (std::size_t i = 0; i + 2 < values.size(); i += 3)
    history_.push_back({values[i], values[i + 1], nan, nan, rate_, values[i + 2], 0});
  ended_ = file.metadata.at("ended");
  bool had_all = ended_.rfind("all ", 0) == 0;
  if (had_all && static_cast<i64>(history_.size()) < settings_.iterations) ended_.clear();
}

}  // namespace melgrad
