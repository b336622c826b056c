#include <array>
#include <string>

#include "kernels/cudasim/libraries/arrays.h"
#include "kernels/cudasim/libraries/calls.h"
#include "kernels/cudasim/libraries/cudnn_handle.h"
#include "kernels/cudasim/libraries/rnn/reserve.h"

// cuDNN: recurrent layers.

namespace melgrad::sim {
namespace {

const Rule own_layout("cuDNN, cudnnSetRNNDescriptor_v8(), auxFlags",
                      "sequences that are not packed need padded input and output");
const Rule descriptors_fit(
    "cuDNN, cudnnRNNForward()",
    "x, y, hx and cx have the types and sizes that the layer and each other have");
const Rule no_device_lengths("cuDNN, cudnnRNNForward(), devSeqLengths",
                             "since 8.9.1 lengths come from the descriptors, and this is NULL");
const Rule sizes_as_told(
    "cuDNN, cudnnGetRNNWeightSpaceSize() and cudnnGetRNNTempSpaceSizes()",
    "weights, workspace and reserve are as large as cuDNN says, for the same mode");
const Rule part_exists("cuDNN, cudnnGetRNNWeightParams()",
                       "a layer has as many matrices and biases as its cells have, twice");
const Rule written_as_a_whole("cuDNN, cudnnGetRNNWeightParams() and cudnnRNNForward(), weightSpace",
                              "cuDNN may read all of the weight space: where no weight is, 0");
const Rule only_adds("cuDNN, cudnnRNNBackwardWeights_v8(), addGrad",
                     "gradients are added to what is there");

constexpr i64 vector_alignment = 16;  // the widest load's

/// The arguments that all three calls have.
struct Layer {
  cudaStream_t stream;
  cudnnRNNStruct rnn;
  cudnnRNNDataStruct x, y;
  bool has_cell;

  i64 element() const { return static_cast<i64>(size_of(rnn.dtype)); }
  Array steps(std::string_view name, const cudnnRNNDataStruct& data, const void* array) const {
    return {name, array, data.vectors() * data.size * element(), vector_alignment};
  }
  // None where a null stands for zeros, or for a result that nobody wants.
  Array state(std::string_view name, const void* array) const {
    return {name, array, array ? y.batch * rnn.hidden * element() : 0, vector_alignment};
  }
  Array cell(std::string_view name, const void* array) const {
    return state(name, has_cell ? array : nullptr);
  }

