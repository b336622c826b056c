#include "apps/harness/training/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "apps/harness/report/numbers.h"
#include "kernels/error.h"
#include "kernels/profile/profile.h"
#include "kernels/step_graph.h"
#include "optim/clip.h"

namespace melgrad {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::unique_ptr<Optimizer> make_optimizer(const Recipe& recipe, const ParameterGroups& groups) {
  struct Make {
    const ParameterGroups& groups;
    std::unique_ptr<Optimizer> operator()(const AdamSettings& settings) const {
      return std::make_unique<Adam>(groups, settings);
    }
    std::unique_ptr<Optimizer> operator()(const AdamWSettings& settings) const {
      return std::make_unique<AdamW>(groups, settings);
    }
    std::unique_ptr<Optimizer> operator()(const SGDSettings& settings) const {
      return std::make_unique<SGD>(groups, settings);
    }
    std::unique_ptr<Optimizer> operator()(const RMSpropSettings& settings) const {
      return std::make_unique<RMSprop>(groups, settings);
    }
  };
  return std::visit(Make{groups}, recipe.optimizer);
}

EarlyStoppingSettings settings_of(const Recipe& recipe) {
  if (recipe.early_stopping) return *recipe.early_stopping;
  return {.patience = std::numeric_limits<i64>::max()};  // only to know the best epoch
}

void check_recipe(const Recipe& recipe, const Split& split) {
  auto trains = static_cast<i64>(split.train.size());
  check(!split.train.empty() && !split.test.empty(), "train",
        "a part of the split is empty: {} to train, {} to test", split.train.size(),
        split.test.size());
  check(!recipe.stages.empty(), "train", "the recipe has no stages");
  bool plateau = std::any_of(recipe.stages.begin(), recipe.stages.end(), [](const Stage& stage) {
    return std::holds_alternative<PlateauSettings>(stage.course);
  });
  check(!split.valid.empty() || (!plateau && !recipe.early_stopping), "train",
        "early stopping and a plateau rule watch the validation part, which is empty");
  check(!recipe.cuda_graph || trains >= recipe.batch, "cuda_graph",
        "whole batches are recorded, and {} clips are fewer than a batch of {}", trains,
        recipe.batch);
  check(!recipe.cuda_graph || recipe.accumulate == 1, "cuda_graph",
        "a step that accumulates the gradients of {} batches is not recorded", recipe.accumulate);
}

}  // namespace

/// The step on a whole batch as a CUDA graph, which finds all it reads and writes where it was.
struct Trainer::RecordedStep {
  RecordedStep(Trainer& trainer, const Batch& like)
      : batch{empty_like(like.x), empty_like(like.labels),
              like.targets.defined() ? empty_like(like.targets) : Tensor()},
        graph(batch.x.device(),
              [this, &trainer] { outcome = trainer.learn(batch, batch.size(), true, true); }) {}

  Batch batch;
  Tensor outcome;
  StepGraph graph;
};

Trainer::Trainer(Module& net, const Generator& generator, const Lesson& lesson,
                 const Recipe& recipe, u64 seed)
    : net_(net),
      generator_(generator),
      lesson_(lesson),
      recipe_(recipe),
      seed_(seed),
      loss_(net, recipe.objective, lesson.examples.labels(lesson.split.train),
            static_cast<i64>(lesson.examples.collection().classes.size())),
      stopping_(settings_of(recipe)) {
  check_recipe(recipe, lesson.split);
  check_copies_differ(lesson.examples, lesson.view, lesson.split.test, seed);
  RecipeGroups groups = groups_of(net, recipe);
  rate_factors_ = groups.factors;
  set_frozen(net, recipe.frozen_batch_norms);
  train_only(net, recipe_.stages.front());  // before the optimiser takes memory for it
  optimizer_ = make_optimizer(recipe, groups.groups);
  begin_stage(0);
}

