#include "apps/trained/trained_net.h"

#include <algorithm>

#include "apps/trained/json_fields.h"
#include "autograd/functions.h"
#include "layers/models/registry.h"
#include "layers/models/weights_file.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

using json::Json;

constexpr i64 known_format = 1;
constexpr const char* key = "melgrad";

// --- what fits together

// One channel is repeated; else a row is what the net sees.
bool becomes(const Shape& row, const Shape& seen) {
  bool one_channel =
      row.rank() == 3 && seen.rank() == 3 && row[0] == 1 && row[1] == seen[1] && row[2] == seen[2];
  return row == seen || one_channel;
}

// Where the values of a mean stand among the axes (N, C, H, W) or (N, D).
Shape place_of(i64 values, const Shape& x, bool frames_first) {
  if (values == 1) return Shape::filled(x.rank(), 1);
  check(x.rank() == 2 || x.rank() == 4, "normalisation", "needs (N, C, H, W) or (N, D): {}", x);
  if (x.rank() == 4 && values == x[1]) return {1, values, 1, 1};
  if (x.rank() == 4 && values == x[2] && !frames_first) return {1, 1, values, 1};
  if (x.rank() == 4 && values == x[3] && frames_first) return {1, 1, 1, values};
  check(x.rank() == 2 && values == x[1], "normalisation",
        "has {} values: one, one a channel or one a band is needed for {}", values, x);
  return {1, values};
}

void check_fit(const Normalisation& normalisation, const Shape& shape, bool frames_first) {
  const auto& [mean, std] = normalisation;
  check(mean.size() == std.size(), "normalisation", "mean has {} values, std {}", mean.size(),
        std.size());
  for (double each : mean) check(std::isfinite(each), "normalisation", "mean is {}", each);
  for (double each : std)
    check(std::isfinite(each) && each > 0, "normalisation", "std is {}", each);
  Shape batch = shape;
  batch.insert(0, 1);
  if (!mean.empty()) place_of(static_cast<i64>(mean.size()), batch, frames_first);
}

// All but the weights' own shapes.
void check_fit(const TrainedNet& trained, i64 outputs) {
  constexpr i64 most = i64{1} << 26U;  // values of a sample: beyond, a file is wrong about its net
  const NetEntry& entry = find_net(trained.name);
  double values = 1;
  for (i64 size : trained.shape) values *= static_cast<double>(size);
  check(values <= static_cast<double>(most), "net", "shape {} is too large", trained.shape);
  entry.check_input(trained.shape);
  check(becomes(trained.input.shape(), trained.shape), "net", "the input gives {}, the net sees {}",
        trained.input.shape(), trained.shape);
  check_fit(trained.normalisation, trained.shape, trained.input.frames_first());
  auto classes = static_cast<i64>(trained.classes.size());
  check(outputs == classes, "net", "{} classes are named, {} has {} outputs", classes, trained.name,
        outputs);
}

// --- the key

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> keys = {"format",  "version", "net",      "shape",
                                                "classes", "input",   "training", "scores"};
  return keys;
}

Json parse_object(const std::string& text, const char* what) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    fail("json", "{} is no JSON: {}", what, error.what());
  }
  json::expect(json.is_object(), what, "an object", json);
  return json;
}

std::string text_of(const TrainedNet& trained) {
  Json json;
  json["format"] = known_format;
  json["version"] = MELGRAD_VERSION;
  json["net"] = trained.name;
  json["shape"] = trained.shape.vector();
  json["classes"] = trained.classes;
  Json& input = json["input"] = parse_object(trained.input.json(), "input");
  input["name"] = trained.input.name;
  input["mean"] = json::written(trained.normalisation.mean);
  input["std"] = json::written(trained.normalisation.std);
  json["training"] = parse_object(trained.training, "training");
  json["scores"] = json::written(trained.scores);
  Json other = parse_object(trained.other, "other");
  for (const auto& [name, value] : other.items())
    if (!json.contains(name)) json[name] = value;
  return json.dump();
}

void read_input(Json input, TrainedNet& trained) {
  trained.normalisation.mean = json::get<std::vector<double>>(input, "input", "mean");
  trained.normalisation.std = json::get<std::vector<double>>(input, "input", "std");
  auto name = json::get<std::string>(input, "input", "name");
  for (const char* ours : {"mean", "std", "name"}) input.erase(ours);
  trained.input = Input::from_json(input.dump());
  trained.input.name = name;
}

