#include "apps/harness/fitting.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/harness/console/progress.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/training/evaluate.h"
#include "apps/harness/training/learner.h"
#include "apps/harness/training/objective.h"
#include "apps/harness/training/parameters.h"
#include "apps/trained/trained_net.h"
#include "kernels/winograd.h"
#include "layers/models/registry.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

/// One fit: which row, on what, under which name.
struct Task {
  const Row& row;
  const Examples& examples;
  const Split& split;
  std::string name, title;  // of the checkpoint; in words
  u64 seed;
  i64 fold;
  bool from_scratch;
  Training training;
  bool only_tested = false;
};

/// What came of it.
struct Fitted {
  Fit fit;
  std::unique_ptr<Module> net;  // with the weights that were tested
  Normalisation normalisation;
  Shape shape;  // of what the net sees
};

i64 epochs_of(const Training& training) {
  const auto* recipe = std::get_if<Recipe>(&training);
  return recipe != nullptr ? recipe->epochs() : std::get<SolverSettings>(training).iterations;
}

i64 trained_parameters(Module& net, const Training& training) {
  const auto* recipe = std::get_if<Recipe>(&training);
  if (recipe == nullptr) return net.parameter_count();
  i64 most = 0;
  for (const Stage& stage : recipe->stages) most = std::max(most, train_only(net, stage));
  return most;
}

i64 batch_of(const Training& training) {
  const auto* recipe = std::get_if<Recipe>(&training);
  return recipe != nullptr ? recipe->batch : Recipe{}.batch;
}

// The test clips once more, with each degradation: "accuracy, noise 20 dB".
void test_degraded(const Run& run, const Task& task, const FittedView& view, Fitted& fitted) {
  for (const DegradedClips& clips : run.degraded) {
    const Examples& examples = clips.examples.at(task.examples.input().name);
    std::vector<i64> places = clips.places(task.split.test);
    Evaluation said = evaluate_at_test_time(*fitted.net, examples, view, places,
                                            batch_of(task.training), task.seed, run.options.bf16);
    Figures& measured = fitted.fit.measured;
    measured["accuracy, " + clips.name] = said.accuracy;
    if (examples.collection().is_segmented)
      measured["song accuracy, " + clips.name] =
          song_accuracy(examples.collection(), places, said.predictions);
  }
}

std::vector<std::string> figures_wanted(const Run& run) {
  std::vector<std::string> names;
  for (const DegradedClips& clips : run.degraded) names.push_back("accuracy, " + clips.name);
  return names;
}

// With the weights that are given, in place of a training.
Fitted do_test(const Run& run, const Task& task, RowResult& result) {
  auto classes = static_cast<i64>(task.examples.collection().classes.size());
  Fitted fitted;
  fitted.net = net_of(run.study, task.row, classes);
  std::string file = run.tested.load(task.row, *fitted.net);
  result.parameters = fitted.net->parameter_count();
  result.trained_parameters = 0;
  result.started_from = file + ", and was not trained";
  fitted.net->to(run.device);
  FittedView view(task.examples, task.row.variant.view, task.split.train);
  check_copies_differ(task.examples, view, task.split.test, task.seed);
  const auto& recipe = std::get<Recipe>(task.training);
  Evaluation test = evaluate_at_test_time(*fitted.net, task.examples, view, task.split.test,
                                          recipe.batch, task.seed, recipe.bf16);
  test.loss += Loss(*fitted.net, {.l2 = recipe.objective.l2}).penalty();
  Fit& fit = fitted.fit;
  fit.seed = task.seed;
  fit.ended = "not trained: the weights are those of " + file;
  add_test(fit, test, {task.examples, view, task.split});
  test_degraded(run, task, view, fitted);
  say(format("\n{}: the weights of {}\n  test: {} right, loss {}", task.title, file,
             percent(fit.measured.at("accuracy")), decimal(fit.measured.at("loss"), 4)));
  fitted.normalisation = view.normalisation();
  fitted.shape = view.shape();
  return fitted;
}

