#pragma once
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tensor/tensor.h"

/// The part of ONNX's files (onnx.proto3) that operator cases need: a graph of nodes, and tensors.
namespace melgrad::onnx {

/// What melgrad has no operation for; such a case is not run.
class Unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Attribute {
  float f = 0;
  i64 i = 0;
  std::string s;
  Tensor t;
  std::vector<float> floats;
  std::vector<i64> ints;
  std::vector<std::string> strings;
};

struct Node {
  std::string op;
  std::vector<std::string> inputs, outputs;  // names; "" is absent
  std::map<std::string, Attribute> attributes;
  i64 opset = 0;

  bool has(const std::string& name) const { return attributes.count(name) != 0; }
  i64 integer(const std::string& name, i64 otherwise) const;
  float number(const std::string& name, float otherwise) const;
  std::string text(const std::string& name, const std::string& otherwise) const;
  std::vector<i64> integers(const std::string& name, const std::vector<i64>& otherwise) const;
};

struct Graph {
  std::vector<Node> nodes;
  std::map<std::string, Tensor> constants;
  std::vector<std::string> inputs, outputs;  // inputs: without the constants
};

Graph load_graph(const std::filesystem::path& file);
/// BOOL is u8, INT32 is i64; Unsupported for what has no dtype here.
Tensor load_tensor(const std::filesystem::path& file);

}  // namespace melgrad::onnx
