#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "kernels/cudasim/libraries/cudnn_handle.h"
#include "kernels/cudasim/libraries/graph/attributes.h"
#include "kernels/cudasim/libraries/graph/engines.h"
#include "kernels/cudasim/libraries/rule.h"

// What finalizing a descriptor checks.
namespace melgrad::sim {
namespace {

const Rule once("cuDNN, cudnnBackendFinalize()", "a descriptor is finalized once");
const Rule tensor_sizes("cuDNN, CUDNN_BACKEND_TENSOR_DESCRIPTOR",
                        "a tensor has as many strides as sizes, all positive");
const Rule tensor_alignment("cuDNN, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT",
                            "the alignment is a power of two, and at least an element");
const Rule spatial(
    "cuDNN, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR",
    "dilations, strides and paddings have one value a spatial dimension; only paddings may be 0");
const Rule fits("cuDNN, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR and its gradients",
                "x (n, c, …), w (o, c / groups, …) and y (n, o, …) fit each other and the window");
const Rule one_type(
    "cuDNN, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR and its gradients",
    "what a convolution reads has one type, and sums are float");
const Rule pointwise_operands("cuDNN, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR",
                              "an addition reads x and b, a ReLU only x; sizes are y's or 1");
const Rule one_meaning("cuDNN, CUDNN_ATTR_TENSOR_UNIQUE_ID",
                       "in a graph an id stands for one tensor");
const Rule written_once("cuDNN, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR",
                        "a tensor is written by one operation, and before another reads it");
const Rule virtual_between(
    "cuDNN, CUDNN_ATTR_TENSOR_IS_VIRTUAL",
    "a virtual tensor lies between two operations, and a graph that is connected has no other");
const Rule ids_and_pointers("cuDNN, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR",
                            "a variant pack has a pointer for each id, and each id once");
const Rule same_handle("cuDNN, CUDNN_ATTR_EXECUTION_PLAN_HANDLE",
                       "a plan is made with the graph's handle");

void check_tensor(const Node& node, std::string_view call) {
  TensorNode tensor(node);
  auto positive = [](i64 value) { return value > 0; };
  bool fine = tensor.size.size() == tensor.stride.size() &&
              std::all_of(tensor.size.begin(), tensor.size.end(), positive) &&
              std::all_of(tensor.stride.begin(), tensor.stride.end(), positive);
  tensor_sizes.check(fine, call, "tensor {}: {} sizes, {} strides", tensor.id, tensor.size.size(),
                     tensor.stride.size());
  auto alignment = static_cast<u64>(tensor.alignment);
  bool power = std::has_single_bit(alignment) && alignment >= size_of(tensor.dtype);
  tensor_alignment.check(power, call, "tensor {}: alignment {}", tensor.id, tensor.alignment);
}

void check_window(const Node& node, std::string_view call) {
  auto dims = static_cast<std::size_t>(node.one<i64>(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS));
  for (auto [name, least] : {std::pair(CUDNN_ATTR_CONVOLUTION_DILATIONS, 1),
                             std::pair(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, 1),
                             std::pair(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, 0),
                             std::pair(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, 0)}) {
    std::vector<i64> values = node.all<i64>(name);
    bool fine = values.size() == dims && *std::min_element(values.begin(), values.end()) >= least;
    spatial.check(fine, call, "attribute {}: {} values, or one too small; {} spatial dimensions",
                  static_cast<int>(name), values.size(), dims);
  }
}

void check_convolution(const Node& node, const ConvolutionNames& names, std::string_view call) {
  TensorNode x(node.part(names.x)), w(node.part(names.w)), y(node.part(names.y));
  const Node& window = node.part(names.convolution);
  auto dims = static_cast<std::size_t>(window.one<i64>(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS));
  for (const TensorNode* tensor : {&x, &w, &y})
    fits.check(tensor->size.size() == dims + 2, call, "tensor {} has {} dimensions", tensor->id,
               tensor->size.size());
  bool channels = x.size[1] % w.size[1] == 0 && w.size[0] % (x.size[1] / w.size[1]) == 0;
  fits.check(x.size[0] == y.size[0] && w.size[0] == y.size[1] && channels, call,
             "n {} and {}, o {} and {}, c {} and {}", x.size[0], y.size[0], w.size[0], y.size[1],
             x.size[1], w.size[1]);
  auto values = [&](cudnnBackendAttributeName_t name) { return window.all<i64>(name); };
  auto dilation = values(CUDNN_ATTR_CONVOLUTION_DILATIONS),
       before = values(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS),
       stride = values(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES),
       after = values(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
  for (std::size_t i = 0; i < dims; ++i) {
    i64 room = x.size[i + 2] + before[i] + after[i] - ((w.size[i + 2] - 1) * dilation[i] + 1);
    fits.check(room >= 0 && room / stride[i] + 1 == y.size[i + 2], call,
               "dimension {}: x {}, w {}, y {}", i + 2, x.size[i + 2], w.size[i + 2],
               y.size[i + 2]);
  }
  std::vector<TensorNode> read = operands_of(node).read;
  bool in_f32 = window.one<cudnnDataType_t>(CUDNN_ATTR_CONVOLUTION_COMP_TYPE) == CUDNN_DATA_FLOAT;
  one_type.check(read[0].dtype == read[1].dtype && in_f32, call, "{} and {}, sums are float: {}",
                 name_of(read[0].dtype), name_of(read[1].dtype), in_f32);
}

void check_pointwise(const Node& node, std::string_view call) {
  auto mode = node.part(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR)
                  .one<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE);
  Operands operands = operands_of(node);
  bool relu = mode == CUDNN_POINTWISE_RELU_FWD;
  pointwise_operands.check(operands.read.size() == (relu ? 1U : 2U), call,
                           "mode {} with {} operands", static_cast<int>(mode),
                           operands.read.size());
  const std::vector<i64>& y = operands.written.size;
  for (const TensorNode& x : operands.read) {
    bool broadcast = x.size.size() == y.size();
    for (std::size_t i = 0; broadcast && i < y.size(); ++i)
      broadcast = x.size[i] == y[i] || x.size[i] == 1;
    pointwise_operands.check(broadcast, call,
                             "tensor {} is not as large as tensor {}, and not broadcast", x.id,
                             operands.written.id);
  }
}

void check_graph(const Node& node, std::string_view call) {
  check_cudnn_handle(node.one<cudnnHandle_t>(CUDNN_ATTR_OPERATIONGRAPH_HANDLE), call);
  std::map<i64, TensorNode> tensors;
  std::set<i64> read, written;
  const auto& operations = node.parts(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  for (const auto& operation : operations) {
    Operands operands = operands_of(*operation);
    std::vector<TensorNode> all = operands.read;
    all.push_back(operands.written);
    for (const TensorNode& tensor : all) {
      auto [known, is_new] = tensors.emplace(tensor.id, tensor);
      one_meaning.check(known->second == tensor, call, "id {}", tensor.id);
    }
    for (const TensorNode& tensor : operands.read) {
      virtual_between.check(!tensor.is_virtual || written.count(tensor.id) > 0, call,
                            "virtual tensor {} is read, but no operation before writes it",
                            tensor.id);
      read.insert(tensor.id);
    }
    i64 target = operands.written.id;
    written_once.check(read.count(target) == 0 && written.insert(target).second, call,
                       "tensor {} is written after it was read or written", target);
  }
  std::size_t between = 0;
  for (const auto& [id, tensor] : tensors) {
    if (!tensor.is_virtual) continue;
    ++between;
    virtual_between.check(read.count(id) > 0, call, "virtual tensor {} is not read", id);
  }
  virtual_between.check(between + 1 == operations.size(), call, "{} operations, {} virtual tensors",
                        operations.size(), between);
}

void check_pack(const Node& node, std::string_view call) {
  std::vector<i64> ids = node.all<i64>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  i64 pointers = node.attributes.at(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS).count;
  ids_and_pointers.check(
      std::ssize(ids) == pointers && std::set<i64>(ids.begin(), ids.end()).size() == ids.size(),
      call, "{} ids, {} pointers, or an id twice", ids.size(), pointers);
}

void check_plan(const Node& node, std::string_view call) {
  auto handle = node.one<cudnnHandle_t>(CUDNN_ATTR_EXECUTION_PLAN_HANDLE);
  check_cudnn_handle(handle, call);
  same_handle.check(
      handle == graph_of_plan(node).one<cudnnHandle_t>(CUDNN_ATTR_OPERATIONGRAPH_HANDLE), call,
      "another handle");
}

}  // namespace

bool finalize(Node& node, std::string_view call) {
  once.check(!node.finalized, call, "it is finalized");
  check_complete(node, call);
  bool supported = true;
  switch (node.type) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR: check_tensor(node, call); break;
    case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR: check_window(node, call); break;
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR: check_pointwise(node, call); break;
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR: check_graph(node, call); break;
    case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR: check_pack(node, call); break;
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
      check_not_captured(call);
      supported = propose_engines(node);
      break;
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
      check_not_captured(call);
      check_plan(node, call);
      supported = make_plan(node);
      break;
    default:
      if (const ConvolutionNames* names = names_of_convolution(node.type))
        check_convolution(node, *names, call);
  }
  node.finalized = supported;
  return supported;
}

}  // namespace melgrad::sim