void read_key(const std::string& text, TrainedNet& trained) {
  Json json = parse_object(text, key);
  auto format = json::get<i64>(json, "", "format");
  check(format == known_format, "json", "format is {}: this version of melgrad knows {} only",
        format, known_format);
  json::get<std::string>(json, "", "version");
  trained.name = json::get<std::string>(json, "", "net");
  trained.shape = Shape(json::get<std::vector<i64>>(json, "", "shape"));
  trained.classes = json::get<std::vector<std::string>>(json, "", "classes");
  read_input(json::get<Json>(json, "", "input"), trained);
  auto training = json::get<Json>(json, "", "training");
  json::expect(training.is_object(), "training", "an object", training);
  trained.training = training.dump();
  trained.scores = json::get<std::map<std::string, double>>(json, "", "scores");
  for (const std::string& known : known_keys()) json.erase(known);
  trained.other = json.dump();
}

// A file that says nothing of itself.
void take_options(const TrainedOptions& options, const WeightsFile& file, TrainedNet& trained) {
  check(!options.name.empty(), "net",
        "the file has no metadata '{}' that says of which net the weights are; "
        "`net NAME --weights FILE --save W.safetensors` makes one that has",
        key);
  const NetEntry& entry = find_net(options.name);
  trained.name = options.name;
  trained.shape = options.shape.empty() ? entry.input : options.shape;
  trained.classes = options.classes;
  trained.input = options.input;
  if (trained.classes.empty())
    for (i64 i = 0; i < file.outputs(entry); ++i) trained.classes.push_back(std::to_string(i));
}

// What goes wrong in `work` is said of the file.
template <class Work>
void naming(const std::filesystem::path& path, const char* where, Work work) {
  try {
    work();
  } catch (const std::runtime_error& error) {
    fail(where, "{}: {}", path, error.what());
  } catch (const nlohmann::json::exception& error) {
    fail(where, "{}: {}", path, error.what());
  }
}

}  // namespace

Tensor Normalisation::operator()(const Tensor& x, bool frames_first) const {
  if (mean.empty()) return x;
  Shape place = place_of(static_cast<i64>(mean.size()), x.shape(), frames_first);
  auto values = [&](const std::vector<double>& each) {
    return from_vector(each).to(Dtype::f32).reshape(place).to(x.device());
  };
  return (x - values(mean)) / values(std);
}

Tensor TrainedNet::see(const Tensor& rows) const {
  Shape row = rows.shape();
  check(row.rank() > 1, "net", "needs rows (N, …): {}", rows);
  row.erase(0);
  check(becomes(row, shape), "net", "{} sees {}: {}", name, shape, rows);
  Tensor x = rows.dtype() == Dtype::u8 ? rows.to(Dtype::f32) / 255. : rows.to(Dtype::f32);
  Shape seen = shape;
  seen.insert(0, rows.dim(0));
  return normalisation(row == shape ? x : x.expand(seen), input.frames_first());
}

Tensor TrainedNet::strengths(const Tensor& rows) const {
  check(net != nullptr, "net", "{} has no weights", name);
  NoGrad no_grad;
  Device device = net->parameters().front().second.data().device();
  return softmax((*net)(see(rows.to(device))).data(), 1);
}

Tensor TrainedNet::strengths(const std::filesystem::path& song, double offset) const {
  Example example{.path = song, .label = 0, .group = "", .offset = offset};
  return strengths(input.load(example).unsqueeze(0)).select(0, 0);
}

TrainedNet load_trained(const std::filesystem::path& path, const TrainedOptions& options) {
  WeightsFile file(path);
  TrainedNet trained;
  naming(path, "load_trained", [&] {
    auto text = file.metadata().find(key);
    if (text != file.metadata().end())
      read_key(text->second, trained);
    else
      take_options(options, file, trained);
    check_fit(trained, file.outputs(find_net(trained.name)));
    trained.net = make_net(trained.name, trained.shape, static_cast<i64>(trained.classes.size()));
    trained.net->load_state_dict(file.tensors_for(*trained.net));
    trained.net->eval();
  });
  return trained;
}

void save_trained(const std::filesystem::path& path, const TrainedNet& trained) {
  StateDict weights;
  std::string text;
  naming(path, "save_trained", [&] {
    check(trained.net != nullptr, "net", "there is no net to write");
    weights = trained.net->state_dict();
    check_fit(trained, outputs_of(find_net(trained.name), weights));
    text = text_of(trained);
  });
  save_weights(path, weights, {{key, text}});
}

}  // namespace melgrad
