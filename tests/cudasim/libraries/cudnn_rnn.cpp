#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "kernels/cudasim/libraries/include/cudnn.h"
#include "tests/cudasim/libraries/callers.h"

namespace melgrad::sim {
namespace {

/// A training step of an LSTM over two sequences of 3 and 2 steps, as it should be called; tests change one thing.
struct Call {
  static constexpr int steps = 3, batch = 2, input = 2, hidden = 4;
  cudnnHandle_t handle = nullptr;
  cudnnDropoutDescriptor_t dropout = nullptr;
  cudnnRNNDescriptor_t rnn = nullptr;
  cudnnRNNDataDescriptor_t x_data = nullptr, y_data = nullptr;
  cudnnTensorDescriptor_t state = nullptr, matrix = nullptr, bias = nullptr;

  cudnnRNNMode_t mode = CUDNN_LSTM;
  cudnnDataType_t type = CUDNN_DATA_FLOAT, computed = CUDNN_DATA_FLOAT;
  cudnnRNNDataLayout_t layout = CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
  unsigned flags = CUDNN_RNN_PADDED_IO_DISABLED;
  std::vector<int> lengths = {3, 2};
  int y_size = hidden, state_rank = 3, projection = hidden;
  float dropped = 0;
  const std::int32_t* device_lengths = nullptr;
  cudnnWgradMode_t adds = CUDNN_WGRAD_MODE_ADD;
  std::size_t weight_bytes = 0, workspace_bytes = 0, reserve_bytes = 0;
  DeviceArray x{64}, y{256}, dy{256}, dx{64}, hn{64}, weights{4096}, dweights{4096},
      workspace{4096}, reserve{4096};

