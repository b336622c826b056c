#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "kernels/cuda/libraries/conv_graph.h"
#include "tests/cudnn/described_gpu.h"

// cuDNN plans for a device that is only described, too: what it thinks of our convolutions can be asked on a machine without a
// GPU. That a plan is there says that cuDNN accepts the graph and has a deterministic engine for it; what comes out of it only
// a GPU can show (tests/gpu).
namespace melgrad {
namespace {

using cuda::ConvGraph;

struct Layer {
  const char* name;
  ConvShape shape;
};

ConvShape same_size(i64 n, i64 size, i64 c, i64 o, i64 k) {
  return {.n = n,
          .h = size,
          .w = size,
          .c = c,
          .o = o,
          .kh = k,
          .kw = k,
          .pad_top = k / 2,
          .pad_left = k / 2,
          .pad_bottom = k / 2,
          .pad_right = k / 2,
          .p = size,
          .q = size};
}

std::vector<Layer> layers() {
  std::vector<Layer> layers = {
      {"base_cnn 1", same_size(64, 64, 3, 32, 3)},
      {"base_cnn 3", same_size(64, 16, 64, 128, 3)},
      {"deep_cnn 10", same_size(64, 4, 256, 256, 3)},
      {"alexnet 1",
       {.n = 32,
        .h = 224,
        .w = 224,
        .c = 3,
        .o = 64,
        .kh = 11,
        .kw = 11,
        .stride_h = 4,
        .stride_w = 4,
        .pad_top = 2,
        .pad_left = 2,
        .pad_bottom = 2,
        .pad_right = 2,
        .p = 55,
        .q = 55}},
      {"alexnet 2", same_size(32, 27, 64, 192, 5)},
      {"vgg 8", same_size(16, 14, 512, 512, 3)},
      {"one channel", same_size(16, 64, 1, 16, 3)},
      {"1 x 1", same_size(3, 5, 7, 11, 1)},
      {"one sample, one pixel", same_size(1, 1, 1, 1, 1)},
  };
  Layer same = {"padded on one side", same_size(5, 9, 3, 7, 2)};
  same.shape.pad_top = same.shape.pad_left = 0;
  Layer dilated = {"dilated", same_size(4, 17, 5, 6, 3)};
  dilated.shape.dilation_h = dilated.shape.dilation_w = 2;
  dilated.shape.p = dilated.shape.q = 15;
  Layer groups = {"groups", same_size(16, 32, 64, 128, 3)};
  groups.shape.groups = 4;
  Layer depthwise = {"depthwise", same_size(16, 32, 64, 64, 3)};
  depthwise.shape.groups = 64;
  for (const Layer& layer : {same, dilated, groups, depthwise}) layers.push_back(layer);
  return layers;
}

class Plans : public testing::TestWithParam<Gpu> {
 protected:
  void SetUp() override {
    if (cudnnGetVersion() < 90800) GTEST_SKIP() << "needs cuDNN 9.8";
    target_.emplace(properties(GetParam()));
  }
  std::optional<cuda::Plan> plan(ConvGraph graph, const ConvShape& shape, Dtype dtype,
                                 cuda::PlanLimits limits) {
    return cuda::plan_convolution(*target_, graph, shape, dtype, limits);
  }

  void expect_plans(std::initializer_list<ConvGraph> graphs) {
    for (const Layer& layer : layers()) {
      for (Dtype dtype : {Dtype::f32, Dtype::bf16}) {
        for (ConvGraph graph : graphs) {
          EXPECT_TRUE(plan(graph, layer.shape, dtype,
                           {.tensor_cores = dtype == Dtype::bf16, .workspace = gibibyte}))
              << layer.name << ", " << name_of(dtype) << ", graph " << static_cast<int>(graph);
        }
      }
    }
  }

  static constexpr i64 gibibyte = i64{1} << 30U;
  std::optional<cuda::PlanTarget> target_;
};

TEST_P(Plans, AreThereForEveryConvolution) {
  expect_plans({ConvGraph::forward, ConvGraph::backward_data, ConvGraph::backward_weights});
}

TEST_P(Plans, AddTheBiasAndTakeTheReluInTheSamePass) {
  expect_plans({ConvGraph::forward_bias, ConvGraph::forward_bias_relu});
}

TEST_P(Plans, UseTensorCoresOnlyWhereTheyMay) {
  ConvShape shape = same_size(16, 14, 512, 512, 3);
  for (ConvGraph graph :
       {ConvGraph::forward_bias_relu, ConvGraph::backward_data, ConvGraph::backward_weights}) {
    for (bool may : {false, true}) {
      auto made = plan(graph, shape, Dtype::f32, {.tensor_cores = may, .workspace = gibibyte});
      ASSERT_TRUE(made);
      EXPECT_EQ(made->has_note(CUDNN_NUMERICAL_NOTE_TENSOR_CORE), may)
          << "graph " << static_cast<int>(graph);
    }
  }
}

// On an A100 and an RTX 4090 cuDNN thinks Winograd's the fastest for some of these, in f32.
TEST_P(Plans, KeepTheLastDigitsOfF32) {
  for (const Layer& layer : layers()) {
    for (ConvGraph graph :
         {ConvGraph::forward_bias_relu, ConvGraph::backward_data, ConvGraph::backward_weights}) {
      auto made = plan(graph, layer.shape, Dtype::f32, {.workspace = gibibyte});
      ASSERT_TRUE(made) << layer.name;
      EXPECT_FALSE(made->has_note(CUDNN_NUMERICAL_NOTE_WINOGRAD)) << layer.name;
      EXPECT_FALSE(made->has_note(CUDNN_NUMERICAL_NOTE_FFT)) << layer.name;
    }
  }
}

TEST_P(Plans, KeepTheWorkspaceWithinItsLimit) {
  ConvShape shape = same_size(16, 32, 64, 128, 3);
  auto any = plan(ConvGraph::backward_data, shape, Dtype::f32, {.workspace = gibibyte});
  auto tight = plan(ConvGraph::backward_data, shape, Dtype::f32, {.workspace = 0});
  ASSERT_TRUE(any && tight);
  EXPECT_GT(any->workspace_bytes(), 0);
  EXPECT_EQ(tight->workspace_bytes(), 0);
}

TEST_P(Plans, RefuseWhatIsNoConvolution) {
  ConvShape shape = same_size(16, 32, 64, 128, 3);
  shape.p = 77;  // not what the window gives
  EXPECT_THROW(plan(ConvGraph::forward, shape, Dtype::f32, {.workspace = gibibyte}), Error);
}

INSTANTIATE_TEST_SUITE_P(On, Plans,
                         testing::Values(h200, Gpu{"NVIDIA A100", 800, 108, 166912},
                                         Gpu{"NVIDIA GeForce RTX 4090", 890, 128, 101376}),
                         [](const auto& gpu) {
                           return format("capability_{}", gpu.param.capability);
                         });

}  // namespace
}  // namespace melgrad
