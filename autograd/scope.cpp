#include "autograd/scope.h"

#include <typeinfo>
#include <utility>

namespace melgrad {
namespace {
thread_local Scope::Here innermost;
}

Scope::Scope(std::string name) {
  innermost = std::make_shared<const Place>(Place{std::move(name), innermost});
  if (profiling()) span_.emplace(path().empty() ? "net" : path());
}
Scope::~Scope() { innermost = innermost->outer; }

const Scope::Here& Scope::here() { return innermost; }

std::string Scope::path(const Place* place) {
  if (!place) return {};
  std::string outer = path(place->outer.get());
  return outer + (outer.empty() || place->name.empty() ? "" : ".") + place->name;
}

// Only Error itself is given another text: a class derived from it is told apart by its catcher.
void rethrow_from(const std::string& path, const Error& error) {
  if (path.empty() || typeid(error) != typeid(Error)) throw;
  throw LocatedError(std::string(error.what()) + ", in " + path);
}

}  // namespace melgrad
