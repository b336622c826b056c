#pragma once
#include <vector>

#include "kernels/cudasim/libraries/include/cudnn.h"
#include "tests/cudasim/libraries/callers.h"

namespace melgrad::sim {

using Handle = cudnnBackendDescriptor_t;

/// Destroys what it made.
class Descriptors {
 public:
  Descriptors() = default;
  ~Descriptors() {
    for (Handle one : made_) cudnnBackendDestroyDescriptor(one);
  }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  void destroy(Handle one) {
    std::erase(made_, one);
    cudnnBackendDestroyDescriptor(one);
  }
  Handle make(cudnnBackendDescriptorType_t type) {
    Handle made = nullptr;
    cudnnBackendCreateDescriptor(type, &made);
    made_.push_back(made);
    return made;
  }

 private:
  std::vector<Handle> made_;
};

inline void set(Handle descriptor, cudnnBackendAttributeName_t name,
                cudnnBackendAttributeType_t type, std::vector<i64> values) {
  cudnnBackendSetAttribute(descriptor, name, type, std::ssize(values), values.data());
}
template <class T>
void set_one(Handle descriptor, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
             T value) {
  cudnnBackendSetAttribute(descriptor, name, type, 1, &value);
}
void set_part(Handle descriptor, cudnnBackendAttributeName_t name, std::vector<Handle> parts) {
  cudnnBackendSetAttribute(descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, std::ssize(parts),
                           parts.data());
}

/// y = x * w + bias of NHWC arrays: x (1, 2, 3, 3), w (2, 2, 2, 2), y (1, 2, 2, 2), as it should be called; tests change
/// one thing.
struct GraphCall {
  Descriptors descriptors;
  cudnnHandle_t handle = nullptr, plan_handle = nullptr;
  DeviceArray x{18 * 4}, w{16 * 4}, bias{2 * 4}, y{8 * 4}, workspace{8192};
  std::vector<i64> x_size = {1, 2, 3, 3}, y_size = {1, 2, 2, 2}, paddings = {0, 0},
                   ids = {1, 2, 3, 4};
  std::vector<void*> pointers = {x.data(), w.data(), bias.data(), y.data()};
  void* workspace_at = workspace.data();
  i64 alignment = 16, virtual_id = 9, bias_channels = 2;
  bool is_virtual = true, adds = true, finalizes_tensors = true, has_bias = true;
  float alpha = 1;
  cudnnDataType_t w_type = CUDNN_DATA_FLOAT;
  std::vector<Handle> extra_operations = {};
  Handle plan = nullptr;

  GraphCall() {
    cudnnCreate(&handle);
    cudnnSetStream(handle, test_stream());
    plan_handle = handle;
    auto fill = [](DeviceArray& array, std::size_t count) {
      std::vector<float> values;
      for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i % 5) - 1);
      array.set(values);
    };
    fill(x, 18), fill(w, 16), fill(bias, 2);
  }
  ~GraphCall() { cudnnDestroy(handle); }
  GraphCall(const GraphCall&) = delete;
  GraphCall& operator=(const GraphCall&) = delete;

  Handle tensor(i64 id, const std::vector<i64>& size, bool between = false,
                cudnnDataType_t type = CUDNN_DATA_FLOAT) {
    Handle made = descriptors.make(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    set(made, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, {id});
    set_one(made, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type);
    set(made, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, size);
    set(made, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64,
        {size[1] * size[2] * size[3], 1, size[1] * size[3], size[1]});
    set(made, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, {alignment});
    set_one(made, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, between);
    if (finalizes_tensors) cudnnBackendFinalize(made);
    return made;
  }
  Handle window() {
    Handle made = descriptors.make(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    set_one(made, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
    set_one(made, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE,
            CUDNN_CROSS_CORRELATION);
    set(made, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, {2});
    for (auto name : {CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES})
      set(made, name, CUDNN_TYPE_INT64, {1, 1});
    for (auto name : {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS})
      set(made, name, CUDNN_TYPE_INT64, paddings);
    cudnnBackendFinalize(made);
    return made;
  }
  Handle convolution() {
    Handle made = descriptors.make(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    set_part(made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, {window()});
    set_part(made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, {tensor(1, x_size)});
    set_part(made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
             {tensor(2, {2, 2, 2, 2}, false, w_type)});
    set_part(made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
             {tensor(virtual_id, y_size, is_virtual)});
    set_one(made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, alpha);
    set_one(made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 0.0F);
    cudnnBackendFinalize(made);
    return made;
  }
  Handle addition(i64 target = 4) {
    Handle what = descriptors.make(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    set_one(what, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, CUDNN_POINTWISE_ADD);
    set_one(what, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
    cudnnBackendFinalize(what);
    Handle made = descriptors.make(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    set_part(made, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, {what});
    set_part(made, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, {tensor(9, {1, 2, 2, 2}, is_virtual)});
    if (has_bias)
      set_part(made, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, {tensor(3, {1, bias_channels, 1, 1})});
    set_part(made, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, {tensor(target, {1, 2, 2, 2})});
    cudnnBackendFinalize(made);
    return made;
  }
  Handle graph() {
    Handle made = descriptors.make(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    std::vector<Handle> operations = {convolution()};
    if (adds) operations.push_back(addition());
    for (Handle more : extra_operations) operations.push_back(more);
    set_part(made, CUDNN_ATTR_OPERATIONGRAPH_OPS, operations);
    set_one(made, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, handle);
    cudnnBackendFinalize(made);
    return made;
  }
  Handle heuristics(cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_FALLBACK) {
    Handle made = descriptors.make(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    set_part(made, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, {graph()});
    set_one(made, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode);
    return made;
  }
  Handle unfinished_plan(cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_FALLBACK) {
    Handle heuristic = heuristics(mode),
           first = descriptors.make(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    cudnnBackendFinalize(heuristic);
    cudnnBackendGetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                             CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, nullptr, &first);
    Handle made = descriptors.make(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    set_part(made, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, {first});
    set_one(made, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, plan_handle);
    return made;
  }
  void make_plan(cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_FALLBACK) {
    plan = unfinished_plan(mode);
    cudnnBackendFinalize(plan);
  }
  Handle pack(bool finalizes = true) {
    Handle made = descriptors.make(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    set(made, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, ids);
    cudnnBackendSetAttribute(made, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
                             std::ssize(pointers), pointers.data());
    set_one(made, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, workspace_at);
    if (finalizes) cudnnBackendFinalize(made);
    return made;
  }
  void execute(cudnnHandle_t with) { cudnnBackendExecute(with, plan, pack()); }
  void run() {
    if (!plan) make_plan();
    execute(handle);
  }
};

}  // namespace melgrad::sim
