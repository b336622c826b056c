#include <gtest/gtest.h>

#include <cmath>

#include "tests/cudasim/libraries/graph_call.h"

namespace melgrad::sim {
namespace {

using Call = GraphCall;

/// `change`, then a call with all that follows.
BrokenCaller caller(const char* name, const char* words, const std::function<void(Call&)>& change) {
  return {name, words, [change] {
            Call call;
            change(call);
            call.run();
          }};
}

/// Another handle than the call's.
struct OtherHandle {
  cudnnHandle_t handle = nullptr;
  OtherHandle() {
    cudnnCreate(&handle);
    cudnnSetStream(handle, test_stream());
  }
  ~OtherHandle() { cudnnDestroy(handle); }
  OtherHandle(const OtherHandle&) = delete;
  OtherHandle& operator=(const OtherHandle&) = delete;
};

std::vector<BrokenCaller> descriptor_callers() {
  return {
      {"a descriptor destroyed twice", "no live handle or descriptor",
       [] {
         Handle made = nullptr;
         cudnnBackendCreateDescriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR, &made);
         cudnnBackendDestroyDescriptor(made);
         cudnnBackendDestroyDescriptor(made);
       }},
      caller("an attribute set after finalizing", "attributes are not set any more",
             [](Call& c) {
               set(c.tensor(1, {1, 1, 1, 1}), CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, {5});
             }),
      caller("an attribute of another kind", "has no attribute 100",
             [](Call& c) {
               set(c.descriptors.make(CUDNN_BACKEND_TENSOR_DESCRIPTOR),
                   CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_INT64, {1});
             }),
      caller("a result that is set", "some attributes are only read",
             [](Call& c) {
               set(c.descriptors.make(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR),
                   CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, {1});
             }),
      caller("a value of another type", "attribute 906 has type 3, not 4",
             [](Call& c) {
               set_one(c.descriptors.make(CUDNN_BACKEND_TENSOR_DESCRIPTOR),
                       CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_FLOAT, 1.0F);
             }),
      caller("two ids of a tensor", "was given 2 values",
             [](Call& c) {
               set(c.descriptors.make(CUDNN_BACKEND_TENSOR_DESCRIPTOR), CUDNN_ATTR_TENSOR_UNIQUE_ID,
                   CUDNN_TYPE_INT64, {1, 2});
             }),
      caller("a tensor used before it is finalized", "which is not finalized",
             [](Call& c) { c.finalizes_tensors = false; }),
      caller("a tensor without sizes", "attribute 902 of a descriptor of kind 17 is not set",
             [](Call& c) {
               Handle tensor = c.descriptors.make(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
               set(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, {1});
               set_one(tensor, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
               cudnnBackendFinalize(tensor);
             }),
      caller("a descriptor finalized twice", "it is finalized",
             [](Call& c) {
               cudnnBackendFinalize(c.tensor(1, {1, 1, 1, 1}));
             }),
      caller("a result read too early", "of one that is not",
             [](Call& c) {
               i64 count = 0;
               cudnnBackendGetAttribute(c.heuristics(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, nullptr);
             }),
      caller("a result read into a used descriptor", "or not new",
             [](Call& c) {
               Handle heuristic = c.heuristics(), used = c.tensor(1, {1, 1, 1, 1});
               cudnnBackendFinalize(heuristic);
               cudnnBackendGetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, nullptr, &used);
             }),
  };
}

std::vector<BrokenCaller> operation_callers() {
  return {
      caller("a tensor with an empty dimension", "all positive",
             [](Call& c) {
               c.x_size = {0, 2, 3, 3};
             }),
      caller("an alignment that is no power of two", "alignment 12",
             [](Call& c) { c.alignment = 12; }),
      caller("an alignment smaller than an element", "alignment 2",
             [](Call& c) { c.alignment = 2; }),
      caller("one padding for two dimensions", "1 values", [](Call& c) { c.paddings = {0}; }),
      caller("y of a size that the window does not give", "dimension 2: x 3, w 2, y 2",
             [](Call& c) {
               c.paddings = {1, 1};
             }),
      caller("channels that do not fit", "c 3 and 2",
             [](Call& c) {
               c.x_size = {1, 3, 3, 3};
             }),
      caller("x and w of two types", "f32 and bf16",
             [](Call& c) { c.w_type = CUDNN_DATA_BFLOAT16; }),
      caller("an addition of one operand", "mode 0 with 1 operands",
             [](Call& c) { c.has_bias = false; }),
      caller("a bias of another size", "not broadcast", [](Call& c) { c.bias_channels = 3; }),
      caller("an id for two tensors", "id 1", [](Call& c) { c.virtual_id = 1; }),
      caller("a tensor written twice", "tensor 4 is written after",
             [](Call& c) { c.extra_operations = {c.addition()}; }),
      caller("a virtual tensor that nobody reads", "virtual tensor 9 is not read",
             [](Call& c) { c.adds = false; }),
      caller("operations that share memory, not a virtual tensor",
             "2 operations, 0 virtual tensors", [](Call& c) { c.is_virtual = false; }),
  };
}

std::vector<BrokenCaller> execution_callers() {
  return {
      caller("a plan made during capture", "[cudnnBackendFinalize] a stream is being captured",
             [](Call& c) {
               Handle plan = c.unfinished_plan();
               Capture capture;
               cudnnBackendFinalize(plan);
             }),
      caller("engines asked for during capture", "a stream is being captured",
             [](Call& c) {
               Handle heuristic = c.heuristics();
               Capture capture;
               cudnnBackendFinalize(heuristic);
             }),
      caller("a plan with another handle than the graph's", "made with the graph's handle",
             [](Call& c) {
               OtherHandle other;
               c.plan_handle = other.handle;
               c.run();
             }),
      caller("a plan run with another handle", "runs with the handle it was made with",
             [](Call& c) {
               OtherHandle other;
               c.make_plan();
               c.execute(other.handle);
             }),
      caller("a plan destroyed before the graph that recorded it", "the plan was destroyed",
             [](Call& c) {
               c.make_plan();
               cuda::begin_capture(test_stream());
               c.execute(c.handle);
               auto graph = cuda::end_capture(test_stream());
               c.descriptors.destroy(c.plan);
               graph->replay(test_stream());
             }),
      caller("no stream", "the handle has no stream",
             [](Call& c) { cudnnSetStream(c.handle, nullptr); }),
      caller("fewer pointers than ids", "4 ids, 3 pointers",
             [](Call& c) { c.pointers.pop_back(); }),
      caller("a tensor that is missing", "tensor 4 is missing",
             [](Call& c) { c.ids.pop_back(), c.pointers.pop_back(); }),
      caller("a pointer for the virtual tensor", "4 tensors, 5 pointers",
             [](Call& c) { c.ids.push_back(9), c.pointers.push_back(c.workspace.data()); }),
      caller("a variant pack that is not finalized", "the plan or the variant pack is not",
             [](Call& c) {
               c.make_plan();
               cudnnBackendExecute(c.handle, c.plan, c.pack(false));
             }),
      caller("an array at a smaller alignment than said", "begins 4 bytes after a multiple of 16",
             [](Call& c) { c.pointers[2] = c.workspace.floats() + 1; }),
      caller("an array too small", "of a device allocation of 8 bytes",
             [](Call& c) { c.pointers[1] = c.bias.data(); }),
      caller("y in place of x", "what is written overlaps what is read",
             [](Call& c) { c.pointers[3] = c.x.data(); }),
      caller("an array in host memory", "host address", [](Call& c) { c.pointers[2] = &c.alpha; }),
      caller("a factor", "alpha 2", [](Call& c) { c.alpha = 2; }),
      caller("a workspace at an odd address",
             "the workspace begins 64 bytes after a multiple of 256",
             [](Call& c) {
               c.make_plan(CUDNN_HEUR_MODE_A);
               c.workspace_at = c.workspace.floats() + 16;
             }),
      caller("the workspace of another plan", "the workspace is null",
             [](Call& c) {
               c.make_plan(CUDNN_HEUR_MODE_A);
               c.workspace_at = nullptr;
             }),
  };
}

}  // namespace

std::vector<BrokenCaller> graph_callers() {
  std::vector<BrokenCaller> all = descriptor_callers();
  for (const auto& some : {operation_callers(), execution_callers()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

std::vector<BrokenCaller> cudnn_callers() {
  return {{"a handle destroyed twice", "no live handle",
           [] {
             cudnnHandle_t handle = nullptr;
             cudnnCreate(&handle);
             cudnnDestroy(handle);
             cudnnDestroy(handle);
           }},
          {"a handle made during capture", "[cudnnCreate] a stream is being captured", [] {
             Capture capture;
             cudnnHandle_t handle = nullptr;
             cudnnCreate(&handle);
           }}};
}

namespace {

// x and w count from −1 to 3 and begin anew, in the order of memory: pixels, then channels; filters, pixels, channels.
TEST(CudnnStandIn, ConvolvesAndAddsTheBias) {
  Call call;
  call.run();
  std::vector<float> y = call.y.get(8);
  auto value = [](std::size_t i) { return static_cast<float>(i % 5) - 1; };
  for (std::size_t pixel = 0; pixel < 4; ++pixel) {
    for (std::size_t o = 0; o < 2; ++o) {
      float sum = value(o);
      for (std::size_t tap = 0; tap < 4; ++tap) {
        std::size_t row = pixel / 2 + tap / 2, col = pixel % 2 + tap % 2;
        for (std::size_t c = 0; c < 2; ++c)
          sum += value((row * 3 + col) * 2 + c) * value((o * 4 + tap) * 2 + c);
      }
      EXPECT_EQ(y[pixel * 2 + o], sum) << pixel << ", " << o;
    }
  }
}

TEST(CudnnStandIn, SpoilsItsWorkspace) {
  Call call;
  call.workspace.set(std::vector<float>(2048, 1));
  call.make_plan(CUDNN_HEUR_MODE_A);  // the first engine takes 100 bytes
  call.run();
  std::vector<float> area = call.workspace.get(26);
  EXPECT_TRUE(std::isnan(area[0]) && std::isnan(area[24]));
  EXPECT_EQ(area[25], 1);
}

}  // namespace
}  // namespace melgrad::sim
