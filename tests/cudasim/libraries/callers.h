#pragma once
#include <functional>
#include <string>
#include <vector>

#include "kernels/cuda/runtime/runtime.h"
#include "kernels/cudasim/device_memory.h"
#include "kernels/dtype.h"

namespace melgrad::sim {

/// A program that calls a library wrongly, and words of the error that has to follow.
struct BrokenCaller {
  std::string name;
  std::string words;
  std::function<void()> call;
};
std::vector<BrokenCaller> cublas_callers();
std::vector<BrokenCaller> cufft_callers();
std::vector<BrokenCaller> cudnn_callers();
std::vector<BrokenCaller> graph_callers();
std::vector<BrokenCaller> rnn_callers();

/// The stream of these tests.
inline cuda::Stream test_stream() {
  static const cuda::Stream stream = cuda::create_stream();
  return stream;
}

/// Memory of the device, from `odd` bytes past an allocation's start on.
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t bytes, std::size_t odd = 0)
      : first_(static_cast<char*>(device_malloc(bytes + odd))), odd_(odd) {}
  explicit DeviceArray(const std::vector<float>& values)
      : DeviceArray(values.size() * sizeof(float)) {
    set(values);
  }
  ~DeviceArray() { device_free(first_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  void* data() const { return first_ + odd_; }
  float* floats() const { return static_cast<float*>(data()); }
  void set(const std::vector<float>& values) {
    cuda::copy(data(), values.data(), values.size() * sizeof(float), cuda::Direction::to_device,
               test_stream());
    cuda::synchronize(test_stream());
  }
  std::vector<float> get(std::size_t count) const {
    std::vector<float> values(count);
    cuda::copy(values.data(), data(), count * sizeof(float), cuda::Direction::to_host,
               test_stream());
    cuda::synchronize(test_stream());
    return values;
  }

 private:
  char* first_;
  std::size_t odd_;
};

/// While one lives the device has only so many bytes.
class SmallDevice {
 public:
  explicit SmallDevice(std::size_t bytes) { set_device_bytes(bytes); }
  ~SmallDevice() { set_device_bytes(device_memory_bytes); }
  SmallDevice(const SmallDevice&) = delete;
  SmallDevice& operator=(const SmallDevice&) = delete;
};

/// While one lives the stream is being captured.
class Capture {
 public:
  Capture() { cuda::begin_capture(test_stream()); }
  ~Capture() { cuda::end_capture(test_stream()); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
};

}  // namespace melgrad::sim
