#include "apps/harness/training/in_words.h"

#include "apps/harness/lists.h"
#include "apps/harness/report/numbers.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

std::string text_of(double value) { return decimal(value, 8); }

}  // namespace

std::string course_in_words(const Course& course) {
  struct Words {
    std::string operator()(const Constant&) const { return "constant"; }
    std::string operator()(const PlateauSettings& plateau) const {
      return format("learning rate × {} after {} epochs without a lower validation loss",
                    plateau.factor, plateau.patience);
    }
    std::string operator()(const OneCycle& cycle) const {
      return format("one cycle{}: up for {} of it from 1/{}, down to 1/{}{}",
                    cycle.form == OneCycleForm::fastai ? " as fastai's" : "", cycle.pct_start,
                    cycle.div, text_of(cycle.final_div),
                    cycle.cycle_momentum ? format("; momentum {} → {} → {}", cycle.max_momentum,
                                                  cycle.base_momentum, cycle.max_momentum)
                                         : "");
    }
    std::string operator()(const Cosine& cosine) const {
      return format("half a cosine down to {}", cosine.min_lr);
    }
  };
  return std::visit(Words{}, course);
}

std::string of_stages(const Recipe& recipe, const std::function<std::string(const Stage&)>& text) {
  std::vector<std::string> texts;
  bool differ = false;
  for (const Stage& stage : recipe.stages) {
    texts.push_back(text(stage));
    differ = differ || texts.back() != texts.front();
  }
  return differ ? joined(texts, "; then ") : texts.front();
}

std::string solver_in_words(const SolverSettings& settings) {
  if (settings.by == SolverSettings::By::saga)
    return format("SAGA, until a pass changes no weight by more than {} of the largest",
                  text_of(settings.tolerance));
  return format("L-BFGS, until no entry of the gradient is above {}", text_of(settings.tolerance));
}

std::string rate_in_words(const Recipe& recipe) {
  return of_stages(recipe, [&](const Stage& stage) {
    std::string text = text_of(stage.lr > 0 ? stage.lr : recipe.lr());
    for (const auto& [pattern, factor] : stage.factors)
      text += format(", {} × {}", pattern, text_of(factor));
    return text;
  });
}

std::string trained_in_words(const Recipe& recipe) {
  std::string text = of_stages(recipe, [](const Stage& stage) {
    return stage.last_layers > 0
               ? format("the last {} layers that have parameters", stage.last_layers)
               : joined(stage.train);
  });
  if (text == "*") return "";
  if (recipe.frozen_batch_norms == FrozenBatchNorm::running_statistics)
    text += "; frozen batch norms as in evaluation";
  return text;
}

std::string epochs_in_words(const Recipe& recipe) {
  std::string at_most = recipe.early_stopping ? "at most " : "";
  return of_stages(recipe, [&](const Stage& stage) {
    return at_most + std::to_string(stage.epochs) +
           (stage.steps > 0 ? format(" of {} steps", stage.steps) : "");
  });
}

std::string augmentation_in_words(const Augmentation& a) {
  std::vector<std::string> parts;
  if (a.zoom > 0) parts.push_back(format("zoom ± {}", a.zoom));
  if (a.time_flip > 0) parts.push_back(format("time flipped with probability {}", a.time_flip));
  if (a.noise > 0) parts.push_back(format("noise of deviation {}", a.noise));
  if (a.time_shift > 0) parts.push_back(format("shifted by up to ± {} frames", a.time_shift));
  if (a.spec_augment) parts.emplace_back("SpecAugment");
  if (a.variants) parts.emplace_back("one of the clip's variants");
  return joined(parts);
}

std::string variants_in_words(const std::vector<Distortion>& variants) {
  if (variants.empty()) return "";
  const Distortion& d = variants.front();
  std::vector<std::string> parts;
  if (d.least_snr_db != 0 || d.most_snr_db != 0)
    parts.push_back(format("white noise {} to {} dB below it", d.least_snr_db, d.most_snr_db));
  if (d.cuts > 0)
    parts.push_back(format("{} of {} to {} s cut out",
                           d.cuts == 1 ? "a piece" : std::to_string(d.cuts) + " pieces",
                           d.least_cut, d.most_cut));
  if (d.compressed) parts.emplace_back("through Ogg Vorbis");
  if (d.mp3_kbps > 0) parts.push_back(format("through MP3 of {} kbit/s", d.mp3_kbps));
  return format("{} of each clip: {}", variants.size(), joined(parts));
}

std::string test_time_in_words(const TestTime& test) {
  std::vector<std::string> parts;
  if (test.copies > 0)
    parts.push_back(format("mean of {} augmented copies", test.copies) +
                    (test.plain > 0 ? format(" and {} of the clip itself", test.plain) : ""));
  if (test.variants) parts.emplace_back("mean of the clip's variants");
  return joined(parts);
}

}  // namespace melgrad
