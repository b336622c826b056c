#include "tensor/files/pytorch/state_dict.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "kernels/error.h"

namespace melgrad {

namespace {

using Kind = PickleValue::Kind;
constexpr std::string_view data_parallel = "module.";
constexpr int deepest = 16;

bool has_tensors(const PickleValue& dict) {
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2)
    if (dict.items[i]->kind == Kind::text && dict.items[i + 1]->kind == Kind::tensor) return true;
  return false;
}

/// A dict that has tensors, and the dicts that it lies in.
struct Found {
  std::string name;  // "model.state_dict"; empty for the object itself
  std::vector<const PickleValue*> way;
};

class Search {
 public:
  void look_in(const PickleValue& dict, const Found& at) {
    if (!seen_.insert(&dict).second || at.way.size() >= deepest) return;
    Found here = at;
    here.way.push_back(&dict);
    if (has_tensors(dict)) found_.push_back(here);
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue &key = *dict.items[i], &value = *dict.items[i + 1];
      if (key.kind != Kind::text || value.kind != Kind::dict) continue;
      Found below = here;
      below.name += (here.name.empty() ? "" : ".") + std::string(key.text);
      look_in(value, below);
    }
  }
  const std::vector<Found>& found() const { return found_; }

 private:
  std::set<const PickleValue*> seen_;
  std::vector<Found> found_;
};

std::string names(const std::vector<Found>& found) {
  std::string list;
  for (const Found& each : found)
    list += (list.empty() ? "" : ", ") + (each.name.empty() ? "the file's own dict" : each.name);
  return list;
}

std::string text_of(const PickleValue& value) {
  std::array<char, 32> digits{};
  switch (value.kind) {
    case Kind::text: return std::string(value.text);
    case Kind::boolean: return value.whole != 0 ? "True" : "False";
    case Kind::whole: return std::to_string(value.whole);
    case Kind::real: {
      auto end = std::to_chars(digits.begin(), digits.end(), value.real).ptr;
      return {digits.begin(), end};
    }
    default: return {};
  }
}

void take_off_data_parallel(std::map<std::string, const PickleValue*>& tensors) {
  bool has_all = std::all_of(tensors.begin(), tensors.end(), [](const auto& each) {
    return each.first.starts_with(data_parallel);
  });
  if (!has_all) return;
  std::map<std::string, const PickleValue*> shorter;
  for (const auto& [name, tensor] : tensors) shorter[name.substr(data_parallel.size())] = tensor;
  tensors = std::move(shorter);
}

}  // namespace

PickledStateDict find_state_dict(const PickleValue& object, const std::string& file) {
  check(object.kind == Kind::dict, "load_pytorch", "{}: holds {}, not a dict of tensors", file,
        name_of(object.kind));
  PickledStateDict result;
  if (object.items.empty()) return result;
  Search search;
  search.look_in(object, {});
  check(!search.found().empty(), "load_pytorch", "{}: no dict in it has tensors", file);
  check(search.found().size() == 1, "load_pytorch",
        "{}: which are the weights? Tensors are in {}; torch.save() the one dict", file,
        search.found().size() == 1 ? "" : names(search.found()));
  for (const PickleValue* dict : search.found().front().way)
    for (std::size_t i = 0; i + 1 < dict->items.size(); i += 2) {
      const PickleValue &key = *dict->items[i], &value = *dict->items[i + 1];
      if (value.kind == Kind::tensor) {
        check(key.kind == Kind::text, "load_pytorch", "{}: the name of a tensor is {}", file,
              name_of(key.kind));
        bool is_new = result.tensors.emplace(key.text, &value).second;
        check(is_new, "load_pytorch", "{}: \"{}\" is there twice", file, key.text);
      } else if (std::string text = text_of(value); key.kind == Kind::text && !text.empty()) {
        result.metadata[std::string(key.text)] = text;
      }
    }
  take_off_data_parallel(result.tensors);
  return result;
}

}  // namespace melgrad
