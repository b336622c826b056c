#include "apps/harness/training/solver.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "apps/harness/training/evaluate.h"
#include "apps/harness/training/objective.h"
#include "kernels/error.h"
#include "tensor/files/safetensors.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

constexpr std::size_t at_once = 256;  // clips that are read, or evaluated
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double largest_size(const Tensor& x) { return max(abs(x)).item(); }

}  // namespace

Solver::Solver(Module& net, const Lesson& lesson, const SolverSettings& settings, u64 seed)
    : net_(net), lesson_(lesson), settings_(settings), seed_(seed) {
  NamedParameters parameters = net.parameters();
  bool linear = parameters.size() == 2 && parameters[0].second.shape().rank() == 2 &&
                parameters[1].second.shape().rank() == 1;
  check(linear, "solver", "the net must be one Linear layer, not {}", net.type());
  check(!lesson.split.train.empty() && !lesson.split.test.empty(), "solver",
        "a part of the split is empty: {} to train, {} to test", lesson.split.train.size(),
        lesson.split.test.size());
  read_clips();
  if (settings.by == SolverSettings::By::saga) {
    saga_.emplace(problem_, seed);
  } else {
    auto f = [this](const Tensor& w, Tensor& gradient) {
      return problem_.all(w, gradient).loss / static_cast<double>(problem_.rows());
    };
    lbfgs_.emplace(f, zeros(problem_.shape(), Dtype::f64));
  }
}

void Solver::read_clips() {
  const std::vector<i64>& clips = lesson_.split.train;
  Shape weight = net_.parameters()[0].second.shape();
  problem_.labels = lesson_.examples.labels(clips);
  problem_.weights.assign(static_cast<std::size_t>(weight[0]), 1);
  if (settings_.balanced) problem_.weights = balanced_weights(problem_.labels, weight[0]);
  std::vector<Tensor> parts;
  for (std::size_t begin = 0; begin < clips.size(); begin += at_once) {
    auto from = clips.begin() + static_cast<std::ptrdiff_t>(begin);
    auto count = static_cast<std::ptrdiff_t>(std::min(at_once, clips.size() - begin));
    Tensor rows = lesson_.view(lesson_.examples.gather({from, from + count})).to(Device::cpu());
    rows = rows.contiguous().reshape({count, -1});
    check(rows.dim(1) == weight[1], "solver", "a clip has {} numbers, the net takes {}",
          rows.dim(1), weight[1]);
    parts.push_back(rows.to(Dtype::f64));
  }
  parts = {cat(parts), ones({problem_.rows(), 1}, Dtype::f64)};  // of ones: the bias
  problem_.x = cat(parts, 1);
}

i64 Solver::steps() const { return settings_.iterations; }

const Tensor& Solver::weights() const { return saga_ ? saga_->weights() : lbfgs_->x(); }

void Solver::saga_pass(Epoch& epoch) {
  Tensor before = weights().clone();
  LogisticRegression::Terms terms = saga_->pass();
  epoch.train_loss = terms.loss / static_cast<double>(problem_.rows());
  epoch.train_accuracy = static_cast<double>(terms.right) / static_cast<double>(problem_.rows());
  epoch.lr = saga_->rate();
  if (largest_size(weights() - before) <= settings_.tolerance * largest_size(weights()))
    ended_ = "converged";
}

void Solver::lbfgs_pass(Epoch& epoch) {
  bool is_lower = lbfgs_->step();
  Tensor unused;
  LogisticRegression::Terms terms = problem_.all(weights(), unused);
  epoch.train_loss = lbfgs_->value();
  epoch.train_accuracy = static_cast<double>(terms.right) / static_cast<double>(problem_.rows());
  double gradient = largest_size(lbfgs_->gradient());
  if (gradient <= settings_.tolerance)
    ended_ = "converged";
  else if (!is_lower)
    ended_ = "no lower value is found, not converged";
}

