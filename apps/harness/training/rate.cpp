#include "apps/harness/training/rate.h"

namespace melgrad {
namespace {

OneCycleSettings settings_of(const OneCycle& cycle, double lr, const std::vector<double>& factors,
                             i64 steps) {
  OneCycleSettings settings{.max_lr = {},
                            .total_steps = steps,
                            .form = cycle.form,
                            .pct_start = cycle.pct_start,
                            .div = cycle.div,
                            .final_div = cycle.final_div,
                            .cycle_momentum = cycle.cycle_momentum,
                            .base_momentum = cycle.base_momentum,
                            .max_momentum = cycle.max_momentum};
  for (double factor : factors) settings.max_lr.push_back(lr * factor);
  return settings;
}

}  // namespace

StageRate::StageRate(Optimizer& optimizer, const Stage& stage, double lr,
                     const std::vector<double>& factors, i64 steps)
    : steps_(steps) {
  for (std::size_t g = 0; g < factors.size(); ++g) optimizer.set_lr(g, lr * factors[g]);
  if (const auto* settings = std::get_if<PlateauSettings>(&stage.course))
    plateau_ = std::make_unique<ReduceLROnPlateau>(optimizer, *settings);
  if (const auto* cycle = std::get_if<OneCycle>(&stage.course))
    schedule_ = std::make_unique<OneCycleLR>(optimizer, settings_of(*cycle, lr, factors, steps));
  if (const auto* cosine = std::get_if<Cosine>(&stage.course))
    schedule_ = std::make_unique<CosineAnnealingLR>(optimizer, steps, cosine->min_lr);
}

// A schedule gives the rate of the next step, and there is none after the last.
void StageRate::after_step() {
  if (schedule_ && ++done_ < steps_) schedule_->step();
}

void StageRate::after_epoch(double valid_loss) {
  if (plateau_) plateau_->step(valid_loss);
}

StateDict StageRate::state_dict() const {
  if (plateau_) return plateau_->state_dict();
  if (!schedule_) return {};
  StateDict state = schedule_->state_dict();
  state["done"] = scalar(static_cast<double>(done_), Dtype::f64);
  return state;
}

void StageRate::load_state_dict(const StateDict& state) {
  if (plateau_) plateau_->load_state_dict(state);
  if (!schedule_) return;
  StateDict rest = state;
  auto done = rest.extract("done");
  check(!done.empty(), "resume", "the checkpoint does not say how far the rate's course was");
  done_ = static_cast<i64>(done.mapped().item());
  schedule_->load_state_dict(rest);
}

}  // namespace melgrad
