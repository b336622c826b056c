#include "apps/harness/training/recipe.h"

namespace melgrad {

double Recipe::lr() const {
  return std::visit([](const auto& settings) { return settings.lr; }, optimizer);
}

void Recipe::set_lr(double lr) {
  std::visit([&](auto& settings) { settings.lr = lr; }, optimizer);
}

std::string Recipe::optimizer_name() const {
  struct Name {
    std::string operator()(const AdamSettings&) const { return "Adam"; }
    std::string operator()(const AdamWSettings&) const { return "AdamW"; }
    std::string operator()(const SGDSettings&) const { return "SGD"; }
    std::string operator()(const RMSpropSettings&) const { return "RMSprop"; }
  };
  return std::visit(Name{}, optimizer);
}

i64 Recipe::epochs() const {
  i64 sum = 0;
  for (const Stage& stage : stages) sum += stage.epochs;
  return sum;
}

}  // namespace melgrad
