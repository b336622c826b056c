#include "apps/harness/settings.h"

#include <algorithm>

#include "apps/harness/report/plot.h"
#include "kernels/error.h"

namespace melgrad {

Training training_of(const Study& study, const Options& options) {
  Training training = study.training;
  if (options.epochs) training.epochs = *options.epochs;
  if (options.batch) training.batch = *options.batch;
  if (options.lr) training.set_lr(*options.lr);
  if (options.clip_norm) training.clip_norm = *options.clip_norm;
  if (options.patience_from) {
    training.plateau.min_steps = *options.patience_from;
    training.early_stopping.min_steps = *options.patience_from;
  }
  training.bf16 = options.bf16;
  training.cuda_graph = options.cuda_graph;
  return training;
}

std::vector<Setting> settings_of(const Study& study, const Options& options,
                                 const Training& training, bool of_sounds) {
  std::vector<Setting> settings;
  auto add = [&](const std::string& name, const std::string& value, bool changed = false) {
    auto source = std::find_if(study.sources.begin(), study.sources.end(),
                               [&](const Source& s) { return s.setting == name; });
    bool known = source != study.sources.end();
    settings.push_back({name, value,
                        changed ? "set"
                        : known ? source->mark
                                : "inf",
                        changed || !known ? "" : source->note});
  };
  const Picture& p = study.features;
  bool by_default = options.data.empty() && options.classes.empty();
  std::string genres;
  for (const std::string& genre : by_default ? study.genres : options.classes)
    genres += (genres.empty() ? "" : ", ") + genre;
  add("genres", genres.empty() ? "the folders of the collection" : genres, !by_default);
  add("picture", format("{} × {}, RGB", p.width, p.height));
  add("normalisation", format("mean {}, standard deviation {}", p.mean, p.std));
  if (of_sounds) {
    add("colours", "as librosa's specshow: diverging if the decibels have both signs, else magma");
    add("frequency axis", p.axis == FrequencyAxis::log   ? "logarithmic"
                          : p.axis == FrequencyAxis::mel ? "mel"
                                                         : "linear");
    add("sample rate", format("{} Hz", p.sample_rate));
    add("STFT", format("window {}, hop {}", p.n_fft, p.hop));
    add("excerpt", format("{} s", p.seconds));
    add("excerpts of a file", std::to_string(options.segments), options.segments != 1);
  }
  add("split",
      options.split.empty() ? "70 % train, 15 % validation, 15 % test, stratified"
                            : options.split[0] + ", " + options.split[1] + ", " + options.split[2],
      !options.split.empty());
  add("class sizes", options.split.empty() ? "trimmed to the smallest class" : "as in the files",
      !options.split.empty());
  add("layers", "as the table of nets has them");
  add("optimiser", training.optimizer_name());
  add("learning rate", decimal(training.lr(), 8), options.lr.has_value());
  for (const NetRow& row : study.nets)
    if (row.variant.lr > 0) {
      add("learning rate, fine-tuned nets", decimal(row.variant.lr, 8));
      break;
    }
  add("batch", std::to_string(training.batch), options.batch.has_value());
  add("loss", "cross-entropy");
  add("plateau rule", format("learning rate × {} after {} epochs without a lower validation loss",
                             training.plateau.factor, training.plateau.patience));
  add("early stopping", format("after {} epochs without a lower validation loss; the best "
                               "epoch's weights are tested",
                               training.early_stopping.patience));
  add("rules count from", format("step {}", training.early_stopping.min_steps),
      options.patience_from.has_value());
  add("epochs", format("at most {}", training.epochs), options.epochs.has_value());
  if (training.clip_norm > 0)
    add("gradient", format("norm at most {}", training.clip_norm), options.clip_norm.has_value());
  if (options.tf32) add("TF32", "f32 values multiplied with 10 bits of their fractions", true);
  if (training.bf16) add("bfloat16", "matrix products, convolutions and recurrent layers", true);
  return settings;
}

}  // namespace melgrad
