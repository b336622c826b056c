#pragma once
#include <cmath>

#include "apps/harness/results/results.h"

namespace melgrad {

/// A fit whose figures follow from what it says: the strengths of each clip that the fold tests.
inline Fit example_fit(const Results& results, const std::string& rule, i64 fold, u64 seed,
                       const std::vector<std::vector<float>>& strengths) {
  Fit fit;
  fit.seed = seed;
  fit.rule = rule;
  fit.fold = fold;
  fit.ended = "stopped early, after epoch 4";
  fit.history = {{1.4, .3, 1.2, .5, .001, 1, .25},
                 {.8, .6, .1 + .2, .75, .001, 1, 0},
                 {.5, .8, .9, .75, .001, 1, 0},
                 {.3, .9, 1.1, .5, .0005, 1, 0}};
  fit.best_epoch = 1;
  fit.seconds = 4;
  fit.waited = .25;
  fit.confusion = Confusion(static_cast<i64>(results.classes.size()));
  std::vector<i64> labels;
  for (const RuleUsed& used : results.rules)
    if (used.name == rule)
      for (i64 clip : used.folds.at(static_cast<std::size_t>(fold)).test)
        labels.push_back(results.clips.at(static_cast<std::size_t>(clip)).label);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::vector<float>& of_clip = strengths.at(i);
    i64 said = 0;
    while (rank_of(said, of_clip) != 0) ++said;
    fit.predictions.push_back({said, of_clip[static_cast<std::size_t>(said)], of_clip});
    fit.confusion.add(labels[i], said);
  }
  fit.measured = figures_of(1. / 3, fit.confusion, results.classes, labels, strengths);
  return fit;
}

/// Two rules, of which the second leaks, and has been run in one fold; a net with two seeds of two folds, one of
/// which a fold is finished, one that diverged, one that was not run. No string or list is empty
/// but what must be; names need escaping.
inline Results example_results() {
  Results results;
  results.study = "Four <kinds>";
  results.data_set = "eight clips & more";
  results.device = "cpu";
  results.compute = "f32";
  results.command = "build/bin/four --data 'a b'";
  results.date = "2022-02-22 22:22";
  results.threads = 2;
  results.seed = 7;
  results.data_fingerprints = {{"mel", "3f7a"}, {"mfcc", "77"}};
  results.classes = {"rock", "r&b", "jazz", "folk"};
  results.skipped = {"rock/empty.wav: empty", "rock/\xff.wav: damaged"};
  results.notes = {"8 files of rock"};
  results.published_note = "These are other clips.";
  results.settings = {{"batch", "64", "inf", "unpublished", {}},
                      {"learning rate", "1e-4", "txt", "usual", {"mlp1", "alexnet"}}};
  results.clips = {{"rock/a.wav", "music/rock/a b.wav", 0, 1.5, 6.5},
                   {"rock/b.wav", "", 0, 0, 5},
                   {"r&b/<c>.wav", "/music/c.wav", 1, 0, 5},
                   {"r&b/d.wav", "", 1, 0, 5},
                   {"jazz/e.wav", "", 2, 0, 5},
                   {"jazz/f.wav", "", 2, 0, 5},
                   {"folk/g.wav", "", 3, 0, 5},
                   {"folk/h.wav", "", 3, 0, 5}};
  results.rules = {{"folds",
                    "two folds",
                    "A song is in one fold.",
                    false,
                    {{{1, 3, 5}, {7}, {0, 2, 4, 6}}, {{0, 2, 4, 6}, {}, {1, 3, 5, 7}}}},
                   {"excerpts",
                    "split over excerpts",
                    "Anyhow.",
                    true,
                    {{{2, 3}, {4, 5}, {7, 6, 1, 0}}, {{0, 1}, {6}, {3, 2, 5, 4}}}}};

  const std::vector<float> rock = {.7f, .1f, .15f, .05f}, jazz = {.2f, .1f, .6f, .1f},
                           folk = {.3f, .2f, .1f, .4f}, rnb = {.01f, .97f, .01f, .01f};
  auto fit = [&](const char* rule, i64 fold, u64 seed, std::vector<std::vector<float>> said) {
    return example_fit(results, rule, fold, seed, said);
  };
  RowResult base{"base_cnn",
                 "base CNN",
                 "conv < pool",
                 "picture",
                 1096772,
                 1096772,
                 {{"accuracy", .9153}, {"loss", .2804}, {"top 3", .987}, {"F1 r&b", .5}},
                 "",
                 "",
                 {}};
  base.fits = {
      fit("folds", 0, 7, {rock, rnb, jazz, rock}), fit("folds", 1, 7, {rock, rock, jazz, folk}),
      fit("folds", 0, 8, {rock, rnb, jazz, folk}), fit("folds", 1, 8, {jazz, jazz, jazz, jazz}),
      fit("excerpts", 0, 7, {folk, folk, rock, rock})};
  RowResult mlp{"mlp1",
                "MLP <1>",
                "one",
                "bands",
                1234,
                34,
                {{"accuracy", .6}},
                "imagenet.safetensors",
                "",
                {fit("folds", 0, 7, {folk, folk, folk, folk})}};
  RowResult deep{
      "deep_cnn", "deep CNN", "ten",  "picture", 2, 2, {{"accuracy", .2707}, {"loss", 1.2801}},
      "",         "",         {Fit()}};
  Fit& lost = deep.fits[0];
  lost.seed = 7;
  lost.rule = "folds";
  lost.ended = "diverged: the loss is nan in step 12 (epoch 2)";
  lost.diverged = true;
  lost.history = {{1.4, .3, std::nan(""), .5, .001, 1, 0}};
  RowResult absent{"alexnet",
                   "AlexNet",
                   "eight",
                   "picture",
                   0,
                   0,
                   {{"accuracy", .8122}, {"loss", std::nan("")}},
                   "",
                   "not run: needs --weights",
                   {}};
  results.rows = {base, mlp, deep, absent};

  RowResult before{"mlp1_elsewhere",
                   "MLP on others",
                   "one",
                   "bands",
                   1234,
                   1234,
                   {{"accuracy", .9}},
                   "nothing",
                   "none",
                   {fit("folds", 0, 7, {rock, rnb, jazz, folk})}};
  results.pretraining = {before};
  return results;
}

/// The same with one fold, one seed and the leaky rule or without it.
inline Results example_without_folds() {
  Results results = example_results();
  results.rules = {{"stratified",
                    "stratified split",
                    "One picture a file.",
                    false,
                    {{{1, 3, 5, 7}, {1, 3}, {0, 2, 4, 6}}}}};
  for (RowResult& row : results.rows) {
    std::vector<Fit> first;
    for (Fit& fit : row.fits)
      if (fit.rule == "folds" && fit.seed == 7 && fit.fold == 0) first.push_back(fit);
    for (Fit& fit : first) fit.rule = "stratified";
    row.fits = first;
  }
  return results;
}

}  // namespace melgrad
