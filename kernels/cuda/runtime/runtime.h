#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct CUstream_st;  // what cudaStream_t points to
struct CUevent_st;   // what cudaEvent_t points to

/// Everything that melgrad's host code asks of the CUDA runtime, so that this is all the simulator has to stand in for:
/// runtime.cpp calls CUDA, cudasim/runtime.cpp does the same on the simulated device. A failing call throws Error with
/// its name, CUDA's word for what happened, and what to do.
namespace melgrad::cuda {

using Stream = CUstream_st*;

/// "NVIDIA H100", "simulated GPU"
std::string device_name(int device);
/// Throws Error when there is no GPU or no driver that can run this build.
int device_count();
void use_device(int device);

Stream create_stream();
/// For copies beside the work of the other: the two know nothing of each other but by events.
Stream create_copy_stream();
void destroy_stream(Stream stream);
/// Waits until everything submitted to the stream is done; throws Error if a kernel failed meanwhile.
void synchronize(Stream stream);

/// A point in a stream's work.
using Event = CUevent_st*;
Event create_event();
void destroy_event(Event event);
/// The event is the end of what the stream was given so far.
void record(Event event, Stream stream);
/// What the stream is given from now on waits for the event; the host does not. An event that was
/// never recorded is over.
void wait(Stream stream, Event event);
/// The host waits.
void synchronize(Event event);

/// Null when the device's memory is used up.
void* device_malloc(std::size_t bytes);
void device_free(void* data);
/// Free and total bytes of the device in use.
struct MemoryInfo {
  std::size_t free = 0, total = 0;
};
MemoryInfo device_memory();

/// Host memory that the device copies from without a detour. Throws Error when there is none left.
void* pinned_malloc(std::size_t bytes);
void pinned_free(void* data);

enum class Direction { to_device, to_host, on_device };
/// In stream order; it may return before host memory was read or written.
void copy(void* target, const void* source, std::size_t bytes, Direction direction, Stream stream);

/// A recorded sequence of launches and copies with their arguments, to be run again as a whole.
class Graph {
 public:
  virtual ~Graph() = default;
  virtual void replay(Stream stream) = 0;
};
/// Until end_capture, what is submitted to the stream is recorded and not run.
void begin_capture(Stream stream);
std::unique_ptr<Graph> end_capture(Stream stream);

}  // namespace melgrad::cuda
