#include "apps/harness/settings.h"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "apps/harness/command_line.h"
#include "apps/harness/lists.h"
#include "apps/harness/study.h"
#include "apps/harness/training/in_words.h"
#include "apps/harness/weights/tested_weights.h"
#include "audio/collections/content_hash.h"
#include "kernels/device.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

/// Collects lines: what is the same for all rows is said once.
class Table {
 public:
  explicit Table(const Study& study) : study_(study) {}

  void add(About about, const std::string& value, bool changed = false) {
    auto source = std::find_if(study_.sources.begin(), study_.sources.end(),
                               [&](const Source& s) { return s.setting == about; });
    bool known = source != study_.sources.end();
    lines_.push_back({name_of(about),
                      value,
                      changed ? "set"
                      : known ? source->mark
                              : "inf",
                      changed || !known ? "" : source->note,
                      {}});
  }

  /// An empty text: the setting is not one of that row's.
  void of_rows(About about, bool changed, const std::function<std::string(const Row&)>& text) {
    std::vector<std::pair<std::string, std::vector<std::string>>> rows_of;  // by text, in order
    for (const Row& row : study_.rows) {
      std::string value = text(row);
      auto found = std::find_if(rows_of.begin(), rows_of.end(),
                                [&](const auto& entry) { return entry.first == value; });
      if (found == rows_of.end()) found = rows_of.insert(found, {value, {}});
      found->second.push_back(row.name);
    }
    for (const auto& [value, rows] : rows_of) {
      if (value.empty()) continue;
      add(about, value, changed);
      if (rows_of.size() > 1) lines_.back().rows = rows;
    }
  }

  std::vector<SettingUsed> lines() && { return std::move(lines_); }

 private:
  const Study& study_;
  std::vector<SettingUsed> lines_;
};

void add_input(Table& table, const Study& study, bool of_sounds) {
  auto input_of = [&](const Row& row) -> const Input& { return find_input(study, row); };
  auto picture_of = [&](const Row& row) { return std::get_if<Picture>(&input_of(row).recipe); };
  auto image_of = [&](const Row& row) { return std::get_if<MelImage>(&input_of(row).recipe); };
  auto feature_of = [&](const Row& row) -> const Feature* {
    const auto* spectrum = std::get_if<Spectrum>(&input_of(row).recipe);
    return spectrum != nullptr ? &spectrum->feature : nullptr;
  };
  table.of_rows(About::input, false, [&](const Row& row) {
    const Shape shape = input_of(row).shape();
    if (picture_of(row) != nullptr) return format("{} × {}, RGB", shape[2], shape[1]);
    if (const MelImage* image = image_of(row))
      return format("{} × {}, decibels of {} mel bands of the normalised sound", image->width,
                    image->height, image->bands);
    if (const auto* read = std::get_if<LogMelPicture>(&input_of(row).recipe))
      return format("{} {} of log-mel pictures whose levels are {} to {} dB{}", input_of(row).name,
                    shape, read->low_db, read->high_db,
                    read->kind == "mel" ? format(", power × {}", read->factor) : "");
    return format("{} {}", input_of(row).name, shape);
  });
  table.of_rows(About::normalisation, false, [&](const Row& row) {
    const NormaliseBy by = row.variant.view.normalise;
    if (by == NormaliseBy::training_part)
      return std::string("the training part's mean and standard deviation");
    if (by == NormaliseBy::training_bands)
      return std::string("the training part's mean and standard deviation, band by band");
    if (const auto& scaled = input_of(row).scaled)
      return format(
          "each frame from its smallest to its largest value, in 8 bits{}",
          scaled->jpeg_quality > 0 ? format(", JPEG of quality {}", scaled->jpeg_quality) : "");
    const Picture* picture = picture_of(row);
    if (picture == nullptr) return std::string("none");
    return format("mean {}, standard deviation {}", picture->mean, picture->std);
  });
  if (study.cut) table.add(About::excerpt, format("{} s", study.cut->seconds));
  if (!of_sounds) return;
  table.of_rows(About::colours, false, [&](const Row& row) {
    return picture_of(row) == nullptr ? std::string()
                                      : "as librosa's specshow: diverging if the decibels have "
                                        "both signs, else magma";
  });
  table.of_rows(About::frequency_axis, false, [&](const Row& row) {
    const Picture* picture = picture_of(row);
    if (picture == nullptr) return std::string();
    return std::string(picture->axis == FrequencyAxis::log   ? "logarithmic"
                       : picture->axis == FrequencyAxis::mel ? "mel"
                       : picture->axis == FrequencyAxis::htk ? "mel, HTK's"
                                                             : "linear");
  });
  table.of_rows(About::sample_rate, false, [&](const Row& row) {
    if (const Picture* picture = picture_of(row)) return format("{} Hz", picture->sample_rate);
    if (const MelImage* image = image_of(row)) return format("{} Hz", image->sample_rate);
    const Feature* feature = feature_of(row);
    return feature == nullptr ? std::string() : format("{} Hz", feature->sr);
  });
  table.of_rows(About::stft, false, [&](const Row& row) {
    if (const Picture* picture = picture_of(row))
      return format("window {}, hop {}", picture->n_fft, picture->hop);
    if (const MelImage* image = image_of(row))
      return format("window {}, hop {}", image->n_fft, image->hop);
    const Feature* feature = feature_of(row);
    return feature == nullptr
               ? std::string()
               : format("window {}, hop {}", feature->stft.n_fft, feature->stft.hop());
  });
  if (!study.cut)
    table.of_rows(About::excerpt, false,
                  [&](const Row& row) { return format("{} s", input_of(row).seconds()); });
  table.of_rows(About::variants, false,
                [&](const Row& row) { return variants_in_words(input_of(row).variants); });
}

