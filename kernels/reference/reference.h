#pragma once
#include <span>

#include "kernels/backend.h"

namespace melgrad {

/// A backend's array, where it is known to hold f64.
inline const double* f64(const void* values) { return static_cast<const double*>(values); }
inline double* f64(void* values) { return static_cast<double*>(values); }

}  // namespace melgrad

/// Every formula of backend.h as plain loops over f64: no vectors, threads or blocks, and what is
/// fused there is here one after the other. The methods' formulas, shapes and conditions are those
/// of backend.h; the names are the same, without the dtype, which is f64.
namespace melgrad::reference {

// copy.cpp
void copy(const CopyShape&, const double* source, double* target);
void fill(double value, i64 n, double* y);
void arange(double start, double step, i64 n, double* y);

// elementwise.cpp
double sigmoid(double x);
void unary(UnaryOp, double a, double b, i64 n, const double* x, double* y);
void binary(BinaryOp, const BroadcastShape&, const double* a, const double* b, double* y);
void compare(CompareOp, const BroadcastShape&, const double* a, const double* b, u8* y);
void where(i64 n, const u8* condition, const double* a, const double* b, double* y);

// reduce.cpp
void reduce(ReduceOp, const ReduceShape&, const double* x, double* y);
void arg_reduce(bool largest, const ReduceShape&, const double* x, i64* y);

// index.cpp
void gather(const IndexShape&, const double* x, const i64* index, double* y);
void scatter_add(const IndexShape&, const double* dy, const i64* index, double* dx);
void index_select(const IndexShape&, const double* x, const i64* index, double* y);
void index_add(const IndexShape&, const double* dy, const i64* index, double* dx);

// resize.cpp
void resize_axis(const ResizeShape&, const double* x, const i64* first, const double* weights,
                 double* y);

// softmax.cpp
void softmax(bool log, i64 rows, i64 cols, const double* x, double* y);
void softmax_backward(bool log, i64 rows, i64 cols, const double* y, const double* dy, double* dx);

// loss.cpp
void cross_entropy(i64 rows, i64 cols, const double* x, const i64* target, double* y);
void cross_entropy_backward(i64 rows, i64 cols, const double* x, const i64* target,
                            const double* dy, double* dx);

// matmul.cpp
void matmul(const MatmulShape&, const double* a, const double* w, const double* bias, double* y);

// conv.cpp
void conv2d(const ConvShape&, bool relu, const double* x, const double* w, const double* bias,
            double* y);
void conv2d_backward_data(const ConvShape&, const double* dy, const double* w, double* dx);
void conv2d_backward_weights(const ConvShape&, const double* x, const double* dy, double* dw,
                             double* dbias);

// pool.cpp
void max_pool2d(const PoolShape&, const double* x, double* y);
void max_pool2d_backward(const PoolShape&, const double* x, const double* y, const double* dy,
                         double* dx);
void avg_pool2d(const PoolShape&, const double* x, double* y);
void avg_pool2d_backward(const PoolShape&, const double* dy, double* dx);
void adaptive_avg_pool2d(const PoolShape&, const double* x, double* y);
void adaptive_avg_pool2d_backward(const PoolShape&, const double* dy, double* dx);

// batch_norm.cpp
void batch_norm_statistics(i64 rows, i64 channels, const double* x, double* mean, double* var);
void batch_norm_track(i64 channels, double momentum, double correction, const double* mean,
                      const double* var, double* running_mean, double* running_var);
void batch_norm(const BatchNormShape&, const BatchNormArrays&, const double* x,
                const double* residual, double* y);
void batch_norm_backward(const BatchNormShape&, bool batch_statistics, const BatchNormArrays&,
                         const double* x, const double* dy, const BatchNormGradients&);
void batch_norm_relu_max_pool(const BatchNormShape&, const PoolShape&, const BatchNormArrays&,
                              const double* x, double* y);
void batch_norm_relu_max_pool_backward(const BatchNormShape&, const PoolShape&,
                                       bool batch_statistics, const BatchNormArrays&,
                                       const double* x, const double* dy,
                                       const BatchNormGradients&);

// rnn.cpp. Nothing is kept from forward to backward: that goes through the steps again.
void rnn(const RnnShape&, const RnnWeights&, const double* x, const double* h0, const double* c0,
         double* y, double* hn, double* cn);
void rnn_backward(const RnnShape&, const RnnWeights&, const double* x, const double* h0,
                  const double* c0, const double* dy, const double* dhn, const double* dcn,
                  const RnnGradients&);

// random.cpp
void random(Distribution, double a, double b, i64 n, const u64* state, double* y);
void dropout(double p, i64 n, const u64* state, const double* x, double* y);

// optimizer.cpp. `step` of the settings is left as it is.
void sgd(SgdKind, std::span<const ParameterSlot>, OptimizerSettings);
void adam(AdamKind, std::span<const ParameterSlot>, OptimizerSettings);
void rmsprop(std::span<const ParameterSlot>, OptimizerSettings);

// tsne.cpp
void tsne_sums(i64 n, const double* p, const double* y, double* sums);

// fft.cpp
void stft(const StftShape&, const double* x, const double* window, double* y);
void band_power(const StftShape&, i64 bands, double power, const double* x, const double* window,
                const double* weights, double* y);
void stft_backward(const StftShape&, const double* dy, const double* window, double* dx);
void irfft(i64 count, i64 n, const double* y, double* x);

}  // namespace melgrad::reference
