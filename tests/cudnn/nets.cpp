// Plans for the convolutions of every net of the registry, on an H200 that is only described.
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <map>
#include <string>

#include "kernels/cuda/libraries/conv_graph.h"
#include "layers/conv2d.h"
#include "layers/models/registry.h"
#include "tensor/ops/conv_shape.h"
#include "tests/cudnn/described_gpu.h"

namespace melgrad {
namespace {

using cuda::ConvGraph;

// Each once, with a batch of 1, and a layer that has these sizes: "vgg16, features.2". What a net asks for is seen while it
// runs.
std::map<ConvShape, std::string> convolutions_of_nets() {
  std::map<ConvShape, std::string> all;
  for (const NetEntry& entry : nets()) {
    auto net = make_net(entry.name, entry.classes);
    net->eval();
    std::map<const Module*, std::string> names;
    for (auto& [name, module] : net->modules()) names[module] = name;
    ForwardHook hook([&](Module& module, const Variable& x, const Variable&) {
      if (auto* conv = dynamic_cast<Conv2d*>(&module))
        all.try_emplace(conv_shape("conv2d", x.shape(), conv->weight.shape(), conv->options()),
                        format("{}, {}", entry.name, names[conv]));
    });
    Shape input = entry.input;
    input.insert(0, 1);
    NoGrad no_grad;
    (*net)(Variable(zeros(input)));
  }
  return all;
}

struct Kind {
  const char* name;
  Dtype dtype;
  bool tensor_cores;
};
constexpr std::array kinds = {Kind{"f32", Dtype::f32, false}, Kind{"TF32", Dtype::f32, true},
                              Kind{"bf16", Dtype::bf16, true}};
constexpr std::array graphs = {ConvGraph::forward, ConvGraph::forward_bias,
                               ConvGraph::forward_bias_relu, ConvGraph::backward_data,
                               ConvGraph::backward_weights};
// 37: what is left for the end of an epoch.
constexpr std::array<i64, 4> batches = {1, 37, 64, 256};

// Where a slow engine costs more than its launch does.
bool is_large(const ConvShape& s) {
  return s.n * s.p * s.q * s.o * s.kh * s.kw * (s.c / s.groups) > 100'000'000;
}

bool fills_tensor_cores(const ConvShape& s, Dtype dtype) {
  i64 together = 16 / static_cast<i64>(size_of(dtype));
  return s.c / s.groups % together == 0 && s.o % together == 0;
}

// What conv.cpp allows where nothing else is on the GPU.
constexpr i64 most_workspace = i64{32} << 30U;

// In cuDNN 9 engine 0 is the last that CUDNN_HEUR_MODE_FALLBACK names for each graph: it takes nearly everything, needs no
// workspace, and is what is left where nothing else fits. The others that FALLBACK names are elsewhere among the heuristics' own.
constexpr i64 last_resort = 0;

// All sizes, graphs, kinds and batches: 6360 plans. Arrays are at multiples of 16 bytes, because conv.cpp sees to it: at other
// multiples the gradients of bf16 would have the last resort.
TEST(PlansOfNets, AreFastForLargeConvolutions) {
  if (cudnnGetVersion() < 90800) GTEST_SKIP() << "needs cuDNN 9.8";
  cuda::PlanTarget target(properties(h200));
  int plans = 0, large = 0, last_resorts = 0, fit = 0, use_tensor_cores = 0;
  for (auto& [of_one, layer] : convolutions_of_nets()) {
    ConvShape shape = of_one;
    for (i64 batch : batches) {
      shape.n = batch;
      for (ConvGraph graph : graphs) {
        for (const Kind& kind : kinds) {
          cuda::PlanLimits limits{.tensor_cores = kind.tensor_cores, .workspace = most_workspace};
          auto plan = cuda::plan_convolution(target, graph, shape, kind.dtype, limits);
          auto what = [&, &name = layer] {
            return format("{}, {}, graph {}, batch {}", name, kind.name, static_cast<int>(graph),
                          batch);
          };
          ASSERT_TRUE(plan) << what();
          ++plans;
          if (!is_large(shape)) continue;
          ++large;
          if (plan->engine() == last_resort) {
            ++last_resorts;
            limits.workspace = std::numeric_limits<i64>::max();
            auto unlimited = cuda::plan_convolution(target, graph, shape, kind.dtype, limits);
            EXPECT_EQ(plan->place(), unlimited->place()) << what() << ": for want of memory";
          }
          if (!kind.tensor_cores || !fills_tensor_cores(shape, kind.dtype)) continue;
          ++fit;
          use_tensor_cores += plan->has_note(CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
        }
      }
    }
  }
  EXPECT_GT(plans, 5000) << "the nets' convolutions were not found";
  // cuDNN 9.19 puts engine 0 before all others for 3 of 5085, gradients in f32: of x where filters of 2 × 2 do not overlap.
  EXPECT_LT(last_resorts, large / 500);
  // It thinks another engine faster than tensor cores for 18 of 3060: filters of 2 × 2, and of 1 × 1 in steps of 2.
  EXPECT_GT(use_tensor_cores, fit * 98 / 100);
  RecordProperty("large", large);
  RecordProperty("fit tensor cores", fit);
  RecordProperty("use tensor cores", use_tensor_cores);
}

}  // namespace
}  // namespace melgrad
