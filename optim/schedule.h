#pragma once
#include "optim/optimizer.h"

namespace melgrad {

/// A learning rate that is a function of the number of step() calls (epochs or batches, as the
/// caller likes) and of the group's rate when the schedule was made.
class Schedule {
 public:
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;
  virtual ~Schedule() = default;

  void step();
  i64 count() const { return count_; }
  StateDict state_dict() const;
  /// Sets the optimiser's rates, too.
  void load_state_dict(const StateDict& state);

 protected:
  explicit Schedule(Optimizer& optimizer);
  /// Sets the optimiser's group to its values after `count` calls. `base` is its initial rate.
  virtual void apply(Optimizer& optimizer, std::size_t group, double base, i64 count) = 0;
  void apply_all();

 private:
  Optimizer* optimizer_;
  std::vector<double> base_;
  i64 count_ = 0;
};

/// lr = base · gammaᵏ,  k = ⌊count / step_size⌋
class StepLR final : public Schedule {
 public:
  StepLR(Optimizer& optimizer, i64 step_size, double gamma = .1);

 protected:
  void apply(Optimizer&, std::size_t group, double base, i64 count) override;

 private:
  i64 step_size_;
  double gamma_;
};

/// lr = min_lr + (base − min_lr) (1 + cos(π count / period)) / 2   Loshchilov & Hutter 2016, arXiv
/// 1608.03983, eq. 5, without restarts
class CosineAnnealingLR final : public Schedule {
 public:
  CosineAnnealingLR(Optimizer& optimizer, i64 period, double min_lr = 0);

 protected:
  void apply(Optimizer&, std::size_t group, double base, i64 count) override;

 private:
  i64 period_;
  double min_lr_;
};

/// pytorch: the rate peaks at step pct_start·total − 1 and ends, at step total − 1, at
/// max_lr / (div · final_div).  fastai: at pct_start·total and, at step total, max_lr / final_div.
enum class OneCycleForm : u8 { pytorch, fastai };
struct OneCycleSettings {
  std::vector<double> max_lr;  // one for all groups, or one each
  i64 total_steps = 0;
  OneCycleForm form = OneCycleForm::pytorch;
  double pct_start = .3;
  double div = 25, final_div = 1e4;
  bool cycle_momentum = true;  // momentum goes the other way: max, base, max
  double base_momentum = .85, max_momentum = .95;
};
/// fastai's fit_one_cycle: pct_start .25, div 25, final_div 1e5, momentum .95, .85, .95.
OneCycleSettings fastai_one_cycle(std::vector<double> max_lr, i64 total_steps);

/// Up from max_lr/div to max_lr and down again, both along half a cosine. Smith & Topin 2017, arXiv
/// 1708.07120. One step() a batch.
class OneCycleLR final : public Schedule {
 public:
  OneCycleLR(Optimizer& optimizer, OneCycleSettings settings);

 protected:
  void apply(Optimizer&, std::size_t group, double base, i64 count) override;

 private:
  OneCycleSettings settings_;
};

}  // namespace melgrad
