#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "apps/harness/results/fields.h"
#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

using Json = nlohmann::ordered_json;

// Lists of these are one array a column, as plotting programs like it.
template <class T>
concept Column = std::same_as<T, Epoch> || std::same_as<T, Prediction>;

// The double with the fewest digits that is this float again: .1f is 0.1, not 0.10000000149011612.
double short_double(float value) {
  char digits[32];
  const char* end =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
  double shorter = value;
  std::from_chars(digits, end, shorter);
  return static_cast<float>(shorter) == value ? shorter : value;
}

template <class T>
void read(const Json& json, T& value) {
  json.get_to(value);
}
// NaN and infinity have no JSON: nlohmann writes them as null.
void read(const Json& json, double& value) {
  value = json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}
void read(const Json& json, std::vector<float>& values) {
  values.clear();
  for (const Json& item : json) {
    double value = 0;
    read(item, value);
    values.push_back(static_cast<float>(value));
  }
}
void read(const Json& json, Figures& figures) {
  figures.clear();
  for (const auto& [name, value] : json.items()) read(value, figures[name]);
}

template <class T>
Json written(const T& value) {
  return value;
}
Json written(const std::vector<float>& values) {
  Json numbers = Json::array();
  for (float value : values) numbers.push_back(short_double(value));
  return numbers;
}

}  // namespace

// Found by nlohmann::json.

template <HasFields T>
void to_json(Json& json, const T& value) {
  for_each_field(value,
                 [&](const char* name, const auto& member) { json[name] = written(member); });
}
template <HasFields T>
void from_json(const Json& json, T& value) {
  for_each_field(value, [&](const char* name, auto& member) { read(json.at(name), member); });
}

template <Column T>
void to_json(Json& columns, const std::vector<T>& rows) {
  const T any;
  for_each_field(any, [&](const char* name, const auto&) { columns[name] = Json::array(); });
  for (const T& row : rows)
    for_each_field(row, [&](const char* name, const auto& member) {
      columns[name].push_back(written(member));
    });
}
template <Column T>
void from_json(const Json& columns, std::vector<T>& rows) {
  T any;
  rows.assign(columns.at(std::get<0>(fields(any)).name).size(), any);
  for_each_field(any, [&](const char* name, const auto&) {
    check(columns.at(name).size() == rows.size(), "results", "column {} has {} entries, not {}",
          name, columns.at(name).size(), rows.size());
  });
  for (std::size_t i = 0; i < rows.size(); ++i)
    for_each_field(rows[i],
                   [&](const char* name, auto& member) { read(columns.at(name).at(i), member); });
}

void to_json(Json& rows, const Confusion& confusion) {
  rows = Json::array();
  for (i64 truth = 0; truth < confusion.classes(); ++truth) {
    Json row = Json::array();
    for (i64 predicted = 0; predicted < confusion.classes(); ++predicted)
      row.push_back(confusion(truth, predicted));
    rows.push_back(std::move(row));
  }
}
void from_json(const Json& rows, Confusion& confusion) {
  std::vector<i64> counts;
  for (const Json& row : rows)
    for (const Json& count : row) counts.push_back(count.get<i64>());
  confusion = Confusion(counts);
}

namespace {

// What follows from the fits of a row under one rule, for whoever reads the file; not read back.
Json summary(const RowResult& row, const std::string& rule) {
  Measured mean = measured(row, rule);
  Json json;
  json["fits"] = mean.fits;
  json["diverged"] = mean.diverged;
  if (mean.fits == 0) return json;
  for (const auto& [name, figure] : mean.figures) json["mean"][name] = figure.mean;
  for (const auto& [name, figure] : mean.figures) json["deviation"][name] = figure.deviation;
  json["seconds"] = mean.seconds.mean;
  json["waited"] = mean.waited.mean;
  json["best_epoch"] = first_fit(row, rule)->best_epoch;
  json["confusion"] = pooled_confusion(row, rule);
  return json;
}

void add_summary(Json& json, const Results& results) {
  for (std::size_t i = 0; i < results.rows.size(); ++i) {
    Json& rules = json["rows"][i]["measured"] = Json::object();
    for (const RuleUsed& rule : results.rules)
      rules[rule.name] = summary(results.rows[i], rule.name);
  }
}

bool in_one_line(const Json& json) {
  bool flat = json.is_array() && std::none_of(json.begin(), json.end(), [](const Json& item) {
                return item.is_structured();
              });
  return !json.is_structured() || json.empty() || flat;
}

std::string line(const Json& json) {
  if (json.is_array()) {
    std::string items;
    for (const Json& item : json) items += (items.empty() ? "" : ", ") + line(item);
    return "[" + items + "]";
  }
  if (!json.is_number_float() || !std::isfinite(json.get<double>()))
    // Names of files and folders may hold any bytes: what is not UTF-8 becomes U+FFFD.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  char digits[32];  // of a float, nlohmann's writing now and then has more digits than needed
  std::string number(digits, std::to_chars(digits, digits + sizeof digits, json.get<double>()).ptr);
  return number.find_first_of(".e") == std::string::npos ? number + ".0" : number;
}

// Objects and lists of objects on lines of their own; a list of numbers or names on one line.
void print(const Json& json, const std::string& indent, std::string& text) {
  if (in_one_line(json)) {
    text += line(json);
    return;
  }
  std::string deeper = indent + "  ", separator = "\n";
  text += json.is_object() ? "{" : "[";
  for (const auto& [key, value] : json.items()) {
    text += separator + deeper;
    if (json.is_object()) text += line(key) + ": ";
    print(value, deeper, text);
    separator = ",\n";
  }
  text += "\n" + indent + (json.is_object() ? "}" : "]");
}

// A page is made of clips and classes by their numbers.
void check_numbers(const Results& results) {
  auto clips = static_cast<i64>(results.clips.size());
  auto classes = static_cast<i64>(results.classes.size());
  auto is_class = [&](i64 label) { return label >= 0 && label < classes; };
  for (const ClipInfo& clip : results.clips)
    check(is_class(clip.label), "results", "{} is of class {} of {}", clip.name, clip.label,
          classes);
  for (const RuleUsed& rule : results.rules)
    for (const Split& fold : rule.folds)
      for (const auto* part : {&fold.train, &fold.valid, &fold.test})
        for (i64 clip : *part)
          check(clip >= 0 && clip < clips, "results", "{} has clip {} of {}", rule.name, clip,
                clips);
  for (const RowResult& row : results.rows) {
    for (const Fit& fit : row.fits)
      for (const Prediction& prediction : fit.predictions)
        check(is_class(prediction.label), "results", "{} says class {} of {}", row.name,
              prediction.label, classes);
    for (const RuleUsed& rule : results.rules) pooled_predictions(row, rule);
  }
}

}  // namespace

void write_json(const Results& results, const std::string& path) {
  Json json = results;
  add_summary(json, results);
  std::string text;
  print(json, "", text);
  write_file(path, text + "\n");
}

Results read_json(const std::string& path) {
  std::string text = read_file(path), problem;
  try {
    auto results = Json::parse(text).get<Results>();
    check_numbers(results);
    return results;
  } catch (const Json::exception& error) {
    problem = error.what();
  } catch (const Error& error) {
    problem = error.what();
  }
  fail("results", "{} is not a results file of this program: {}", path, problem);
}

}  // namespace melgrad
