#pragma once
#include "kernels/cudasim/libraries/graph/node.h"

namespace melgrad::sim {

/// Submits the plan's operations on the pack's arrays to the handle's stream; false if its engine turns out not to run. Throws
/// Error where the arrays are not what the graph's tensors say.
bool execute(cudnnHandle_t handle, const std::shared_ptr<const Node>& plan, const Node& pack,
             std::string_view call);

}  // namespace melgrad::sim
