#include "apps/harness/planning/sweep.h"

#include <algorithm>

#include "apps/harness/lists.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/training/in_words.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

/// A row, and whether what was set is what it had.
struct Swept {
  Row row;
  bool as_published = true;
};

Recipe& recipe_of(Row& row) { return std::get<Recipe>(*row.variant.training); }

// For each row and each value a row; the rows themselves where there is nothing to choose from.
template <class Value, class Set>
std::vector<Swept> each_with(const std::vector<Swept>& rows, const std::vector<Value>& values,
                             const std::string& setting, Set set) {
  if (values.size() < 2) return rows;
  for (auto value = values.begin(); value != values.end(); ++value)
    check(std::find(values.begin(), value, *value) == value, setting, "{} is listed twice", *value);
  std::vector<Swept> all;
  for (const Swept& row : rows)
    for (const Value& value : values) {
      Swept varied = row;
      auto [text, same] = set(varied.row, value);
      varied.as_published = varied.as_published && same;
      varied.row.name += format("@{}={}", setting, text);
      varied.row.title += format(", {} {}", setting, text);
      all.push_back(std::move(varied));
    }
  return all;
}

std::pair<std::string, bool> set_lr(Row& row, double lr) {
  bool same = recipe_of(row).lr() == lr;
  recipe_of(row).set_lr(lr);
  return {decimal(lr, 12), same};
}

std::pair<std::string, bool> set_batch(Row& row, i64 batch) {
  bool same = recipe_of(row).batch == batch;
  recipe_of(row).batch = batch;
  return {std::to_string(batch), same};
}

std::pair<std::string, bool> set_epochs(Row& row, i64 epochs) {
  i64& of_row = recipe_of(row).stages.back().epochs;
  bool same = of_row == epochs;
  of_row = epochs;
  return {std::to_string(epochs), same};
}

bool is_given_weights(const Row& row, const Options& options) {
  return row.variant.testable &&
         std::any_of(options.weights.begin(), options.weights.end(),
                     [&](const std::string& given) { return given.starts_with(row.name + "="); });
}

bool is_run(const Row& row, const Options& options) {
  if (options.nets.empty()) return !row.variant.on_request;
  return contains(options.nets, row.name) || contains(options.nets, "all");
}

std::vector<Swept> rows_of(const Study& study, const Row& row, const Options& options) {
  std::vector<Swept> rows = {{row}};
  Training training = row.variant.training.value_or(study.training);
  if (!std::holds_alternative<Recipe>(training) || !is_run(row, options) ||
      is_given_weights(row, options))
    return rows;
  const auto& [lr, batch, epochs, augment] = options.lists;
  rows.front().row.variant.training = training;
  rows.front().row.variant.net = row.net();  // which its name no longer is
  if (!row.variant.pretrained) rows = each_with(rows, lr, "lr", set_lr);
  rows = each_with(rows, batch, "batch", set_batch);
  rows = each_with(rows, epochs, "epochs", set_epochs);
  auto set_augmentation = [&](Row& of, const std::string& name) {
    Augmentation& now = of.variant.view.augmentation;
    Augmentation asked = find_augmentation(study, name);
    bool same = augmentation_in_words(now) == augmentation_in_words(asked);
    now = asked;
    return std::pair{name, same};
  };
  return each_with(rows, augment, "augment", set_augmentation);
}

bool is_swept(const Lists& lists) {
  const auto& [lr, batch, epochs, augment] = lists;
  return std::max({lr.size(), batch.size(), epochs.size(), augment.size()}) > 1;
}

}  // namespace

Augmentation find_augmentation(const Study& study, const std::string& name) {
  if (name == "none") return {};
  for (const NamedAugmentation& each : study.augmentations)
    if (each.name == name) return each.augmentation;
  fail("augment", "the study has no augmentation '{}'", name);
}

Study swept(const Study& study, const Options& options) {
  Study result = study;
  if (options.augment)
    for (Row& row : result.rows)
      row.variant.view.augmentation = find_augmentation(study, *options.augment);
  if (!is_swept(options.lists)) return result;
  result.rows.clear();
  for (const Row& row : study.rows)
    for (Swept& each : rows_of(study, row, options)) {
      if (!each.as_published) each.row.published.clear();
      result.rows.push_back(std::move(each.row));
    }
  return result;
}

}  // namespace melgrad
