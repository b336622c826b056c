#include <utility>
#include <vector>

#include "kernels/cuda/library_handles.h"
#include "kernels/scratch_array.h"

// One layer, one direction a call. cuDNN wants a layer's weights in one array whose layout it alone knows: they are copied
// there matrix by matrix. It numbers matrices as PyTorch orders gates (LSTM i f g o; GRU r z n), those of the
// input first, those of h after them, so one loop serves all modes. It runs forwards in time only:
// a reversed layer flips x and y.
namespace melgrad {
namespace {

using cuda::check_cudnn;

cudnnRNNMode_t mode_of(RnnMode mode) {
  switch (mode) {
    case RnnMode::rnn_tanh: return CUDNN_RNN_TANH;
    case RnnMode::rnn_relu: return CUDNN_RNN_RELU;
    case RnnMode::lstm: return CUDNN_LSTM;
    case RnnMode::gru: return CUDNN_GRU;
  }
  return CUDNN_LSTM;
}

class Rnn {
 public:
  Rnn(CudaBackend& backend, const RnnShape& s, Dtype dtype)
      : backend_(backend), handle_(backend.libraries().cudnn), s_(s), dtype_(dtype) {
    check(dtype == Dtype::f32 || dtype == Dtype::bf16, "rnn",
          "on a GPU this is for f32 and bf16, not for {}", name_of(dtype));
    cudnnDataType_t type = dtype == Dtype::f32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;
    auto as_int = [](i64 value) { return static_cast<int>(value); };
    check_cudnn(cudnnCreateDropoutDescriptor(&no_dropout_), "cudnnCreateDropoutDescriptor");
    check_cudnn(cudnnSetDropoutDescriptor(no_dropout_, handle_, 0, nullptr, 0, 0),
                "cudnnSetDropoutDescriptor");
    check_cudnn(cudnnCreateRNNDescriptor(&rnn_), "cudnnCreateRNNDescriptor");
    check_cudnn(cudnnSetRNNDescriptor_v8(
                    rnn_, CUDNN_RNN_ALGO_STANDARD, mode_of(s.mode), CUDNN_RNN_DOUBLE_BIAS,
                    CUDNN_UNIDIRECTIONAL, CUDNN_LINEAR_INPUT, type, CUDNN_DATA_FLOAT,
                    cuda::math_of(dtype), as_int(s.input), as_int(s.hidden), as_int(s.hidden), 1,
                    no_dropout_, CUDNN_RNN_PADDED_IO_DISABLED),
                "cudnnSetRNNDescriptor_v8");
    std::vector<int> lengths(static_cast<std::size_t>(s.n), as_int(s.t));
    describe(x_, type, s.input, lengths);
    describe(y_, type, s.hidden, lengths);
    check_cudnn(cudnnCreateTensorDescriptor(&h_), "cudnnCreateTensorDescriptor");
    int sizes[3] = {1, as_int(s.n), as_int(s.hidden)};
    int strides[3] = {as_int(s.n * s.hidden), as_int(s.hidden), 1};
    check_cudnn(cudnnSetTensorNdDescriptor(h_, type, 3, sizes, strides),
                "cudnnSetTensorNdDescriptor");
    check_cudnn(cudnnGetRNNWeightSpaceSize(handle_, rnn_, &weight_bytes_),
                "cudnnGetRNNWeightSpaceSize");
  }
  Rnn(const Rnn&) = delete;
  Rnn& operator=(const Rnn&) = delete;
  ~Rnn() {
    cudnnDestroyTensorDescriptor(h_);
    cudnnDestroyRNNDataDescriptor(y_);
    cudnnDestroyRNNDataDescriptor(x_);
    cudnnDestroyRNNDescriptor(rnn_);
    cudnnDestroyDropoutDescriptor(no_dropout_);
  }

  std::pair<std::size_t, std::size_t> workspace_and_reserve(cudnnForwardMode_t mode) const {
    std::size_t workspace = 0, reserve = 0;
    check_cudnn(cudnnGetRNNTempSpaceSizes(handle_, rnn_, mode, x_, &workspace, &reserve),
                "cudnnGetRNNTempSpaceSizes");
    return {workspace, reserve};
  }

  void forward(const RnnWeights& weights, const void* x, const void* h0, const void* c0, void* y,
               void* hn, void* cn, void* reserve) {
    cudnnForwardMode_t mode = reserve ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE;
    auto [workspace_bytes, reserve_bytes] = workspace_and_reserve(mode);
    ScratchArray<char> packed(backend_, bytes(weight_bytes_)),
        workspace(backend_, bytes(workspace_bytes));
    pack(weights, packed.data());
    check_cudnn(cudnnRNNForward(handle_, rnn_, mode, nullptr, x_, x, y_, y, h_, h0, hn, h_, c0, cn,
                                weight_bytes_, packed.data(), workspace_bytes, workspace.data(),
                                reserve_bytes, reserve),
                "cudnnRNNForward");
  }

