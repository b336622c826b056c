#include <benchmark/benchmark.h>

#include "tests/op_cases.h"

// Times every row of tests/op_cases/ that has realistic sizes, in f32: its forward, and its backward.
namespace melgrad::op_cases {
namespace {

// Pictures lie channels-last, as they do in a net.
Inputs realistic(const Case& row) {
  Inputs inputs;
  for (const Variable& x : make_inputs(row, Dtype::f32, true)) {
    bool is_picture = x.rank() == 4 && (inputs.empty() || x.dim(0) == inputs[0].dim(0));
    inputs.emplace_back(is_picture ? x.data().channels_last() : x.data(), x.requires_grad());
  }
  return inputs;
}

void forward(benchmark::State& state, const Case& row) {
  Inputs inputs = realistic(row);
  NoGrad no_grad;
  for (auto _ : state) benchmark::DoNotOptimize(row.forward(inputs));
}

void backward(benchmark::State& state, const Case& row) {
  Inputs inputs = realistic(row);
  std::vector<Variable> outputs = row.forward(inputs);
  std::vector<Tensor> dy;
  for (const Variable& y : outputs) {
    dy.push_back(full(y.shape(), 1));
    if (y.data().is_channels_last()) dy.back() = dy.back().channels_last();
  }
  for (auto _ : state) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].requires_grad()) outputs[i].backward(dy[i], true);
    }
    for (Variable& x : inputs) x.zero_grad();
  }
}

void add(const std::string& name, void (*measure)(benchmark::State&, const Case&),
         const Case& row) {
  auto run = [measure, &row](benchmark::State& state) { measure(state, row); };
  benchmark::RegisterBenchmark(name.c_str(), run)->UseRealTime()->Unit(benchmark::kMillisecond);
}

}  // namespace

void add_all() {
  for (const Case& row : all()) {
    if (row.options.large.empty()) continue;
    add(row.name + "/forward", forward, row);
    if (!row.options.forward_only) add(row.name + "/backward", backward, row);
  }
}

}  // namespace melgrad::op_cases

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  melgrad::op_cases::add_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
