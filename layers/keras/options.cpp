#include "layers/keras/options.h"

#include <algorithm>
#include <cmath>

namespace melgrad {
namespace {

constexpr double largest = 0x1p31;

// What an option may be called that changes nothing in a net that is loaded.
constexpr std::string_view ignored[] = {"name",        "trainable", "dtype", "batch_input_shape",
                                        "batch_shape", "seed",      "fused", "renorm_momentum"};
constexpr std::string_view ignored_endings[] = {"_initializer", "_regularizer", "_constraint"};

bool is_ignored(const std::string& name) {
  return std::count(std::begin(ignored), std::end(ignored), name) != 0 ||
         std::any_of(std::begin(ignored_endings), std::end(ignored_endings),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_whole(double x) { return x >= 0 && x <= largest && x == std::floor(x); }

}  // namespace

const KerasOption* KerasOptions::find(const std::string& name) {
  asked_.insert(name);
  auto found = layer_.options.find(name);
  return found == layer_.options.end() ? nullptr : &found->second;
}

std::string KerasOptions::text(const std::string& name, const std::string& fallback) {
  const KerasOption* found = find(name);
  if (found == nullptr || found->is_off) return fallback;
  if (!found->text) refuse(name);
  return *found->text;
}

bool KerasOptions::flag(const std::string& name, bool fallback) {
  const KerasOption* found = find(name);
  if (found == nullptr) return fallback;
  if (!found->flag) refuse(name);
  return *found->flag;
}

double KerasOptions::number(const std::string& name, double fallback) {
  const KerasOption* found = find(name);
  if (found == nullptr || found->is_off) return fallback;
  if (found->numbers.size() != 1) refuse(name);
  return found->numbers[0];
}

i64 KerasOptions::size(const std::string& name) {
  double value = number(name, 0);
  if (!is_whole(value) || value == 0) refuse(name);
  return static_cast<i64>(value);
}

Pair KerasOptions::pair(const std::string& name, std::optional<Pair> fallback) {
  const KerasOption* found = find(name);
  if (fallback && (found == nullptr || found->is_off)) return *fallback;
  std::vector<i64> values = whole(name);
  if (values.empty() || values.size() > 2 || values[0] == 0 || values.back() == 0) refuse(name);
  return {values[0], values.back()};
}

std::vector<i64> KerasOptions::whole(const std::string& name) {
  const KerasOption* found = find(name);
  if (found == nullptr || !std::all_of(found->numbers.begin(), found->numbers.end(), is_whole))
    refuse(name);
  return {found->numbers.begin(), found->numbers.end()};
}

bool KerasOptions::has(const std::string& name) {
  const KerasOption* found = find(name);
  return found != nullptr && !found->is_off;
}

void KerasOptions::expect(const std::string& name, const std::string& only) {
  if (has(name) && text(name, only) != only) refuse(name);
}

void KerasOptions::finish() const {
  for (const auto& [name, value] : layer_.options)
    if (!value.is_off && asked_.count(name) == 0 && !is_ignored(name)) refuse(name);
}

void KerasOptions::refuse(const std::string& name) const {
  auto found = layer_.options.find(name);
  require(found != layer_.options.end(), "has no option '{}'", name);
  require(false, "option '{}' = {} is not known here", name, found->second.shown);
  fail("load_keras", "unreachable");
}

}  // namespace melgrad
