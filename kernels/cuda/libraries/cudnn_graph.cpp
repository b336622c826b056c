#include "kernels/cuda/libraries/cudnn_graph.h"

#include <algorithm>
#include <utility>

namespace melgrad::cuda {

// --- Descriptor ------------------------------------------------------------------------------------------------------

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  check_cudnn(cudnnBackendCreateDescriptor(type, &descriptor_), "cudnnBackendCreateDescriptor");
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, nullptr)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Descriptor::~Descriptor() {
  if (descriptor_) cudnnBackendDestroyDescriptor(descriptor_);
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t attribute, cudnnBackendAttributeType_t type,
                            std::size_t count, const void* values) {
  check_cudnn(
      cudnnBackendSetAttribute(descriptor_, attribute, type, static_cast<i64>(count), values),
      "cudnnBackendSetAttribute");
  return *this;
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t attribute, const Descriptor& value) {
  return set(attribute, std::span(&value, 1));
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t attribute,
                            std::span<const Descriptor> values) {
  std::vector<cudnnBackendDescriptor_t> raw;
  for (const Descriptor& value : values) raw.push_back(value.raw());
  return set(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw.size(), raw.data());
}

Descriptor& Descriptor::finalize() {
  check_cudnn(cudnnBackendFinalize(descriptor_), "cudnnBackendFinalize");
  return *this;
}

i64 Descriptor::get(cudnnBackendAttributeName_t attribute) const {
  i64 value = 0, count = 0;
  check_cudnn(cudnnBackendGetAttribute(descriptor_, attribute, CUDNN_TYPE_INT64, 1, &count, &value),
              "cudnnBackendGetAttribute");
  return value;
}

std::vector<cudnnBackendNumericalNote_t> Descriptor::numerical_notes() const {
  std::vector<cudnnBackendNumericalNote_t> notes(CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  i64 count = 0;
  check_cudnn(cudnnBackendGetAttribute(descriptor_, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                       CUDNN_TYPE_NUMERICAL_NOTE, static_cast<i64>(notes.size()),
                                       &count, notes.data()),
              "cudnnBackendGetAttribute");
  notes.resize(static_cast<std::size_t>(count));
  return notes;
}

std::vector<Descriptor> Descriptor::parts(cudnnBackendAttributeName_t attribute,
                                          cudnnBackendDescriptorType_t type) const {
  i64 count = 0;
  check_cudnn(cudnnBackendGetAttribute(descriptor_, attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0,
                                       &count, nullptr),
              "cudnnBackendGetAttribute");
  std::vector<Descriptor> parts;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (i64 i = 0; i < count; ++i) raw.push_back(parts.emplace_back(type).raw());
  check_cudnn(cudnnBackendGetAttribute(descriptor_, attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, count,
                                       &count, raw.data()),
              "cudnnBackendGetAttribute");
  parts.erase(parts.begin() + std::min<i64>(count, std::ssize(parts)), parts.end());
  return parts;
}

// --- PlanTarget ------------------------------------------------------------------------------------------------------

PlanTarget::PlanTarget(CudaBackend& backend)
    : backend_(&backend), handle_(backend.libraries().cudnn) {}

PlanTarget::PlanTarget(std::string_view properties) {
  properties_.emplace(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  properties_
      ->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
            std::span<const char>(properties.data(), properties.size()))
      .finalize();
}

void PlanTarget::describe(Descriptor& descriptor, std::optional<cudnnBackendAttributeName_t> handle,
                          std::optional<cudnnBackendAttributeName_t> properties) const {
  if (properties_ && properties) descriptor.set(*properties, *properties_);
  if (!properties_ && handle) descriptor.set(*handle, handle_);
}

cudnnStatus_t PlanTarget::finalize(const Descriptor& plan) const {
  auto finalize = [&] { return cudnnBackendFinalize(plan.raw()); };
  return backend_ ? with_memory(*backend_, finalize) : finalize();
}

// --- Plan ------------------------------------------------------------------------------------------------------------

namespace {

Descriptor engine_of(const Descriptor& configuration) {
  auto engine = configuration.parts(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  return std::move(engine.front());
}

// cuDNN's answer to what it has no engine for: 3000 and the numbers from there on (cuDNN documentation, cudnnStatus_t).
bool is_unsupported(cudnnStatus_t status) {
  return status / 1000 == CUDNN_STATUS_NOT_SUPPORTED / 1000;
}

bool will_do(const Descriptor& configuration, const PlanLimits& limits) {
  auto notes = engine_of(configuration).numerical_notes();
  return std::none_of(notes.begin(), notes.end(), [&](cudnnBackendNumericalNote_t note) {
    switch (note) {
      case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
      case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
      case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS: return true;
      case CUDNN_NUMERICAL_NOTE_FFT:
      case CUDNN_NUMERICAL_NOTE_WINOGRAD:
      case CUDNN_NUMERICAL_NOTE_TENSOR_CORE: return !limits.tensor_cores;
      default: return false;
    }
  });
}

}  // namespace

Plan::Plan(Descriptor configuration, Descriptor plan, i64 place)
    : configuration_(std::move(configuration)),
      plan_(std::move(plan)),
      workspace_(plan_.get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE)),
      place_(place) {}

i64 Plan::engine() const { return engine_of(configuration_).get(CUDNN_ATTR_ENGINE_GLOBAL_INDEX); }

bool Plan::has_note(cudnnBackendNumericalNote_t note) const {
  auto notes = engine_of(configuration_).numerical_notes();
  return std::count(notes.begin(), notes.end(), note) > 0;
}

std::optional<Plan> Plan::fastest(const PlanTarget& target, std::span<const Descriptor> operations,
                                  const PlanLimits& limits) {
  Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations);
  target.describe(graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, {});
  graph.finalize();
  cudnnStatus_t failure = CUDNN_STATUS_SUCCESS;
  i64 place = 0;
  for (auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
    target.describe(heuristics, {}, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP);
    cudnnStatus_t answer = cudnnBackendFinalize(heuristics.raw());
    if (is_unsupported(answer)) continue;
    check_cudnn(answer, "cudnnBackendFinalize");
    for (Descriptor& configuration :
         heuristics.parts(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)) {
      i64 here = place++;
      if (here < limits.first || !will_do(configuration, limits)) continue;
      Descriptor plan(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
      plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
      target.describe(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP);
      // A proposal may turn out not to work on this device.
      answer = target.finalize(plan);
      if (answer != CUDNN_STATUS_SUCCESS) {
        if (!is_unsupported(answer)) failure = answer;
        continue;
      }
      Plan made(std::move(configuration), std::move(plan), here);
      if (made.workspace_bytes() <= limits.workspace) return made;
    }
  }
  check_cudnn(failure, "cudnnBackendFinalize");  // that there is no plan may have been an accident
  return std::nullopt;
}

cudnnStatus_t Plan::run(CudaBackend& backend, std::span<const Argument> arguments,
                        void* workspace) const {
  std::vector<i64> ids;
  std::vector<void*> data;
  for (const Argument& argument : arguments) {
    ids.push_back(argument.id);
    data.push_back(argument.data);
  }
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, std::span<const i64>(ids));
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, std::span<void* const>(data));
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
  pack.finalize();
  cudnnHandle_t handle = backend.libraries().cudnn;
  return with_memory(backend, [&] { return cudnnBackendExecute(handle, plan_.raw(), pack.raw()); });
}

}  // namespace melgrad::cuda
