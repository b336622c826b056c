#include "tests/onnx/model.h"

#include <fstream>
#include <sstream>

#include "tests/onnx/protobuf.h"

namespace melgrad::onnx {
namespace {

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  check(in.good(), "onnx", "cannot read {}", file);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// A repeated number: one to a field, or packed into one.
void add_ints(const Field& field, std::vector<i64>& values) {
  if (!field.is_bytes) values.push_back(field.as_int());
  for (Reader packed(field.bytes); !packed.done();) {
    values.push_back(static_cast<i64>(packed.varint()));
  }
}
template <class T>
void add_fixed(const Field& field, std::vector<T>& values) {
  auto add = [&](std::uint64_t bits) {
    T value;
    std::memcpy(&value, &bits, sizeof(T));
    values.push_back(value);
  };
  if (!field.is_bytes) add(field.value);
  for (Reader packed(field.bytes); !packed.done();) add(packed.fixed(sizeof(T)));
}

template <class T>
Tensor from_raw(const std::string& raw, const Shape& shape) {
  std::vector<T> values(raw.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), raw.data(), values.size() * sizeof(T));
  return from_vector(values, shape);
}
// Where the file has no raw bytes but a list of numbers.
template <class T>
Tensor from_list(const std::vector<i64>& list, const Shape& shape) {
  return from_vector(std::vector<T>(list.begin(), list.end()), shape);
}

// message TensorProto
Tensor parse_tensor(std::string_view message) {
  std::vector<i64> dims, ints;
  std::vector<float> floats;
  std::vector<double> doubles;
  std::string raw;
  i64 type = 0;
  bool is_raw = false;
  for (Reader reader(message); !reader.done();) {
    Field field = reader.field();
    switch (field.number) {
      case 1: add_ints(field, dims); break;
      case 2: type = field.as_int(); break;
      case 4: add_fixed(field, floats); break;
      case 5:
      case 7: add_ints(field, ints); break;
      case 9:
        raw = field.bytes;
        is_raw = true;
        break;
      case 10: add_fixed(field, doubles); break;
      default: break;
    }
  }
  Shape shape(dims);
  switch (type) {
    case 1: return is_raw ? from_raw<float>(raw, shape) : from_vector(floats, shape);
    case 2:
    case 9: return is_raw ? from_raw<u8>(raw, shape) : from_list<u8>(ints, shape);
    case 6: {
      if (!is_raw) return from_list<i64>(ints, shape);
      std::vector<std::int32_t> values(raw.size() / 4);
      if (!values.empty()) std::memcpy(values.data(), raw.data(), values.size() * 4);
      return from_vector(std::vector<i64>(values.begin(), values.end()), shape);
    }
    case 7: return is_raw ? from_raw<i64>(raw, shape) : from_list<i64>(ints, shape);
    case 11: return is_raw ? from_raw<double>(raw, shape) : from_vector(doubles, shape);
    default: throw Unsupported("data type " + std::to_string(type));
  }
}

// message AttributeProto
std::pair<std::string, Attribute> parse_attribute(std::string_view message) {
  std::string name;
  Attribute a;
  for (Reader reader(message); !reader.done();) {
    Field field = reader.field();
    switch (field.number) {
      case 1: name = field.bytes; break;
      case 2: a.f = field.as_float(); break;
      case 3: a.i = field.as_int(); break;
      case 4: a.s = field.bytes; break;
      case 5: a.t = parse_tensor(field.bytes); break;
      case 7: add_fixed(field, a.floats); break;
      case 8: add_ints(field, a.ints); break;
      case 9: a.strings.emplace_back(field.bytes); break;
      case 6:
      case 10:
      case 11: throw Unsupported("a graph or several tensors as an attribute");
      default: break;
    }
  }
  return {name, a};
}

// message NodeProto
Node parse_node(std::string_view message) {
  Node node;
  for (Reader reader(message); !reader.done();) {
    Field field = reader.field();
    switch (field.number) {
      case 1: node.inputs.emplace_back(field.bytes); break;
      case 2: node.outputs.emplace_back(field.bytes); break;
      case 4: node.op = field.bytes; break;
      case 5: node.attributes.insert(parse_attribute(field.bytes)); break;
      default: break;
    }
  }
  return node;
}

// The string in field `number` of a message.
std::string text_field(std::string_view message, std::uint64_t number) {
  for (Reader reader(message); !reader.done();) {
    Field field = reader.field();
    if (field.number == number && field.is_bytes) return std::string(field.bytes);
  }
  return {};
}

// message ValueInfoProto: its name. Sequences and optional values are TypeProtos of another kind than
// a tensor's, which is field 1.
std::string parse_value(std::string_view message) {
  for (Reader reader(message); !reader.done();) {
    Field field = reader.field();
    if (field.number != 2 || !field.is_bytes || field.bytes.empty()) continue;
    if (Reader(field.bytes).field().number != 1) throw Unsupported("values that are no tensors");
  }
  return text_field(message, 1);
}

// message GraphProto
Graph parse_graph(std::string_view message) {
  Graph graph;
  std::vector<std::string> inputs;
  for (Reader reader(message); !reader.done();) {
    Field field = reader.field();
    switch (field.number) {
      case 1: graph.nodes.push_back(parse_node(field.bytes)); break;
      case 5: graph.constants[text_field(field.bytes, 8)] = parse_tensor(field.bytes); break;
      case 11: inputs.push_back(parse_value(field.bytes)); break;
      case 12: graph.outputs.push_back(parse_value(field.bytes)); break;
      default: break;
    }
  }
  for (const std::string& name : inputs) {
    if (graph.constants.count(name) == 0) graph.inputs.push_back(name);
  }
  return graph;
}

// message OperatorSetIdProto: 0 unless it is that of ONNX itself, whose domain is "".
i64 opset_version(std::string_view message) {
  i64 version = 0;
  for (Reader reader(message); !reader.done();) {
    Field field = reader.field();
    if (field.number == 1 && !field.bytes.empty()) return 0;
    if (field.number == 2) version = field.as_int();
  }
  return version;
}

}  // namespace

i64 Node::integer(const std::string& name, i64 otherwise) const {
  auto found = attributes.find(name);
  return found == attributes.end() ? otherwise : found->second.i;
}
float Node::number(const std::string& name, float otherwise) const {
  auto found = attributes.find(name);
  return found == attributes.end() ? otherwise : found->second.f;
}
std::string Node::text(const std::string& name, const std::string& otherwise) const {
  auto found = attributes.find(name);
  return found == attributes.end() ? otherwise : found->second.s;
}
std::vector<i64> Node::integers(const std::string& name, const std::vector<i64>& otherwise) const {
  auto found = attributes.find(name);
  return found == attributes.end() ? otherwise : found->second.ints;
}

// message ModelProto
Graph load_graph(const std::filesystem::path& file) {
  std::string message = read(file);
  Graph graph;
  i64 opset = 0;
  for (Reader reader(message); !reader.done();) {
    Field field = reader.field();
    if (field.number == 7) graph = parse_graph(field.bytes);
    if (field.number == 8) opset = std::max(opset, opset_version(field.bytes));
  }
  for (Node& node : graph.nodes) node.opset = opset;
  return graph;
}

Tensor load_tensor(const std::filesystem::path& file) { return parse_tensor(read(file)); }

}  // namespace melgrad::onnx