  void backward(const RnnWeights& weights, const void* x, const void* h0, const void* c0,
                const void* y, const void* reserve, const void* dy, const void* dhn,
                const void* dcn, void* dx, const RnnGradients& d) {
    auto [workspace_bytes, reserve_bytes] = workspace_and_reserve(CUDNN_FWD_MODE_TRAINING);
    ScratchArray<char> packed(backend_, bytes(weight_bytes_)),
        workspace(backend_, bytes(workspace_bytes));
    // cuDNN writes to the reserve in backward; the caller's may be used once more (retain_graph).
    ScratchArray<char> own_reserve(backend_, bytes(reserve_bytes));
    cuda::copy(own_reserve.data(), reserve, reserve_bytes, cuda::Direction::on_device,
               backend_.stream());
    pack(weights, packed.data());
    check_cudnn(
        cudnnRNNBackwardData_v8(handle_, rnn_, nullptr, y_, y, dy, x_, dx, h_, h0, dhn, d.dh0, h_,
                                c0, dcn, d.dc0, weight_bytes_, packed.data(), workspace_bytes,
                                workspace.data(), reserve_bytes, own_reserve.data()),
        "cudnnRNNBackwardData_v8");
    if (!d.dw_ih && !d.dw_hh && !d.db_ih && !d.db_hh) return;
    backend_.fill(Dtype::u8, 0, bytes(weight_bytes_), packed.data());
    check_cudnn(cudnnRNNBackwardWeights_v8(handle_, rnn_, CUDNN_WGRAD_MODE_ADD, nullptr, x_, x, h_,
                                           h0, y_, y, weight_bytes_, packed.data(), workspace_bytes,
                                           workspace.data(), reserve_bytes, own_reserve.data()),
                "cudnnRNNBackwardWeights_v8");
    unpack(packed.data(), d);
  }

 private:
  static i64 bytes(std::size_t count) { return static_cast<i64>(count); }

  void describe(cudnnRNNDataDescriptor_t& descriptor, cudnnDataType_t type, i64 size,
                const std::vector<int>& lengths) {
    check_cudnn(cudnnCreateRNNDataDescriptor(&descriptor), "cudnnCreateRNNDataDescriptor");
    check_cudnn(
        cudnnSetRNNDataDescriptor(descriptor, type, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED,
                                  static_cast<int>(s_.t), static_cast<int>(s_.n),
                                  static_cast<int>(size), lengths.data(), nullptr),
        "cudnnSetRNNDataDescriptor");
  }

  // Calls f(our array, first byte of the gate's part, bytes, cuDNN's place for it) for each matrix and bias.
  template <class W, class F>
  void for_each_part(const W& w_ih, const W& w_hh, const W& b_ih, const W& b_hh, char* packed,
                     F f) {
    cudnnTensorDescriptor_t matrix = nullptr, bias = nullptr;
    check_cudnn(cudnnCreateTensorDescriptor(&matrix), "cudnnCreateTensorDescriptor");
    check_cudnn(cudnnCreateTensorDescriptor(&bias), "cudnnCreateTensorDescriptor");
    i64 g = gates(s_.mode);
    auto element = static_cast<i64>(size_of(dtype_));
    for (i64 part = 0; part < 2 * g; ++part) {
      void *matrix_at = nullptr, *bias_at = nullptr;
      check_cudnn(
          cudnnGetRNNWeightParams(handle_, rnn_, 0, weight_bytes_, packed, static_cast<int>(part),
                                  matrix, &matrix_at, bias, &bias_at),
          "cudnnGetRNNWeightParams");
      bool of_input = part < g;
      i64 gate = part % g, matrix_bytes = s_.hidden * (of_input ? s_.input : s_.hidden) * element;
      f(of_input ? w_ih : w_hh, gate * matrix_bytes, matrix_bytes, matrix_at);
      f(of_input ? b_ih : b_hh, gate * s_.hidden * element, s_.hidden * element, bias_at);
    }
    cudnnDestroyTensorDescriptor(bias);
    cudnnDestroyTensorDescriptor(matrix);
  }

  void pack(const RnnWeights& w, char* packed) {
    backend_.fill(Dtype::u8, 0, bytes(weight_bytes_), packed);  // absent biases
    for_each_part(w.w_ih, w.w_hh, w.b_ih, w.b_hh, packed,
                  [&](const void* ours, i64 first, i64 count, void* place) {
                    if (!ours) return;
                    cuda::copy(place, static_cast<const char*>(ours) + first,
                               static_cast<std::size_t>(count), cuda::Direction::on_device,
                               backend_.stream());
                  });
  }

