#pragma once
#include <string_view>

#include "kernels/cudasim/libraries/include/cudnn.h"
#include "kernels/cudasim/libraries/rule.h"

struct cudnnContext {
  cudaStream_t stream = nullptr;
};

namespace melgrad::sim {

inline constexpr cudnnStatus_t no_memory = CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;

/// The handle's stream. Throws Error if the handle is not alive, or has none.
cudaStream_t cudnn_stream(cudnnHandle_t handle, std::string_view call);
/// Throws Error if the handle is not alive.
void check_cudnn_handle(cudnnHandle_t handle, std::string_view call);
/// Throws Error if a stream is being captured: `call` allocates, compiles or loads kernels.
void check_not_captured(std::string_view call);

}  // namespace melgrad::sim
