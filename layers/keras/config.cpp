#include "layers/keras/config.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "kernels/error.h"

namespace melgrad {
namespace {

using nlohmann::json;

constexpr double largest = 0x1p31;  // size of anything

std::string shown(const json& value) {
  if (value.is_structured() && !value.empty() && value.front().is_structured())
    return value.is_array() ? "[…]" : "{…}";  // may be deep
  constexpr std::size_t most = 80;
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() <= most ? text : text.substr(0, most) + "…";
}

void add_numbers(const json& value, int depth, std::vector<double>& numbers) {
  if (value.is_number()) numbers.push_back(value.get<double>());
  if (value.is_null()) numbers.push_back(-1);
  if (value.is_array() && depth > 0)
    for (const json& each : value) add_numbers(each, depth - 1, numbers);
}

KerasOption option(const json& value) {
  KerasOption result;
  result.shown = shown(value);
  result.is_off = value.is_null() || value == false;
  if (value.is_boolean()) result.flag = value.get<bool>();
  if (value.is_string()) result.text = value.get<std::string>();
  if (!value.is_null()) add_numbers(value, 2, result.numbers);
  return result;
}

class ConfigReader {
 public:
  explicit ConfigReader(const std::filesystem::path& path) : path_(path) {}

  KerasModelConfig read(const std::string& text) {
    json model = json::parse(text, nullptr, false);
    require(model.is_object() && model.contains("config"), "model_config is not a net's JSON");
    std::string kind = text_of(model, "class_name");
    bool is_graph = kind == "Functional" || kind == "Model";
    require(is_graph || kind == "Sequential",
            "a net of class {} is not known here; Sequential and Functional ones are", kind);
    const json& config = model["config"];
    bool is_list = config.is_array();  // Keras before 2.2.3
    require(is_list || (config.is_object() && config.contains("layers")),
            "model_config has no layers");
    const json& layers = is_list ? config : config["layers"];
    require(layers.is_array() && !layers.empty(), "model_config has no layers");
    if (!is_list && config.contains("build_input_shape")) read_input(config, "build_input_shape");
    for (const json* layer : is_graph ? in_line(layers) : in_turn(layers)) add(*layer);
    return std::move(result_);
  }

 private:
  template <class... Args>
  void require(bool ok, std::string_view text, const Args&... args) const {
    check(ok, "load_keras", "{}: {}", path_, ok ? "" : format(text, args...));
  }

  std::string text_of(const json& object, const char* key) const {
    require(object.is_object() && object.contains(key) && object[key].is_string(),
            "model_config: a layer or net has no {}", key);
    return object[key].get<std::string>();
  }

  std::string name_of(const json& layer) const {
    require(layer.is_object(), "model_config: a layer is no JSON object");
    return text_of(layer.contains("name") ? layer : layer.value("config", json()), "name");
  }

  static std::vector<const json*> in_turn(const json& layers) {
    std::vector<const json*> all;
    for (const json& layer : layers) all.push_back(&layer);
    return all;
  }

  // Each layer's inputs are among its inbound_nodes. Keras 2: ["conv2d", 0, 0, {}]; Keras 3: a tensor's
  // "keras_history": ["conv2d", 0, 0].
  static void find_inputs(const json& node, int depth, std::vector<std::string>& found) {
    if (node.is_array() && node.size() >= 3 && node[0].is_string() && node[1].is_number()) {
      found.push_back(node[0].get<std::string>());
    } else if (node.is_structured() && depth > 0) {
      for (const json& part : node) find_inputs(part, depth - 1, found);
    }
  }

  std::vector<const json*> in_line(const json& layers) const {
    const json* at = nullptr;
    std::map<std::string, const json*> after;
    for (const json& layer : layers) {
      std::string name = name_of(layer);
      std::vector<std::string> inputs;
      constexpr int deepest = 8;
      if (layer.contains("inbound_nodes")) find_inputs(layer["inbound_nodes"], deepest, inputs);
      std::string kind = text_of(layer, "class_name");
      require(inputs.size() <= 1, "layer '{}' ({}) has {} inputs; {}", name, kind, inputs.size(),
              only_lines);
      if (inputs.empty()) {
        require(at == nullptr, "layer '{}' ({}) is a second input; {}", name, kind, only_lines);
        at = &layer;
      } else {
        require(after.emplace(inputs[0], &layer).second,
                "layer '{}' ({}) is the second that follows '{}'; {}", name, kind, inputs[0],
                only_lines);
      }
    }
    require(at != nullptr, "no layer of the net takes its input");
    std::vector<const json*> line{at};
    for (auto next = after.find(name_of(*at)); next != after.end() && line.size() < layers.size();
         next = after.find(name_of(*next->second)))
      line.push_back(next->second);
    require(line.size() == layers.size(), "{} layers of {} are not reached from the input; {}",
            layers.size() - line.size(), layers.size(), only_lines);
    return line;
  }

  void read_input(const json& config, const char* key) {
    std::vector<double> sizes = option(config[key]).numbers;
    if (sizes.empty()) return;
    result_.input.clear();
    for (std::size_t i = 1; i < sizes.size(); ++i) {
      bool is_size = sizes[i] == -1 || (sizes[i] >= 1 && sizes[i] <= largest);
      require(is_size && sizes[i] == std::floor(sizes[i]), "an input of shape {}",
              option(config[key]).shown);
      result_.input.push_back(static_cast<i64>(sizes[i]));
    }
  }

  void add(const json& layer) {
    KerasLayerConfig read{name_of(layer), text_of(layer, "class_name"), {}};
    require(layer.contains("config") && layer["config"].is_object(), "layer '{}' has no config",
            read.name);
    const json& config = layer["config"];
    for (const char* key : {"batch_input_shape", "batch_shape"})
      if (config.contains(key)) read_input(config, key);
    if (read.class_name == "InputLayer") return;
    for (const auto& [key, value] : config.items()) read.options[key] = option(value);
    result_.layers.push_back(std::move(read));
  }

  static constexpr std::string_view only_lines =
      "nets whose layers stand in one line are built here, into others weights load "
      "(keras_state_dict)";

  const std::filesystem::path& path_;
  KerasModelConfig result_;
};

}  // namespace

KerasModelConfig read_keras_config(const std::filesystem::path& path, const std::string& json) {
  return ConfigReader(path).read(json);
}

}  // namespace melgrad
