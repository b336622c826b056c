#include <iostream>

#include "tensor/files/safetensors.h"
#include "tests/op_cases.h"

// op_inputs FILE: writes the inputs of every row of tests/op_cases/, for ops.py.
// Keys: "row:x0" an input that wants a gradient, "row:c1" one that does not.
int main(int argc, char** argv) {
  using namespace melgrad;
  if (argc != 2) {
    std::cerr << "usage: op_inputs FILE.safetensors\n";
    return 2;
  }
  try {
    std::map<std::string, Tensor> tensors;
    for (const op_cases::Case& row : op_cases::all()) {
      if (!row.options.golden) continue;
      for (std::size_t i = 0; i < row.inputs.size(); ++i) {
        bool wanted = row.inputs[i].wants_gradient && !row.options.forward_only;
        tensors[row.name + (wanted ? ":x" : ":c") + std::to_string(i)] =
            op_cases::make(row, i, Dtype::f32);
      }
    }
    save_safetensors(argv[1], tensors);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
