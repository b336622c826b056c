#include "kernels/cuda/libraries/conv_graph.h"

#include <array>

// cuDNN names sizes and strides in the order n, c, h, w, whatever lies where in memory, and finds the number of groups
// by dividing x's channels by w's.
namespace melgrad::cuda {
namespace {

using Sizes = std::array<i64, 4>;

/// (n, c, h, w) that lies in memory as NHWC.
Descriptor tensor(i64 id, cudnnDataType_t type, const Sizes& size, bool is_virtual = false) {
  auto [n, c, h, w] = size;
  Sizes stride = {h * w * c, 1, w * c, c};
  Descriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
      .set(CUDNN_ATTR_TENSOR_DATA_TYPE, type)
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, std::span<const i64>(size))
      .set(CUDNN_ATTR_TENSOR_STRIDES, std::span<const i64>(stride))
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, i64{16})
      .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, is_virtual)
      .finalize();
  return tensor;
}

Descriptor convolution(const ConvShape& s) {
  auto pair = [](const std::array<i64, 2>& values) { return std::span<const i64>(values); };
  Descriptor convolution(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
      .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, i64{2})
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, pair({s.dilation_h, s.dilation_w}))
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, pair({s.stride_h, s.stride_w}))
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, pair({s.pad_top, s.pad_left}))
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, pair({s.pad_bottom, s.pad_right}))
      .finalize();
  return convolution;
}

/// The names that one of the three operations has for its attributes.
struct ConvOperation {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t convolution, x, w, y, alpha, beta;
};
constexpr ConvOperation forward = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
constexpr ConvOperation backward_data = {
    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
constexpr ConvOperation backward_weights = {
    CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};

const ConvOperation& operation_of(ConvGraph graph) {
  if (graph == ConvGraph::backward_data) return backward_data;
  return graph == ConvGraph::backward_weights ? backward_weights : forward;
}

/// y = mode(x, b); b: or null
Descriptor pointwise(cudnnPointwiseMode_t mode, const Descriptor& x, const Descriptor* b,
                     const Descriptor& y) {
  Descriptor what(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  what.set(CUDNN_ATTR_POINTWISE_MODE, mode)
      .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_PROPAGATE_NAN)
      .finalize();
  Descriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, what)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
  if (b) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
  operation.finalize();
  return operation;
}

}  // namespace

std::optional<Plan> plan_convolution(const PlanTarget& target, ConvGraph graph, const ConvShape& s,
                                     Dtype dtype, const PlanLimits& limits) {
  cudnnDataType_t type = dtype == Dtype::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
  Sizes y_size = {s.n, s.o, s.p, s.q};
  auto given = [&](ConvTensor id, const Sizes& size) {
    return tensor(static_cast<i64>(id), type, size);
  };
  // What one operation hands to the next never reaches memory, and is f32.
  i64 next_id = static_cast<i64>(ConvTensor::y) + 1;
  auto intermediate = [&] { return tensor(next_id++, CUDNN_DATA_FLOAT, y_size, true); };
  bool adds_bias = graph == ConvGraph::forward_bias || graph == ConvGraph::forward_bias_relu;

  Descriptor conv = convolution(s), y = given(ConvTensor::y, y_size);
  Descriptor product = adds_bias ? intermediate() : given(ConvTensor::y, y_size);
  const ConvOperation& names = operation_of(graph);
  std::vector<Descriptor> operations;
  operations.emplace_back(names.type)
      .set(names.convolution, conv)
      .set(names.x, given(ConvTensor::x, {s.n, s.c, s.h, s.w}))
      .set(names.w, given(ConvTensor::w, {s.o, s.c / s.groups, s.kh, s.kw}))
      .set(names.y, product)
      .set(names.alpha, 1.0F)
      .set(names.beta, 0.0F)
      .finalize();
  if (adds_bias) {
    Descriptor bias = given(ConvTensor::bias, {1, s.o, 1, 1});
    Descriptor sum = intermediate();
    bool relu = graph == ConvGraph::forward_bias_relu;
    operations.push_back(pointwise(CUDNN_POINTWISE_ADD, product, &bias, relu ? sum : y));
    if (relu) operations.push_back(pointwise(CUDNN_POINTWISE_RELU_FWD, sum, nullptr, y));
  }
  return Plan::fastest(target, operations, limits);
}

}  // namespace melgrad::cuda
