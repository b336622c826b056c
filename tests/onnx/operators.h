#pragma once
#include "tests/onnx/model.h"

namespace melgrad::onnx {

using Inputs = std::vector<Tensor>;  // and outputs; an absent one is undefined

/// Runs one node with melgrad's operations. Throws Unsupported where melgrad has no such operation,
/// option or dtype.
Inputs run_node(const Node& node, const Inputs& inputs);

// What operators.cpp composes run_node of: operations with windows (windows.cpp), with states
// (recurrent.cpp), and those that only arrange elements (shapes.cpp).
Tensor convolution(const Node& node, const Tensor& x, const Tensor& weight, const Tensor& bias);
Tensor max_pooling(const Node& node, const Tensor& x);
Tensor average_pooling(const Node& node, const Tensor& x);
Inputs recurrent(const Node& node, const Inputs& inputs);
Inputs flatten_at(const Node& node, const Inputs& x);
Inputs reshape_to(const Node& node, const Inputs& x);
Inputs transpose_axes(const Node& node, const Inputs& x);
Inputs squeeze_axes(const Node& node, const Inputs& x);
Inputs unsqueeze_axes(const Node& node, const Inputs& x);
Inputs expand_to(const Node& node, const Inputs& x);
Inputs split_along(const Node& node, const Inputs& x);
Inputs slices(const Node& node, const Inputs& x);
Inputs constant_pad(const Node& node, const Inputs& x);
Inputs gather_slices(const Node& node, const Inputs& x);
Inputs gather_elements(const Node& node, const Inputs& x);
Inputs one_hot_of(const Node& node, const Inputs& x);
Inputs shape_of(const Node& node, const Inputs& x);

/// Input i; an absent one is undefined.
Tensor input(const Inputs& inputs, std::size_t i);
/// An attribute that later versions made the input at `position`.
std::vector<i64> integers(const Node& node, const Inputs& inputs, std::size_t position,
                          const std::string& name, const std::vector<i64>& otherwise);
/// Throws Unsupported unless `ok`.
void need(bool ok, const std::string& what);

}  // namespace melgrad::onnx
