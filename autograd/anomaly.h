#pragma once
#include <string>

namespace melgrad {

/// While one lives, every operation's outputs (forward) and gradients (backward) are searched for
/// NaN and infinity; the first is an Error that names the operation, where it was called and the
/// direction. Slow: for debugging.
class AnomalyMode {
 public:
  AnomalyMode();
  ~AnomalyMode();
  AnomalyMode(const AnomalyMode&) = delete;
  AnomalyMode& operator=(const AnomalyMode&) = delete;

 private:
  bool before_;
};
bool anomaly_mode();

/// Names what this thread is computing, for messages: Module::operator() opens one, so paths read
/// "features.3".
class Scope {
 public:
  explicit Scope(std::string name);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  static std::string path();  // "base_cnn.features.3"
};

}  // namespace melgrad
