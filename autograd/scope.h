#pragma once
#include <memory>
#include <optional>
#include <string>

#include "kernels/error.h"
#include "kernels/profile/profile.h"

namespace melgrad {

/// Names what this thread is computing, for messages and profiles: Module::operator() opens one, so
/// paths read "features.3".
class Scope {
 public:
  explicit Scope(std::string name);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// What stays of the open Scopes: an operation keeps it, to say in backward where it was called.
  struct Place {
    std::string name;
    std::shared_ptr<const Place> outer;
  };
  using Here = std::shared_ptr<const Place>;
  static const Here& here();                                   // null outside of all
  static std::string path(const Place* place = here().get());  // "features.3"

 private:
  std::optional<Span> span_;
};

/// An Error whose text ends with where it happened.
class LocatedError final : public Error {
 public:
  using Error::Error;
};

/// For a catch block: throws the error on, ", in features.3" added to its text unless that says
/// already where it happened.
[[noreturn]] void rethrow_from(const std::string& path, const Error& error);

}  // namespace melgrad
