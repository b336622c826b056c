#pragma once
#include <cmath>
#include <concepts>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/error.h"

/// Structs as JSON and back, for .cpp files alone: nlohmann's header costs seconds. A struct has
///
///   template <json::Is<Point> T, class Visit>
///   void fields(T& point, Visit visit) {
///     auto& [x, y] = point;  // all members, so that the compiler refuses a struct with one more
///     visit("x", x);
///     visit("y", y);
///   }
///
/// and an enum `spelling(value)` and `parse(text, value&)`, in melgrad. Numbers come back with the
/// same bits. Errors name the key: "parameters.stft.n_fft is a whole number, not \"2048\"".
namespace melgrad::json {

using Json = nlohmann::ordered_json;

template <class T, class Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

template <class T>
concept HasFields = requires(T& value) {
  fields(value, [](const char*, auto&) {});
};
template <class T>
concept Enum = std::is_enum_v<T>;

// --- writing

inline Json written(bool value) { return value; }
inline Json written(const std::string& value) { return value; }
inline Json written(const Json& value) { return value; }
// JSON has no word for some numbers.
inline Json written(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}
template <std::integral T>
Json written(T value) {
  return value;
}
template <Enum T>
Json written(T value) {
  return spelling(value);
}
template <HasFields T>
Json written(const T& value);

template <class T>
Json written(const std::optional<T>& value) {
  return value ? written(*value) : Json();
}
template <class T>
Json written(const std::vector<T>& values) {
  Json json = Json::array();
  for (const T& value : values) json.push_back(written(value));
  return json;
}
template <class T>
Json written(const std::map<std::string, T>& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values) json[name] = written(value);
  return json;
}
template <HasFields T>
Json written(const T& value) {
  Json json = Json::object();
  fields(value, [&](const char* name, const auto& member) { json[name] = written(member); });
  return json;
}

// --- reading; `where` is the key

inline void expect(bool ok, const std::string& where, const char* what, const Json& json) {
  check(ok, "json", "{} is {}, not {}", where, what, json.dump());
}

/// json[key]; throws Error where there is no such key.
inline const Json& entry(const Json& json, const std::string& where, const std::string& key) {
  expect(json.is_object(), where.empty() ? "this" : where, "an object", json);
  auto found = json.find(key);
  check(found != json.end(), "json", "{} is missing", where.empty() ? key : where + "." + key);
  return *found;
}

inline void read(const Json& json, const std::string&, Json& value) { value = json; }
inline void read(const Json& json, const std::string& where, bool& value) {
  expect(json.is_boolean(), where, "true or false", json);
  value = json.get<bool>();
}
inline void read(const Json& json, const std::string& where, std::string& value) {
  expect(json.is_string(), where, "a text", json);
  value = json.get<std::string>();
}
inline void read(const Json& json, const std::string& where, double& value) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (json == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (json == "inf" || json == "-inf") {
    value = json == "inf" ? infinity : -infinity;
  } else {
    expect(json.is_number(), where, "a number", json);
    value = json.get<double>();
  }
}
inline void read(const Json& json, const std::string& where, float& value) {
  double number = 0;  // as which a float is written, with the same bits
  read(json, where, number);
  value = static_cast<float>(number);
}
template <std::integral T>
void read(const Json& json, const std::string& where, T& value) {
  bool fits = json.is_number_unsigned()  ? std::in_range<T>(json.get<u64>())
              : json.is_number_integer() ? std::in_range<T>(json.get<i64>())
                                         : false;
  expect(fits, where, "a whole number", json);
  value = json.get<T>();
}
template <Enum T>
void read(const Json& json, const std::string& where, T& value) {
  std::string text;
  read(json, where, text);
  try {
    parse(text, value);
  } catch (const Error& error) {
    fail("json", "{}: {}", where, error.what());
  }
}
template <HasFields T>
void read(const Json& json, const std::string& where, T& value);

template <class T>
void read(const Json& json, const std::string& where, std::optional<T>& value) {
  value.reset();
  if (!json.is_null()) read(json, where, value.emplace());
}
template <class T>
void read(const Json& json, const std::string& where, std::vector<T>& values) {
  expect(json.is_array(), where, "a list", json);
  values.clear();
  for (const Json& each : json) {
    std::string place = where + "[" + std::to_string(values.size()) + "]";
    read(each, place, values.emplace_back());
  }
}
template <class T>
void read(const Json& json, const std::string& where, std::map<std::string, T>& values) {
  expect(json.is_object(), where, "an object", json);
  values.clear();
  for (const auto& [name, each] : json.items()) {
    std::string place = format("{}.{}", where, name);
    read(each, place, values[name]);
  }
}
/// All fields, and no other keys.
template <HasFields T>
void read(const Json& json, const std::string& where, T& value) {
  std::size_t count = 0;
  fields(value, [&](const char* name, auto& member) {
    ++count;
    read(entry(json, where, name), where + "." + name, member);
  });
  check(json.size() == count, "json", "{} has keys that are not known here: {}", where,
        json.dump());
}

/// read(entry(json, where, key)), whatever it is.
template <class T>
T get(const Json& json, const std::string& where, const std::string& key) {
  T value{};
  read(entry(json, where, key), where.empty() ? key : where + "." + key, value);
  return value;
}

}  // namespace melgrad::json
