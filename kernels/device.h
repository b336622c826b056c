#pragma once
#include <ostream>
#include <string>

namespace melgrad {

/// Where a tensor lives: the CPU, or one of the CUDA GPUs, numbered from 0.
struct Device {
  enum class Type { cpu, cuda };
  Type type = Type::cpu;
  int index = 0;

  static Device cpu() { return {}; }
  static Device cuda(int index = 0) { return {Type::cuda, index}; }
  /// "cpu", "cuda" or "cuda:1"; anything else throws Error.
  static Device parse(const std::string& text);

  bool is_cpu() const { return type == Type::cpu; }
  bool operator==(const Device&) const = default;
};

/// "cpu" or "cuda:0".
std::string to_string(Device device);
std::ostream& operator<<(std::ostream& out, Device device);

}  // namespace melgrad
