#include <array>
#include <memory>
#include <tuple>

#include "kernels/cuda/libraries/aligned.h"
#include "kernels/cuda/libraries/library_handles.h"
#include "kernels/cuda/libraries/rnn_layer.h"
#include "kernels/cuda/libraries/workspace.h"
#include "kernels/scratch_array.h"
#include "kernels/tf32.h"

// Recurrent layers by cuDNN, one layer, one direction a call. It runs forwards in time only: a reversed layer flips x and y.
namespace melgrad {
namespace {

using cuda::check_cudnn;

i64 bytes(std::size_t count) { return static_cast<i64>(count); }

/// A layer and its weights in cuDNN's order, in memory of the caller.
class PackedLayer {
 public:
  PackedLayer(CudaBackend& backend, const RnnShape& s, Dtype dtype)
      : backend_(backend), handle_(backend.libraries().cudnn) {
    check(dtype == Dtype::f32 || dtype == Dtype::bf16, "rnn",
          "on a GPU this is for f32 and bf16, not for {}", name_of(dtype));
    check(dtype != Dtype::bf16 || cudnnGetVersion() >= 91300, "rnn",
          "bf16 needs cuDNN 9.13 or newer; this is {}", cudnnGetVersion());
    bool tensor_cores = dtype == Dtype::bf16 || tf32_in_convolutions();
    layer_ = backend.libraries().recurrent_layers.at(
        std::tuple(s.mode, s.t, s.n, s.input, s.hidden, dtype, tensor_cores),
        [&] { return std::make_shared<cuda::RnnLayer>(handle_, s, dtype, tensor_cores); });
  }

  // What training keeps: cuDNN's reserve and, behind it, the packed weights, so that backward does not pack them again.
  std::size_t reserve_bytes() const { return weights_at() + layer_->weight_bytes(); }

  void forward(const RnnWeights& weights, const void* x, const void* h0, const void* c0, void* y,
               void* hn, void* cn, void* reserve) {
    cudnnForwardMode_t mode = reserve ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE;
    ScratchArray<char> own(backend_, reserve ? 0 : bytes(layer_->weight_bytes()));
    char* packed = reserve ? static_cast<char*>(reserve) + weights_at() : own.data();
    pack(weights, packed);
    const auto& areas = layer_->areas(mode);
    cuda::Workspace workspace(backend_, bytes(areas.workspace));
    auto run = [&] {
      return cudnnRNNForward(handle_, layer_->rnn(), mode, nullptr, layer_->x(), x, layer_->y(), y,
                             layer_->state(), h0, hn, layer_->state(), c0, cn,
                             layer_->weight_bytes(), packed, areas.workspace, workspace.data(),
                             areas.reserve, reserve);
    };
    check_cudnn(cuda::with_memory(backend_, run), "cudnnRNNForward");
  }

  void backward(const void* x, const void* h0, const void* c0, const void* y, void* reserve,
                const void* dy, const void* dhn, const void* dcn, void* dx, const RnnGradients& d) {
    const char* packed = static_cast<char*>(reserve) + weights_at();
    const auto& areas = layer_->areas(CUDNN_FWD_MODE_TRAINING);
    bool of_weights = d.dw_ih || d.dw_hh || d.db_ih || d.db_hh;
    ScratchArray<char> dweights(backend_, of_weights ? bytes(layer_->weight_bytes()) : 0);
    cuda::Workspace workspace(backend_, bytes(areas.workspace));
    auto data_gradients = [&] {
      return cudnnRNNBackwardData_v8(
          handle_, layer_->rnn(), nullptr, layer_->y(), y, dy, layer_->x(), dx, layer_->state(), h0,
          dhn, d.dh0, layer_->state(), c0, dcn, d.dc0, layer_->weight_bytes(), packed,
          areas.workspace, workspace.data(), areas.reserve, reserve);
    };
    check_cudnn(cuda::with_memory(backend_, data_gradients), "cudnnRNNBackwardData_v8");
    if (!of_weights) return;
    backend_.fill(Dtype::u8, 0, bytes(layer_->weight_bytes()), dweights.data());
    auto weight_gradients = [&] {
      return cudnnRNNBackwardWeights_v8(handle_, layer_->rnn(), CUDNN_WGRAD_MODE_ADD, nullptr,
                                        layer_->x(), x, layer_->state(), h0, layer_->y(), y,
                                        layer_->weight_bytes(), dweights.data(), areas.workspace,
                                        workspace.data(), areas.reserve, reserve);
    };
    check_cudnn(cuda::with_memory(backend_, weight_gradients), "cudnnRNNBackwardWeights_v8");
    unpack(dweights.data(), d);
  }

