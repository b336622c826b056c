#pragma once
#include <map>
#include <memory>
#include <utility>

#include "kernels/cudasim/libraries/calls.h"
#include "kernels/cudasim/libraries/rule.h"

namespace melgrad::sim {

/// What a library's handles or descriptors of one kind point to. All live ones are known, so a stale or foreign one is found.
template <class T>
class Objects {
 public:
  /// `alive`: that a caller gives only what it was given and has not destroyed.
  explicit Objects(const Rule& alive) : alive_(alive) {}

  template <class... Args>
  T* make(Args&&... arguments) {
    auto made = std::make_unique<T>(T{std::forward<Args>(arguments)...});
    T* object = made.get();
    objects_.emplace(object, std::move(made));
    count_object(1);
    return object;
  }
  T& at(const void* object, std::string_view call) const {
    auto found = objects_.find(object);
    alive_.check(found != objects_.end(), call, "{} is no live handle or descriptor", object);
    return *found->second;
  }
  void destroy(const void* object, std::string_view call) {
    at(object, call);
    objects_.erase(object);
    count_object(-1);
  }

 private:
  const Rule& alive_;
  std::map<const void*, std::unique_ptr<T>> objects_;
};

}  // namespace melgrad::sim
