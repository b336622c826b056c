#pragma once
#include <stdexcept>

namespace melgrad {

/// While one lives, Ctrl-C (SIGINT) and SIGTERM only set a flag, so that a running step can finish
/// and a checkpoint be written; a second Ctrl-C ends the program at once.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};
bool interrupted();

/// Thrown where work stopped in good order because of a signal.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace melgrad
