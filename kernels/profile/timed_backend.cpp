#include "kernels/profile/timed_backend.h"

#include <map>
#include <mutex>

#include "kernels/profile/calls.h"
#include "kernels/profile/recorder.h"

namespace melgrad {
namespace {

using namespace calls;

class TimedBackend final : public Backend {
 public:
  explicit TimedBackend(Backend& plain) : plain_(plain) {}

  bool fuses(Fusion fusion, Dtype dtype) const override { return plain_.fuses(fusion, dtype); }

  // memory
  void* allocate(std::size_t bytes) override {
    void* data = nullptr;
    time({"allocate", ""}, [&] { data = plain_.allocate(bytes); });
    return data;
  }
  void deallocate(void* data, std::size_t bytes) noexcept override {
    plain_.deallocate(data, bytes);
  }
  void release_cache() override { plain_.release_cache(); }
  MemoryStats memory_stats() const override { return plain_.memory_stats(); }
  void reset_peak_memory() override { plain_.reset_peak_memory(); }
  void copy_from_host(void* target, const void* source, std::size_t bytes) override {
    time(elementwise("copy_from_host", Dtype::u8, static_cast<i64>(bytes), 2),
         [&] { plain_.copy_from_host(target, source, bytes); });
  }
  void copy_to_host(void* target, const void* source, std::size_t bytes) override {
    time(elementwise("copy_to_host", Dtype::u8, static_cast<i64>(bytes), 2),
         [&] { plain_.copy_to_host(target, source, bytes); });
  }
  void synchronize() override { plain_.synchronize(); }

  // copy
  void copy(const CopyShape& s, Dtype source_dtype, const void* source, Dtype target_dtype,
            void* target) override {
    time(copying(s, source_dtype, target_dtype),
         [&] { plain_.copy(s, source_dtype, source, target_dtype, target); });
  }
  void fill(Dtype dtype, double value, i64 n, void* y) override {
    time(elementwise("fill", dtype, n, width(dtype)), [&] { plain_.fill(dtype, value, n, y); });
  }
  void arange(Dtype dtype, double start, double step, i64 n, void* y) override {
    time(elementwise("arange", dtype, n, width(dtype)),
         [&] { plain_.arange(dtype, start, step, n, y); });
  }

  // element-wise
  void unary(UnaryOp op, Dtype dtype, double a, double b, i64 n, const void* x, void* y) override {
    time(elementwise(calls::name_of(op), dtype, n, 2 * width(dtype)),
         [&] { plain_.unary(op, dtype, a, b, n, x, y); });
  }
  void binary(BinaryOp op, Dtype dtype, const BroadcastShape& s, const void* a, const void* b,
              void* y) override {
    time(broadcast(calls::name_of(op), dtype, s, width(dtype)),
         [&] { plain_.binary(op, dtype, s, a, b, y); });
  }
  void compare(CompareOp op, Dtype dtype, const BroadcastShape& s, const void* a, const void* b,
               u8* y) override {
    time(broadcast(calls::name_of(op), dtype, s, 1),
         [&] { plain_.compare(op, dtype, s, a, b, y); });
  }
  void where(Dtype dtype, i64 n, const u8* condition, const void* a, const void* b,
             void* y) override {
    time(elementwise("where", dtype, n, 3 * width(dtype) + 1),
         [&] { plain_.where(dtype, n, condition, a, b, y); });
  }

  // reductions
  void reduce(ReduceOp op, Dtype dtype, const ReduceShape& s, const void* x, void* y) override {
    time(reduction(calls::name_of(op), dtype, s, width(dtype)),
         [&] { plain_.reduce(op, dtype, s, x, y); });
  }
  void arg_reduce(bool largest, Dtype dtype, const ReduceShape& s, const void* x, i64* y) override {
    time(reduction(largest ? "argmax" : "argmin", dtype, s, 8),
         [&] { plain_.arg_reduce(largest, dtype, s, x, y); });
  }

