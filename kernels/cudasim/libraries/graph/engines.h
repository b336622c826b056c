#pragma once
#include "kernels/cudasim/libraries/graph/node.h"

namespace melgrad::sim {

/// How an engine computes. What its notes say of it is true: who takes one that he should not gets other numbers.
struct Engine {
  bool tensor_cores = false;     // f32 as TF32
  bool down_converts = false;    // f32 as bf16
  bool reduces_in_bf16 = false;  // partial sums
  bool winograd = false;         // the last digits of f32 are wrong
  bool repeats = true;           // the same bits each time
  bool makes_plans = true;
  bool runs = true;
  i64 workspace = 0;

  std::vector<cudnnBackendNumericalNote_t> notes() const;
};

/// Sets a heuristic's results, the best first; false if there are none.
bool propose_engines(Node& heuristic);
/// Sets a plan's workspace; false if its engine turns out not to work.
bool make_plan(Node& plan);
const Node& graph_of_plan(const Node& plan);
const Engine& engine_of_plan(const Node& plan);
/// Whether the engine runs; the asking is noted.
bool starts(const Engine& engine);

/// For tests. What is proposed from now on, the best first, and as a last resort; nothing: what usually is.
void propose(std::vector<Engine> engines, std::vector<Engine> last_resort = {});
/// The workspaces of the engines that were asked to run since the last call, in bytes: as good as names.
std::vector<i64> engines_asked();

}  // namespace melgrad::sim
