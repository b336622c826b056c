#include <algorithm>
#include <cstring>

#include "kernels/cudasim/libraries/cudnn_handle.h"
#include "kernels/cudasim/libraries/graph/attributes.h"
#include "kernels/cudasim/libraries/graph/execute.h"
#include "kernels/cudasim/libraries/objects.h"

// cuDNN's graph API: descriptors that are made, given attributes, finalized, and executed.

namespace melgrad::sim {
namespace {

const Rule alive(
    "cuDNN, cudnnBackendCreateDescriptor()",
    "a descriptor is used from cudnnBackendCreateDescriptor() to cudnnBackendDestroyDescriptor()");
const Rule not_after_finalizing("cuDNN, cudnnBackendSetAttribute()",
                                "a finalized descriptor's attributes are not set any more");
const Rule after_finalizing("cuDNN, cudnnBackendGetAttribute() and cudnnBackendExecute()",
                            "attributes are read, and plans run, of finalized descriptors");
const Rule made_for_results("cuDNN, cudnnBackendGetAttribute()",
                            "descriptors are read into new ones of the attribute's kind");

/// What a cudnnBackendDescriptor_t points to. `node` is another's once this was filled by cudnnBackendGetAttribute().
struct BackendDescriptor {
  std::shared_ptr<Node> node;
};

Objects<BackendDescriptor>& descriptors() {
  static auto* all = new Objects<BackendDescriptor>(alive);
  return *all;
}

void set_attribute(Node& node, const AttributeRow& row, i64 count, const void* values,
                   std::string_view call) {
  check_count(row, count, call);
  Attribute attribute{row.type, count};
  std::size_t bytes = static_cast<std::size_t>(count) * bytes_of(row.type);
  if (row.type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    const auto* handles = static_cast<const cudnnBackendDescriptor_t*>(values);
    for (i64 i = 0; i < count; ++i) {
      auto part = descriptors().at(handles[i], call).node;
      check_part(row, *part, call);
      attribute.parts.push_back(part);
    }
  } else {
    const char* first = static_cast<const char*>(values);
    attribute.bytes.assign(first, first + bytes);
  }
  node.attributes[row.name] = std::move(attribute);
}

// At most `requested` values, and how many there are.
void get_attribute(const Node& node, const AttributeRow& row, i64 requested, i64* count,
                   void* values, std::string_view call) {
  const Attribute& attribute = node.attributes.at(row.name);
  if (count) *count = attribute.count;
  i64 given = std::min(requested, attribute.count);
  if (row.type != CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    if (given > 0)
      std::memcpy(values, attribute.bytes.data(),
                  static_cast<std::size_t>(given) * bytes_of(row.type));
    return;
  }
  auto* handles = static_cast<cudnnBackendDescriptor_t*>(values);
  for (i64 i = 0; i < given; ++i) {
    BackendDescriptor& target = descriptors().at(handles[i], call);
    bool fresh = !target.node->finalized && target.node->attributes.empty();
    made_for_results.check(fresh && target.node->type == row.part, call,
                           "descriptor {} is of kind {}, or not new", i,
                           static_cast<int>(target.node->type));
    target.node = std::const_pointer_cast<Node>(attribute.parts[static_cast<std::size_t>(i)]);
  }
}

}  // namespace
}  // namespace melgrad::sim

using namespace melgrad::sim;

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t* descriptor) {
  return entry("cudnnBackendCreateDescriptor", CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED,
               [&] { *descriptor = descriptors().make(std::make_shared<Node>(Node{type})); });
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  bool fails = is_to_fail("cudnnBackendDestroyDescriptor");
  descriptors().at(descriptor, "cudnnBackendDestroyDescriptor").node->destroyed = true;
  descriptors().destroy(descriptor, "cudnnBackendDestroyDescriptor");
  return fails ? CUDNN_STATUS_INTERNAL_ERROR : CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t count,
                                       const void* values) {
  constexpr const char* call = "cudnnBackendSetAttribute";
  return entry(call, CUDNN_STATUS_BAD_PARAM, [&] {
    Node& node = *descriptors().at(descriptor, call).node;
    not_after_finalizing.check(!node.finalized, call, "attribute {}", static_cast<int>(name));
    set_attribute(node, attribute_row(node.type, name, type, call), count, values, call);
  });
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t requested,
                                       std::int64_t* count, void* values) {
  constexpr const char* call = "cudnnBackendGetAttribute";
  return entry(call, CUDNN_STATUS_INTERNAL_ERROR, [&] {
    const Node& node = *descriptors().at(descriptor, call).node;
    after_finalizing.check(node.finalized, call, "attribute {} of one that is not",
                           static_cast<int>(name));
    get_attribute(node, attribute_row(node.type, name, type, call), requested, count, values, call);
  });
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
  constexpr const char* call = "cudnnBackendFinalize";
  if (is_to_fail(call)) return CUDNN_STATUS_INTERNAL_ERROR;
  Node& node = *descriptors().at(descriptor, call).node;
  bool loads = node.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR;
  if (loads && !has_room()) return no_memory;
  return finalize(node, call) ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t variant_pack) {
  constexpr const char* call = "cudnnBackendExecute";
  if (is_to_fail(call)) return CUDNN_STATUS_EXECUTION_FAILED;
  if (!has_room()) return no_memory;
  auto plan_node = descriptors().at(plan, call).node,
       pack = descriptors().at(variant_pack, call).node;
  after_finalizing.check(plan_node->finalized && pack->finalized, call,
                         "the plan or the variant pack is not");
  return execute(handle, plan_node, *pack, call) ? CUDNN_STATUS_SUCCESS
                                                 : CUDNN_STATUS_EXECUTION_FAILED;
}