template <class Value>
bool is_set(const std::optional<Value>& one, const std::vector<Value>& several) {
  return one.has_value() || several.size() > 1;
}

void add_training(Table& table, const Study& study, const Options& options) {
  auto of_recipes = [&](About about, bool changed, std::string (*text)(const Recipe&)) {
    table.of_rows(about, changed, [&](const Row& row) {
      Training training = training_of(study, row, options);
      const auto* recipe = std::get_if<Recipe>(&training);
      return recipe == nullptr ? std::string() : text(*recipe);
    });
  };
  table.of_rows(About::optimiser, false, [&](const Row& row) {
    Training training = training_of(study, row, options);
    const auto* solver = std::get_if<SolverSettings>(&training);
    return solver ? solver_in_words(*solver) : std::get<Recipe>(training).optimizer_name();
  });
  of_recipes(About::learning_rate, is_set(options.lr, options.lists.lr), rate_in_words);
  of_recipes(About::trained_parameters, options.unfreeze.has_value(), trained_in_words);
  of_recipes(About::batch, is_set(options.batch, options.lists.batch),
             [](const Recipe& recipe) { return std::to_string(recipe.batch); });
  of_recipes(About::accumulation, options.micro_batch.has_value(), [](const Recipe& recipe) {
    return recipe.accumulate == 1 ? "" : format("{} batches a step", recipe.accumulate);
  });
  of_recipes(About::loss, options.keep_all, [](const Recipe& recipe) {
    double smoothing = recipe.objective.smoothing;
    std::string text = "cross-entropy";
    if (smoothing > 0) text += format(", labels smoothed by {}", smoothing);
    if (recipe.objective.balanced)
      text += ", classes weighed by n / (classes · n of the class) of the training part";
    return text;
  });
  of_recipes(About::penalty, false, [](const Recipe& recipe) {
    std::vector<std::string> parts;
    for (const auto& [pattern, weight] : recipe.objective.l2)
      parts.push_back(format("{} Σ w² of {}", weight, pattern));
    return joined(parts, " + ");
  });
  of_recipes(About::mixup, false, [](const Recipe& recipe) {
    double mixup = recipe.objective.mixup;
    return mixup > 0 ? format("λ from Beta({}, {})", mixup, mixup) : std::string();
  });
  table.of_rows(
      About::augmentation, is_set(options.augment, options.lists.augment),
      [](const Row& row) { return augmentation_in_words(row.variant.view.augmentation); });
  table.of_rows(About::test_time, false,
                [](const Row& row) { return test_time_in_words(row.variant.view.test); });
  of_recipes(About::rate_course, false, [](const Recipe& recipe) {
    std::string text =
        of_stages(recipe, [](const Stage& stage) { return course_in_words(stage.course); });
    return text == "constant" ? "" : text;
  });
  of_recipes(About::early_stopping, false, [](const Recipe& recipe) {
    if (!recipe.early_stopping) return std::string("none");
    return format("after {} epochs without a lower validation loss",
                  recipe.early_stopping->patience);
  });
  of_recipes(About::tested_weights, false, [](const Recipe& recipe) {
    return std::string(recipe.tested == Tested::best ? "of the best epoch" : "of the last epoch");
  });
  table.of_rows(About::given_weights, true, [&](const Row& row) {
    std::string text;
    for (const std::string& given : options.weights)
      if (auto [of, path] = testable_row(study, given); of == &row)
        text = format("{} (contents {}), tested and not trained",
                      std::filesystem::path(path).filename().string(), content_hash(path));
    return text;
  });
  of_recipes(About::rules_count_from, options.patience_from.has_value(), [](const Recipe& recipe) {
    return recipe.early_stopping ? format("step {}", recipe.early_stopping->min_steps)
                                 : std::string();
  });
  table.of_rows(About::epochs, is_set(options.epochs, options.lists.epochs), [&](const Row& row) {
    Training training = training_of(study, row, options);
    const auto* solver = std::get_if<SolverSettings>(&training);
    return solver ? format("at most {} passes", solver->iterations)
                  : epochs_in_words(std::get<Recipe>(training));
  });
  of_recipes(About::gradient_norm, options.clip_norm.has_value(), [](const Recipe& recipe) {
    return recipe.clip_norm > 0 ? format("at most {}", recipe.clip_norm) : std::string();
  });
}

