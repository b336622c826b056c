#include "apps/harness/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "apps/harness/batches.h"
#include "apps/harness/interrupt.h"
#include "apps/harness/progress.h"
#include "apps/harness/report/plot.h"
#include "autograd/autocast.h"
#include "kernels/error.h"
#include "kernels/step_graph.h"
#include "optim/clip.h"

namespace melgrad {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Device device_of(const Module& net) { return net.parameters().front().second.device(); }

Variable logits_of(Module& net, const Tensor& x, bool bf16) {
  if (!bf16) return net(x);
  Autocast autocast(Dtype::bf16);
  return to(net(x), Dtype::f32);
}

// A 0-d f32 tensor.
Tensor count_right(const Tensor& logits, const Tensor& labels) {
  return sum((argmax(logits, 1) == labels).to(Dtype::f32));
}

NamedParameters trained(const Module& net) {
  NamedParameters parameters;
  for (const auto& [name, parameter] : net.parameters())
    if (parameter.requires_grad()) parameters.emplace_back(name, parameter);
  return parameters;
}

std::unique_ptr<Optimizer> make_optimizer(const Training& training, const Module& net) {
  struct Make {
    NamedParameters parameters;
    std::unique_ptr<Optimizer> operator()(const AdamSettings& settings) const {
      return std::make_unique<Adam>(parameters, settings);
    }
    std::unique_ptr<Optimizer> operator()(const SGDSettings& settings) const {
      return std::make_unique<SGD>(parameters, settings);
    }
    std::unique_ptr<Optimizer> operator()(const RMSpropSettings& settings) const {
      return std::make_unique<RMSprop>(parameters, settings);
    }
  };
  return std::visit(Make{trained(net)}, training.optimizer);
}

}  // namespace

double Training::lr() const {
  return std::visit([](const auto& settings) { return settings.lr; }, optimizer);
}

void Training::set_lr(double lr) {
  std::visit([&](auto& settings) { settings.lr = lr; }, optimizer);
}

std::string Training::optimizer_name() const {
  return std::holds_alternative<AdamSettings>(optimizer)  ? "Adam"
         : std::holds_alternative<SGDSettings>(optimizer) ? "SGD"
                                                          : "RMSprop";
}

Evaluation evaluate(Module& net, const StudyData& data, const std::vector<i64>& indices, i64 batch,
                    bool bf16) {
  NoGrad no_grad;
  net.eval();
  Evaluation result;
  double right = 0;
  Batches batches(data, indices, batch, device_of(net));
  while (auto some = batches.next()) {
    Tensor logits = logits_of(net, some->x, bf16).data();
    batches.prefetch();
    result.loss += cross_entropy(logits, some->labels).item() * static_cast<double>(some->size());
    right += count_right(logits, some->labels).item();
    Tensor shares = softmax(logits, 1);
    std::vector<i64> said = argmax(shares, 1).to_vector<i64>();
    std::vector<double> sure = max(shares, Axes{1}).to_vector<double>();
    for (std::size_t i = 0; i < said.size(); ++i) result.predictions.push_back({said[i], sure[i]});
  }
  result.loss /= static_cast<double>(indices.size());
  result.accuracy = right / static_cast<double>(indices.size());
  return result;
}

/// The step on a whole batch as a CUDA graph, which finds all it reads and writes where it was.
struct Trainer::RecordedStep {
  RecordedStep(Trainer& trainer, const Batch& like)
      : batch{empty_like(like.x), empty_like(like.labels)},
        graph(batch.x.device(), [this, &trainer] { outcome = trainer.learn(batch); }) {}

  Batch batch;
  Tensor outcome;
  StepGraph graph;
};

Trainer::Trainer(Module& net, Generator generator, const StudyData& data, const Split& split,
                 const Training& training, u64 seed)
    : net_(net),
      generator_(std::move(generator)),
      data_(data),
      split_(split),
      training_(training),
      seed_(seed),
      optimizer_(make_optimizer(training, net)),
      plateau_(*optimizer_, training.plateau),
      stopping_(training.early_stopping) {
  check(!split.train.empty() && !split.valid.empty() && !split.test.empty(), "train",
        "a part of the split is empty: {} train, {} valid, {} test", split.train.size(),
        split.valid.size(), split.test.size());
  check(!training.cuda_graph || static_cast<i64>(split.train.size()) >= training.batch,
        "cuda_graph", "whole batches are recorded, and {} clips are fewer than a batch of {}",
        split.train.size(), training.batch);
}

Fit Trainer::run(const std::filesystem::path& checkpoint, Progress& progress) {
  while (ended_.empty()) {
    auto start = std::chrono::steady_clock::now();
    double before = running_.seconds;
    auto stop_clock = [&] { running_.seconds = before + seconds_since(start); };
    if (!train_epoch(progress, checkpoint)) break;
    Evaluation valid = evaluate(net_, data_, split_.valid, training_.batch, training_.bf16);
    stop_clock();
    end_epoch(valid);
    progress.line("  " + remark());
    if (!checkpoint.empty()) save(checkpoint);
  }
  return finish();
}

