#include "apps/harness/results.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

using Json = nlohmann::ordered_json;

// What the file has of each struct, for writing and reading alike: visit(name, member).
// `fields(value, visit)` takes a T or a const T.
template <class T, class Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

template <Is<Scores> T, class Visit>
void fields(T& scores, Visit visit) {
  visit("test_loss", scores.test_loss);
  visit("test_accuracy", scores.test_accuracy);
  visit("macro_f1", scores.macro_f1);
}

template <Is<Published> T, class Visit>
void fields(T& published, Visit visit) {
  visit("test_loss", published.loss);
  visit("test_accuracy", published.accuracy);
}

template <Is<Epoch> T, class Visit>
void fields(T& epoch, Visit visit) {
  visit("train_loss", epoch.train_loss);
  visit("train_accuracy", epoch.train_accuracy);
  visit("valid_loss", epoch.valid_loss);
  visit("valid_accuracy", epoch.valid_accuracy);
  visit("lr", epoch.lr);
  visit("seconds", epoch.seconds);
}

template <Is<Prediction> T, class Visit>
void fields(T& prediction, Visit visit) {
  visit("label", prediction.label);
  visit("confidence", prediction.confidence);
}

template <Is<Fit> T, class Visit>
void fields(T& fit, Visit visit) {
  visit("seed", fit.seed);
  visit("protocol", fit.protocol);
  visit("ended", fit.ended);
  visit("diverged", fit.diverged);
  visit("seconds", fit.seconds);
  visit("best_epoch", fit.best_epoch);
  visit("measured", fit.scores);
  visit("confusion", fit.confusion);
  visit("history", fit.history);
  visit("predictions", fit.predictions);
}

template <Is<NetResult> T, class Visit>
void fields(T& net, Visit visit) {
  visit("name", net.name);
  visit("title", net.title);
  visit("layers", net.layers);
  visit("parameters", net.parameters);
  visit("trained_parameters", net.trained_parameters);
  visit("published", net.published);
  visit("not_run", net.not_run);
  visit("fits", net.fits);
}

template <Is<Setting> T, class Visit>
void fields(T& setting, Visit visit) {
  visit("name", setting.name);
  visit("value", setting.value);
  visit("mark", setting.mark);
  visit("note", setting.note);
}

template <Is<TestClip> T, class Visit>
void fields(T& clip, Visit visit) {
  visit("clip", clip.name);
  visit("label", clip.label);
  visit("sound", clip.sound);
  visit("index", clip.index);
  visit("begin", clip.begin);
  visit("end", clip.end);
}

template <Is<Protocol> T, class Visit>
void fields(T& protocol, Visit visit) {
  visit("name", protocol.name);
  visit("title", protocol.title);
  visit("note", protocol.note);
  visit("train", protocol.train);
  visit("valid", protocol.valid);
  visit("test", protocol.test);
}

template <Is<Results> T, class Visit>
void fields(T& results, Visit visit) {
  visit("study", results.study);
  visit("data_set", results.data_set);
  visit("device", results.device);
  visit("compute", results.compute);
  visit("threads", results.threads);
  visit("seed", results.seed);
  visit("command", results.command);
  visit("date", results.date);
  visit("classes", results.classes);
  visit("skipped", results.skipped);
  visit("notes", results.notes);
  visit("fingerprint", results.fingerprint);
  visit("settings", results.settings);
  visit("protocols", results.protocols);
  visit("nets", results.nets);
}

template <class T>
concept HasFields = requires(T& value) {
  fields(value, [](const char*, auto&) {});
};

// Lists of these are one array a column, as plotting programs like it.
template <class T>
concept Row = std::same_as<T, Epoch> || std::same_as<T, Prediction>;

template <class T>
void read(const Json& json, T& value) {
  json.get_to(value);
}
// NaN and infinity have no JSON: nlohmann writes them as null.
void read(const Json& json, double& value) {
  value = json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

}  // namespace

// Found by nlohmann::json.

