#pragma once
#include <string>
#include <string_view>

#include "autograd/scope.h"
#include "tensor/tensor.h"

namespace melgrad {

/// While one lives, this thread searches every operation's outputs (forward) and gradients
/// (backward) for NaN and infinity; the first is an Error that names the operation, where it was
/// called and the direction. Slow: for debugging. Where it was called is known for operations that
/// ran while one lived; the calling function's name needs a program linked with -rdynamic
/// (CMake: ENABLE_EXPORTS).
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

/// "features.3, in my_net(melgrad::Variable const&)": the Scope path and the function that called the
/// operation now running.
std::string calling_place();
/// Throws LocatedError "[op] what has …" if x is a floating tensor with a NaN or an infinity.
void check_finite(const Tensor& x, std::string_view op, std::string_view what,
                  const std::string& called_from);

}  // namespace melgrad