  // indexing, resizing
  void gather(Dtype dtype, const IndexShape& s, const void* x, const i64* index, void* y) override {
    time(indexing("gather", dtype, s), [&] { plain_.gather(dtype, s, x, index, y); });
  }
  void scatter_add(Dtype dtype, const IndexShape& s, const void* dy, const i64* index,
                   void* dx) override {
    time(indexing("scatter_add", dtype, s), [&] { plain_.scatter_add(dtype, s, dy, index, dx); });
  }
  void index_select(Dtype dtype, const IndexShape& s, const void* x, const i64* index,
                    void* y) override {
    time(indexing("index_select", dtype, s), [&] { plain_.index_select(dtype, s, x, index, y); });
  }
  void index_add(Dtype dtype, const IndexShape& s, const void* dy, const i64* index,
                 void* dx) override {
    time(indexing("index_add", dtype, s), [&] { plain_.index_add(dtype, s, dy, index, dx); });
  }
  void resize_axis(Dtype dtype, const ResizeShape& s, const void* x, const i64* first,
                   const void* weights, void* y) override {
    time(resizing(dtype, s), [&] { plain_.resize_axis(dtype, s, x, first, weights, y); });
  }

  // softmax, loss, products
  void softmax(bool log, Dtype dtype, i64 rows, i64 cols, const void* x, void* y) override {
    time(over_rows(log ? "log_softmax" : "softmax", dtype, rows, cols, 2),
         [&] { plain_.softmax(log, dtype, rows, cols, x, y); });
  }
  void softmax_backward(bool log, Dtype dtype, i64 rows, i64 cols, const void* y, const void* dy,
                        void* dx) override {
    time(over_rows(log ? "log_softmax_backward" : "softmax_backward", dtype, rows, cols, 3),
         [&] { plain_.softmax_backward(log, dtype, rows, cols, y, dy, dx); });
  }
  void cross_entropy(Dtype dtype, i64 rows, i64 cols, const void* x, const i64* target,
                     void* y) override {
    time(over_rows("cross_entropy", dtype, rows, cols, 1),
         [&] { plain_.cross_entropy(dtype, rows, cols, x, target, y); });
  }
  void cross_entropy_backward(Dtype dtype, i64 rows, i64 cols, const void* x, const i64* target,
                              const void* dy, void* dx) override {
    time(over_rows("cross_entropy_backward", dtype, rows, cols, 2),
         [&] { plain_.cross_entropy_backward(dtype, rows, cols, x, target, dy, dx); });
  }
  void matmul(const MatmulShape& s, Dtype dtype, const void* a, const void* w, const void* bias,
              void* y) override {
    time(product_of(s, dtype), [&] { plain_.matmul(s, dtype, a, w, bias, y); });
  }

  // convolution, pooling
  void conv2d(const ConvShape& s, Dtype dtype, bool relu, const void* x, const void* w,
              const void* bias, void* y) override {
    time(convolution(relu ? "conv2d_relu" : "conv2d", dtype, s),
         [&] { plain_.conv2d(s, dtype, relu, x, w, bias, y); });
  }
  void conv2d_backward_data(const ConvShape& s, Dtype dtype, const void* dy, const void* w,
                            void* dx) override {
    time(convolution("conv2d_backward_data", dtype, s),
         [&] { plain_.conv2d_backward_data(s, dtype, dy, w, dx); });
  }
  void conv2d_backward_weights(const ConvShape& s, Dtype dtype, const void* x, const void* dy,
                               void* dw, void* dbias) override {
    time(convolution("conv2d_backward_weights", dtype, s),
         [&] { plain_.conv2d_backward_weights(s, dtype, x, dy, dw, dbias); });
  }
  void max_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) override {
    time(pooling("max_pool2d", dtype, s, 1, 1), [&] { plain_.max_pool2d(s, dtype, x, y); });
  }
  void max_pool2d_backward(const PoolShape& s, Dtype dtype, const void* x, const void* y,
                           const void* dy, void* dx) override {
    time(pooling("max_pool2d_backward", dtype, s, 2, 2),
         [&] { plain_.max_pool2d_backward(s, dtype, x, y, dy, dx); });
  }
  void avg_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) override {
    time(pooling("avg_pool2d", dtype, s, 1, 1), [&] { plain_.avg_pool2d(s, dtype, x, y); });
  }
  void avg_pool2d_backward(const PoolShape& s, Dtype dtype, const void* dy, void* dx) override {
    time(pooling("avg_pool2d_backward", dtype, s, 1, 1),
         [&] { plain_.avg_pool2d_backward(s, dtype, dy, dx); });
  }
  void adaptive_avg_pool2d(const PoolShape& s, Dtype dtype, const void* x, void* y) override {
    time(pooling("adaptive_avg_pool2d", dtype, s, 1, 1),
         [&] { plain_.adaptive_avg_pool2d(s, dtype, x, y); });
  }
  void adaptive_avg_pool2d_backward(const PoolShape& s, Dtype dtype, const void* dy,
                                    void* dx) override {
    time(pooling("adaptive_avg_pool2d_backward", dtype, s, 1, 1),
         [&] { plain_.adaptive_avg_pool2d_backward(s, dtype, dy, dx); });
  }

