#pragma once
#include <cstring>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "kernels/cudasim/libraries/include/cudnn.h"
#include "kernels/dtype.h"

namespace melgrad::sim {

struct Node;

/// Values of an attribute, as they were set: plain ones as bytes, descriptors as what they stood for.
struct Attribute {
  cudnnBackendAttributeType_t type = CUDNN_TYPE_INT64;
  i64 count = 0;
  std::vector<char> bytes = {};
  std::vector<std::shared_ptr<const Node>> parts = {};
};

/// What a descriptor of cuDNN's graph API stands for. Once finalized it does not change, and others may consist of it.
struct Node {
  cudnnBackendDescriptorType_t type;
  bool finalized = false;
  bool destroyed = false;  // by its caller: others may still consist of it
  std::map<cudnnBackendAttributeName_t, Attribute> attributes = {};

  bool has(cudnnBackendAttributeName_t name) const { return attributes.count(name) > 0; }
  template <class T>
  std::vector<T> all(cudnnBackendAttributeName_t name) const {
    const Attribute& attribute = attributes.at(name);
    std::vector<T> values(static_cast<std::size_t>(attribute.count));
    if (attribute.count > 0)
      std::memcpy(values.data(), attribute.bytes.data(), attribute.bytes.size());
    return values;
  }
  template <class T>
  T one(cudnnBackendAttributeName_t name) const {
    const std::vector<char>& bytes = attributes.at(name).bytes;
    T value;
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  const Node& part(cudnnBackendAttributeName_t name) const {
    return *attributes.at(name).parts.front();
  }
  const std::vector<std::shared_ptr<const Node>>& parts(cudnnBackendAttributeName_t name) const {
    return attributes.at(name).parts;
  }
  template <class T>
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t kind,
           const std::vector<T>& values) {
    const char* first = reinterpret_cast<const char*>(values.data());
    attributes[name] = {kind, std::ssize(values), {first, first + values.size() * sizeof(T)}};
  }
  void set_parts(cudnnBackendAttributeName_t name, std::vector<std::shared_ptr<const Node>> nodes) {
    attributes[name] = {CUDNN_TYPE_BACKEND_DESCRIPTOR, std::ssize(nodes), {}, std::move(nodes)};
  }
};

/// A tensor descriptor's content.
struct TensorNode {
  explicit TensorNode(const Node& node);

  i64 id, alignment;
  bool is_virtual;
  Dtype dtype;
  std::vector<i64> size, stride;

  i64 count() const;
  i64 bytes() const;  // to the last element
  bool operator==(const TensorNode&) const = default;
};

/// The names that one of the three convolutions has for its attributes. A gradient is called by what it is the gradient of.
struct ConvolutionNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t convolution, x, w, y, alpha, beta;
};
extern const ConvolutionNames forward_names, backward_data_names, backward_weights_names;
/// Null if the operation is none.
const ConvolutionNames* names_of_convolution(cudnnBackendDescriptorType_t type);

/// What an operation reads and writes.
struct Operands {
  std::vector<TensorNode> read;
  TensorNode written;
};
Operands operands_of(const Node& operation);

/// Throws Error if `node` may not be finalized; what only finalizing makes known is set.
/// False: cuDNN has nothing for it (CUDNN_STATUS_NOT_SUPPORTED).
bool finalize(Node& node, std::string_view call);

}  // namespace melgrad::sim
