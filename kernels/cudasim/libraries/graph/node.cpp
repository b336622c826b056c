#include "kernels/cudasim/libraries/graph/node.h"

namespace melgrad::sim {

const ConvolutionNames forward_names = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
const ConvolutionNames backward_data_names = {
    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
const ConvolutionNames backward_weights_names = {
    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};

const ConvolutionNames* names_of_convolution(cudnnBackendDescriptorType_t type) {
  for (const ConvolutionNames* names :
       {&forward_names, &backward_data_names, &backward_weights_names}) {
    if (names->type == type) return names;
  }
  return nullptr;
}

TensorNode::TensorNode(const Node& node)
    : id(node.one<i64>(CUDNN_ATTR_TENSOR_UNIQUE_ID)),
      alignment(node.one<i64>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT)),
      is_virtual(node.has(CUDNN_ATTR_TENSOR_IS_VIRTUAL) &&
                 node.one<bool>(CUDNN_ATTR_TENSOR_IS_VIRTUAL)),
      dtype(node.one<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE) == CUDNN_DATA_BFLOAT16
                ? Dtype::bf16
                : Dtype::f32),
      size(node.all<i64>(CUDNN_ATTR_TENSOR_DIMENSIONS)),
      stride(node.all<i64>(CUDNN_ATTR_TENSOR_STRIDES)) {}

i64 TensorNode::count() const {
  i64 product = 1;
  for (i64 extent : size) product *= extent;
  return product;
}

i64 TensorNode::bytes() const {
  i64 last = 0;
  for (std::size_t i = 0; i < size.size(); ++i) last += (size[i] - 1) * stride[i];
  return (last + 1) * static_cast<i64>(size_of(dtype));
}

Operands operands_of(const Node& operation) {
  auto tensor = [&](cudnnBackendAttributeName_t name) { return TensorNode(operation.part(name)); };
  if (const ConvolutionNames* names = names_of_convolution(operation.type)) {
    TensorNode x = tensor(names->x), w = tensor(names->w), y = tensor(names->y);
    if (names == &backward_data_names) return {{w, y}, x};
    if (names == &backward_weights_names) return {{x, y}, w};
    return {{x, w}, y};
  }
  std::vector<TensorNode> read = {tensor(CUDNN_ATTR_OPERATION_POINTWISE_XDESC)};
  if (operation.has(CUDNN_ATTR_OPERATION_POINTWISE_BDESC))
    read.push_back(tensor(CUDNN_ATTR_OPERATION_POINTWISE_BDESC));
  return {read, tensor(CUDNN_ATTR_OPERATION_POINTWISE_YDESC)};
}

}  // namespace melgrad::sim