  Steps read_state(const void* array) const {
    i64 count = y.batch * rnn.hidden;
    return array ? values(rnn.dtype, array, count) : Steps(static_cast<std::size_t>(count));
  }
  void write_state(const Steps& state, void* array) const {
    if (!array) return;
    for (std::size_t i = 0; i < state.size(); ++i)
      store(rnn.dtype, array, static_cast<i64>(i), state[i]);
  }
};

void check_state(const Layer& layer, cudnnTensorDescriptor_t descriptor, std::string_view call) {
  const cudnnTensorStruct& tensor = at(descriptor, call);
  int n = static_cast<int>(layer.y.batch), hidden = static_cast<int>(layer.rnn.hidden);
  bool fits = tensor.sizes == std::vector<int>{1, n, hidden} &&
              tensor.strides == std::vector<int>{n * hidden, hidden, 1};
  descriptors_fit.check(fits && tensor.dtype == layer.rnn.dtype, call,
                        "a state is not (1, {}, {}) and dense, of {}", n, hidden,
                        name_of(layer.rnn.dtype));
}

Layer layer_of(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, cudnnRNNDataDescriptor_t x,
               cudnnRNNDataDescriptor_t y, cudnnTensorDescriptor_t h, cudnnTensorDescriptor_t c,
               const std::int32_t* device_lengths, std::string_view call) {
  Layer layer{cudnn_stream(handle, call), at(rnn, call), at(x, call), at(y, call), false};
  layer.has_cell = layer.rnn.mode == CUDNN_LSTM;
  no_device_lengths.check(device_lengths == nullptr, call, "lengths at {}",
                          static_cast<const void*>(device_lengths));
  for (const cudnnRNNDataStruct* data : {&layer.x, &layer.y})
    own_layout.check(data->is_packed() || layer.rnn.padded, call, "layout {}",
                     static_cast<int>(data->layout));
  bool fit = layer.x.dtype == layer.rnn.dtype && layer.y.dtype == layer.rnn.dtype &&
             layer.x.size == layer.rnn.input && layer.y.size == layer.rnn.hidden &&
             layer.x.lengths == layer.y.lengths && layer.x.steps == layer.y.steps;
  descriptors_fit.check(fit, call, "vectors of {} and {}, {} and {} sequences", layer.x.size,
                        layer.y.size, layer.x.batch, layer.y.batch);
  check_state(layer, h, call);
  if (layer.has_cell) check_state(layer, c, call);
  return layer;
}

void check_gaps(const cudnnRNNStruct& layer, const void* weights, std::string_view call) {
  written_as_a_whole.check(gaps_are_zero(layer, weights), call,
                           "there is something between weights");
}

i64 workspace_bytes(const cudnnRNNStruct& layer, const cudnnRNNDataStruct& data,
                    cudnnForwardMode_t mode) {
  i64 values = data.steps * data.batch * layer.gates() * layer.hidden;
  return values * (mode == CUDNN_FWD_MODE_TRAINING ? 4 : 2) + 6;
}

struct Areas {
  Array weights, workspace, reserve;
};
Areas areas_of(const Layer& layer, cudnnForwardMode_t mode, std::size_t weight_bytes,
               const void* weights, std::size_t work_bytes, const void* workspace,
               std::size_t kept_bytes, const void* reserve, std::string_view call) {
  bool trains = mode == CUDNN_FWD_MODE_TRAINING;
  i64 weights_needed = weight_space_bytes(layer.rnn),
      work_needed = workspace_bytes(layer.rnn, layer.x, mode),
      kept_needed = trains ? reserve_bytes(layer.rnn, layer.x) : 0;
  bool told = static_cast<i64>(weight_bytes) == weights_needed &&
              static_cast<i64>(work_bytes) >= work_needed &&
              static_cast<i64>(kept_bytes) >= kept_needed;
  sizes_as_told.check(
      told, call, "weights of {} bytes, not {}; workspace {}, not {}; reserve {}, not {}",
      weight_bytes, weights_needed, work_bytes, work_needed, kept_bytes, kept_needed);
  return {{"the weight space", weights, weights_needed, area_alignment},
          {"the workspace", workspace, static_cast<i64>(work_bytes), area_alignment},
          {"the reserve", reserve, kept_needed, area_alignment}};
}

// Checks the arrays now and when the work runs, which finds and leaves its workspace full of NaN.
template <class Work>
void submit_pass(const Layer& layer, const std::string& call, const std::vector<Array>& read,
                 const std::vector<Array>& written, const Array& workspace, Work work) {
  auto check_arrays = [=] {
    for (const auto* arrays : {&read, &written})
      for (const Array& array : *arrays) check_array(call, array);
    check_array(call, workspace);
  };
  check_arrays();
  std::vector<Array> targets = written;
  targets.push_back(workspace);
  check_apart(call, read, targets);
  on_device(layer.stream, [=] {
    check_arrays();
    spoil(const_cast<void*>(workspace.data), workspace.bytes);
    work();
    spoil(const_cast<void*>(workspace.data), workspace.bytes);
  });
}

}  // namespace
}  // namespace melgrad::sim

using melgrad::i64;
using namespace melgrad::sim;

cudnnStatus_t cudnnGetRNNWeightSpaceSize(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn,
                                         std::size_t* bytes) {
  constexpr const char* call = "cudnnGetRNNWeightSpaceSize";
  return entry(call, CUDNN_STATUS_BAD_PARAM, [&] {
    check_cudnn_handle(handle, call);
    *bytes = static_cast<std::size_t>(weight_space_bytes(at(rnn, call)));
  });
}