  void unpack(char* packed, const RnnGradients& d) {
    for_each_part(d.dw_ih, d.dw_hh, d.db_ih, d.db_hh, packed,
                  [&](void* ours, i64 first, i64 count, void* place) {
                    if (!ours) return;
                    cuda::copy(static_cast<char*>(ours) + first, place,
                               static_cast<std::size_t>(count), cuda::Direction::on_device,
                               backend_.stream());
                  });
  }

  CudaBackend& backend_;
  cudnnHandle_t handle_;
  RnnShape s_;
  Dtype dtype_;
  std::size_t weight_bytes_ = 0;
  cudnnDropoutDescriptor_t no_dropout_ = nullptr;
  cudnnRNNDescriptor_t rnn_ = nullptr;
  cudnnRNNDataDescriptor_t x_ = nullptr, y_ = nullptr;
  cudnnTensorDescriptor_t h_ = nullptr;
};

// target[t] = source[steps − 1 − t], rows of n·size values
void flip_time(CudaBackend& backend, Dtype dtype, i64 steps, i64 row, const void* source,
               void* target) {
  auto* last =
      static_cast<const char*>(source) + (steps - 1) * row * static_cast<i64>(size_of(dtype));
  backend.copy({2, {steps, row}, {-row, 1}, {row, 1}}, dtype, last, dtype, target);
}

// The array itself, or its copy in reversed time.
class InTime {
 public:
  InTime(CudaBackend& backend, const RnnShape& s, Dtype dtype, i64 size, const void* source)
      : source_(source),
        flipped_(backend,
                 s.reverse && source ? s.t * s.n * size * static_cast<i64>(size_of(dtype)) : 0) {
    if (flipped_.data()) flip_time(backend, dtype, s.t, s.n * size, source, flipped_.data());
  }
  const void* data() const { return flipped_.data() ? flipped_.data() : source_; }

 private:
  const void* source_;
  ScratchArray<char> flipped_;
};

}  // namespace

std::size_t CudaBackend::rnn_reserve_bytes(const RnnShape& s, Dtype dtype) {
  if (s.t * s.n == 0) return 0;
  return Rnn(*this, s, dtype).workspace_and_reserve(CUDNN_FWD_MODE_TRAINING).second;
}

void CudaBackend::rnn(const RnnShape& s, Dtype dtype, const RnnWeights& weights, const void* x,
                      const void* h0, const void* c0, void* y, void* hn, void* cn, void* reserve) {
  check(s.t * s.n > 0, "rnn", "on a GPU an empty batch or sequence is not supported");
  Rnn layer(*this, s, dtype);
  InTime input(*this, s, dtype, s.input, x);
  i64 output_bytes = s.t * s.n * s.hidden * static_cast<i64>(size_of(dtype));
  ScratchArray<char> flipped(*this, s.reverse ? output_bytes : 0);
  layer.forward(weights, input.data(), h0, c0, s.reverse ? flipped.data() : y, hn, cn, reserve);
  if (s.reverse) flip_time(*this, dtype, s.t, s.n * s.hidden, flipped.data(), y);
}

void CudaBackend::rnn_backward(const RnnShape& s, Dtype dtype, const RnnWeights& weights,
                               const void* x, const void* h0, const void* c0, const void* y,
                               const void* reserve, const void* dy, const void* dhn,
                               const void* dcn, const RnnGradients& d) {
  Rnn layer(*this, s, dtype);
  auto element = static_cast<i64>(size_of(dtype));
  i64 input_bytes = s.t * s.n * s.input * element, output_bytes = s.t * s.n * s.hidden * element;
  InTime input(*this, s, dtype, s.input, x), output(*this, s, dtype, s.hidden, y);
  // cuDNN wants a dy and always gives dx.
  ScratchArray<char> no_dy(*this, dy ? 0 : output_bytes);
  if (!dy) fill(Dtype::u8, 0, output_bytes, no_dy.data());
  InTime gradient(*this, s, dtype, s.hidden, dy ? dy : no_dy.data());
  ScratchArray<char> dx(*this, d.dx && !s.reverse ? 0 : input_bytes);
  void* dx_in_time = dx.data() ? dx.data() : d.dx;
  layer.backward(weights, input.data(), h0, c0, output.data(), reserve, gradient.data(), dhn, dcn,
                 dx_in_time, d);
  if (d.dx && s.reverse) flip_time(*this, dtype, s.t, s.n * s.input, dx.data(), d.dx);
}

}  // namespace melgrad
