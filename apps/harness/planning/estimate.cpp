#include "apps/harness/planning/estimate.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <map>
#include <sstream>

#include "apps/harness/console/progress.h"
#include "apps/harness/data/view.h"
#include "apps/harness/fitting.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/training/learner.h"
#include "apps/harness/training/parameters.h"
#include "kernels/backend.h"

namespace melgrad {
namespace {

/// Steps and seconds of one fit.
struct Cost {
  i64 steps = 0;
  double seconds = 0;
};

i64 batches_of(std::size_t clips, i64 batch) {
  return (static_cast<i64>(clips) + batch - 1) / batch;
}

// Without gradients a batch takes about a third of the time.
Cost cost_of(const Recipe& recipe, const Split& split, const TestTime& test,
             double seconds_a_batch) {
  Cost cost;
  double batches = 0, forward_only = 0;
  for (const Stage& stage : recipe.stages) {
    i64 an_epoch = stage.steps > 0 ? stage.steps * recipe.accumulate
                                   : batches_of(split.train.size(), recipe.batch);
    i64 steps = (an_epoch + recipe.accumulate - 1) / recipe.accumulate;
    cost.steps += stage.epochs * steps;
    batches += static_cast<double>(stage.epochs * an_epoch);
    forward_only +=
        static_cast<double>(stage.epochs * batches_of(split.valid.size(), recipe.batch));
  }
  forward_only +=
      static_cast<double>((test.copies + 1) * batches_of(split.test.size(), recipe.batch));
  cost.seconds = (batches + forward_only / 3) * seconds_a_batch;
  return cost;
}

Tensor noise(const Input& input, i64 rows) {
  Shape shape = input.shape();
  Shape stored =
      shape.rank() == 3 ? Shape{rows, shape[1], shape[2], shape[0]} : Shape{rows, shape[0]};
  Generator generator(1);
  Tensor values = rand(stored, generator);
  return input.stored == Dtype::u8 ? (values * 255).to(Dtype::u8) : values;
}

Cost cost_of(const SolverSettings& solver, const Split& split, double seconds_a_batch) {
  double batches = static_cast<double>(split.train.size()) / solved_at_once;
  return {solver.iterations, static_cast<double>(solver.iterations) * batches * seconds_a_batch};
}

// As the row's, but two epochs of a batch, by a constant rate.
Training two_steps(const Training& training) {
  if (const auto* solver = std::get_if<SolverSettings>(&training)) {
    SolverSettings two = *solver;
    two.iterations = 2;
    two.tolerance = 0;
    return two;
  }
  Recipe recipe = std::get<Recipe>(training);
  recipe.stages.erase(recipe.stages.begin(), recipe.stages.end() - 1);
  Stage& stage = recipe.stages.front();
  stage.epochs = 2;
  stage.steps = 0;
  stage.course = Constant{};
  recipe.accumulate = 1;
  recipe.cuda_graph = false;
  recipe.early_stopping.reset();
  return recipe;
}

std::string mebibytes(i64 bytes) { return format("{} MiB", (bytes + (1 << 20) - 1) >> 20); }

}  // namespace

Estimate estimate(const Study& study, const Row& row, const Options& options, Device device,
                  const std::vector<std::string>& classes) {
  Estimate result;
  Input input = find_input(study, row);
  input.variants.clear();
  Training training = training_of(study, row, options);
  auto before = backend(device).memory_stats().in_use;
  backend(device).reset_peak_memory();
  auto net = draw_net(study, row, static_cast<i64>(classes.size()), options.seed);
  result.parameters = result.trained_parameters = net->parameter_count();
  result.seconds_a_batch = std::numeric_limits<double>::quiet_NaN();
  i64 batch = solved_at_once;
  if (const auto* recipe = std::get_if<Recipe>(&training)) {
    batch = recipe->batch;
    for (const Stage& stage : recipe->stages)
      result.trained_parameters = train_only(*net, stage);  // the last stage's: it trains most
  }
  Collection clips;
  clips.classes = classes;
  Split split;
  for (i64 i = 0; i <= batch; ++i) {
    auto label = i % static_cast<i64>(classes.size());
    clips.examples.push_back({std::to_string(i), label, std::to_string(i)});
    (i < batch ? split.train : split.test).push_back(i);
  }
  Examples examples(clips, input, noise(input, batch + 1));
  View view = row.variant.view;
  view.test = {};
  view.augmentation.variants = false;
  FittedView fitted(examples, view, split.train);
  net->to(device);
  Generator generator(options.seed, device);
  net->set_generator(generator);
  auto learner =
      make_learner(*net, generator, {examples, fitted, split}, two_steps(training), options.seed);
  Progress silent = Progress::silent();
  Fit fit = learner->run({}, silent);
  result.seconds_a_batch =
      fit.history.empty() ? result.seconds_a_batch : fit.history.back().seconds;
  result.bytes = static_cast<i64>(backend(device).memory_stats().peak - before);
  return result;
}

std::string plan_in_words(const Study& study, const Options& options, Device device,
                          const std::vector<std::string>& classes,
                          const std::vector<RuleSplits>& rules,
                          const std::vector<PlannedFit>& fits) {
  std::map<std::string, Estimate> estimates;
  for (const PlannedFit& fit : fits)
    if (!estimates.contains(fit.row->name))
      estimates[fit.row->name] = estimate(study, *fit.row, options, device, classes);

  std::size_t width = 3;
  for (const PlannedFit& fit : fits) width = std::max(width, fit.name.size());
  std::ostringstream out;
  out << std::left << std::setw(static_cast<int>(width)) << "fit" << std::right << std::setw(13)
      << "parameters" << std::setw(13) << "trained" << std::setw(9) << "steps" << std::setw(10)
      << "time" << std::setw(12) << "memory"
      << "\n";
  double seconds = 0;
  for (const PlannedFit& fit : fits) {
    const Estimate& estimate = estimates.at(fit.row->name);
    Training training = training_of(study, *fit.row, options);
    const auto* recipe = std::get_if<Recipe>(&training);
    const Split& split = rules[fit.rule].splits[static_cast<std::size_t>(fit.fold)];
    Cost cost = recipe == nullptr
                    ? cost_of(std::get<SolverSettings>(training), split, estimate.seconds_a_batch)
                    : cost_of(*recipe, split, fit.row->variant.view.test, estimate.seconds_a_batch);
    if (fit.only_tested)
      cost = {0, static_cast<double>(batches_of(split.test.size(), recipe->batch)) / 3 *
                     estimate.seconds_a_batch};
    seconds += cost.seconds;
    out << std::left << std::setw(static_cast<int>(width)) << fit.name << std::right
        << std::setw(13) << estimate.parameters << std::setw(13) << estimate.trained_parameters
        << std::setw(9) << cost.steps << std::setw(10) << clock_time(cost.seconds) << std::setw(12)
        << mebibytes(estimate.bytes) << "\n";
  }
  out << format("{} fits, at most {} on {}; time and memory from two steps of each on noise\n",
                fits.size(), clock_time(seconds), to_string(device));
  return out.str();
}

}  // namespace melgrad