  Call() {
    cudnnCreate(&handle);
    cudnnSetStream(handle, test_stream());
    cudnnCreateDropoutDescriptor(&dropout);
    cudnnCreateRNNDescriptor(&rnn);
    for (auto* data : {&x_data, &y_data}) cudnnCreateRNNDataDescriptor(data);
    for (auto* tensor : {&state, &matrix, &bias}) cudnnCreateTensorDescriptor(tensor);
    x.set(std::vector<float>(16, .5F));
    dy.set(std::vector<float>(64, .5F));
    for (DeviceArray* array : {&weights, &dweights}) array->set(std::vector<float>(1024, 0));
  }
  ~Call() {
    for (auto* tensor : {state, matrix, bias}) cudnnDestroyTensorDescriptor(tensor);
    for (auto* data : {x_data, y_data}) cudnnDestroyRNNDataDescriptor(data);
    cudnnDestroyRNNDescriptor(rnn);
    cudnnDestroyDropoutDescriptor(dropout);
    cudnnDestroy(handle);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void describe() {
    cudnnSetDropoutDescriptor(dropout, handle, dropped, nullptr, 0, 0);
    cudnnSetRNNDescriptor_v8(rnn, CUDNN_RNN_ALGO_STANDARD, mode, CUDNN_RNN_DOUBLE_BIAS,
                             CUDNN_UNIDIRECTIONAL, CUDNN_LINEAR_INPUT, type, computed,
                             CUDNN_FMA_MATH, input, hidden, projection, 1, dropout, flags);
    float padding = 7;
    cudnnSetRNNDataDescriptor(x_data, type, layout, steps, batch, input, lengths.data(), nullptr);
    cudnnSetRNNDataDescriptor(y_data, type, layout, steps, batch, y_size, lengths.data(), &padding);
    std::array<int, 4> sizes = {1, batch, hidden, 1}, strides = {batch * hidden, hidden, 1, 1};
    cudnnSetTensorNdDescriptor(state, type, state_rank, sizes.data(), strides.data());
    cudnnGetRNNWeightSpaceSize(handle, rnn, &weight_bytes);
    cudnnGetRNNTempSpaceSizes(handle, rnn, CUDNN_FWD_MODE_TRAINING, x_data, &workspace_bytes,
                              &reserve_bytes);
  }
  /// Gate by gate, that of x first: sets the matrix to `value` and the bias to `shift`.
  void set_weights(int part, float value, float shift, std::size_t space_bytes = 0) {
    void *matrix_at = nullptr, *bias_at = nullptr;
    cudnnGetRNNWeightParams(handle, rnn, 0, space_bytes ? space_bytes : weight_bytes,
                            weights.data(), part, matrix, &matrix_at, bias, &bias_at);
    auto gates = mode == CUDNN_LSTM ? 4 : mode == CUDNN_GRU ? 3 : 1;
    std::vector<float> of_matrix(static_cast<std::size_t>(hidden * (part < gates ? input : hidden)),
                                 value);
    std::vector<float> of_bias(hidden, shift);
    for (const auto& [at, values] :
         {std::pair(matrix_at, &of_matrix), std::pair(bias_at, &of_bias)})
      cuda::copy(at, values->data(), values->size() * sizeof(float), cuda::Direction::to_device,
                 test_stream());
    cuda::synchronize(test_stream());
  }
  void forward() {
    cudnnRNNForward(handle, rnn, CUDNN_FWD_MODE_TRAINING, device_lengths, x_data, x.data(), y_data,
                    y.data(), state, nullptr, hn.data(), state, nullptr, nullptr, weight_bytes,
                    weights.data(), workspace_bytes, workspace.data(), reserve_bytes,
                    reserve.data());
  }
  void backward_data() {
    cudnnRNNBackwardData_v8(handle, rnn, nullptr, y_data, y.data(), dy.data(), x_data, dx.data(),
                            state, nullptr, nullptr, nullptr, state, nullptr, nullptr, nullptr,
                            weight_bytes, weights.data(), workspace_bytes, workspace.data(),
                            reserve_bytes, reserve.data());
  }
  void backward_weights() {
    cudnnRNNBackwardWeights_v8(handle, rnn, adds, nullptr, x_data, x.data(), state, nullptr, y_data,
                               y.data(), weight_bytes, dweights.data(), workspace_bytes,
                               workspace.data(), reserve_bytes, reserve.data());
  }
  void train() {
    forward();
    backward_data();
    backward_weights();
  }
};

void nothing(Call&) {}

/// `change`, the descriptors, then `then`, and a training step.
BrokenCaller caller(const char* name, const char* words, const std::function<void(Call&)>& change,
                    const std::function<void(Call&)>& then = nothing) {
  return {name, words, [change, then] {
            Call call;
            change(call);
            call.describe();
            then(call);
            call.train();
          }};
}

}  // namespace

std::vector<BrokenCaller> rnn_callers() {
  return {
      {"a descriptor destroyed twice", "no live handle or descriptor",
       [] {
         cudnnTensorDescriptor_t tensor = nullptr;
         cudnnCreateTensorDescriptor(&tensor);
         cudnnDestroyTensorDescriptor(tensor);
         cudnnDestroyTensorDescriptor(tensor);
       }},
      {"a layer that is not set", "a descriptor is not set",
       [] {
         Call call;
         call.forward();
       }},
      caller("a weight space that is not zeroed", "there is something between weights", nothing,
             [](Call& c) {
               c.weights.set(std::vector<float>(1024, 1));
               for (int part = 0; part < 8; ++part) c.set_weights(part, .2F, .1F);
             }),
      caller("a state of two dimensions", "2 dimensions", [](Call& c) { c.state_rank = 2; }),
      caller("a state of four dimensions", "a state is not (1, 2, 4)",
             [](Call& c) { c.state_rank = 4; }),
      caller("dropout without states", "dropout 0.5", [](Call& c) { c.dropped = .5F; }),
      caller("a projection that is none", "projection 2", [](Call& c) { c.projection = 2; }),
      caller("sums in bf16", "types 9 and 9",
             [](Call& c) { c.type = c.computed = CUDNN_DATA_BFLOAT16; }),
      caller("packed sequences, the shortest first", "sorted: 0",
             [](Call& c) {
               c.lengths = {2, 3};
             }),
      caller("a sequence longer than the longest", "lengths from 2 to 4",
             [](Call& c) {
               c.lengths = {4, 2};
             }),
      caller("padded sequences of a layer that takes packed ones", "layout 2",
             [](Call& c) { c.layout = CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED; }),
      caller("y of another size", "vectors of 2 and 3", [](Call& c) { c.y_size = 3; }),
      caller("lengths on the device", "lengths at",
             [](Call& c) { c.device_lengths = static_cast<const std::int32_t*>(c.x.data()); }),
      caller("a weight space of another size", "[cudnnGetRNNWeightParams] 100 bytes", nothing,
             [](Call& c) { c.set_weights(0, 1, 1, 100); }),
      caller("a gate that an LSTM does not have", "part 8", nothing,
             [](Call& c) { c.set_weights(8, 1, 1); }),
      caller("a workspace as for inference", "workspace", nothing,
             [](Call& c) { c.workspace_bytes /= 2; }),
      caller("no reserve in training", "reserve 0", nothing, [](Call& c) { c.reserve_bytes = 0; }),
      caller("weights' gradients that are set", "mode 1",
             [](Call& c) { c.adds = CUDNN_WGRAD_MODE_SET; }),
      caller("the weights' gradients before the data's", "the reserve holds something else",
             nothing,
             [](Call& c) {
               c.forward();
               c.backward_weights();
             }),
      caller("a reserve of no forward", "the reserve holds something else", nothing,
             [](Call& c) { c.backward_data(); }),
      caller("a reserve used twice", "the reserve holds something else", nothing,
             [](Call& c) {
               c.forward();
               c.backward_data();
               c.backward_data();
             }),
      caller("a reserve that has changed", "the reserve has changed", nothing,
             [](Call& c) {
               c.forward();
               float value = 3;
               cuda::copy(c.reserve.floats() + 30, &value, sizeof value, cuda::Direction::to_device,
                          test_stream());
               c.backward_data();
             }),
      caller("weights that have changed", "weightSpace is not what it was", nothing,
             [](Call& c) {
               c.forward();
               c.set_weights(1, 5, 5);
               c.backward_data();
             }),
      caller("an x that has changed", "x is not what it was", nothing,
             [](Call& c) {
               c.forward();
               c.backward_data();
               c.x.set(std::vector<float>(16, 3));
               c.backward_weights();
             }),
  };
}

namespace {

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

// With the weights 0 the gates are their biases, in cuDNN's order: i f g o, those of x and those of h.
TEST(RnnStandIn, KnowsGatesByTheirAddresses) {
  Call call;
  call.describe();
  for (int part = 0; part < 8; ++part) call.set_weights(part, 0, .1F * static_cast<float>(part));
  call.forward();
  float i = sigmoid(.4F), f = sigmoid(.6F), g = std::tanh(.8F), o = sigmoid(1.0F), c = 0;
  std::vector<float> y = call.y.get(20);
  // packed: two vectors each of steps 0 and 1, one of step 2
  for (std::size_t t = 0; t < 3; ++t) {
    c = f * c + i * g;
    for (std::size_t j = 0; j < (t < 2 ? 8U : 4U); ++j)
      EXPECT_NEAR(y[t * 8 + j], o * std::tanh(c), 1e-6) << t;
  }
}

TEST(RnnStandIn, FillsThePaddingOfBothLayouts) {
  for (auto layout :
       {CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED, CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED}) {
    Call packed, padded;
    padded.layout = layout;
    padded.flags = CUDNN_RNN_PADDED_IO_ENABLED;
    padded.lengths = packed.lengths = {3, 1};
    for (Call* call : {&packed, &padded}) {
      call->describe();
      for (int part = 0; part < 8; ++part)
        call->set_weights(part, .2F, .1F * static_cast<float>(part));
      call->train();
    }
    bool seq_major = layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED;
    std::vector<float> y = padded.y.get(24), expected = packed.y.get(16);
    const std::array<std::size_t, 4> places = {0, seq_major ? 1U : 3U, seq_major ? 2U : 1U,
                                               seq_major ? 4U : 2U};
    for (std::size_t vector = 0; vector < 4; ++vector) {
      for (std::size_t j = 0; j < 4; ++j)
        EXPECT_EQ(y[places[vector] * 4 + j], expected[vector * 4 + j]);
    }
    for (std::size_t vector : {seq_major ? 3U : 4U, 5U}) EXPECT_EQ(y[vector * 4], 7);
    EXPECT_EQ(padded.hn.get(8), packed.hn.get(8));
    EXPECT_EQ(padded.dweights.get(50), packed.dweights.get(50));
  }
}

TEST(RnnStandIn, AddsWeightsGradientsToWhatIsThere) {
  Call once, twice;
  for (Call* call : {&once, &twice}) {
    call->describe();
    for (int part = 0; part < 8; ++part) call->set_weights(part, .2F, .1F);
    call->train();
  }
  twice.backward_weights();
  std::vector<float> first = once.dweights.get(200), second = twice.dweights.get(200);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(second[i], 2 * first[i]);
}

}  // namespace
}  // namespace melgrad::sim