Fitted do_fit(const Run& run, const Task& task, RowResult& result) {
  if (task.only_tested) return do_test(run, task, result);
  const std::vector<std::string>& classes = task.examples.collection().classes;
  Fitted fitted;
  fitted.net =
      draw_net(run.study, task.row, static_cast<i64>(classes.size()), task.seed, task.fold);
  Module& net = *fitted.net;
  result.parameters = net.parameter_count();
  if (!task.from_scratch) result.started_from = run.starting.load(task.row, net);
  result.trained_parameters = trained_parameters(net, task.training);
  net.to(run.device);
  Generator generator(task.seed, run.device);
  net.set_generator(generator);

  FittedView view(task.examples, task.row.variant.view, task.split.train);
  auto learner =
      make_learner(net, generator, {task.examples, view, task.split}, task.training, task.seed);
  say(format("\n{}: {} parameters, {} clips to learn from", task.title,
             thousands(result.trained_parameters), task.split.train.size()));
  std::filesystem::path checkpoint = run.session.checkpoint(task.name);
  if (run.options.resume && std::filesystem::exists(checkpoint)) {
    learner->load(checkpoint);
    say("  goes on from " + checkpoint.string());
  }
  Progress progress(task.row.name, learner->steps());
  fitted.fit = learner->run(checkpoint, progress);
  const Fit& fit = fitted.fit;
  if (!fit.diverged && !task.from_scratch) test_degraded(run, task, view, fitted);
  progress.line(
      fit.diverged
          ? "  " + fit.ended
          : format("  test: {} right, loss {}; {}, {}", percent(fit.measured.at("accuracy")),
                   decimal(fit.measured.at("loss"), 4), fit.ended, clock_time(fit.seconds)));
  fitted.normalisation = view.normalisation();
  fitted.shape = view.shape();
  return fitted;
}

void save_weights(const Task& task, Fitted& fitted, const Results& results,
                  const std::string& data_set, const std::filesystem::path& path) {
  nlohmann::ordered_json training = {{"study", results.study},      {"row", task.row.name},
                                     {"data_set", data_set},        {"seed", task.seed},
                                     {"ended", fitted.fit.ended},   {"date", results.date},
                                     {"winograd", uses_winograd()}, {"command", results.command}};
  for (const auto& [name, value] : task.row.published) training["published"][name] = value;
  TrainedNet trained;
  trained.name = task.row.net();
  trained.shape = fitted.shape;
  trained.classes = task.examples.collection().classes;
  trained.input = task.examples.input();
  trained.normalisation = fitted.normalisation;
  trained.scores = fitted.fit.measured;
  trained.training = training.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  trained.net = std::move(fitted.net);
  save_trained(path, trained);
}

RowResult& row_of(std::vector<RowResult>& rows, const std::string& name) {
  return *std::find_if(rows.begin(), rows.end(),
                       [&](const RowResult& row) { return row.name == name; });
}

// In the place of a shorter fit of the same name, if there is one.
void record(RowResult& row, Fit fit) {
  auto same = [&](const Fit& old) {
    return old.seed == fit.seed && old.rule == fit.rule && old.fold == fit.fold;
  };
  auto found = std::find_if(row.fits.begin(), row.fits.end(), same);
  if (found != row.fits.end())
    *found = std::move(fit);
  else
    row.fits.push_back(std::move(fit));
  row.not_run.clear();
}

// "base CNN, seed 1, fold 3, split over excerpts": what tells it from the others.
std::string title_of(const Run& run, const PlannedFit& fit, const std::vector<RuleSplits>& rules) {
  const RuleSplits& rule = rules[fit.rule];
  std::string title = fit.row->title;
  if (run.options.seeds > 1) title += format(", seed {}", fit.seed);
  if (rule.splits.size() > 1) title += format(", fold {} of {}", fit.fold + 1, rule.splits.size());
  if (rules.size() > 1) title += ", " + rule.rule.title;
  return title;
}

// The input but for its variants, which pretraining does not have, by the first input that is like it:
// rows that see a clip with and without them start from one fit.
std::string plain_name(const Study& study, const Input& input) {
  auto plain = [](Input one) {
    one.variants.clear();
    return one.json();
  };
  for (const Input& other : study.inputs)
    if (plain(other) == plain(input)) return other.name;
  return input.name;
}

// A row's net as it is before the study's own training: what the recipe does to clips comes later.
Row before_training(const Study& study, const Row& row) {
  Row plain = row;
  plain.variant.training.reset();
  if (study.pretraining) plain.variant.training = *study.pretraining;
  plain.variant.pretrained = false;
  plain.variant.view.augmentation = {};
  plain.variant.view.test = {};
  return plain;
}

