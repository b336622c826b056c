#pragma once
#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "kernels/caching_allocator.h"
#include "kernels/cuda/runtime/runtime.h"
#include "kernels/staged_copy.h"
#include "kernels/step_graph.h"

namespace melgrad {

namespace cuda {
struct Libraries;  // library_handles.h
}

/// The backend of one GPU: our own kernels (.cu), and cuBLAS, cuDNN and cuFFT behind the four files that call them
/// (matmul, conv, rnn, fft). f32 and bf16, integers where backend.h has them; f64 exists on the CPU only. Work is
/// submitted to one stream and runs behind the host; only copies between the two and synchronize wait. One thread at a time
/// may use it.
class CudaBackend final : public Backend {
 public:
  /// Of the device in use (cuda::use_device).
  CudaBackend();

  ~CudaBackend() override;

  bool fuses(Fusion, Dtype) const override { return true; }

  cuda::Stream stream() const { return stream_; }
  /// cuBLAS, cuDNN and cuFFT handles and plans of this device, made when first used.
  cuda::Libraries& libraries();
  /// record_on_gpu (devices.h)
  std::unique_ptr<RecordedWork> record(const std::function<void()>& step);
  /// Throws Error that says `what` is impossible while a step is being recorded.
  void check_not_recording(std::string_view what) const;
  bool is_recording() const { return recording_; }
  /// What the running call uses lives as long as the recorded step that it is part of, if it is part of one.
  void hold(std::shared_ptr<const void> used);
  /// For Workspace (workspace.h).
  CachingAllocator::Loan lend(std::size_t bytes) { return allocator_.lend(bytes); }
  std::unique_ptr<StagedCopy> staged_copy();
  std::unique_ptr<StagedRead> staged_read();

  // memory.cpp
  void* allocate(std::size_t bytes) override;
  void deallocate(void* data, std::size_t bytes) noexcept override;
  void release_cache() override;
  MemoryStats memory_stats() const override;
  void reset_peak_memory() override;
  void copy_from_host(void* target, const void* source, std::size_t bytes) override;
  void copy_to_host(void* target, const void* source, std::size_t bytes) override;
  void synchronize() override;

  // copy.cpp
  void copy(const CopyShape&, Dtype source_dtype, const void* source, Dtype target_dtype,
            void* target) override;
  void fill(Dtype, double value, i64 n, void* y) override;
  void arange(Dtype, double start, double step, i64 n, void* y) override;

  // elementwise.cpp
  void unary(UnaryOp, Dtype, double a, double b, i64 n, const void* x, void* y) override;
  void binary(BinaryOp, Dtype, const BroadcastShape&, const void* a, const void* b,
              void* y) override;
  void compare(CompareOp, Dtype, const BroadcastShape&, const void* a, const void* b,
               u8* y) override;
  void where(Dtype, i64 n, const u8* condition, const void* a, const void* b, void* y) override;

  // reduce.cpp
  void reduce(ReduceOp, Dtype, const ReduceShape&, const void* x, void* y) override;
  void arg_reduce(bool largest, Dtype, const ReduceShape&, const void* x, i64* y) override;

  // index.cpp
  void gather(Dtype, const IndexShape&, const void* x, const i64* index, void* y) override;
  void scatter_add(Dtype, const IndexShape&, const void* dy, const i64* index, void* dx) override;
  void index_select(Dtype, const IndexShape&, const void* x, const i64* index, void* y) override;
  void index_add(Dtype, const IndexShape&, const void* dy, const i64* index, void* dx) override;

  // resize.cpp
  void resize_axis(Dtype, const ResizeShape&, const void* x, const i64* first, const void* weights,
                   void* y) override;

  // softmax.cpp
  void softmax(bool log, Dtype, i64 rows, i64 cols, const void* x, void* y) override;
  void softmax_backward(bool log, Dtype, i64 rows, i64 cols, const void* y, const void* dy,
                        void* dx) override;

  // loss.cpp
  void cross_entropy(Dtype, i64 rows, i64 cols, const void* x, const i64* target, void* y) override;
  void cross_entropy_backward(Dtype, i64 rows, i64 cols, const void* x, const i64* target,
                              const void* dy, void* dx) override;

