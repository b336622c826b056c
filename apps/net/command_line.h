#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kernels/dtype.h"

namespace CLI {
class App;
}

namespace melgrad {

/// What `net` was asked for. Empty, or unset: not given.
struct NetArguments {
  std::string name, weights, input, output, save, dtype = "f32", device = "cpu";
  std::vector<std::string> files;  // of convert
  std::optional<i64> classes, size;
  std::optional<u64> seed;
  bool new_head = false;
};

void add_options(CLI::App& app, NetArguments& arguments);

}  // namespace melgrad
