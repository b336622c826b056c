#pragma once
#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace melgrad::cuda {

/// Things that are costly to make and belong to a shape: made once, and kept while they are among the `most` that were used
/// last.
template <class Key, class Value>
class Recent {
 public:
  explicit Recent(std::size_t most) : most_(most) {}

  /// The key's, made by `make` if it is not here. Valid until the next call.
  template <class Make>
  Value& at(const Key& key, Make make) {
    auto found = all_.find(key);
    if (found == all_.end()) {
      Value made = make();
      if (all_.size() == most_) all_.erase(oldest());
      found = all_.emplace(key, Entry{std::move(made)}).first;
    }
    found->second.last_use = ++uses_;
    return found->second.value;
  }

 private:
  struct Entry {
    Value value;
    std::size_t last_use = 0;
  };
  auto oldest() const {
    return std::min_element(all_.begin(), all_.end(), [](const auto& a, const auto& b) {
      return a.second.last_use < b.second.last_use;
    });
  }

  std::size_t most_;
  std::size_t uses_ = 0;
  std::map<Key, Entry> all_;
};

}  // namespace melgrad::cuda
