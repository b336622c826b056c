#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/cuda/libraries/library_handles.h"
#include "kernels/scratch_array.h"
#include "kernels/tf32.h"

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

// f32 means f32, unless TF32 was asked for.
cudnnMathType_t math_of(Dtype dtype) {
  return dtype == Dtype::f32 && !tf32() ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH;
}

template <class T, cudnnStatus_t (*create)(T*), cudnnStatus_t (*destroy)(T)>
class Owned {
 public:
  /// `call`: the name of `create`.
  explicit Owned(std::string_view call) { check_cudnn(create(&descriptor_), call); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { destroy(descriptor_); }
  operator T() const { return descriptor_; }  // NOLINT(google-explicit-constructor)

 private:
  T descriptor_ = nullptr;
};

class Rnn {
 public:
  Rnn(CudaBackend& backend, const RnnShape& s, Dtype dtype)
      : backend_(backend), handle_(backend.libraries().cudnn), s_(s), dtype_(dtype) {
    check(dtype == Dtype::f32 || dtype == Dtype::bf16, "rnn",
          "on a GPU this is for f32 and bf16, not for {}", name_of(dtype));
    check(dtype != Dtype::bf16 || cudnnGetVersion() >= 91300, "rnn",
          "bf16 needs cuDNN 9.13 or newer; this is {}", cudnnGetVersion());
    cudnnDataType_t type = dtype == Dtype::f32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;
    auto as_int = [](i64 value) { return static_cast<int>(value); };
    check_cudnn(cudnnSetDropoutDescriptor(no_dropout_, handle_, 0, nullptr, 0, 0),
                "cudnnSetDropoutDescriptor");
    check_cudnn(cudnnSetRNNDescriptor_v8(rnn_, CUDNN_RNN_ALGO_STANDARD, mode_of(s.mode),
                                         CUDNN_RNN_DOUBLE_BIAS, CUDNN_UNIDIRECTIONAL,
                                         CUDNN_LINEAR_INPUT, type, CUDNN_DATA_FLOAT, math_of(dtype),
                                         as_int(s.input), as_int(s.hidden), as_int(s.hidden), 1,
                                         no_dropout_, CUDNN_RNN_PADDED_IO_DISABLED),
                "cudnnSetRNNDescriptor_v8");
    std::vector<int> lengths(static_cast<std::size_t>(s.n), as_int(s.t));
    describe(x_, type, s.input, lengths);
    describe(y_, type, s.hidden, lengths);
    int sizes[3] = {1, as_int(s.n), as_int(s.hidden)};
    int strides[3] = {as_int(s.n * s.hidden), as_int(s.hidden), 1};
    check_cudnn(cudnnSetTensorNdDescriptor(h_, type, 3, sizes, strides),
                "cudnnSetTensorNdDescriptor");
    check_cudnn(cudnnGetRNNWeightSpaceSize(handle_, rnn_, &weight_bytes_),
                "cudnnGetRNNWeightSpaceSize");
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
    copy(own_reserve.data(), reserve, bytes(reserve_bytes));
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

  void describe(cudnnRNNDataDescriptor_t descriptor, cudnnDataType_t type, i64 size,
                const std::vector<int>& lengths) {
    check_cudnn(cudnnSetRNNDataDescriptor(descriptor, type, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED,
                                          static_cast<int>(s_.t), static_cast<int>(s_.n),
                                          static_cast<int>(size), lengths.data(), nullptr),
                "cudnnSetRNNDataDescriptor");
  }

  // A stretch of weights that lies in one piece in our array and in cuDNN's: of w_ih, w_hh, b_ih or b_hh (array 0 … 3), or of
  // a few gates of it.
  struct Piece {
    std::size_t array;
    i64 first, bytes;
    char* place;  // cuDNN's
  };
  std::vector<Piece> pieces(char* packed) const {
    std::vector<Piece> pieces;
    auto add = [&](const Piece& next) {
      bool continues = !pieces.empty() && pieces.back().array == next.array &&
                       pieces.back().place + pieces.back().bytes == next.place;
      if (continues) {
        pieces.back().bytes += next.bytes;
      } else {
        pieces.push_back(next);
      }
    };
    auto element = static_cast<i64>(size_of(dtype_));
    i64 g = gates(s_.mode), bias_bytes = s_.hidden * element;
    for (bool of_biases : {false, true}) {
      for (i64 part = 0; part < 2 * g; ++part) {
        i64 matrix_bytes = bias_bytes * (part < g ? s_.input : s_.hidden);
        i64 bytes = of_biases ? bias_bytes : matrix_bytes;
        add({.array = (of_biases ? 2U : 0U) + (part < g ? 0U : 1U),
             .first = part % g * bytes,
             .bytes = bytes,
             .place = place_of(part, of_biases, packed)});
      }
    }
    return pieces;
  }

  char* place_of(i64 part, bool bias, char* packed) const {
    void *matrix_at = nullptr, *bias_at = nullptr;
    check_cudnn(
        cudnnGetRNNWeightParams(handle_, rnn_, 0, weight_bytes_, packed, static_cast<int>(part),
                                matrix_, &matrix_at, bias_, &bias_at),
        "cudnnGetRNNWeightParams");
    return static_cast<char*>(bias ? bias_at : matrix_at);
  }

  void pack(const RnnWeights& w, char* packed) {
    const std::array<const void*, 4> ours = {w.w_ih, w.w_hh, w.b_ih, w.b_hh};
    if (!w.b_ih || !w.b_hh) backend_.fill(Dtype::u8, 0, bytes(weight_bytes_), packed);
    for (const Piece& piece : pieces(packed)) {
      if (ours[piece.array]) copy(piece.place, at(ours[piece.array], piece.first), piece.bytes);
    }
  }

  void unpack(char* packed, const RnnGradients& d) {
    const std::array<void*, 4> ours = {d.dw_ih, d.dw_hh, d.db_ih, d.db_hh};
    for (const Piece& piece : pieces(packed)) {
      if (ours[piece.array]) {
        copy(static_cast<char*>(ours[piece.array]) + piece.first, piece.place, piece.bytes);
      }
    }
  }

  static const char* at(const void* array, i64 byte) {
    return static_cast<const char*>(array) + byte;
  }
  void copy(void* target, const void* source, i64 count) {
    cuda::copy(target, source, static_cast<std::size_t>(count), cuda::Direction::on_device,
               backend_.stream());
  }

  CudaBackend& backend_;
  cudnnHandle_t handle_;
  RnnShape s_;
  Dtype dtype_;
  std::size_t weight_bytes_ = 0;
  using TensorDescriptor =
      Owned<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
  using DataDescriptor =
      Owned<cudnnRNNDataDescriptor_t, cudnnCreateRNNDataDescriptor, cudnnDestroyRNNDataDescriptor>;
  Owned<cudnnDropoutDescriptor_t, cudnnCreateDropoutDescriptor, cudnnDestroyDropoutDescriptor>
      no_dropout_{"cudnnCreateDropoutDescriptor"};
  Owned<cudnnRNNDescriptor_t, cudnnCreateRNNDescriptor, cudnnDestroyRNNDescriptor> rnn_{
      "cudnnCreateRNNDescriptor"};
  DataDescriptor x_{"cudnnCreateRNNDataDescriptor"}, y_{"cudnnCreateRNNDataDescriptor"};
  TensorDescriptor h_{"cudnnCreateTensorDescriptor"}, matrix_{"cudnnCreateTensorDescriptor"},
      bias_{"cudnnCreateTensorDescriptor"};
};

// target[t] = source[steps − 1 − t], rows of n·size values
void flip_time(CudaBackend& backend, Dtype dtype, i64 steps, i64 row, const void* source,
               void* target) {
  auto* last =
      static_cast<const char*>(source) + (steps - 1) * row * static_cast<i64>(size_of(dtype));
  backend.copy({2, {steps, row}, {-row, 1}, {row, 1}}, dtype, last, dtype, target);
}

// `steps` rows of values as cuDNN takes them: a copy where time has to be reversed, or where a view begins at an address that
// no wide load can read; else the array itself, which may be null.
class Operand {
 public:
  Operand(CudaBackend& backend, Dtype dtype, bool reverse, i64 steps, i64 row, const void* source)
      : source_(source),
        copy_(backend, source && (reverse || reinterpret_cast<std::uintptr_t>(source) % 16 != 0)
                           ? steps * row * static_cast<i64>(size_of(dtype))
                           : 0) {
    if (!copy_.data()) return;
    if (reverse) {
      flip_time(backend, dtype, steps, row, source, copy_.data());
    } else {
      backend.copy({1, {steps * row}, {1}, {1}}, dtype, source, dtype, copy_.data());
    }
  }
  const void* data() const { return copy_.data() ? copy_.data() : source_; }

