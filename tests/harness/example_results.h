#pragma once
#include <cmath>

#include "apps/harness/results.h"

namespace melgrad {

/// A finished net, one that diverged, one that was not run; names that must be escaped.
inline Results example_results() {
  Results results;
  results.study = "Two <kinds>";
  results.data_set = "four clips & more";
  results.device = "cpu";
  results.compute = "f32";
  results.command = "build/bin/two --data 'a b'";
  results.date = "2022-02-22 22:22";
  results.threads = 2;
  results.seed = 7;
  results.fingerprint = "seed 7";
  results.classes = {"rock", "r&b"};
  results.skipped = {"rock/empty.wav: empty", "rock/\xff.wav: damaged"};
  results.settings = {{"batch", "64", "inf", "unpublished"}};
  results.protocols = {{"stratified",
                        "stratified split",
                        "One picture a file.",
                        8,
                        4,
                        {{"rock/a.wav", "music/rock/a b.wav", 0, 0, 1.5, 6.5},
                         {"rock/b.wav", "", 0, 1},
                         {"r&b/<c>.wav", "", 1, 2},
                         {"r&b/d.wav", "", 1, 3}}}};

  Fit fit;
  fit.seed = 7;
  fit.protocol = "stratified";
  fit.ended = "stopped early, after epoch 4";
  fit.history = {{1.4, .3, 1.2, .5, .001, 1},
                 {.8, .6, .1 + .2, .75, .001, 1},
                 {.5, .8, .9, .75, .001, 1},
                 {.3, .9, 1.1, .5, .0005, 1}};
  fit.best_epoch = 1;
  fit.confusion = Confusion({2, 0, 1, 1});
  fit.scores = {1. / 3, fit.confusion.accuracy(), fit.confusion.macro_f1()};
  fit.predictions = {{0, .9}, {0, .8}, {0, .7}, {1, .6}};
  fit.seconds = 4;

  Fit lost;
  lost.seed = 7;
  lost.protocol = "stratified";
  lost.ended = "diverged: the loss is nan in step 12 (epoch 2)";
  lost.diverged = true;
  lost.history = {{1.4, .3, std::nan(""), .5, .001, 1}};

  results.nets = {
      {"base_cnn", "base CNN", "conv < pool", 1096772, 1096772, {.2804, .9153}, "", {fit}},
      {"deep_cnn", "deep CNN", "ten", 2, 2, {1.2801, .2707}, "", {lost}},
      {"alexnet", "AlexNet", "", 0, 0, {.4929, .8122}, "not run: needs --weights", {}}};
  return results;
}

}  // namespace melgrad
