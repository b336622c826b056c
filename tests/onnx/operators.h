#pragma once
#include "tests/onnx/model.h"

namespace melgrad::onnx {

/// Runs one node with melgrad's operations. Absent inputs are undefined tensors. Throws Unsupported
/// where melgrad has no such operation, option or dtype.
std::vector<Tensor> run_node(const Node& node, const std::vector<Tensor>& inputs);

// What operators.cpp composes run_node of: the operations with windows and those with states.
Tensor convolution(const Node& node, const Tensor& x, const Tensor& weight, const Tensor& bias);
Tensor max_pooling(const Node& node, const Tensor& x);
Tensor average_pooling(const Node& node, const Tensor& x);
std::vector<Tensor> recurrent(const Node& node, const std::vector<Tensor>& inputs);

/// Throws Unsupported unless `ok`.
void need(bool ok, const std::string& what);

}  // namespace melgrad::onnx