 private:
  const void* source_;
  ScratchArray<char> copy_;
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
  i64 state = s.n * s.hidden;
  Operand input(*this, dtype, s.reverse, s.t, s.n * s.input, x),
      h(*this, dtype, false, 1, state, h0), c(*this, dtype, false, 1, state, c0);
  i64 output_bytes = s.t * s.n * s.hidden * static_cast<i64>(size_of(dtype));
  ScratchArray<char> flipped(*this, s.reverse ? output_bytes : 0);
  layer.forward(weights, input.data(), h.data(), c.data(), s.reverse ? flipped.data() : y, hn, cn,
                reserve);
  if (s.reverse) flip_time(*this, dtype, s.t, s.n * s.hidden, flipped.data(), y);
}

void CudaBackend::rnn_backward(const RnnShape& s, Dtype dtype, const RnnWeights& weights,
                               const void* x, const void* h0, const void* c0, const void* y,
                               const void* reserve, const void* dy, const void* dhn,
                               const void* dcn, const RnnGradients& d) {
  Rnn layer(*this, s, dtype);
  auto element = static_cast<i64>(size_of(dtype));
  i64 input_bytes = s.t * s.n * s.input * element, output_bytes = s.t * s.n * s.hidden * element;
  i64 state = s.n * s.hidden;
  auto states = [&](const void* values) { return Operand(*this, dtype, false, 1, state, values); };
  auto steps = [&](i64 row, const void* values) {
    return Operand(*this, dtype, s.reverse, s.t, row, values);
  };
  // cuDNN wants a dy and always gives dx.
  ScratchArray<char> no_dy(*this, dy ? 0 : output_bytes);
  if (!dy) fill(dtype, 0, s.t * state, no_dy.data());
  ScratchArray<char> dx(*this, d.dx && !s.reverse ? 0 : input_bytes);
  void* dx_in_time = dx.data() ? dx.data() : d.dx;
  layer.backward(weights, steps(s.n * s.input, x).data(), states(h0).data(), states(c0).data(),
                 steps(state, y).data(), reserve, steps(state, dy ? dy : no_dy.data()).data(),
                 states(dhn).data(), states(dcn).data(), dx_in_time, d);
  if (d.dx && s.reverse) flip_time(*this, dtype, s.t, s.n * s.input, dx.data(), d.dx);
}

}  // namespace melgrad
