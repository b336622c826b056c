#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace melgrad {

/// The values of a JSON text that hold no others, by their place: "/parameters/height".
inline std::vector<std::pair<std::string, nlohmann::ordered_json>> leaves(
    const nlohmann::ordered_json& json, const std::string& place = "") {
  if (!json.is_structured() || json.empty()) return {{place, json}};
  std::vector<std::pair<std::string, nlohmann::ordered_json>> found;
  for (const auto& [key, value] : json.items()) {
    std::string inside = place;
    inside.append("/").append(key);
    for (auto& leaf : leaves(value, inside)) found.push_back(std::move(leaf));
  }
  return found;
}

/// `text` with another value at a place.
inline std::string with(const std::string& text, const std::string& place,
                        const nlohmann::ordered_json& value) {
  auto json = nlohmann::ordered_json::parse(text);
  json[nlohmann::ordered_json::json_pointer(place)] = value;
  return json.dump();
}

/// `text` without the key at a place.
inline std::string without(const std::string& text, const std::string& place) {
  auto json = nlohmann::ordered_json::parse(text);
  std::size_t slash = place.rfind('/');
  json[nlohmann::ordered_json::json_pointer(place.substr(0, slash))].erase(place.substr(slash + 1));
  return json.dump();
}

}  // namespace melgrad