  // matmul.cpp
  void matmul(const MatmulShape&, Dtype, const void* a, const void* w, const void* bias,
              void* y) override;

  // conv.cpp
  void conv2d(const ConvShape&, Dtype, bool relu, const void* x, const void* w, const void* bias,
              void* y) override;
  void conv2d_backward_data(const ConvShape&, Dtype, const void* dy, const void* w,
                            void* dx) override;
  void conv2d_backward_weights(const ConvShape&, Dtype, const void* x, const void* dy, void* dw,
                               void* dbias) override;

  // pool.cpp
  void max_pool2d(const PoolShape&, Dtype, const void* x, void* y) override;
  void max_pool2d_backward(const PoolShape&, Dtype, const void* x, const void* y, const void* dy,
                           void* dx) override;
  void avg_pool2d(const PoolShape&, Dtype, const void* x, void* y) override;
  void avg_pool2d_backward(const PoolShape&, Dtype, const void* dy, void* dx) override;
  void adaptive_avg_pool2d(const PoolShape&, Dtype, const void* x, void* y) override;
  void adaptive_avg_pool2d_backward(const PoolShape&, Dtype, const void* dy, void* dx) override;

  // batch_norm.cpp
  void batch_norm_statistics(Dtype, i64 rows, i64 channels, const void* x, void* mean,
                             void* var) override;
  void batch_norm_track(Dtype, i64 channels, double momentum, double correction, const void* mean,
                        const void* var, void* running_mean, void* running_var,
                        i64* batches) override;
  void batch_norm(const BatchNormShape&, Dtype, const BatchNormArrays&, const void* x,
                  const void* residual, void* y) override;
  void batch_norm_backward(const BatchNormShape&, Dtype, bool batch_statistics,
                           const BatchNormArrays&, const void* x, const void* dy,
                           const BatchNormGradients&) override;

  // batch_norm_pool.cpp
  void batch_norm_relu_max_pool(const BatchNormShape&, const PoolShape&, Dtype,
                                const BatchNormArrays&, const void* x, void* y) override;
  void batch_norm_relu_max_pool_backward(const BatchNormShape&, const PoolShape&, Dtype,
                                         bool batch_statistics, const BatchNormArrays&,
                                         const void* x, const void* dy,
                                         const BatchNormGradients&) override;

  // rnn.cpp
  std::size_t rnn_reserve_bytes(const RnnShape&, Dtype) override;
  void rnn(const RnnShape&, Dtype, const RnnWeights&, const void* x, const void* h0, const void* c0,
           void* y, void* hn, void* cn, void* reserve) override;
  void rnn_backward(const RnnShape&, Dtype, const RnnWeights&, const void* x, const void* h0,
                    const void* c0, const void* y, void* reserve, const void* dy, const void* dhn,
                    const void* dcn, const RnnGradients&) override;

  // random.cpp
  void random(Distribution, Dtype, double a, double b, i64 n, const u64* state, void* y) override;
  void advance_random(u64* state, u64 blocks) override;
  void dropout(Dtype, double p, i64 n, const u64* state, const void* x, void* y) override;

  // optimizer.cpp
  void sgd(SgdKind, Dtype, std::span<const ParameterSlot>, OptimizerSettings* settings) override;
  void adam(AdamKind, Dtype, std::span<const ParameterSlot>, OptimizerSettings* settings) override;
  void rmsprop(Dtype, std::span<const ParameterSlot>, OptimizerSettings* settings) override;

  // tsne.cpp
  void tsne_sums(Dtype, i64 n, const void* p, const void* y, void* sums) override;

  // fft.cpp
  void stft(const StftShape&, Dtype, const void* x, const void* window, void* y) override;
  void stft_backward(const StftShape&, Dtype, const void* dy, const void* window,
                     void* dx) override;
  void band_power(const StftShape&, i64 bands, double power, Dtype, const void* x,
                  const void* window, const void* weights, void* y) override;
  void irfft(Dtype, i64 count, i64 n, const void* y, void* x) override;

 private:
  cuda::Stream stream_;
  CachingAllocator allocator_;
  bool recording_ = false;
  std::vector<std::shared_ptr<const void>> held_;  // by the step that is being recorded
  std::unique_ptr<cuda::Libraries> libraries_;
};

}  // namespace melgrad