template <HasFields T>
void to_json(Json& json, const T& value) {
  fields(value, [&](const char* name, const auto& member) { json[name] = member; });
}
template <HasFields T>
void from_json(const Json& json, T& value) {
  fields(value, [&](const char* name, auto& member) { read(json.at(name), member); });
}

template <Row T>
void to_json(Json& columns, const std::vector<T>& rows) {
  const T any;
  fields(any, [&](const char* name, const auto&) { columns[name] = Json::array(); });
  for (const T& row : rows)
    fields(row, [&](const char* name, const auto& member) { columns[name].push_back(member); });
}
template <Row T>
void from_json(const Json& columns, std::vector<T>& rows) {
  rows.resize(columns.front().size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    fields(rows[i], [&](const char* name, auto& member) { read(columns.at(name).at(i), member); });
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

Json class_scores(const Confusion& confusion, const std::vector<std::string>& classes) {
  Json scores;
  for (i64 c = 0; c < confusion.classes(); ++c) {
    ClassScore s = confusion.score(c);
    scores[classes.at(static_cast<std::size_t>(c))] = {
        {"precision", s.precision}, {"recall", s.recall}, {"f1", s.f1}, {"support", s.support}};
  }
  return scores;
}

// What follows from a net's fits, for whoever reads the file; not read back.
void add_summary(Json& json, const NetResult& net, const Results& results) {
  const std::string main = results.protocols.empty() ? "" : results.protocols.front().name;
  json["measured"] = nullptr;
  const Fit* fit = first_fit(net, main);
  if (fit == nullptr) return;
  Measured mean = measured(net, main);
  json["measured"] = Scores{mean.loss.mean, mean.accuracy.mean, mean.macro_f1.mean};
  json["measured"]["fits"] = mean.fits;
  json["measured"]["test_accuracy_deviation"] = mean.accuracy.deviation;
  json["seconds"] = mean.seconds.mean;
  json["best_epoch"] = fit->best_epoch;
  json["history"] = fit->history;
  json["confusion"] = fit->confusion;
  json["classes"] = class_scores(fit->confusion, results.classes);
}

// Objects and lists of objects on lines of their own; a list of numbers or names on one line.
void print(const Json& json, const std::string& indent, std::string& text) {
  // Names of files and folders may hold any bytes: what is not UTF-8 becomes U+FFFD.
  auto line = [](const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  bool flat = json.is_array() && std::none_of(json.begin(), json.end(), [](const Json& item) {
                return item.is_structured();
              });
  if (!json.is_structured() || json.empty() || flat) {
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

}  // namespace

Measured measured(const NetResult& net, const std::string& protocol) {
  std::vector<double> loss, accuracy, f1, seconds;
  Measured result;
  for (const Fit& fit : net.fits) {
    if (fit.protocol != protocol) continue;
    if (fit.diverged) {
      ++result.diverged;
      continue;
    }
    loss.push_back(fit.scores.test_loss);
    accuracy.push_back(fit.scores.test_accuracy);
    f1.push_back(fit.scores.macro_f1);
    seconds.push_back(fit.seconds);
  }
  result.fits = static_cast<i64>(loss.size());
  result.loss = mean_and_deviation(loss);
  result.accuracy = mean_and_deviation(accuracy);
  result.macro_f1 = mean_and_deviation(f1);
  result.seconds = mean_and_deviation(seconds);
  return result;
}

const Fit* first_fit(const NetResult& net, const std::string& protocol) {
  for (const Fit& fit : net.fits)
    if (fit.protocol == protocol && !fit.diverged) return &fit;
  return nullptr;
}

void write_json(const Results& results, const std::string& path) {
  Json json = results;
  for (std::size_t i = 0; i < results.nets.size(); ++i)
    add_summary(json["nets"][i], results.nets[i], results);
  std::string text;
  print(json, "", text);
  write_file(path, text + "\n");
}

Results read_json(const std::string& path) {
  try {
    return Json::parse(read_file(path)).get<Results>();
  } catch (const Json::exception& error) {
    fail("results", "{} is not a results file of this program: {}", path, error.what());
  }
}

}  // namespace melgrad
