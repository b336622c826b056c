#include <algorithm>
#include <set>

#include "layers/keras/weights.h"

namespace melgrad {
namespace {

enum class LayerKind : u8 { conv, linear, norm, other };

LayerKind kind_of(const Named<Tensor>& tensors) {
  LayerKind kind = LayerKind::other;
  for (const auto& [name, tensor] : tensors) {
    if (name == "running_mean") return LayerKind::norm;
    if (name == "weight" && tensor.rank() == 4) kind = LayerKind::conv;
    if (name == "weight" && tensor.rank() == 2) kind = LayerKind::linear;
  }
  return kind;
}

std::string last_of(const std::string& path) { return path.substr(path.rfind('.') + 1); }

struct Place {
  std::string path;  // of a module
  LayerKind kind;
};

// The modules that have tensors of their own, in the net's order.
std::vector<Place> places_in(Module& net) {
  std::map<std::string, Named<Tensor>> own;
  for (const auto& [name, tensor] : net.state_dict()) {
    std::size_t dot = name.rfind('.');
    own[dot == std::string::npos ? "" : name.substr(0, dot)].emplace_back(last_of(name), tensor);
  }
  std::vector<Place> places;
  for (const auto& [path, module] : net.modules()) {
    auto tensors = own.find(path);
    if (tensors != own.end()) places.push_back({path, kind_of(tensors->second)});
  }
  return places;
}

// A Dense layer after Keras's Flatten expects the pictures' values in the order H, W, C.
void check_flatten(Module& net) {
  bool pictures = false;
  for (const auto& [path, module] : net.modules()) {
    std::string type = module->type();
    if (type == "Conv2d") pictures = true;
    if (type == "GlobalAvgPool2d" || type == "GlobalMaxPool2d" || type == "FlattenChannelsLast")
      pictures = false;
    check(
        !pictures || type != "Flatten", "keras_state_dict",
        "this {} flattens pictures in the order C, H, W ({}), Keras's Dense layers expect H, W, C: "
        "FlattenChannelsLast",
        net.type(), path);
  }
}

using Paths = std::vector<std::string>;  // for each layer of the file a module's, or its own name

// Empty where fewer than half have one.
Paths by_name(const KerasWeights& weights, const std::vector<Place>& places) {
  std::multimap<std::string, std::string> known;  // by the last part of the path
  for (const Place& place : places) known.emplace(last_of(place.path), place.path);
  Paths paths;
  std::size_t found = 0;
  for (const KerasLayer& layer : weights.layers) {
    bool is_path = std::any_of(places.begin(), places.end(),
                               [&](const Place& place) { return place.path == layer.name; });
    bool is_known = is_path || known.count(layer.name) == 1;
    paths.push_back(is_path || !is_known ? layer.name : known.find(layer.name)->second);
    found += is_known ? 1 : 0;
  }
  return 2 * found >= weights.layers.size() && found > 0 ? paths : Paths{};
}

Paths by_order(const KerasWeights& weights, const std::vector<Place>& places) {
  Paths paths;
  std::set<const Place*> taken;
  for (const KerasLayer& layer : weights.layers) {
    LayerKind kind = kind_of(layer.tensors);
    auto next = std::find_if(places.begin(), places.end(), [&](const Place& place) {
      return taken.count(&place) == 0 && (weights.in_order || place.kind == kind);
    });
    if (next != places.end()) taken.insert(&*next);
    paths.push_back(next == places.end() ? layer.name : next->path);
  }
  return paths;
}

}  // namespace

StateDict keras_state_dict(const KerasWeights& weights, Module& net) {
  check_flatten(net);
  std::vector<Place> places = places_in(net);
  Paths paths = by_name(weights, places);
  if (paths.empty()) paths = by_order(weights, places);
  StateDict state;
  for (std::size_t i = 0; i < paths.size(); ++i)
    for (const auto& [name, tensor] : weights.layers[i].tensors) {
      std::string full = paths[i].empty() ? name : paths[i] + "." + name;
      bool is_new = state.emplace(full, tensor).second;
      check(is_new, "keras_state_dict", "{}: two layers give {}", weights.path, full);
    }
  return state;
}

}  // namespace melgrad