  // batch normalisation
  void batch_norm_statistics(Dtype dtype, i64 rows, i64 channels, const void* x, void* mean,
                             void* var) override {
    time(over_rows("batch_norm_statistics", dtype, rows, channels, 1),
         [&] { plain_.batch_norm_statistics(dtype, rows, channels, x, mean, var); });
  }
  void batch_norm_track(Dtype dtype, i64 channels, double momentum, double correction,
                        const void* mean, const void* var, void* running_mean, void* running_var,
                        i64* batches) override {
    time(over_rows("batch_norm_track", dtype, 1, channels, 6), [&] {
      plain_.batch_norm_track(dtype, channels, momentum, correction, mean, var, running_mean,
                              running_var, batches);
    });
  }
  void batch_norm(const BatchNormShape& s, Dtype dtype, const BatchNormArrays& of_channels,
                  const void* x, const void* residual, void* y) override {
    std::string name = format("batch_norm{}{}", residual ? "_add" : "", s.relu ? "_relu" : "");
    time(over_rows(name, dtype, s.rows, s.channels, residual ? 3 : 2),
         [&] { plain_.batch_norm(s, dtype, of_channels, x, residual, y); });
  }
  void batch_norm_backward(const BatchNormShape& s, Dtype dtype, bool batch_statistics,
                           const BatchNormArrays& of_channels, const void* x, const void* dy,
                           const BatchNormGradients& gradients) override {
    time(over_rows(s.relu ? "batch_norm_relu_backward" : "batch_norm_backward", dtype, s.rows,
                   s.channels, 3),
         [&] {
           plain_.batch_norm_backward(s, dtype, batch_statistics, of_channels, x, dy, gradients);
         });
  }
  void batch_norm_relu_max_pool(const BatchNormShape& s, const PoolShape& pool, Dtype dtype,
                                const BatchNormArrays& of_channels, const void* x,
                                void* y) override {
    time(pooling("batch_norm_relu_max_pool", dtype, pool, 1, 1),
         [&] { plain_.batch_norm_relu_max_pool(s, pool, dtype, of_channels, x, y); });
  }
  void batch_norm_relu_max_pool_backward(const BatchNormShape& s, const PoolShape& pool,
                                         Dtype dtype, bool batch_statistics,
                                         const BatchNormArrays& of_channels, const void* x,
                                         const void* dy,
                                         const BatchNormGradients& gradients) override {
    time(pooling("batch_norm_relu_max_pool_backward", dtype, pool, 2, 1), [&] {
      plain_.batch_norm_relu_max_pool_backward(s, pool, dtype, batch_statistics, of_channels, x, dy,
                                               gradients);
    });
  }

  // recurrent layers
  std::size_t rnn_reserve_bytes(const RnnShape& s, Dtype dtype) override {
    return plain_.rnn_reserve_bytes(s, dtype);
  }
  void rnn(const RnnShape& s, Dtype dtype, const RnnWeights& weights, const void* x, const void* h0,
           const void* c0, void* y, void* hn, void* cn, void* reserve) override {
    time(recurrent("", dtype, s, 1),
         [&] { plain_.rnn(s, dtype, weights, x, h0, c0, y, hn, cn, reserve); });
  }
  void rnn_backward(const RnnShape& s, Dtype dtype, const RnnWeights& weights, const void* x,
                    const void* h0, const void* c0, const void* y, void* reserve, const void* dy,
                    const void* dhn, const void* dcn, const RnnGradients& gradients) override {
    time(recurrent("_backward", dtype, s, 2), [&] {
      plain_.rnn_backward(s, dtype, weights, x, h0, c0, y, reserve, dy, dhn, dcn, gradients);
    });
  }

