#pragma once
#include <string>
#include <utility>
#include <vector>

#include "autograd/variable.h"

namespace melgrad {

/// The graph behind `root` as Graphviz DOT: operations as boxes, leaves as ellipses with their
/// shapes. `names` labels leaves (Module::named_parameters()).
std::string to_dot(const Variable& root,
                   const std::vector<std::pair<std::string, Variable>>& names = {});

}  // namespace melgrad