cudnnStatus_t cudnnGetRNNWeightParams(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn,
                                      std::int32_t layer, std::size_t weight_bytes,
                                      const void* weights, std::int32_t part,
                                      cudnnTensorDescriptor_t matrix, void** matrix_at,
                                      cudnnTensorDescriptor_t bias, void** bias_at) {
  constexpr const char* call = "cudnnGetRNNWeightParams";
  return entry(call, CUDNN_STATUS_BAD_PARAM, [&] {
    check_cudnn_handle(handle, call);
    const cudnnRNNStruct& known = at(rnn, call);
    part_exists.check(layer == 0 && part >= 0 && part < 2 * known.gates(), call,
                      "layer {}, part {}", layer, part);
    sizes_as_told.check(static_cast<i64>(weight_bytes) == weight_space_bytes(known), call,
                        "{} bytes", weight_bytes);
    check_array(call, {"the weight space", weights, weight_space_bytes(known), area_alignment});
    WeightPlace place = place_of(known, part);
    char* first = static_cast<char*>(const_cast<void*>(weights));
    *matrix_at = first + place.matrix;
    *bias_at = first + place.bias;
    describe_weights(matrix, known.dtype, known.hidden,
                     part < known.gates() ? known.input : known.hidden, call);
    describe_weights(bias, known.dtype, known.hidden, 1, call);
  });
}

cudnnStatus_t cudnnGetRNNTempSpaceSizes(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn,
                                        cudnnForwardMode_t mode, cudnnRNNDataDescriptor_t x,
                                        std::size_t* workspace, std::size_t* reserve) {
  constexpr const char* call = "cudnnGetRNNTempSpaceSizes";
  return entry(call, CUDNN_STATUS_BAD_PARAM, [&] {
    check_cudnn_handle(handle, call);
    const cudnnRNNStruct& layer = at(rnn, call);
    const cudnnRNNDataStruct& data = at(x, call);
    *workspace = static_cast<std::size_t>(workspace_bytes(layer, data, mode));
    *reserve =
        mode == CUDNN_FWD_MODE_TRAINING ? static_cast<std::size_t>(reserve_bytes(layer, data)) : 0;
  });
}

cudnnStatus_t cudnnRNNForward(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn,
                              cudnnForwardMode_t mode, const std::int32_t* device_lengths,
                              cudnnRNNDataDescriptor_t x_data, const void* x,
                              cudnnRNNDataDescriptor_t y_data, void* y,
                              cudnnTensorDescriptor_t h_tensor, const void* hx, void* hy,
                              cudnnTensorDescriptor_t c_tensor, const void* cx, void* cy,
                              std::size_t weight_bytes, const void* weights, std::size_t work_bytes,
                              void* workspace, std::size_t kept_bytes, void* reserve) {
  constexpr const char* call = "cudnnRNNForward";
  return loading_entry(call, CUDNN_STATUS_EXECUTION_FAILED, no_memory, [&] {
    Layer layer = layer_of(handle, rnn, x_data, y_data, h_tensor, c_tensor, device_lengths, call);
    Areas areas = areas_of(layer, mode, weight_bytes, weights, work_bytes, workspace, kept_bytes,
                           reserve, call);
    bool trains = mode == CUDNN_FWD_MODE_TRAINING;
    if (!layer.has_cell) cx = cy = nullptr;
    submit_pass(
        layer, call,
        {layer.steps("x", layer.x, x), layer.state("hx", hx), layer.cell("cx", cx), areas.weights},
        {layer.steps("y", layer.y, y), layer.state("hy", hy), layer.cell("cy", cy), areas.reserve},
        areas.workspace, [=] {
          Steps input = read_steps(layer.x, x);
          check_gaps(layer.rnn, weights, call);
          Pass pass{layer.rnn, layer.y, read_weights(layer.rnn, weights), layer.read_state(hx),
                    layer.read_state(cx)};
          Inputs inputs{checksum(input), checksum(pass.h0), checksum(pass.c0), 0,
                        checksum(pass.weights)};
          Pass::Forward result = pass.forward(std::move(input));
          write_steps(layer.y, result.y, y);
          layer.write_state(result.hn, hy);
          layer.write_state(result.cn, cy);
          inputs.y = checksum(read_steps(layer.y, y));
          if (trains) write_reserve({Stage::forward_done, inputs, std::move(result.kept)}, reserve);
        });
  });
}

