#pragma once
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/harness/planning/splitting.h"
#include "apps/harness/study.h"
#include "audio/files/decode.h"
#include "tensor/ops.h"
#include "tensor/random.h"

/// A study for the tests: whatever a study can say is in it, and its 50 fits take seconds.
namespace melgrad {

inline const std::vector<std::string> four_tones = {"high", "low", "middle", "noisy"};

/// Six files of 1.2 s of each class: a tone in noise, or noise alone.
inline void write_tones(const std::filesystem::path& folder, u64 seed) {
  constexpr double hz[] = {2500, 300, 900, 0};
  Generator generator(seed);
  for (std::size_t c = 0; c < four_tones.size(); ++c)
    for (int file = 0; file < 6; ++file) {
      std::vector<float> samples;
      double phase = generator.uniform(0, 6), speed = hz[c] * generator.uniform(.8, 1.25);
      for (int i = 0; i < 9600; ++i)
        samples.push_back(static_cast<float>(
            (hz[c] > 0 ? .3 * std::sin(phase + 2 * 3.14159265358979 * speed * i / 8000) : 0) +
            .25 * generator.normal()));
      std::filesystem::create_directories(folder / four_tones[c]);
      encode(folder / four_tones[c] / (std::to_string(file) + ".wav"),
             {from_vector(samples), 8000});
    }
}

inline std::vector<Input> two_inputs() {
  Feature mfcc;
  mfcc.kind = "mfcc";
  mfcc.sr = 8000;
  mfcc.stft = {.n_fft = 256, .hop_length = 128};
  mfcc.mel.n_mels = 20;
  mfcc.mfcc.n_mfcc = 8;
  Picture picture{
      .sample_rate = 8000, .n_fft = 256, .hop = 128, .height = 16, .width = 16, .seconds = .5};
  Distortion noise{.least_snr_db = 5, .most_snr_db = 10};
  return {{.name = "picture", .recipe = picture},
          {.name = "mfcc",
           .recipe = Spectrum{.feature = mfcc, .frames = 32, .frames_first = true},
           .variants = {noise}}};
}

/// A stage of the last layer alone, then all of it by one cycle.
inline Recipe one_cycle_in_two_stages() {
  return {.optimizer = AdamWSettings{.lr = 2e-3},
          .no_decay = {"*.bias"},
          .batch = 8,
          .objective = {.smoothing = .1, .mixup = .4},
          .stages = {{.epochs = 1, .train = {"classifier.4.*", "BatchNorm2d:*"}},
                     {.epochs = 2,
                      .factors = {{"features.*", .5}},
                      .course = OneCycle{.form = OneCycleForm::fastai}}},
          .tested = Tested::last};
}

/// What Keras's recipes have: a penalty, steps an epoch, early stopping on the fold that scores.
inline Recipe penalised() {
  return {.optimizer = AdamSettings{.lr = 5e-3},
          .batch = 6,
          .accumulate = 2,
          .objective = {.l2 = {{"*.weight", .001}}},
          .stages = {{.epochs = 2, .steps = 3},
                     {.epochs = 2, .course = PlateauSettings{.factor = .5, .patience = 0}}},
          .early_stopping = EarlyStoppingSettings{.patience = 2}};
}

inline Study example_study() {
  Study study;
  study.title = "Tones";
  study.genres = four_tones;
  study.inputs = two_inputs();
  study.training = penalised();
  View bands{.normalise = NormaliseBy::training_bands,
             .augmentation = {.variants = true},
             .test = {.variants = true}};
  View copies{.augmentation = {.time_flip = .5, .noise = .1}, .test = {.copies = 3, .plain = .25}};
  study.rows = {
      {"mlp",
       "MLP on pictures",
       "768 → 512 → 4",
       {{"accuracy", .9}, {"loss", .3}},
       {.net = "mlp1"}},
      {"cnn",
       "CNN",
       "three convolutions",
       {{"accuracy", .95}, {"F1 low", .9}, {"top 3", .99}},
       {.net = "base_cnn", .view = copies, .training = one_cycle_in_two_stages()}},
      {"bands",
       "MLP on MFCCs",
       "256 → 512 → 4",
       {{"accuracy", .8}},
       {.net = "mlp1", .input = "mfcc", .view = bands}},
      {"tuned", "MLP, pretrained", "768 → 512 → 4", {}, {.net = "mlp1", .pretrained = true}},
      {"saga",
       "logistic regression",
       "256 → 4",
       {{"accuracy", .5}},
       {.net = "logistic",
        .input = "mfcc",
        .view = {.normalise = NormaliseBy::training_part},
        .training = SolverSettings{.iterations = 20}}},
  };
  study.rules = {
      folds_over_clips("folds", "five folds of excerpts",
                       "Pieces of a file are on both "
                       "sides.",
                       true, 5, true),
      folds_over_groups("honest", "five folds of files", "No file is on both sides.", 3)};
  study.rules[1].splits = [](const Collection& collection, u64 seed) {
    std::vector<Split> folds = grouped_k_fold(collection, 3, seed);
    for (Split& fold : folds) fold.valid = {fold.train.begin(), fold.train.begin() + 5};
    for (Split& fold : folds) fold.train.erase(fold.train.begin(), fold.train.begin() + 5);
    return folds;
  };
  study.sections = {{"tones", [](const Report& report) {
                       return element("p", {}, Html() + "<own> " + report.results.study);
                     }}};
  return study;
}

}  // namespace melgrad
