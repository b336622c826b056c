#include "kernels/cudasim/libraries/cudnn_handle.h"

#include <cstring>

#include "kernels/cudasim/libraries/objects.h"
#include "kernels/cudasim/stream.h"

// cuDNN: handles and statuses.

namespace melgrad::sim {
namespace {

const Rule alive("cuDNN, cudnnCreate()", "a handle is used from cudnnCreate() to cudnnDestroy()");
const Rule own_stream(
    "cuDNN, cudnnSetStream()",
    "without a stream, work goes to the NULL stream, which ours does not wait for");
const Rule not_while_captured(
    "CUDA C++ Programming Guide, CUDA Graphs, and cudnnCreate(), cudnnBackendFinalize()",
    "what allocates, compiles or loads kernels is done before a stream is captured");

Objects<cudnnContext>& handles() {
  static auto* all = new Objects<cudnnContext>(alive);
  return *all;
}

}  // namespace

void check_cudnn_handle(cudnnHandle_t handle, std::string_view call) { handles().at(handle, call); }

cudaStream_t cudnn_stream(cudnnHandle_t handle, std::string_view call) {
  cudaStream_t stream = handles().at(handle, call).stream;
  own_stream.check(stream != nullptr, call, "the handle has no stream");
  return stream;
}

void check_not_captured(std::string_view call) {
  not_while_captured.check(!is_any_capturing(), call, "a stream is being captured");
}

}  // namespace melgrad::sim

using namespace melgrad::sim;

std::size_t cudnnGetVersion() { return 91900; }

const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (status) {
    case CUDNN_STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_NOT_INITIALIZED: return "CUDNN_STATUS_NOT_INITIALIZED";
    case CUDNN_STATUS_BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
    case CUDNN_STATUS_INTERNAL_ERROR: return "CUDNN_STATUS_INTERNAL_ERROR";
    case CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED:
      return "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED";
    case CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED:
      return "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED";
    case CUDNN_STATUS_EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
  }
  return "an unknown status";
}

void cudnnGetLastErrorString(char* message, std::size_t bytes) {
  if (bytes == 0) return;
  std::strncpy(message, "the stand-in for cuDNN was told to fail", bytes - 1);
  message[bytes - 1] = '\0';
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  return loading_entry("cudnnCreate", CUDNN_STATUS_NOT_INITIALIZED, no_memory, [&] {
    check_not_captured("cudnnCreate");
    *handle = handles().make();
  });
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  bool fails = is_to_fail("cudnnDestroy");
  check_not_captured("cudnnDestroy");
  handles().destroy(handle, "cudnnDestroy");
  return fails ? CUDNN_STATUS_INTERNAL_ERROR : CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  return entry("cudnnSetStream", CUDNN_STATUS_BAD_PARAM,
               [&] { handles().at(handle, "cudnnSetStream").stream = stream; });
}