i64 Trainer::clips_of_pass() const {
  auto count = static_cast<i64>(lesson_.split.train.size());
  i64 step = recipe_.batch * recipe_.accumulate, whole = count >= step ? step : recipe_.batch;
  return recipe_.whole_steps && count >= whole ? count / whole * whole : count;
}

i64 Trainer::batches_of(const Stage& stage) const {
  if (stage.steps > 0) return stage.steps * recipe_.accumulate;
  return (clips_of_pass() + recipe_.batch - 1) / recipe_.batch;
}

i64 Trainer::batches_before(i64 epoch) const {
  i64 sum = 0;
  for (i64 e = 0; e < epoch; ++e) sum += batches_of(recipe_.stages[place_of(e).stage]);
  return sum;
}

i64 Trainer::steps() const { return batches_before(recipe_.epochs()); }

Trainer::Place Trainer::place_of(i64 epoch) const {
  Place place{0, epoch};
  while (place.stage + 1 < recipe_.stages.size() &&
         place.epoch >= recipe_.stages[place.stage].epochs) {
    place.epoch -= recipe_.stages[place.stage].epochs;
    ++place.stage;
  }
  return place;
}

void Trainer::begin_stage(std::size_t stage) {
  const Stage& now = recipe_.stages[stage];
  stage_ = stage;
  train_only(net_, now);
  if (stage > 0 && now.forgets)
    optimizer_ = make_optimizer(recipe_, groups_of(net_, recipe_).groups);
  recorded_.reset();
  i64 batches = batches_of(now);
  i64 steps = now.epochs * ((batches + recipe_.accumulate - 1) / recipe_.accumulate);
  rate_ = std::make_unique<StageRate>(*optimizer_, now, now.lr > 0 ? now.lr : recipe_.lr(),
                                      rate_factors_[stage], steps);
}

// Drawn from the seed and the epoch's number, so that a resumed epoch goes on through the same
// order. An epoch of so many steps goes on where the one before it stopped, through one permutation
// of the clips after the other.
std::vector<i64> Trainer::order_of(i64 epoch) const {
  const std::vector<i64>& clips = lesson_.split.train;
  auto count = static_cast<i64>(clips.size());
  auto [stage, number] = place_of(epoch);
  std::vector<i64> order;
  if (recipe_.stages[stage].steps == 0) {
    order = Generator(seed_).fork(static_cast<u64>(epoch)).permutation(count);
    order.resize(static_cast<std::size_t>(clips_of_pass()));
  } else {
    i64 clips_an_epoch = batches_of(recipe_.stages[stage]) * recipe_.batch;
    i64 begin = number * clips_an_epoch, end = begin + clips_an_epoch;
    Generator passes = Generator(seed_).fork(static_cast<u64>(epoch - number));
    for (i64 pass = begin / count; pass * count < end; ++pass) {
      std::vector<i64> one = passes.fork(static_cast<u64>(pass)).permutation(count);
      for (i64 i = std::max(begin - pass * count, i64{0}); i < std::min(count, end - pass * count);
           ++i)
        order.push_back(one[static_cast<std::size_t>(i)]);
    }
  }
  for (i64& i : order) i = clips[static_cast<std::size_t>(i)];
  return order;
}

Fit Trainer::run(const std::filesystem::path& checkpoint, Progress& progress) {
  while (ended_.empty()) {
    auto start = Clock::now();
    double before = running_.seconds;
    std::size_t stage = place_of(static_cast<i64>(history_.size())).stage;
    if (stage != stage_) begin_stage(stage);
    if (!train_epoch(progress, checkpoint)) break;
    Evaluation valid = validate();
    running_.seconds = before + seconds_since(start);
    end_epoch(valid);
    progress.line("  " + remark());
    if (!checkpoint.empty()) save(checkpoint);
  }
  return finish();
}