 private:
  // From the reserve's begin, where cuDNN's own part is; a multiple of what cudaMalloc aligns to.
  std::size_t weights_at() const {
    return (layer_->areas(CUDNN_FWD_MODE_TRAINING).reserve + 255) / 256 * 256;
  }

  // Zeros also between the pieces: what cuDNN reads there must not be NaN.
  void pack(const RnnWeights& w, char* packed) {
    const std::array<const void*, 4> ours = {w.w_ih, w.w_hh, w.b_ih, w.b_hh};
    backend_.fill(Dtype::u8, 0, bytes(layer_->weight_bytes()), packed);
    for (const cuda::WeightPiece& piece : layer_->pieces(handle_, packed)) {
      if (!ours[piece.array]) continue;
      copy(packed + piece.place, static_cast<const char*>(ours[piece.array]) + piece.first,
           piece.bytes);
    }
  }

  void unpack(const char* packed, const RnnGradients& d) {
    const std::array<void*, 4> ours = {d.dw_ih, d.dw_hh, d.db_ih, d.db_hh};
    for (const cuda::WeightPiece& piece : layer_->pieces(handle_, packed)) {
      if (!ours[piece.array]) continue;
      copy(static_cast<char*>(ours[piece.array]) + piece.first, packed + piece.place, piece.bytes);
    }
  }

  void copy(void* target, const void* source, i64 count) {
    cuda::copy(target, source, static_cast<std::size_t>(count), cuda::Direction::on_device,
               backend_.stream());
  }

  CudaBackend& backend_;
  cudnnHandle_t handle_;
  std::shared_ptr<cuda::RnnLayer> layer_;
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
        copy_(backend, source && (reverse || !cuda::is_aligned(source))
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
  return PackedLayer(*this, s, dtype).reserve_bytes();
}

void CudaBackend::rnn(const RnnShape& s, Dtype dtype, const RnnWeights& weights, const void* x,
                      const void* h0, const void* c0, void* y, void* hn, void* cn, void* reserve) {
  check(s.t * s.n > 0, "rnn", "on a GPU an empty batch or sequence is not supported");
  PackedLayer layer(*this, s, dtype);
  i64 state = s.n * s.hidden;
  Operand input(*this, dtype, s.reverse, s.t, s.n * s.input, x),
      h(*this, dtype, false, 1, state, h0), c(*this, dtype, false, 1, state, c0);
  i64 output_bytes = s.t * s.n * s.hidden * static_cast<i64>(size_of(dtype));
  ScratchArray<char> flipped(*this, s.reverse ? output_bytes : 0);
  layer.forward(weights, input.data(), h.data(), c.data(), s.reverse ? flipped.data() : y, hn, cn,
                reserve);
  if (s.reverse) flip_time(*this, dtype, s.t, s.n * s.hidden, flipped.data(), y);
}

void CudaBackend::rnn_backward(const RnnShape& s, Dtype dtype, const RnnWeights&, const void* x,
                               const void* h0, const void* c0, const void* y, void* reserve,
                               const void* dy, const void* dhn, const void* dcn,
                               const RnnGradients& d) {
  PackedLayer layer(*this, s, dtype);
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
  layer.backward(steps(s.n * s.input, x).data(), states(h0).data(), states(c0).data(),
                 steps(state, y).data(), reserve, steps(state, dy ? dy : no_dy.data()).data(),
                 states(dhn).data(), states(dcn).data(), dx_in_time, d);
  if (d.dx && s.reverse) flip_time(*this, dtype, s.t, s.n * s.input, dx.data(), d.dx);
}

}  // namespace melgrad