// The order of the clips is drawn from the seed and the epoch's number, so that a resumed epoch
// goes on through the same order. False if the net diverged.
bool Trainer::train_epoch(Progress& progress, const std::filesystem::path& checkpoint) {
  net_.train();
  auto epoch = static_cast<i64>(history_.size()), count = static_cast<i64>(split_.train.size());
  std::vector<i64> order = Generator(seed_).fork(static_cast<u64>(epoch)).permutation(count);
  order.erase(order.begin(), order.begin() + std::min(next_batch_ * training_.batch, count));
  for (i64& i : order) i = split_.train[static_cast<std::size_t>(i)];
  Batches batches(data_, order, training_.batch, device_of(net_));
  i64 steps = (count + training_.batch - 1) / training_.batch;
  // To read an outcome is to wait for a GPU, which should have work meanwhile.
  std::size_t steps_in_flight = device_of(net_).is_cpu() ? 1 : 32;
  auto start = std::chrono::steady_clock::now();
  double before = running_.seconds;
  while (auto batch = batches.next()) {
    step(*batch);
    batches.prefetch();
    ++next_batch_;
    bool stop = interrupted();
    if ((stop || outcomes_.size() >= steps_in_flight) && !account()) return false;
    progress.show(epoch * steps + next_batch_, format("epoch {}", epoch + 1));
    if (stop) {
      running_.seconds = before + seconds_since(start);
      if (!checkpoint.empty()) save(checkpoint);
      throw Interrupted("stopped");
    }
  }
  return account();
}

void Trainer::step(const Batch& batch) {
  bool by_graph = training_.cuda_graph && batch.size() == training_.batch;
  outcomes_.push_back({by_graph ? learn_by_graph(batch) : learn(batch), batch.size()});
}

// Nothing here waits for the device.
Tensor Trainer::learn(const Batch& batch) {
  optimizer_->zero_grad();
  Variable logits = logits_of(net_, batch.x, training_.bf16);
  Variable loss = cross_entropy(logits, batch.labels);
  loss.backward();
  if (training_.clip_norm > 0) clip_grad_norm(net_.parameters(), training_.clip_norm);
  optimizer_->step();
  return stack(std::vector{loss.data(), count_right(logits.data(), batch.labels)});
}

Tensor Trainer::learn_by_graph(const Batch& batch) {
  if (!recorded_) recorded_ = std::make_shared<RecordedStep>(*this, batch);
  recorded_->batch.x.copy_(batch.x);
  recorded_->batch.labels.copy_(batch.labels);
  if (recorded_->graph.run()) optimizer_->count_replay();
  return recorded_->outcome.clone();
}

// False if the net diverged.
bool Trainer::account() {
  i64 step = optimizer_->steps() - static_cast<i64>(outcomes_.size());
  for (const Outcome& outcome : std::exchange(outcomes_, {})) {
    std::vector<double> values = outcome.loss_and_right.to_vector<double>();
    ++step;
    if (!std::isfinite(values[0])) {
      diverged_ = true;
      ended_ = format("diverged: the loss is {} in step {} (epoch {})", values[0], step,
                      history_.size() + 1);
      return false;
    }
    running_.train_loss += values[0] * static_cast<double>(outcome.clips);
    running_.train_accuracy += values[1];
  }
  return true;
}

void Trainer::end_epoch(const Evaluation& valid) {
  auto count = static_cast<double>(split_.train.size());
  running_.train_loss /= count;
  running_.train_accuracy /= count;
  running_.valid_loss = valid.loss;
  running_.valid_accuracy = valid.accuracy;
  running_.lr = optimizer_->lr();
  history_.push_back(running_);
  seconds_ += running_.seconds;
  running_ = {};
  next_batch_ = 0;

  if (stopping_.update(valid.loss, optimizer_->steps())) {
    best_.clear();
    for (const auto& [name, value] : net_.state_dict()) best_[name] = value.clone();
  }
  plateau_.step(valid.loss);
  if (stopping_.should_stop()) {
    ended_ = format("stopped early, after epoch {}", history_.size());
  } else if (static_cast<i64>(history_.size()) >= training_.epochs) {
    ended_ = format("all {} epochs", training_.epochs);
  }
}

std::string Trainer::remark() const {
  const Epoch& last = history_.back();
  return format("epoch {}: loss {}, {} right; validation {}, {}; lr {}; {} s{}", history_.size(),
                decimal(last.train_loss, 4), percent(last.train_accuracy),
                decimal(last.valid_loss, 4), percent(last.valid_accuracy), last.lr,
                decimal(last.seconds, 2),
                stopping_.best_epoch() + 1 == static_cast<i64>(history_.size()) ? " *" : "");
}

Fit Trainer::finish() {
  Fit fit;
  fit.seed = seed_;
  fit.history = history_;
  fit.best_epoch = stopping_.best_epoch();
  fit.seconds = seconds_;
  fit.ended = ended_;
  fit.diverged = diverged_;
  if (!diverged_ && stopping_.best_epoch() < 0) {
    fit.diverged = true;
    fit.ended = "diverged: no epoch had a finite validation loss";
  }
  if (fit.diverged) return fit;

  net_.load_state_dict(best_);
  Evaluation test = evaluate(net_, data_, split_.test, training_.batch, training_.bf16);
  fit.confusion = Confusion(static_cast<i64>(data_.collection.classes.size()));
  std::vector<i64> labels = data_.labels(split_.test);
  for (std::size_t i = 0; i < labels.size(); ++i)
    fit.confusion.add(labels[i], test.predictions[i].label);
  fit.predictions = test.predictions;
  fit.scores = {test.loss, fit.confusion.accuracy(), fit.confusion.macro_f1()};
  return fit;
}

}  // namespace melgrad
