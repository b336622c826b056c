#include "kernels/cuda/runtime/runtime.h"

#include <cuda_runtime.h>

#include "kernels/cuda/runtime/launch.h"
#include "kernels/error.h"

namespace melgrad::cuda {
namespace {

// What a person can do about the errors that a first run meets.
const char* advice(cudaError_t status) {
  switch (status) {
    case cudaErrorNoDevice: return "; no NVIDIA GPU was found: use --device cpu";
    case cudaErrorInsufficientDriver:
      return "; the NVIDIA driver is missing or older than this build's CUDA: install a newer "
             "driver, or "
             "use --device cpu";
    case cudaErrorSystemNotReady:
      return "; the machine's GPUs are not ready: is NVIDIA's Fabric Manager running?";
    case cudaErrorDevicesUnavailable: return "; another program holds the GPU for itself";
    case cudaErrorInvalidDevice: return "; see nvidia-smi for the GPUs of this machine";
    case cudaErrorNoKernelImageForDevice:
      return "; this build has no code for this GPU: configure with "
             "-DCMAKE_CUDA_ARCHITECTURES=native";
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
      return "; run the program under compute-sanitizer to find the kernel";
    case cudaErrorStreamCaptureUnsupported:
    case cudaErrorStreamCaptureInvalidated:
      return "; what the step does cannot be recorded (kernels/step_graph.h): run it as it is";
    default: return "";
  }
}

void check_status(cudaError_t status, std::string_view call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // a failed call must not make the next launch look guilty
  fail(call, "{} ({}){}", cudaGetErrorString(status), cudaGetErrorName(status), advice(status));
}

// For destructors, also while the driver shuts down: nobody could act on a failure, and it must not make the next
// launch look guilty.
void ignore_status(cudaError_t status) {
  if (status != cudaSuccess) cudaGetLastError();
}

class CapturedGraph final : public Graph {
 public:
  explicit CapturedGraph(cudaGraphExec_t executable) : executable_(executable) {}
  ~CapturedGraph() override { ignore_status(cudaGraphExecDestroy(executable_)); }
  void replay(Stream stream) override {
    check_status(cudaGraphLaunch(executable_, stream), "cudaGraphLaunch");
  }

 private:
  cudaGraphExec_t executable_;
};

}  // namespace

void check_launch(std::string_view kernel, cudaError_t status) { check_status(status, kernel); }

std::string device_name(int device) {
  cudaDeviceProp properties{};
  check_status(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  return properties.name;
}

int device_count() {
  int count = 0;
  check_status(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  return count;
}

void use_device(int device) { check_status(cudaSetDevice(device), "cudaSetDevice"); }

Stream create_stream() {
  cudaStream_t stream = nullptr;
  check_status(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
  return stream;
}

Stream create_copy_stream() { return create_stream(); }

void destroy_stream(Stream stream) { ignore_status(cudaStreamDestroy(stream)); }

void synchronize(Stream stream) {
  check_status(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
}

Event create_event() {
  cudaEvent_t event = nullptr;
  check_status(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreate");
  return event;
}

void destroy_event(Event event) { ignore_status(cudaEventDestroy(event)); }

void record(Event event, Stream stream) {
  check_status(cudaEventRecord(event, stream), "cudaEventRecord");
}

void wait(Stream stream, Event event) {
  check_status(cudaStreamWaitEvent(stream, event, 0), "cudaStreamWaitEvent");
}

void synchronize(Event event) { check_status(cudaEventSynchronize(event), "cudaEventSynchronize"); }

void* device_malloc(std::size_t bytes) {
  void* data = nullptr;
  cudaError_t status = cudaMalloc(&data, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check_status(status, "cudaMalloc");
  return data;
}

void device_free(void* data) { ignore_status(cudaFree(data)); }

MemoryInfo device_memory() {
  MemoryInfo info;
  check_status(cudaMemGetInfo(&info.free, &info.total), "cudaMemGetInfo");
  return info;
}

void* pinned_malloc(std::size_t bytes) {
  void* data = nullptr;
  check_status(cudaMallocHost(&data, bytes), "cudaMallocHost");
  return data;
}

void pinned_free(void* data) { ignore_status(cudaFreeHost(data)); }

void copy(void* target, const void* source, std::size_t bytes, Direction direction, Stream stream) {
  if (bytes == 0) return;
  cudaMemcpyKind kind = direction == Direction::to_device ? cudaMemcpyHostToDevice
                        : direction == Direction::to_host ? cudaMemcpyDeviceToHost
                                                          : cudaMemcpyDeviceToDevice;
  check_status(cudaMemcpyAsync(target, source, bytes, kind, stream), "cudaMemcpyAsync");
}

// Relaxed: memory that the step asks for may come from cudaMalloc, which the other modes refuse.
void begin_capture(Stream stream) {
  check_status(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed),
               "cudaStreamBeginCapture");
}

std::unique_ptr<Graph> end_capture(Stream stream) {
  cudaGraph_t graph = nullptr;
  check_status(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
  cudaGraphExec_t executable = nullptr;
  cudaError_t status = cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  check_status(status, "cudaGraphInstantiate");
  return std::make_unique<CapturedGraph>(executable);
}

}  // namespace melgrad::cuda