Split split_for_pretraining(const Collection& collection, u64 seed) {
  Fractions fractions{.train = .8, .valid = .1, .test = .1};
  return collection.is_segmented ? grouped_split(collection, fractions, seed)
                                 : stratified_split(collection, fractions, seed);
}

}  // namespace

std::unique_ptr<Module> net_of(const Study& study, const Row& row, i64 classes) {
  Shape seen = find_input(study, row).shape();
  if (row.variant.view.channels > 0) seen[0] = row.variant.view.channels;
  return make_net(row.net(), seen, classes);
}

std::unique_ptr<Module> draw_net(const Study& study, const Row& row, i64 classes, u64 seed,
                                 i64 fold) {
  std::unique_ptr<Module> net = net_of(study, row, classes);
  Generator initial = fold == 0 ? Generator(seed) : Generator(seed).fork(static_cast<u64>(fold));
  net->reset(initial);
  return net;
}

void run_fits(const Run& run, const std::vector<PlannedFit>& fits, StudyData& data,
              const std::vector<RuleSplits>& rules, Results& results) {
  std::set<std::string> told;
  for (const PlannedFit& planned : fits) {
    const Row& row = *planned.row;
    RowResult& result = row_of(results.rows, row.name);
    if (std::string missing = run.starting.missing(row); !missing.empty()) {
      result.not_run = missing;
      if (told.insert(row.name).second) say(format("\n{}: {}", row.title, missing));
      continue;
    }
    const RuleSplits& rule = rules[planned.rule];
    Training training = training_of(run.study, row, run.options);
    if (Session::is_done(result, planned, rule.rule.name, epochs_of(training), figures_wanted(run)))
      continue;

    auto fold = static_cast<std::size_t>(planned.fold);
    Examples& examples = data.examples.at(find_input(run.study, row).name);
    Task task{row,
              examples,
              rule.splits[fold],
              planned.name,
              title_of(run, planned, rules),
              planned.seed,
              planned.fold,
              false,
              training,
              planned.only_tested};
    Fitted fitted = do_fit(run, task, result);
    fitted.fit.rule = rule.rule.name;
    fitted.fit.fold = planned.fold;
    for (const auto& [name, value] : validation_figures(fitted.fit.history))
      if (row.published.contains(name)) fitted.fit.measured[name] = value;
    bool first = planned.seed == run.options.seed && planned.rule == 0 && planned.fold == 0;
    if (first && !fitted.fit.diverged)
      save_weights(task, fitted, results, results.data_set, run.session.weights(row.name));
    record(result, std::move(fitted.fit));
    run.write();
  }
}

void pretrain(const Run& run, const std::vector<const Row*>& rows, StudyData& data,
              Results& results) {
  const Options& options = run.options;
  for (const Row* row : rows) {
    if (!run.starting.wants_pretraining(*row)) continue;
    const std::string input = find_input(run.study, *row).name;
    std::string name =
        "pretrained-" + row->net() + "-" + plain_name(run.study, find_input(run.study, *row));
    std::string words = row->net() + " on " + data.source;
    std::filesystem::path path = run.session.weights(name);
    auto known = std::find_if(results.pretraining.begin(), results.pretraining.end(),
                              [&](const RowResult& old) { return old.name == name; });
    if (known == results.pretraining.end() || !std::filesystem::exists(path)) {
      const Examples& examples = data.examples.at(input);
      Split split = split_for_pretraining(examples.collection(), options.seed);
      Row from_scratch = before_training(run.study, *row);
      Options of_all = options;
      of_all.unfreeze.reset();
      if (run.study.pretraining) of_all.epochs.reset();
      Task task{from_scratch,
                examples,
                split,
                name,
                words,
                options.seed,
                0,
                true,
                training_of(run.study, from_scratch, of_all)};
      RowResult result;
      result.name = name;
      result.title = words;
      result.layers = row->layers;
      result.input = input;
      Fitted fitted = do_fit(run, task, result);
      fitted.fit.rule = "pretraining";
      check(!fitted.fit.diverged, "pretrain", "{}: {}", words, fitted.fit.ended);
      save_weights(task, fitted, results, data.source, path);
      record(result, std::move(fitted.fit));
      std::erase_if(results.pretraining, [&](const RowResult& old) { return old.name == name; });
      results.pretraining.push_back(std::move(result));
      run.write();
    }
    run.starting.add(*row, path.string(), words);
  }
}

}  // namespace melgrad
