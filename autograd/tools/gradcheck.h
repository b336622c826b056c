#pragma once
#include <functional>
#include <string>
#include <vector>

#include "autograd/variable.h"

namespace melgrad {

struct GradcheckOptions {
  double eps = 1e-5;
  double rtol = 1e-7;
  double atol = 1e-8;
};
struct GradcheckResult {
  bool passed = false;
  double worst = 0;  // largest |analytic − numeric| / (atol/rtol + |numeric|); passed: ≤ rtol
  std::string message;  // which input and element, both values; empty if passed
};

/// Compares backward with central differences (f(x + eps) − f(x − eps)) / 2eps of every element of
/// every input that requires a gradient (a copy of it: the inputs stay as they are). Those inputs
/// must be f64. The outputs are projected on fixed random weights. f must be smooth there, and give
/// the same values when called again (a failed check otherwise). Throws Error if there is nothing
/// to check.
GradcheckResult gradcheck(
    const std::function<std::vector<Variable>(const std::vector<Variable>&)>& f,
    const std::vector<Variable>& inputs, const GradcheckOptions& options = {});

}  // namespace melgrad
