#include "optim/plateau.h"

#include <algorithm>
#include <limits>

namespace melgrad {

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const PlateauSettings& settings)
    : optimizer_(&optimizer), settings_(settings) {
  check(settings.factor > 0 && settings.factor < 1, "plateau", "the factor is in (0, 1), not {}",
        settings.factor);
  check(settings.patience >= 0 && settings.cooldown >= 0, "plateau",
        "patience and cooldown are not negative: {}, {}", settings.patience, settings.cooldown);
  double infinity = std::numeric_limits<double>::infinity();
  best_ = settings.better == Better::smaller ? infinity : -infinity;
}

bool ReduceLROnPlateau::step(double metric) {
  bool smaller = settings_.better == Better::smaller;
  bool improved = smaller ? metric < best_ * (1 - settings_.threshold)
                          : metric > best_ * (1 + settings_.threshold);
  if (improved) {
    best_ = metric;
    bad_epochs_ = 0;
  } else if (optimizer_->steps() >= settings_.min_steps) {
    ++bad_epochs_;
  }
  if (cooldown_ > 0) {
    --cooldown_;
    bad_epochs_ = 0;
  }
  if (bad_epochs_ <= settings_.patience) return false;
  cooldown_ = settings_.cooldown;
  bad_epochs_ = 0;
  return reduce();
}

bool ReduceLROnPlateau::reduce() {
  bool reduced = false;
  for (std::size_t g = 0; g < optimizer_->group_count(); ++g) {
    double before = optimizer_->lr(g);
    double after = std::max(before * settings_.factor, settings_.min_lr);
    if (before - after <= settings_.eps) continue;
    optimizer_->set_lr(g, after);
    reduced = true;
  }
  return reduced;
}

StateDict ReduceLROnPlateau::state_dict() const {
  auto number = [](double value) { return scalar(value, Dtype::f64); };
  return {{"best", number(best_)},
          {"bad_epochs", number(static_cast<double>(bad_epochs_))},
          {"cooldown", number(static_cast<double>(cooldown_))}};
}

void ReduceLROnPlateau::load_state_dict(const StateDict& state) {
  for (const char* name : {"best", "bad_epochs", "cooldown"})
    check(state.contains(name), "plateau", "the state has no '{}'", name);
  best_ = state.at("best").item();
  bad_epochs_ = static_cast<i64>(state.at("bad_epochs").item());
  cooldown_ = static_cast<i64>(state.at("cooldown").item());
}

}  // namespace melgrad
