#include "apps/harness/results.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "tensor/file.h"

namespace melgrad {
namespace {

using Json = nlohmann::ordered_json;

// NaN and infinity have no JSON: nlohmann writes them as null.
double number(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

Json to_json(const Scores& scores) {
  return {{"test_loss", scores.test_loss},
          {"test_accuracy", scores.test_accuracy},
          {"macro_f1", scores.macro_f1}};
}

// One array a column, as plotting programs like it.
Json to_json(const std::vector<Epoch>& history) {
  Json columns;
  auto column = [&](const char* name, double Epoch::*member) {
    Json values = Json::array();
    for (const Epoch& epoch : history) values.push_back(epoch.*member);
    columns[name] = std::move(values);
  };
  column("train_loss", &Epoch::train_loss);
  column("train_accuracy", &Epoch::train_accuracy);
  column("valid_loss", &Epoch::valid_loss);
  column("valid_accuracy", &Epoch::valid_accuracy);
  column("lr", &Epoch::lr);
  column("seconds", &Epoch::seconds);
  return columns;
}

std::vector<Epoch> history_from(const Json& columns) {
  std::vector<Epoch> history(columns.at("lr").size());
  auto column = [&](const char* name, double Epoch::*member) {
    for (std::size_t i = 0; i < history.size(); ++i)
      history[i].*member = number(columns.at(name).at(i));
  };
  column("train_loss", &Epoch::train_loss);
  column("train_accuracy", &Epoch::train_accuracy);
  column("valid_loss", &Epoch::valid_loss);
  column("valid_accuracy", &Epoch::valid_accuracy);
  column("lr", &Epoch::lr);
  column("seconds", &Epoch::seconds);
  return history;
}

Json to_json(const Confusion& confusion) {
  Json rows = Json::array();
  for (i64 truth = 0; truth < confusion.classes(); ++truth) {
    Json row = Json::array();
    for (i64 predicted = 0; predicted < confusion.classes(); ++predicted)
      row.push_back(confusion(truth, predicted));
    rows.push_back(std::move(row));
  }
  return rows;
}

Confusion confusion_from(const Json& rows) {
  std::vector<i64> counts;
  for (const Json& row : rows)
    for (const Json& count : row) counts.push_back(count.get<i64>());
  return Confusion(counts);
}

Json class_scores(const Confusion& confusion, const std::vector<std::string>& classes) {
  Json scores;
  for (i64 c = 0; c < confusion.classes(); ++c) {
    ClassScore s = confusion.score(c);
    scores[classes.at(static_cast<std::size_t>(c))] = {
        {"precision", s.precision}, {"recall", s.recall}, {"f1", s.f1}, {"support", s.support}};
  }
  return scores;
}

Json to_json(const Fit& fit) {
  Json labels = Json::array(), confidences = Json::array();
  for (const Prediction& prediction : fit.predictions) {
    labels.push_back(prediction.label);
    confidences.push_back(prediction.confidence);
  }
  return {{"seed", fit.seed},
          {"protocol", fit.protocol},
          {"ended", fit.ended},
          {"diverged", fit.diverged},
          {"seconds", fit.seconds},
          {"best_epoch", fit.best_epoch},
          {"measured", to_json(fit.scores)},
          {"confusion", to_json(fit.confusion)},
          {"history", to_json(fit.history)},
          {"predicted", labels},
          {"confidence", confidences}};
}

Fit fit_from(const Json& json) {
  Fit fit;
  fit.seed = json.at("seed");
  fit.protocol = json.at("protocol");
  fit.ended = json.at("ended");
  fit.diverged = json.at("diverged");
  fit.seconds = number(json.at("seconds"));
  fit.best_epoch = json.at("best_epoch");
  const Json& scores = json.at("measured");
  fit.scores = {number(scores.at("test_loss")), number(scores.at("test_accuracy")),
                number(scores.at("macro_f1"))};
  fit.confusion = confusion_from(json.at("confusion"));
  fit.history = history_from(json.at("history"));
  for (std::size_t i = 0; i < json.at("predicted").size(); ++i)
    fit.predictions.push_back(
        {json.at("predicted").at(i).get<i64>(), number(json.at("confidence").at(i))});
  return fit;
}

Json to_json(const NetResult& net, const Results& results) {
  Json json = {
      {"name", net.name},
      {"title", net.title},
      {"layers", net.layers},
      {"parameters", net.parameters},
      {"trained_parameters", net.trained_parameters},
      {"published", {{"test_loss", net.published.loss}, {"test_accuracy", net.published.accuracy}}},
      {"measured", nullptr}};
  if (!net.not_run.empty()) json["not_run"] = net.not_run;
  const std::string main = results.protocols.empty() ? "" : results.protocols.front().name;
  if (const Fit* fit = first_fit(net, main)) {
    Measured mean = measured(net, main);
    json["measured"] = to_json(Scores{mean.loss.mean, mean.accuracy.mean, mean.macro_f1.mean});
    json["measured"]["fits"] = mean.fits;
    json["measured"]["test_accuracy_deviation"] = mean.accuracy.deviation;
    json["seconds"] = mean.seconds.mean;
    json["best_epoch"] = fit->best_epoch;
    json["history"] = to_json(fit->history);
    json["confusion"] = to_json(fit->confusion);
    json["classes"] = class_scores(fit->confusion, results.classes);
  }
  json["fits"] = Json::array();
  for (const Fit& fit : net.fits) json["fits"].push_back(to_json(fit));
  return json;
}

NetResult net_from(const Json& json) {
  NetResult net;
  net.name = json.at("name");
  net.title = json.at("title");
  net.layers = json.at("layers");
  net.parameters = json.at("parameters");
  net.trained_parameters = json.at("trained_parameters");
  net.published = {number(json.at("published").at("test_loss")),
                   number(json.at("published").at("test_accuracy"))};
  net.not_run = json.value("not_run", "");
  for (const Json& fit : json.at("fits")) net.fits.push_back(fit_from(fit));
  return net;
}

Json to_json(const Protocol& protocol) {
  Json clips = Json::array();
  for (const TestClip& clip : protocol.test)
    clips.push_back({{"clip", clip.name},
                     {"label", clip.label},
                     {"sound", clip.sound},
                     {"index", clip.index},
                     {"begin", clip.begin},
                     {"end", clip.end}});
  return {{"name", protocol.name},   {"title", protocol.title}, {"note", protocol.note},
          {"train", protocol.train}, {"valid", protocol.valid}, {"test", clips}};
}

Protocol protocol_from(const Json& json) {
  Protocol protocol{json.at("name"),  json.at("title"), json.at("note"),
                    json.at("train"), json.at("valid"), {}};
  for (const Json& clip : json.at("test"))
    protocol.test.push_back({clip.at("clip"), clip.at("sound"), clip.at("label").get<i64>(),
                             clip.at("index"), clip.at("begin"), clip.at("end")});
  return protocol;
}

Json to_json(const Results& results) {
  Json json = {{"study", results.study},     {"data_set", results.data_set},
               {"device", results.device},   {"compute", results.compute},
               {"threads", results.threads}, {"seed", results.seed},
               {"command", results.command}, {"date", results.date},
               {"classes", results.classes}, {"skipped", results.skipped},
               {"notes", results.notes},     {"fingerprint", results.fingerprint}};
  for (const Setting& setting : results.settings)
    json["settings"].push_back({{"name", setting.name},
                                {"value", setting.value},
                                {"mark", setting.mark},
                                {"note", setting.note}});
  for (const Protocol& protocol : results.protocols) json["protocols"].push_back(to_json(protocol));
  for (const NetResult& net : results.nets) json["nets"].push_back(to_json(net, results));
  return json;
}

Results results_from(const Json& json) {
  Results results;
  results.study = json.at("study");
  results.data_set = json.at("data_set");
  results.device = json.at("device");
  results.compute = json.at("compute");
  results.threads = json.at("threads");
  results.seed = json.at("seed");
  results.command = json.at("command");
  results.date = json.at("date");
  results.classes = json.at("classes").get<std::vector<std::string>>();
  results.skipped = json.at("skipped").get<std::vector<std::string>>();
  results.notes = json.at("notes").get<std::vector<std::string>>();
  results.fingerprint = json.at("fingerprint");
  for (const Json& s : json.value("settings", Json::array()))
    results.settings.push_back({s.at("name"), s.at("value"), s.at("mark"), s.at("note")});
  for (const Json& p : json.value("protocols", Json::array()))
    results.protocols.push_back(protocol_from(p));
  for (const Json& n : json.value("nets", Json::array())) results.nets.push_back(net_from(n));
  return results;
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
  std::string text;
  print(to_json(results), "", text);
  write_file(path, text + "\n");
}

Results read_json(const std::string& path) {
  try {
    return results_from(Json::parse(read_file(path)));
  } catch (const Json::exception& error) {
    fail("results", "{} is not a results file of this program: {}", path, error.what());
  }
}

}  // namespace melgrad
