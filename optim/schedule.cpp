#include "optim/schedule.h"

#include <cmath>

namespace melgrad {
namespace {

constexpr double pi = 3.14159265358979323846;

// start at fraction 0, end at 1, half a cosine in between.
double cosine(double start, double end, double fraction) {
  return end + (start - end) / 2 * (1 + std::cos(pi * fraction));
}

const Tensor& find(const StateDict& state, const std::string& name) {
  auto found = state.find(name);
  check(found != state.end(), "schedule", "the state has no '{}'", name);
  return found->second;
}

}  // namespace

Schedule::Schedule(Optimizer& optimizer) : optimizer_(&optimizer) {
  for (std::size_t g = 0; g < optimizer.group_count(); ++g) base_.push_back(optimizer.lr(g));
}

void Schedule::apply_all() {
  for (std::size_t g = 0; g < base_.size(); ++g) apply(*optimizer_, g, base_[g], count_);
}

void Schedule::step() {
  ++count_;
  apply_all();
}

StateDict Schedule::state_dict() const {
  StateDict state;
  state["count"] = scalar(static_cast<double>(count_), Dtype::f64);
  for (std::size_t g = 0; g < base_.size(); ++g)
    state["base." + std::to_string(g)] = scalar(base_[g], Dtype::f64);
  return state;
}

void Schedule::load_state_dict(const StateDict& state) {
  check(state.size() == base_.size() + 1, "schedule", "the state is of {} groups, not {}",
        static_cast<i64>(state.size()) - 1, base_.size());
  std::vector<double> base;
  for (std::size_t g = 0; g < base_.size(); ++g)
    base.push_back(find(state, "base." + std::to_string(g)).item());
  count_ = static_cast<i64>(find(state, "count").item());
  base_ = std::move(base);
  apply_all();
}

StepLR::StepLR(Optimizer& optimizer, i64 step_size, double gamma)
    : Schedule(optimizer), step_size_(step_size), gamma_(gamma) {
  check(step_size > 0, "step_lr", "the step size is positive, not {}", step_size);
}

void StepLR::apply(Optimizer& optimizer, std::size_t group, double base, i64 count) {
  i64 falls = count / step_size_;
  optimizer.set_lr(group, base * std::pow(gamma_, static_cast<double>(falls)));
}

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, i64 period, double min_lr)
    : Schedule(optimizer), period_(period), min_lr_(min_lr) {
  check(period > 0, "cosine_annealing_lr", "the period is positive, not {}", period);
}

void CosineAnnealingLR::apply(Optimizer& optimizer, std::size_t group, double base, i64 count) {
  double fraction = static_cast<double>(count) / static_cast<double>(period_);
  optimizer.set_lr(group, cosine(base, min_lr_, fraction));
}

OneCycleSettings fastai_one_cycle(std::vector<double> max_lr, i64 total_steps) {
  return {.max_lr = std::move(max_lr),
          .total_steps = total_steps,
          .form = OneCycleForm::fastai,
          .pct_start = .25,
          .div = 25,
          .final_div = 1e5};
}

OneCycleLR::OneCycleLR(Optimizer& optimizer, OneCycleSettings settings)
    : Schedule(optimizer), settings_(std::move(settings)) {
  std::size_t rates = settings_.max_lr.size();
  check(rates == 1 || rates == optimizer.group_count(), "one_cycle_lr",
        "{} maximal rates for {} groups", rates, optimizer.group_count());
  check(settings_.total_steps > 0 && settings_.pct_start > 0 && settings_.pct_start < 1,
        "one_cycle_lr", "total_steps is positive, pct_start in (0, 1): {}, {}",
        settings_.total_steps, settings_.pct_start);
  apply_all();
}

void OneCycleLR::apply(Optimizer& optimizer, std::size_t group, double, i64 count) {
  const OneCycleSettings& s = settings_;
  bool fastai = s.form == OneCycleForm::fastai;
  double total = static_cast<double>(s.total_steps), done = static_cast<double>(count);
  check(done <= total, "one_cycle_lr", "step {} of a cycle of {}", count, s.total_steps);

  double top = s.max_lr[s.max_lr.size() == 1 ? 0 : group];
  double first = top / s.div, last = fastai ? top / s.final_div : first / s.final_div;
  double shift = fastai ? 0 : 1;
  double peak = s.pct_start * total - shift, end = total - shift;
  bool rising = done <= peak;
  double fraction = rising ? done / peak : (done - peak) / (end - peak);

  optimizer.set_lr(group, rising ? cosine(first, top, fraction) : cosine(top, last, fraction));
  if (s.cycle_momentum)
    optimizer.set_momentum(group, rising ? cosine(s.max_momentum, s.base_momentum, fraction)
                                         : cosine(s.base_momentum, s.max_momentum, fraction));
}

}  // namespace melgrad