  // random numbers
  void random(Distribution distribution, Dtype dtype, double a, double b, i64 n, const u64* state,
              void* y) override {
    time(elementwise(calls::name_of(distribution), dtype, n, width(dtype)),
         [&] { plain_.random(distribution, dtype, a, b, n, state, y); });
  }
  void advance_random(u64* state, u64 blocks) override {
    time({"advance_random", ""}, [&] { plain_.advance_random(state, blocks); });
  }
  void dropout(Dtype dtype, double p, i64 n, const u64* state, const void* x, void* y) override {
    time(elementwise("dropout", dtype, n, 2 * width(dtype)),
         [&] { plain_.dropout(dtype, p, n, state, x, y); });
  }

  // optimisers
  void sgd(SgdKind kind, Dtype dtype, std::span<const ParameterSlot> slots,
           OptimizerSettings* settings) override {
    time(optimiser("sgd", dtype, slots), [&] { plain_.sgd(kind, dtype, slots, settings); });
  }
  void adam(AdamKind kind, Dtype dtype, std::span<const ParameterSlot> slots,
            OptimizerSettings* settings) override {
    time(optimiser("adam", dtype, slots), [&] { plain_.adam(kind, dtype, slots, settings); });
  }
  void rmsprop(Dtype dtype, std::span<const ParameterSlot> slots,
               OptimizerSettings* settings) override {
    time(optimiser("rmsprop", dtype, slots), [&] { plain_.rmsprop(dtype, slots, settings); });
  }

  // t-SNE, spectra
  void tsne_sums(Dtype dtype, i64 n, const void* p, const void* y, void* sums) override {
    time(elementwise("tsne_sums", dtype, n, product(n) * width(dtype)),
         [&] { plain_.tsne_sums(dtype, n, p, y, sums); });
  }
  void stft(const StftShape& s, Dtype dtype, const void* x, const void* window, void* y) override {
    time(spectrum("stft", dtype, s, 2 * product(s.count, s.frames, s.bins())),
         [&] { plain_.stft(s, dtype, x, window, y); });
  }
  void band_power(const StftShape& s, i64 bands, double power, Dtype dtype, const void* x,
                  const void* window, const void* weights, void* y) override {
    time(spectrum("band_power", dtype, s, product(s.count, bands, s.frames)),
         [&] { plain_.band_power(s, bands, power, dtype, x, window, weights, y); });
  }
  void stft_backward(const StftShape& s, Dtype dtype, const void* dy, const void* window,
                     void* dx) override {
    time(spectrum("stft_backward", dtype, s, 2 * product(s.count, s.frames, s.bins())),
         [&] { plain_.stft_backward(s, dtype, dy, window, dx); });
  }
  void irfft(Dtype dtype, i64 count, i64 n, const void* y, void* x) override {
    time(over_rows("irfft", dtype, count, n, 2), [&] { plain_.irfft(dtype, count, n, y, x); });
  }

 private:
  // Only what succeeds is recorded. A GPU is done when synchronize() returns.
  template <class Work>
  void time(const ProfiledCall& call, Work work) {
    Recorder& recorder = Recorder::get();
    i64 begin = recorder.now();
    work();
    if (!recorder.is_on()) return;
    plain_.synchronize();
    recorder.add_call(call, begin, recorder.now(), plain_.memory_stats().in_use);
  }

  Backend& plain_;
};

}  // namespace

Backend& timed(Backend& plain) {
  static std::mutex mutex;
  static auto* all = new std::map<Backend*, Backend*>;
  std::lock_guard lock(mutex);
  Backend*& one = (*all)[&plain];
  if (one == nullptr) one = new TimedBackend(plain);
  return *one;
}

}  // namespace melgrad