cudnnStatus_t cudnnRNNBackwardData_v8(
    cudnnHandle_t handle, cudnnRNNDescriptor_t rnn, const std::int32_t* device_lengths,
    cudnnRNNDataDescriptor_t y_data, const void* y, const void* dy, cudnnRNNDataDescriptor_t x_data,
    void* dx, cudnnTensorDescriptor_t h_tensor, const void* hx, const void* dhy, void* dhx,
    cudnnTensorDescriptor_t c_tensor, const void* cx, const void* dcy, void* dcx,
    std::size_t weight_bytes, const void* weights, std::size_t work_bytes, void* workspace,
    std::size_t kept_bytes, void* reserve) {
  constexpr const char* call = "cudnnRNNBackwardData_v8";
  return loading_entry(call, CUDNN_STATUS_EXECUTION_FAILED, no_memory, [&] {
    Layer layer = layer_of(handle, rnn, x_data, y_data, h_tensor, c_tensor, device_lengths, call);
    Areas areas = areas_of(layer, CUDNN_FWD_MODE_TRAINING, weight_bytes, weights, work_bytes,
                           workspace, kept_bytes, reserve, call);
    if (!layer.has_cell) cx = dcy = dcx = nullptr;
    submit_pass(
        layer, call,
        {layer.steps("y", layer.y, y), layer.steps("dy", layer.y, dy), layer.state("hx", hx),
         layer.state("dhy", dhy), layer.cell("cx", cx), layer.cell("dcy", dcy), areas.weights},
        {layer.steps("dx", layer.x, dx), layer.state("dhx", dhx), layer.cell("dcx", dcx),
         areas.reserve},
        areas.workspace, [=] {
          check_gaps(layer.rnn, weights, call);
          Pass pass{layer.rnn, layer.y, read_weights(layer.rnn, weights), layer.read_state(hx),
                    layer.read_state(cx)};
          Steps output = read_steps(layer.y, y);
          Reserve kept = read_reserve(layer.rnn, layer.y, Stage::forward_done, reserve, call);
          check_inputs(
              kept,
              {0, checksum(pass.h0), checksum(pass.c0), checksum(output), checksum(pass.weights)},
              call);
          Pass::Backward result =
              pass.backward_data(output, read_steps(layer.y, dy), layer.read_state(dhy),
                                 layer.read_state(dcy), kept.kept);
          write_steps(layer.x, result.dx, dx);
          layer.write_state(result.dh0, dhx);
          layer.write_state(result.dc0, dcx);
          kept.stage = Stage::data_gradients_done;
          write_reserve(kept, reserve);
        });
  });
}

cudnnStatus_t cudnnRNNBackwardWeights_v8(cudnnHandle_t handle, cudnnRNNDescriptor_t rnn,
                                         cudnnWgradMode_t mode, const std::int32_t* device_lengths,
                                         cudnnRNNDataDescriptor_t x_data, const void* x,
                                         cudnnTensorDescriptor_t h_tensor, const void* hx,
                                         cudnnRNNDataDescriptor_t y_data, const void* y,
                                         std::size_t weight_bytes, void* dweights,
                                         std::size_t work_bytes, void* workspace,
                                         std::size_t kept_bytes, void* reserve) {
  constexpr const char* call = "cudnnRNNBackwardWeights_v8";
  return loading_entry(call, CUDNN_STATUS_EXECUTION_FAILED, no_memory, [&] {
    only_adds.check(mode == CUDNN_WGRAD_MODE_ADD, call, "mode {}", static_cast<int>(mode));
    Layer layer = layer_of(handle, rnn, x_data, y_data, h_tensor, h_tensor, device_lengths, call);
    Areas areas = areas_of(layer, CUDNN_FWD_MODE_TRAINING, weight_bytes, dweights, work_bytes,
                           workspace, kept_bytes, reserve, call);
    submit_pass(
        layer, call,
        {layer.steps("x", layer.x, x), layer.steps("y", layer.y, y), layer.state("hx", hx)},
        {areas.weights, areas.reserve}, areas.workspace, [=] {
          Pass pass{layer.rnn, layer.y, LayerWeights(layer.rnn), layer.read_state(hx), {}};
          Steps input = read_steps(layer.x, x), output = read_steps(layer.y, y);
          Reserve kept =
              read_reserve(layer.rnn, layer.y, Stage::data_gradients_done, reserve, call);
          check_inputs(kept, {checksum(input), checksum(pass.h0), 0, checksum(output), 0}, call);
          add_gradients(layer.rnn, pass.backward_weights(input, output, kept.kept), dweights);
        });
  });
}
