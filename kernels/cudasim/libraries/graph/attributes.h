#pragma once
#include <cstddef>
#include <string_view>

#include "kernels/cudasim/libraries/graph/node.h"

namespace melgrad::sim {

/// A row of the documentation's tables: an attribute of a kind of descriptor.
struct AttributeRow {
  cudnnBackendAttributeName_t name;
  cudnnBackendAttributeType_t type;
  i64 least, most;  // values
  enum { required, optional, read_only } use;
  /// What it consists of, where `type` is a descriptor: `any_operation` or a kind.
  int part = -1;
};
inline constexpr int any_operation = 1000;

/// Throws Error if a descriptor of this kind has no such attribute, or one of another type.
const AttributeRow& attribute_row(cudnnBackendDescriptorType_t descriptor,
                                  cudnnBackendAttributeName_t name,
                                  cudnnBackendAttributeType_t type, std::string_view call);
void check_count(const AttributeRow& row, i64 count, std::string_view call);
void check_part(const AttributeRow& row, const Node& part, std::string_view call);
/// Throws Error if an attribute that has to be set is not.
void check_complete(const Node& node, std::string_view call);
std::size_t bytes_of(cudnnBackendAttributeType_t type);

}  // namespace melgrad::sim
