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
// A file that is made to be large has small answers, too.
constexpr std::size_t deepest = 16, most_listed = 8, longest_key = 100, most_metadata = 1U << 20U;
constexpr std::size_t digits = 32;  // of a number are fewer

bool has_tensors(const PickleValue& dict) {
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2)
    if (dict.items[i]->kind == Kind::text && dict.items[i + 1]->kind == Kind::tensor) return true;
  return false;
}

/// From the object to a dict that has tensors: dicts, and the keys of all but the first.
struct Way {
  std::vector<const PickleValue*> dicts;
  std::vector<std::string_view> keys;
};

class Search {
 public:
  void look_in(const PickleValue& dict) {
    if (way_.dicts.size() == deepest || found_.size() == most_listed) return;
    if (!seen_.insert(&dict).second) return;
    way_.dicts.push_back(&dict);
    if (has_tensors(dict)) found_.push_back(way_);
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue &key = *dict.items[i], &value = *dict.items[i + 1];
      if (key.kind != Kind::text || value.kind != Kind::dict) continue;
      way_.keys.push_back(key.text);
      look_in(value);
      way_.keys.pop_back();
    }
    way_.dicts.pop_back();
  }
  const std::vector<Way>& found() const { return found_; }

 private:
  Way way_;
  std::set<const PickleValue*> seen_;
  std::vector<Way> found_;
};

/// "state_dict, model.ema"
std::string names(const std::vector<Way>& found) {
  std::string list;
  for (const Way& each : found) {
    list += list.empty() ? "" : ", ";
    if (each.keys.empty()) list += "the file's own dict";
    for (std::size_t i = 0; i < each.keys.size(); ++i)
      list += (i == 0 ? "" : ".") + std::string(each.keys[i].substr(0, longest_key));
  }
  return list;
}

bool has_text(const PickleValue& value) {
  return value.kind == Kind::text || value.kind == Kind::boolean || value.kind == Kind::whole ||
         value.kind == Kind::real;
}
std::string text_of(const PickleValue& value) {
  if (value.kind == Kind::text) return std::string(value.text);
  if (value.kind == Kind::boolean) return value.whole != 0 ? "True" : "False";
  if (value.kind == Kind::whole) return std::to_string(value.whole);
  std::array<char, digits> text{};
  return {text.begin(), std::to_chars(text.begin(), text.end(), value.real).ptr};
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
  search.look_in(object);
  check(!search.found().empty(), "load_pytorch", "{}: no dict in it has tensors", file);
  check(search.found().size() == 1, "load_pytorch",
        "{}: which are the weights? Tensors are in {}; torch.save() the one dict", file,
        search.found().size() == 1 ? "" : names(search.found()));
  std::size_t metadata = 0;
  for (const PickleValue* dict : search.found().front().dicts)
    for (std::size_t i = 0; i + 1 < dict->items.size(); i += 2) {
      const PickleValue &key = *dict->items[i], &value = *dict->items[i + 1];
      if (value.kind == Kind::tensor) {
        check(key.kind == Kind::text, "load_pytorch", "{}: the name of a tensor is {}", file,
              name_of(key.kind));
        bool is_new = result.tensors.emplace(key.text, &value).second;
        check(is_new, "load_pytorch", "{}: \"{}\" is there twice", file, key.text);
      } else if (std::size_t size = key.text.size() + value.text.size();
                 key.kind == Kind::text && has_text(value) && metadata + size < most_metadata) {
        metadata += size + digits;
        result.metadata[std::string(key.text)] = text_of(value);
      }
    }
  take_off_data_parallel(result.tensors);
  return result;
}

}  // namespace melgrad