// As many clips a step as before, fewer at a time.
void split_batches(Recipe& recipe, i64 size) {
  if (size >= recipe.batch) return;
  check(recipe.batch % size == 0, "micro-batch", "{} at a time do not add up to a batch of {}",
        size, recipe.batch);
  recipe.accumulate *= recipe.batch / size;
  recipe.batch = size;
}

// What a setting was for a row; "–" if it was none.
std::string value_of(const std::vector<SettingUsed>& settings, const std::string& name,
                     const std::string& row) {
  for (const SettingUsed& setting : settings)
    if (setting.name == name && (setting.rows.empty() || contains(setting.rows, row)))
      return setting.value;
  return "–";
}

}  // namespace

std::string name_of(About setting) {
  switch (setting) {
    case About::genres: return "genres";
    case About::input: return "input";
    case About::normalisation: return "normalisation";
    case About::colours: return "colours";
    case About::frequency_axis: return "frequency axis";
    case About::sample_rate: return "sample rate";
    case About::stft: return "STFT";
    case About::excerpt: return "excerpt";
    case About::excerpts_of_a_file: return "excerpts of a file";
    case About::variants: return "variants of a clip";
    case About::split: return "split";
    case About::class_sizes: return "class sizes";
    case About::duplicates: return "duplicates";
    case About::layers: return "layers";
    case About::optimiser: return "optimiser";
    case About::learning_rate: return "learning rate";
    case About::rate_course: return "rate's course";
    case About::trained_parameters: return "trained parameters";
    case About::batch: return "batch";
    case About::accumulation: return "accumulation";
    case About::loss: return "loss";
    case About::penalty: return "penalty";
    case About::mixup: return "mixup";
    case About::augmentation: return "augmentation";
    case About::test_time: return "at test time";
    case About::early_stopping: return "early stopping";
    case About::rules_count_from: return "rules count from";
    case About::tested_weights: return "tested weights";
    case About::given_weights: return "given weights";
    case About::epochs: return "epochs";
    case About::gradient_norm: return "gradient's norm";
    case About::bf16: return "bfloat16";
    case About::tf32: return "TF32";
    case About::winograd: return "Winograd's convolutions";
  }
  fail("settings", "there is no setting {}", static_cast<int>(setting));
}

Training training_of(const Study& study, const Row& row, const Options& options) {
  Training training = row.variant.training.value_or(study.training);
  if (auto* solver = std::get_if<SolverSettings>(&training)) solver->balanced = options.keep_all;
  auto* recipe = std::get_if<Recipe>(&training);
  if (recipe == nullptr) return training;
  recipe->objective.balanced = options.keep_all;
  if (options.epochs) recipe->stages.back().epochs = *options.epochs;
  if (options.batch) recipe->batch = *options.batch;
  if (options.micro_batch) split_batches(*recipe, *options.micro_batch);
  if (options.lr && !row.variant.pretrained) recipe->set_lr(*options.lr);
  if (options.unfreeze) recipe->stages.back().last_layers = *options.unfreeze;
  if (options.clip_norm) recipe->clip_norm = *options.clip_norm;
  if (options.patience_from) {
    for (Stage& stage : recipe->stages)
      if (auto* plateau = std::get_if<PlateauSettings>(&stage.course))
        plateau->min_steps = *options.patience_from;
    if (recipe->early_stopping) recipe->early_stopping->min_steps = *options.patience_from;
  }
  recipe->bf16 = options.bf16;
  recipe->cuda_graph = options.cuda_graph;
  return training;
}

