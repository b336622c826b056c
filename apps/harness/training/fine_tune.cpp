#include "apps/harness/training/fine_tune.h"

namespace melgrad {
namespace {

// fit_one_cycle's defaults but for what fine_tune sets.
OneCycle one_cycle(double pct_start, double div) {
  return {.form = OneCycleForm::fastai,
          .pct_start = pct_start,
          .div = div,
          .final_div = 1e5,
          .base_momentum = .85,
          .max_momentum = .95};
}

Stage frozen(const Body& body, double lr) {
  Stage stage{.epochs = 1,
              .lr = lr,
              .train = {"head.*"},
              .factors = {{"*", .1}, {"head.*", 1}},
              .course = one_cycle(.99, 25)};
  if (body.has_batch_norms) stage.train.emplace_back("BatchNorm2d:*");
  return stage;
}

Stage unfrozen(const Body& body, double lr, i64 epochs) {
  Stage stage{.epochs = epochs, .lr = lr / 2, .factors = {{"*", .01}}, .course = one_cycle(.3, 5)};
  for (const ParameterPattern& pattern : body.second_group) stage.factors.push_back({pattern, .1});
  stage.factors.push_back({"head.*", 1});
  return stage;
}

}  // namespace

Recipe fine_tuned(const Body& body, double lr, i64 epochs, i64 rounds) {
  Recipe recipe{
      .optimizer =
          AdamWSettings{.lr = lr, .beta1 = .95, .beta2 = .99, .eps = 1e-5, .weight_decay = .01},
      .no_decay = {"*.bias", "BatchNorm1d:*"},
      .batch = 64,
      .whole_steps = true,
      .stages = {frozen(body, lr)},
      .tested = Tested::last};
  if (body.has_batch_norms) recipe.no_decay.emplace_back("BatchNorm2d:*");
  for (i64 round = 0; round < rounds; ++round) recipe.stages.push_back(unfrozen(body, lr, epochs));
  recipe.stages[1].forgets = true;  // unfreezing does it, another round does not
  return recipe;
}

}  // namespace melgrad
