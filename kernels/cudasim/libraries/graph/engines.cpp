#include "kernels/cudasim/libraries/graph/engines.h"

#include <utility>

namespace melgrad::sim {
namespace {

struct Proposals {
  std::vector<Engine> engines, last_resort;
};
Proposals& of_a_test() {
  static Proposals all;
  return all;
}
std::vector<i64>& asked() {
  static std::vector<i64> workspaces;
  return workspaces;
}

// What cuDNN might propose, the fastest first: most cannot be taken by everybody.
const std::vector<Engine>& usual_engines() {
  constexpr i64 too_much = i64{64} << 30U;  // bytes that no device has
  static const std::vector<Engine> all = {
      {.tensor_cores = true, .repeats = false, .workspace = 100},
      {.tensor_cores = true, .down_converts = true, .workspace = 4},
      {.tensor_cores = true, .reduces_in_bf16 = true, .workspace = 4},
      {.tensor_cores = true, .workspace = too_much},
      {.tensor_cores = true, .makes_plans = false},
      {.tensor_cores = true, .runs = false, .workspace = 8},
      {.tensor_cores = true, .workspace = 4100},
      {.repeats = false},
      {.winograd = true, .workspace = 12},
      {.workspace = too_much},
      {.makes_plans = false},
      {.runs = false, .workspace = 6},
      {.workspace = 1002},
  };
  return all;
}
const std::vector<Engine>& engines() {
  return of_a_test().engines.empty() ? usual_engines() : of_a_test().engines;
}
const std::vector<Engine>& fallback_engines() {
  static const std::vector<Engine> usual = {{.workspace = 0}};
  return of_a_test().last_resort.empty() ? usual : of_a_test().last_resort;
}

constexpr i64 first_fallback = 100;

const Engine& engine_at(i64 index) {
  return index < first_fallback
             ? engines()[static_cast<std::size_t>(index)]
             : fallback_engines()[static_cast<std::size_t>(index - first_fallback)];
}

std::shared_ptr<const Node> configuration(i64 index, std::shared_ptr<const Node> graph) {
  auto engine = std::make_shared<Node>(Node{CUDNN_BACKEND_ENGINE_DESCRIPTOR, true});
  engine->set<i64>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, {index});
  engine->set(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
              engine_at(index).notes());
  engine->set_parts(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, {std::move(graph)});
  auto made = std::make_shared<Node>(Node{CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, true});
  made->set_parts(CUDNN_ATTR_ENGINECFG_ENGINE, {std::move(engine)});
  return made;
}

const Node& engine_node(const Node& plan) {
  return plan.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).part(CUDNN_ATTR_ENGINECFG_ENGINE);
}

// As of a real library, there are graphs that nothing runs as a whole: here those that add a bias to a product of groups.
bool is_supported(const Node& graph) {
  const auto& operations = graph.parts(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  const ConvolutionNames* names = names_of_convolution(operations.front()->type);
  if (!names) return false;
  TensorNode x(operations.front()->part(names->x)), w(operations.front()->part(names->w));
  return operations.size() == 1 || x.size[1] == w.size[1];
}

}  // namespace

std::vector<cudnnBackendNumericalNote_t> Engine::notes() const {
  std::vector<cudnnBackendNumericalNote_t> all;
  if (tensor_cores) all.push_back(CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
  if (down_converts) all.push_back(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
  if (reduces_in_bf16) all.push_back(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION);
  if (winograd) all.push_back(CUDNN_NUMERICAL_NOTE_WINOGRAD);
  if (!repeats) all.push_back(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC);
  return all;
}

void propose(std::vector<Engine> engines, std::vector<Engine> last_resort) {
  of_a_test() = {std::move(engines), std::move(last_resort)};
}

std::vector<i64> engines_asked() { return std::exchange(asked(), {}); }

bool starts(const Engine& engine) {
  asked().push_back(engine.workspace);
  return engine.runs;
}

bool propose_engines(Node& heuristic) {
  auto graph = heuristic.parts(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH).front();
  if (!is_supported(*graph)) return false;
  auto mode = heuristic.one<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE);
  bool fallback = mode == CUDNN_HEUR_MODE_FALLBACK;
  i64 first = fallback ? first_fallback : 0,
      count = std::ssize(fallback ? fallback_engines() : engines());
  std::vector<std::shared_ptr<const Node>> results;
  for (i64 i = 0; i < count; ++i) results.push_back(configuration(first + i, graph));
  heuristic.set_parts(CUDNN_ATTR_ENGINEHEUR_RESULTS, std::move(results));
  return true;
}

bool make_plan(Node& plan) {
  const Engine& engine = engine_of_plan(plan);
  plan.set<i64>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, {engine.workspace});
  return engine.makes_plans;
}

const Node& graph_of_plan(const Node& plan) {
  return engine_node(plan).part(CUDNN_ATTR_ENGINE_OPERATION_GRAPH);
}

const Engine& engine_of_plan(const Node& plan) {
  return engine_at(engine_node(plan).one<i64>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX));
}

}  // namespace melgrad::sim