std::vector<SettingUsed> settings_of(const Study& study, const Options& options, bool of_sounds) {
  Table table(study);
  bool by_default = options.data.empty() && options.classes.empty();
  std::string genres = joined(by_default ? genres_made_up(study) : options.classes);
  table.add(About::genres,
            !genres.empty() ? genres
            : study.table   ? "those of the table"
                            : "the folders of the collection",
            !by_default);
  add_input(table, study, of_sounds);
  if (of_sounds || study.cut)
    table.add(About::excerpts_of_a_file, std::to_string(options.segments),
              options.segments != (study.cut ? study.cut->count : 1));
  bool from_files = !options.split.empty();
  std::vector<std::string> rules;
  for (const SplitRule& rule : study.rules) rules.push_back(rule.title);
  table.add(About::split,
            from_files       ? joined(options.split)
            : !rules.empty() ? joined(rules)
                             : "70 % train, 15 % validation, 15 % test, stratified",
            from_files);
  table.add(About::class_sizes,
            options.keep_all ? "all clips kept, the loss weighs classes"
            : from_files     ? "as in the files"
            : !study.trims   ? "as they are"
                             : "trimmed to the smallest class",
            from_files || options.keep_all);
  if (options.drop_duplicates)
    table.add(About::duplicates,
              "copies of earlier files, and what lies in several classes, left out", true);
  table.add(About::layers, "as the table of nets has them");
  add_training(table, study, options);
  if (options.tf32 != Tf32::off)
    table.add(About::tf32,
              format("f32 values multiplied with 10 bits of their fractions{}",
                     options.tf32 == Tf32::conv ? " in convolutions and recurrent layers" : ""),
              true);
  if (Device::parse(options.device).is_cpu())
    table.add(About::winograd, options.winograd ? "3 × 3 and 5 × 5, where they are faster" : "none",
              !options.winograd);
  if (options.bf16)
    table.add(About::bf16, "matrix products, convolutions and recurrent layers", true);
  return std::move(table).lines();
}

std::vector<std::string> changes(const std::vector<SettingUsed>& then,
                                 const std::vector<SettingUsed>& now,
                                 const std::vector<std::string>& of_rows) {
  // Names in order, and of each the rows that either run says something apart of.
  std::vector<std::pair<std::string, std::vector<std::string>>> names;
  for (const auto* settings : {&now, &then})
    for (const SettingUsed& setting : *settings) {
      auto found = std::find_if(names.begin(), names.end(),
                                [&](const auto& entry) { return entry.first == setting.name; });
      if (found == names.end()) found = names.insert(found, {setting.name, {}});
      for (const std::string& row : setting.rows)
        if (!contains(found->second, row)) found->second.push_back(row);
    }
  std::vector<std::string> differences;
  for (auto& [name, rows] : names) {
    if (name == name_of(About::epochs)) continue;
    if (rows.empty()) rows.emplace_back();  // all
    if (!of_rows.empty())
      std::erase_if(
          rows, [&](const std::string& row) { return !row.empty() && !contains(of_rows, row); });
    std::vector<std::pair<std::string, std::vector<std::string>>> rows_of;  // by "8 → 4"
    for (const std::string& row : rows) {
      std::string before = value_of(then, name, row), after = value_of(now, name, row);
      if (before == after) continue;
      std::string change = format("{} → {}", before, after);
      auto found = std::find_if(rows_of.begin(), rows_of.end(),
                                [&](const auto& entry) { return entry.first == change; });
      if (found == rows_of.end()) found = rows_of.insert(found, {change, {}});
      found->second.push_back(row);
    }
    for (const auto& [change, changed] : rows_of) {
      bool for_all = changed.size() == rows.size();
      std::string those = for_all ? "" : format(" ({})", joined(changed));
      differences.push_back(format("{}: {}{}", name, change, those));
    }
  }
  return differences;
}

}  // namespace melgrad
