#include "kernels/device.h"

#include <charconv>

#include "kernels/error.h"

namespace melgrad {

Device Device::parse(const std::string& text) {
  if (text == "cpu") return cpu();
  if (text == "cuda") return cuda();
  if (text.rfind("cuda:", 0) == 0) {
    int index = -1;
    const char* begin = text.data() + 5;
    const char* end = text.data() + text.size();
    auto [stop, problem] = std::from_chars(begin, end, index);
    if (problem == std::errc() && stop == end && index >= 0) return cuda(index);
  }
  fail("device", "\"{}\" is not a device: cpu, cuda, or cuda: and a number, as cuda:1", text);
}

std::string to_string(Device device) {
  return device.is_cpu() ? "cpu" : "cuda:" + std::to_string(device.index);
}

std::ostream& operator<<(std::ostream& out, Device device) { return out << to_string(device); }

}  // namespace melgrad
