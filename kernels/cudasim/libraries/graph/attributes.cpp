#include "kernels/cudasim/libraries/graph/attributes.h"

#include <algorithm>
#include <map>
#include <vector>

#include "kernels/cudasim/libraries/rule.h"

namespace melgrad::sim {
namespace {

const Rule known("cuDNN, Backend Descriptor Types",
                 "a descriptor has the attributes that its kind has");
const Rule read_only("cuDNN, Backend Descriptor Types", "some attributes are only read");
const Rule right_type("cuDNN, cudnnBackendSetAttribute()", "the type is the attribute's");
const Rule right_count("cuDNN, Backend Descriptor Types",
                       "an attribute has one value or as many as its table says");
const Rule part_finalized(
    "cuDNN, cudnnBackendSetAttribute()",
    "descriptors that others consist of are of the right kind, and finalized before");
const Rule complete("cuDNN, cudnnBackendFinalize()", "a required attribute is set before");

constexpr i64 most_dims = 8;  // CUDNN_DIM_MAX
constexpr i64 any_number = 1000;

using Name = cudnnBackendAttributeName_t;
using Kind = cudnnBackendDescriptorType_t;

AttributeRow one(Name name, cudnnBackendAttributeType_t type) {
  return {name, type, 1, 1, AttributeRow::required};
}
AttributeRow up_to(i64 most, Name name, cudnnBackendAttributeType_t type) {
  return {name, type, 1, most, AttributeRow::required};
}
AttributeRow part(Name name, int kind) {
  return {name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, 1, AttributeRow::required, kind};
}
AttributeRow optional(AttributeRow row) {
  row.use = AttributeRow::optional;
  return row;
}
AttributeRow result(AttributeRow row, i64 least = 1, i64 most = 1) {
  row.use = AttributeRow::read_only;
  row.least = least;
  row.most = most;
  return row;
}

std::vector<AttributeRow> convolution_rows(const ConvolutionNames& names) {
  return {part(names.convolution, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR),
          part(names.x, CUDNN_BACKEND_TENSOR_DESCRIPTOR),
          part(names.w, CUDNN_BACKEND_TENSOR_DESCRIPTOR),
          part(names.y, CUDNN_BACKEND_TENSOR_DESCRIPTOR),
          one(names.alpha, CUDNN_TYPE_FLOAT),
          one(names.beta, CUDNN_TYPE_FLOAT)};
}

// cuDNN documentation, "Backend Descriptor Types". A plan for a device that is only described is
// not made here.
const std::map<Kind, std::vector<AttributeRow>>& table() {
  static const auto* all = new std::map<Kind, std::vector<AttributeRow>>{
      {CUDNN_BACKEND_TENSOR_DESCRIPTOR,
       {one(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64),
        one(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE),
        up_to(most_dims, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64),
        up_to(most_dims, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64),
        one(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64),
        optional(one(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN))}},
      {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR,
       {one(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE),
        one(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE),
        one(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64),
        up_to(most_dims, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64),
        up_to(most_dims, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64),
        up_to(most_dims, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64),
        up_to(most_dims, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64)}},
      {CUDNN_BACKEND_POINTWISE_DESCRIPTOR,
       {one(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE),
        one(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE),
        optional(one(CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_TYPE_NAN_PROPOGATION))}},
      {forward_names.type, convolution_rows(forward_names)},
      {backward_data_names.type, convolution_rows(backward_data_names)},
      {backward_weights_names.type, convolution_rows(backward_weights_names)},
      {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR,
       {part(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, CUDNN_BACKEND_POINTWISE_DESCRIPTOR),
        part(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_BACKEND_TENSOR_DESCRIPTOR),
        optional(part(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, CUDNN_BACKEND_TENSOR_DESCRIPTOR)),
        part(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, CUDNN_BACKEND_TENSOR_DESCRIPTOR)}},
      {CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR,
       {one(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE),
        {CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, any_number,
         AttributeRow::required, any_operation}}},
      {CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR,
       {part(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR),
        one(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE),
        result(part(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR), 0,
               any_number)}},
      {CUDNN_BACKEND_ENGINECFG_DESCRIPTOR,
       {result(part(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR))}},
      {CUDNN_BACKEND_ENGINE_DESCRIPTOR,
       {result(part(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)),
        result(one(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64)),
        result(one(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE), 0,
               CUDNN_NUMERICAL_NOTE_TYPE_COUNT)}},
      {CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR,
       {one(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE),
        part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR),
        result(one(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64))}},
      {CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR,
       {up_to(any_number, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64),
        up_to(any_number, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR),
        one(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR)}}};
  return *all;
}

}  // namespace

const AttributeRow& attribute_row(cudnnBackendDescriptorType_t descriptor,
                                  cudnnBackendAttributeName_t name,
                                  cudnnBackendAttributeType_t type, std::string_view call) {
  static const std::vector<AttributeRow> none;
  auto kind = table().find(descriptor);
  const std::vector<AttributeRow>& rows = kind == table().end() ? none : kind->second;
  auto row = std::find_if(rows.begin(), rows.end(),
                          [&](const AttributeRow& candidate) { return candidate.name == name; });
  known.check(row != rows.end(), call, "a descriptor of kind {} has no attribute {}",
              static_cast<int>(descriptor), static_cast<int>(name));
  right_type.check(row->type == type, call, "attribute {} has type {}, not {}",
                   static_cast<int>(name), static_cast<int>(row->type), static_cast<int>(type));
  bool sets = call == "cudnnBackendSetAttribute";
  read_only.check(!sets || row->use != AttributeRow::read_only, call, "attribute {}",
                  static_cast<int>(name));
  return *row;
}

void check_count(const AttributeRow& row, i64 count, std::string_view call) {
  right_count.check(count >= row.least && count <= row.most, call,
                    "attribute {} was given {} values, it has {} to {}", static_cast<int>(row.name),
                    count, row.least, row.most);
}

void check_part(const AttributeRow& row, const Node& part, std::string_view call) {
  bool operation = part.type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR ||
                   names_of_convolution(part.type) != nullptr;
  bool right_kind = row.part == any_operation ? operation : row.part == part.type;
  part_finalized.check(right_kind && part.finalized, call,
                       "attribute {} was given a descriptor of kind {}, which is {}finalized",
                       static_cast<int>(row.name), static_cast<int>(part.type),
                       part.finalized ? "" : "not ");
}

void check_complete(const Node& node, std::string_view call) {
  auto kind = table().find(node.type);
  known.check(kind != table().end(), call, "kind {}", static_cast<int>(node.type));
  for (const AttributeRow& row : kind->second) {
    bool missing = row.use == AttributeRow::required && !node.has(row.name);
    complete.check(!missing, call, "attribute {} of a descriptor of kind {} is not set",
                   static_cast<int>(row.name), static_cast<int>(node.type));
  }
}

std::size_t bytes_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR: return 1;
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR: return 8;
    default: return 4;  // float, and enumerations
  }
}

}  // namespace melgrad::sim