void Solver::pass() {
  auto start = Clock::now();
  Epoch epoch{.valid_loss = nan, .valid_accuracy = nan, .lr = nan};
  saga_ ? saga_pass(epoch) : lbfgs_pass(epoch);
  epoch.seconds = seconds_since(start);
  history_.push_back(epoch);
  double largest = largest_size(weights());
  auto passes = static_cast<i64>(history_.size());
  if (!std::isfinite(largest) || !std::isfinite(epoch.train_loss))
    ended_ = format("diverged: a weight is {} after pass {}", largest, passes);
  else if (!ended_.empty())
    ended_ += format(", after pass {}", passes);
  else if (passes >= settings_.iterations)
    ended_ = format("all {} passes, not converged", passes);
}

Fit Solver::run(const std::filesystem::path& checkpoint, Progress& progress) {
  auto saved = Clock::now();
  while (ended_.empty()) {
    pass();
    progress.show(static_cast<i64>(history_.size()), format("pass {}", history_.size()));
    bool stop = interrupted();
    if (!checkpoint.empty() && (stop || !ended_.empty() || seconds_since(saved) > 60)) {
      save(checkpoint);
      saved = Clock::now();
    }
    if (stop && ended_.empty()) throw Interrupted("stopped");
  }
  return finish();
}

void Solver::put_weights_into_net() const {
  NamedParameters parameters = net_.parameters();
  Tensor& weight = parameters[0].second.mutable_data();
  Tensor all = weights().to(weight.dtype()).to(weight.device());  // a GPU has no f64
  weight.copy_(all.slice(1, 0, all.dim(1) - 1));
  parameters[1].second.mutable_data().copy_(all.select(1, all.dim(1) - 1));
}

Fit Solver::finish() {
  Fit fit;
  fit.seed = seed_;
  fit.history = history_;
  fit.ended = ended_;
  fit.diverged = ended_.rfind("diverged", 0) == 0;
  for (const Epoch& epoch : history_) fit.seconds += epoch.seconds;
  if (fit.diverged) return fit;
  put_weights_into_net();
  Evaluation test = evaluate_at_test_time(net_, lesson_.examples, lesson_.view, lesson_.split.test,
                                          static_cast<i64>(at_once), seed_);
  add_test(fit, test, lesson_);
  Tensor gradient;
  double sum = problem_.all(weights(), gradient).loss;
  fit.measured["objective"] = sum / static_cast<double>(problem_.rows());
  fit.measured["largest gradient"] = largest_size(gradient);
  fit.ended += format("; largest gradient {}", largest_size(gradient));
  return fit;
}

void Solver::save(const std::filesystem::path& checkpoint) const {
  StateDict file = saga_ ? saga_->state_dict() : lbfgs_->state_dict();
  std::vector<double> history;
  for (const Epoch& epoch : history_)
    for (double value : {epoch.train_loss, epoch.train_accuracy, epoch.lr, epoch.seconds})
      history.push_back(value);
  file["history"] = from_vector(history);
  file["seed"] = from_vector(std::vector<i64>{static_cast<i64>(seed_)});
  save_safetensors(checkpoint, file, {{"ended", ended_}});
}

void Solver::load(const std::filesystem::path& checkpoint) {
  TensorFile file = load_safetensors(checkpoint);
  check(file.tensors.contains("history") && file.tensors.contains("seed"), "resume",
        "{} is no checkpoint of a solver", checkpoint);
  check(file.tensors["seed"].to_vector<i64>() == std::vector<i64>{static_cast<i64>(seed_)},
        "resume", "{} is of another seed", checkpoint);
  try {
    saga_ ? saga_->load_state_dict(file.tensors) : lbfgs_->load_state_dict(file.tensors);
  } catch (const Error& error) {
    fail("resume", "{} is no checkpoint of this fit: {}", checkpoint, error.what());
  }
  std::vector<double> values = file.tensors["history"].to_vector<double>();
  history_.clear();
  for (std::size_t i = 0; i + 3 < values.size(); i += 4)
    history_.push_back({values[i], values[i + 1], nan, nan, values[i + 2], values[i + 3], 0});
  ended_ = file.metadata.at("ended");
  bool had_all = ended_.rfind("all ", 0) == 0;
  if (had_all && static_cast<i64>(history_.size()) < settings_.iterations) ended_.clear();
}

}  // namespace melgrad
