#pragma once
#include <cudnn.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/cuda/libraries/library_handles.h"

/// cuDNN's graph API (cuDNN documentation, "Backend API"): descriptors say what is to be computed, cuDNN's heuristics
/// propose engines for it, the best first, and a plan is an engine ready to run.
namespace melgrad::cuda {

/// A descriptor of cuDNN: attributes are set, then it is finalized.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type);
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  template <class T>
  Descriptor& set(cudnnBackendAttributeName_t attribute, const T& value) {
    return set(attribute, std::span<const T>(&value, 1));
  }
  template <class T>
  Descriptor& set(cudnnBackendAttributeName_t attribute, std::span<const T> values) {
    return set(attribute, type_of(T{}), values.size(), values.data());
  }
  Descriptor& set(cudnnBackendAttributeName_t attribute, const Descriptor& value);
  Descriptor& set(cudnnBackendAttributeName_t attribute, std::span<const Descriptor> values);
  Descriptor& finalize();

  i64 get(cudnnBackendAttributeName_t attribute) const;
  std::vector<cudnnBackendNumericalNote_t> numerical_notes() const;
  /// Descriptors of `type` that this one consists of.
  std::vector<Descriptor> parts(cudnnBackendAttributeName_t attribute,
                                cudnnBackendDescriptorType_t type) const;

  cudnnBackendDescriptor_t raw() const { return descriptor_; }

 private:
  static cudnnBackendAttributeType_t type_of(i64) { return CUDNN_TYPE_INT64; }
  static cudnnBackendAttributeType_t type_of(bool) { return CUDNN_TYPE_BOOLEAN; }
  static cudnnBackendAttributeType_t type_of(char) { return CUDNN_TYPE_CHAR; }
  static cudnnBackendAttributeType_t type_of(float) { return CUDNN_TYPE_FLOAT; }
  static cudnnBackendAttributeType_t type_of(void*) { return CUDNN_TYPE_VOID_PTR; }
  static cudnnBackendAttributeType_t type_of(cudnnHandle_t) { return CUDNN_TYPE_HANDLE; }
  static cudnnBackendAttributeType_t type_of(cudnnDataType_t) { return CUDNN_TYPE_DATA_TYPE; }
  static cudnnBackendAttributeType_t type_of(cudnnBackendHeurMode_t) {
    return CUDNN_TYPE_HEUR_MODE;
  }
  static cudnnBackendAttributeType_t type_of(cudnnConvolutionMode_t) {
    return CUDNN_TYPE_CONVOLUTION_MODE;
  }
  static cudnnBackendAttributeType_t type_of(cudnnPointwiseMode_t) {
    return CUDNN_TYPE_POINTWISE_MODE;
  }
  static cudnnBackendAttributeType_t type_of(cudnnNanPropagation_t) {
    return CUDNN_TYPE_NAN_PROPOGATION;  // cuDNN's spelling
  }
  Descriptor& set(cudnnBackendAttributeName_t attribute, cudnnBackendAttributeType_t type,
                  std::size_t count, const void* values);

  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

/// The device that plans are made for: a handle's, or one that need not be there.
class PlanTarget {
 public:
  explicit PlanTarget(CudaBackend& backend);
  /// A device as cuDNN (from 9.8 on) writes its properties down in JSON. Its plans cannot run.
  explicit PlanTarget(std::string_view properties);

  /// Tells `descriptor` of the device, under the name that its kind has for the handle or for the properties.
  void describe(Descriptor& descriptor, std::optional<cudnnBackendAttributeName_t> handle,
                std::optional<cudnnBackendAttributeName_t> properties) const;
  /// cudnnBackendFinalize of a plan, which loads kernels.
  cudnnStatus_t finalize(const Descriptor& plan) const;

 private:
  CudaBackend* backend_ = nullptr;
  cudnnHandle_t handle_ = nullptr;
  std::optional<Descriptor> properties_;
};

/// Which of cuDNN's engines will do, besides being deterministic and summing in f32.
struct PlanLimits {
  // Tensor cores multiply f32 as TF32: operands lose their last 13 bits. Where they may, so may engines by Winograd's method or
  // Fourier's transform, which lose fewer.
  bool tensor_cores = false;
  i64 workspace = 0;  // bytes
  i64 first = 0;      // in cuDNN's list, where it thinks the fastest to be the first
};

/// Operations on tensors with unique ids, ready to run.
class Plan {
 public:
  /// The plan that cuDNN expects to be the fastest within the limits; nothing if there is none.
  static std::optional<Plan> fastest(const PlanTarget& target,
                                     std::span<const Descriptor> operations,
                                     const PlanLimits& limits);

  i64 workspace_bytes() const { return workspace_; }
  /// In cuDNN's list.
  i64 place() const { return place_; }
  /// What cuDNN says of the engine's arithmetic.
  bool has_note(cudnnBackendNumericalNote_t note) const;
  /// cuDNN's number of the engine.
  i64 engine() const;

  struct Argument {
    i64 id;
    void* data;
  };
  /// On the backend's stream. `workspace` holds workspace_bytes(). The status is cudnnBackendExecute's: not every plan that
  /// was made runs.
  [[nodiscard]] cudnnStatus_t run(CudaBackend& backend, std::span<const Argument> arguments,
                                  void* workspace) const;

 private:
  Plan(Descriptor configuration, Descriptor plan, i64 place);

  Descriptor configuration_, plan_;
  i64 workspace_, place_;
};

}  // namespace melgrad::cuda
