#include "kernels/cuda/libraries/rnn_layer.h"

// cuDNN wants a layer's weights in one array whose layout it alone knows. It numbers matrices as PyTorch orders gates (LSTM
// i f g o; GRU r z n), those of the input first, those of h after them, so one loop serves all modes.
namespace melgrad::cuda {
namespace {

cudnnRNNMode_t mode_of(RnnMode mode) {
  switch (mode) {
    case RnnMode::rnn_tanh: return CUDNN_RNN_TANH;
    case RnnMode::rnn_relu: return CUDNN_RNN_RELU;
    case RnnMode::lstm: return CUDNN_LSTM;
    case RnnMode::gru: return CUDNN_GRU;
  }
  return CUDNN_LSTM;
}

cudnnDataType_t type_of(Dtype dtype) {
  return dtype == Dtype::f32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;
}

int as_int(i64 value) { return static_cast<int>(value); }

// Sequences of one length, one step of all after the other.
void describe(const DataDescriptor& data, const RnnShape& s, Dtype dtype, i64 size) {
  std::vector<int> lengths(static_cast<std::size_t>(s.n), as_int(s.t));
  check_cudnn(
      cudnnSetRNNDataDescriptor(data, type_of(dtype), CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED,
                                as_int(s.t), as_int(s.n), as_int(size), lengths.data(), nullptr),
      "cudnnSetRNNDataDescriptor");
}

}  // namespace

RnnDescriptors::RnnDescriptors(cudnnHandle_t handle, const RnnShape& s, Dtype dtype,
                               bool tensor_cores) {
  if (handle) {
    check_cudnn(cudnnSetDropoutDescriptor(no_dropout, handle, 0, nullptr, 0, 0),
                "cudnnSetDropoutDescriptor");
  }
  check_cudnn(cudnnSetRNNDescriptor_v8(
                  rnn, CUDNN_RNN_ALGO_STANDARD, mode_of(s.mode), CUDNN_RNN_DOUBLE_BIAS,
                  CUDNN_UNIDIRECTIONAL, CUDNN_LINEAR_INPUT, type_of(dtype), CUDNN_DATA_FLOAT,
                  tensor_cores ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH, as_int(s.input),
                  as_int(s.hidden), as_int(s.hidden), 1, no_dropout, CUDNN_RNN_PADDED_IO_DISABLED),
              "cudnnSetRNNDescriptor_v8");
  describe(x, s, dtype, s.input);
  describe(y, s, dtype, s.hidden);
  int sizes[3] = {1, as_int(s.n), as_int(s.hidden)};
  int strides[3] = {as_int(s.n * s.hidden), as_int(s.hidden), 1};
  check_cudnn(cudnnSetTensorNdDescriptor(state, type_of(dtype), 3, sizes, strides),
              "cudnnSetTensorNdDescriptor");
}

RnnLayer::RnnLayer(cudnnHandle_t handle, const RnnShape& s, Dtype dtype, bool tensor_cores)
    : s_(s), dtype_(dtype), described_(handle, s, dtype, tensor_cores) {
  check_cudnn(cudnnGetRNNWeightSpaceSize(handle, rnn(), &weight_bytes_),
              "cudnnGetRNNWeightSpaceSize");
  inference_ = ask_areas(handle, CUDNN_FWD_MODE_INFERENCE);
  training_ = ask_areas(handle, CUDNN_FWD_MODE_TRAINING);
}

RnnLayer::Areas RnnLayer::ask_areas(cudnnHandle_t handle, cudnnForwardMode_t mode) const {
  Areas areas;
  check_cudnn(cudnnGetRNNTempSpaceSizes(handle, rnn(), mode, x(), &areas.workspace, &areas.reserve),
              "cudnnGetRNNTempSpaceSizes");
  return areas;
}

const std::vector<WeightPiece>& RnnLayer::pieces(cudnnHandle_t handle, const char* space) {
  if (!pieces_.empty()) return pieces_;
  std::vector<WeightPiece> pieces;
  auto add = [&](const WeightPiece& next) {
    bool continues = !pieces.empty() && pieces.back().array == next.array &&
                     pieces.back().place + pieces.back().bytes == next.place;
    if (continues) {
      pieces.back().bytes += next.bytes;
    } else {
      pieces.push_back(next);
    }
  };
  i64 g = gates(s_.mode), bias_bytes = s_.hidden * static_cast<i64>(size_of(dtype_));
  for (bool of_biases : {false, true}) {
    for (i64 part = 0; part < 2 * g; ++part) {
      i64 matrix_bytes = bias_bytes * (part < g ? s_.input : s_.hidden);
      i64 bytes = of_biases ? bias_bytes : matrix_bytes;
      add({.array = (of_biases ? 2U : 0U) + (part < g ? 0U : 1U),
           .first = part % g * bytes,
           .bytes = bytes,
           .place = place_of(handle, part, of_biases, space) - space});
    }
  }
  pieces_ = std::move(pieces);
  return pieces_;
}

const char* RnnLayer::place_of(cudnnHandle_t handle, i64 part, bool bias, const char* space) const {
  void *matrix_at = nullptr, *bias_at = nullptr;
  check_cudnn(cudnnGetRNNWeightParams(handle, rnn(), 0, weight_bytes_, space, as_int(part), matrix_,
                                      &matrix_at, bias_, &bias_at),
              "cudnnGetRNNWeightParams");
  return static_cast<const char*>(bias ? bias_at : matrix_at);
}

}  // namespace melgrad::cuda
