#include "optim/early_stopping.h"

#include <limits>

namespace melgrad {

EarlyStopping::EarlyStopping(const EarlyStoppingSettings& settings) : settings_(settings) {
  check(settings.patience > 0, "early_stopping", "the patience is positive, not {}",
        settings.patience);
  double infinity = std::numeric_limits<double>::infinity();
  best_ = settings.better == Better::smaller ? infinity : -infinity;
}

bool EarlyStopping::update(double metric, i64 steps) {
  bool improved = settings_.better == Better::smaller ? metric < best_ - settings_.min_delta
                                                      : metric > best_ + settings_.min_delta;
  if (improved) {
    best_ = metric;
    best_epoch_ = epochs_;
    bad_epochs_ = 0;
  } else if (steps >= settings_.min_steps) {
    ++bad_epochs_;
  }
  ++epochs_;
  return improved;
}

StateDict EarlyStopping::state_dict() const {
  auto number = [](auto value) { return scalar(static_cast<double>(value), Dtype::f64); };
  return {{"best", number(best_)},
          {"epochs", number(epochs_)},
          {"best_epoch", number(best_epoch_)},
          {"bad_epochs", number(bad_epochs_)}};
}

void EarlyStopping::load_state_dict(const StateDict& state) {
  for (const char* name : {"best", "epochs", "best_epoch", "bad_epochs"})
    check(state.contains(name), "early_stopping", "the state has no '{}'", name);
  best_ = state.at("best").item();
  epochs_ = static_cast<i64>(state.at("epochs").item());
  best_epoch_ = static_cast<i64>(state.at("best_epoch").item());
  bad_epochs_ = static_cast<i64>(state.at("bad_epochs").item());
}

}  // namespace melgrad