// False if the net diverged.
bool Trainer::train_epoch(Progress& progress, const std::filesystem::path& checkpoint) {
  net_.train();
  auto epoch = static_cast<i64>(history_.size());
  std::vector<i64> order = order_of(epoch);
  auto count = static_cast<i64>(order.size()), step = recipe_.batch * recipe_.accumulate;
  i64 begin = std::min(next_batch_ * recipe_.batch, count);
  Batches batches(lesson_.examples, lesson_.view, {order.begin() + begin, order.end()},
                  recipe_.batch, device_of(net_),
                  {Pass::Kind::training, seed_, epoch, recipe_.objective.mixup});
  i64 earlier = batches_before(epoch);
  auto start = Clock::now(), saved = start;
  double seconds_before = running_.seconds, waited_before = running_.waited;
  auto clock = [&] {
    running_.seconds = seconds_before + seconds_since(start);
    running_.waited = waited_before + batches.waited();
  };
  while (auto batch = batches.next()) {
    bool first = begin % step == 0, last = (begin + batch->size()) % step == 0;
    last = last || begin + batch->size() == count;
    this->step(*batch, std::min(step, count - begin / step * step), first, last);
    batches.prefetch();
    begin += batch->size();
    ++next_batch_;
    bool stopping = interrupted() && last;
    if (!account(stopping ? outcomes_.all() : outcomes_.arrived())) return false;
    progress.show(earlier + next_batch_, format("epoch {}", epoch + 1));
    bool save_now = !checkpoint.empty() && last && (stopping || seconds_since(saved) > 300);
    if (save_now) {
      if (!account(outcomes_.all())) return false;
      clock();
      save(checkpoint);
      saved = Clock::now();
    }
    if (stopping) throw Interrupted("stopped");
  }
  clock();
  return account(outcomes_.all());
}

void Trainer::step(const Batch& batch, i64 clips_of_step, bool first, bool last) {
  bool by_graph = recipe_.cuda_graph && batch.size() == recipe_.batch;
  outcomes_.add(by_graph ? learn_by_graph(batch) : learn(batch, clips_of_step, first, last),
                batch.size());
  if (last) rate_->after_step();
}

// A step's gradient is that of the mean over its clips, which may come in several batches. Nothing
// here waits for the device.
Tensor Trainer::learn(const Batch& batch, i64 clips_of_step, bool first, bool last) {
  if (first) optimizer_->zero_grad();
  std::optional<Span> span("forward");
  Variable logits = logits_of(net_, batch.x, recipe_.bf16);
  Variable loss = loss_(logits, batch);
  span.emplace("backward");
  if (batch.size() == clips_of_step)
    loss.backward();
  else
    (loss * (static_cast<double>(batch.size()) / static_cast<double>(clips_of_step))).backward();
  span.reset();
  if (last) {
    Span optimizer("optimizer");
    if (recipe_.clip_norm > 0) clip_grad_norm(net_.parameters(), recipe_.clip_norm);
    optimizer_->step();
  }
  return stack(std::vector{loss.data(), count_right(logits.data(), batch.labels)});
}

Tensor Trainer::learn_by_graph(const Batch& batch) {
  if (!recorded_) recorded_ = std::make_shared<RecordedStep>(*this, batch);
  recorded_->batch.x.copy_(batch.x);
  recorded_->batch.labels.copy_(batch.labels);
  if (batch.targets.defined()) recorded_->batch.targets.copy_(batch.targets);
  if (recorded_->graph.run()) optimizer_->count_replay();
  return recorded_->outcome.clone();
}

// False if the net diverged.
bool Trainer::account(const std::vector<Outcomes::Outcome>& outcomes) {
  i64 batch = next_batch_ - outcomes_.count() - std::ssize(outcomes);
  for (const Outcomes::Outcome& outcome : outcomes) {
    ++batch;
    if (!std::isfinite(outcome.loss)) {
      diverged_ = true;
      ended_ = format("diverged: the loss is {} in batch {} of epoch {}", outcome.loss, batch,
                      history_.size() + 1);
      return false;
    }
    running_.train_loss += outcome.loss * static_cast<double>(outcome.clips);
    running_.train_accuracy += outcome.right;
    running_clips_ += outcome.clips;
  }
  return true;
}

