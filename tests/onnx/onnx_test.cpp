#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "tests/onnx/operators.h"
#include "tests/ops/goldens.h"

// ONNX's own operator cases (Debian's libonnx-testdata): a model of one node or a few, inputs, and
// the outputs that are right. Those that melgrad has the operations for are run.
namespace melgrad::onnx {
namespace {

namespace fs = std::filesystem;
const fs::path data = "/usr/share/libonnx-testdata/data";

std::vector<Tensor> load_all(const fs::path& set, const std::string& what) {
  std::vector<Tensor> tensors;
  for (int i = 0;; ++i) {
    fs::path file = set / (what + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(file)) return tensors;
    tensors.push_back(load_tensor(file));
  }
}

std::vector<Tensor> run(const Graph& graph, const std::vector<Tensor>& inputs) {
  std::map<std::string, Tensor> values = graph.constants;
  for (std::size_t i = 0; i < inputs.size(); ++i) values[graph.inputs.at(i)] = inputs[i];
  for (const Node& node : graph.nodes) {
    std::vector<Tensor> arguments;
    for (const std::string& name : node.inputs) {
      arguments.push_back(name.empty() ? Tensor() : values.at(name));
    }
    std::vector<Tensor> results = run_node(node, arguments);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (!node.outputs[i].empty()) values[node.outputs[i]] = results.at(i);
    }
  }
  std::vector<Tensor> outputs;
  for (const std::string& name : graph.outputs) outputs.push_back(values.at(name));
  return outputs;
}

struct OnnxCase {
  std::string name;
  fs::path folder;
};
void PrintTo(const OnnxCase& c, std::ostream* out) { *out << c.name; }

// Whether it can be run: an Error of melgrad's own is a failure of the test, not of this.
bool is_supported(const fs::path& folder) {
  try {
    Graph graph = load_graph(folder / "model.onnx");
    run(graph, load_all(folder / "test_data_set_0", "input"));
    load_all(folder / "test_data_set_0", "output");
  } catch (const Unsupported&) {
    return false;
  } catch (const std::exception&) {
    return true;
  }
  return true;
}

struct Suite {
  std::vector<OnnxCase> run;
  int unsupported = 0;
};
const Suite& suite() {
  static const Suite found = [] {
    Suite all;
    for (const char* part : {"node", "pytorch-operator", "pytorch-converted"}) {
      if (!fs::exists(data / part)) continue;
      for (const auto& entry : fs::directory_iterator(data / part)) {
        if (!is_supported(entry.path())) {
          ++all.unsupported;
          continue;
        }
        std::string name = std::string(part) + "_" + entry.path().filename().string();
        std::replace_if(
            name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
        all.run.push_back({name, entry.path()});
      }
    }
    std::sort(all.run.begin(), all.run.end(),
              [](const OnnxCase& a, const OnnxCase& b) { return a.name < b.name; });
    return all;
  }();
  return found;
}

class Onnx : public testing::TestWithParam<OnnxCase> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Onnx);

TEST_P(Onnx, Operator) {
  const fs::path& folder = GetParam().folder;
  fs::path set = folder / "test_data_set_0";
  std::vector<Tensor> expected = load_all(set, "output");
  std::vector<Tensor> actual = run(load_graph(folder / "model.onnx"), load_all(set, "input"));
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(actual[i].dtype(), expected[i].dtype());
    op_cases::Deviation d = op_cases::deviation(actual[i], expected[i]);
    EXPECT_LE(d.worst, 2e-6) << "output " << i << ", " << d.where;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Onnx, testing::ValuesIn(suite().run),
                         [](const auto& tested) { return tested.param.name; });

TEST(OnnxSuite, NoFewerCasesRunThanBefore) {
  if (!fs::exists(data)) GTEST_SKIP() << "libonnx-testdata is not installed";
  std::printf("%zu cases run, %d need what melgrad has not\n", suite().run.size(),
              suite().unsupported);
  EXPECT_GE(suite().run.size(), 516U);  // of 1049 in version 1.12.0
}

}  // namespace
}  // namespace melgrad::onnx