Evaluation Trainer::validate() {
  const std::vector<i64>& clips = lesson_.split.valid;
  double none = std::numeric_limits<double>::quiet_NaN();
  if (clips.empty()) return {none, none, {}};
  Evaluation valid = evaluate(net_, lesson_.examples, lesson_.view, clips, recipe_.batch,
                              recipe_.bf16, loss_.class_weights());
  valid.loss += loss_.penalty();
  return valid;
}

void Trainer::end_epoch(const Evaluation& valid) {
  auto count = static_cast<double>(running_clips_);
  running_.train_loss /= count;
  running_.train_accuracy /= count;
  running_.valid_loss = valid.loss;
  running_.valid_accuracy = valid.accuracy;
  running_.lr = optimizer_->lr(optimizer_->group_count() - 1);
  history_.push_back(running_);
  seconds_ += running_.seconds;
  running_ = {};
  running_clips_ = next_batch_ = 0;

  if (stopping_.update(valid.loss, optimizer_->steps())) {
    best_.clear();
    for (const auto& [name, value] : net_.state_dict()) best_[name] = value.clone();
  }
  rate_->after_epoch(valid.loss);
  if (recipe_.early_stopping && stopping_.should_stop()) {
    ended_ = format("stopped early, after epoch {}", history_.size());
  } else if (static_cast<i64>(history_.size()) >= recipe_.epochs()) {
    ended_ = format("all {} epochs", recipe_.epochs());
  }
}

std::string Trainer::remark() const {
  const Epoch& last = history_.back();
  bool best = stopping_.best_epoch() + 1 == static_cast<i64>(history_.size());
  std::string valid = lesson_.split.valid.empty()
                          ? ""
                          : format(" validation {}, {};", decimal(last.valid_loss, 4),
                                   percent(last.valid_accuracy));
  return format("epoch {}: loss {}, {} right;{} lr {}; {} s{}", history_.size(),
                decimal(last.train_loss, 4), percent(last.train_accuracy), valid, last.lr,
                decimal(last.seconds, 2), best ? " *" : "");
}

// The best weights are in the net afterwards, unless the last are asked for or nothing was
// validated.
Evaluation Trainer::test() {
  Evaluation test = evaluate_at_test_time(net_, lesson_.examples, lesson_.view, lesson_.split.test,
                                          recipe_.batch, seed_, recipe_.bf16);
  test.loss += loss_.penalty();
  return test;
}

Fit Trainer::finish() {
  Fit fit;
  fit.seed = seed_;
  fit.history = history_;
  fit.best_epoch = stopping_.best_epoch();
  fit.seconds = seconds_;
  for (const Epoch& epoch : history_) fit.waited += epoch.waited;
  fit.ended = ended_;
  fit.diverged = diverged_;
  if (!diverged_ && !lesson_.split.valid.empty() && stopping_.best_epoch() < 0) {
    fit.diverged = true;
    fit.ended = "diverged: no epoch had a finite validation loss";
  }
  if (fit.diverged) return fit;

  if (best_.empty()) {  // there is no validation part
    add_test(fit, test(), lesson_);
    return fit;
  }
  StateDict last;
  if (recipe_.tested == Tested::last)
    for (const auto& [name, value] : net_.state_dict()) last[name] = value.clone();
  net_.load_state_dict(best_);
  Evaluation best = test();
  if (recipe_.tested == Tested::last) net_.load_state_dict(last);
  add_test(fit, recipe_.tested == Tested::last ? test() : best, lesson_);
  if (recipe_.tested == Tested::last) {
    fit.measured["best epoch: accuracy"] = best.accuracy;
    fit.measured["best epoch: loss"] = best.loss;
  }
  return fit;
}

}  // namespace melgrad
