#pragma once
#include <span>

#include "kernels/device.h"
#include "kernels/dtype.h"
#include "kernels/error.h"
#include "kernels/shapes.h"

namespace melgrad {

// Element-wise operations. a and b are the two parameters of `unary`.
enum class UnaryOp : u8 {
  neg,
  abs,
  sign,
  square,
  sqrt,
  rsqrt,
  reciprocal,
  exp,
  log,
  log1p,
  sin,
  cos,
  tanh,
  sigmoid,
  floor,
  ceil,
  round,
  relu,        // max(x, 0), NaN stays NaN
  affine,      // a x + b
  clamp,       // min(max(x, a), b), NaN stays NaN
  pow,         // x^a
  leaky_relu,  // x > 0 ? x : a x
  gelu,        // x Φ(x) with the normal distribution's Φ(x) = erfc(−x/√2) / 2
};
enum class BinaryOp : u8 {
  add,
  sub,
  mul,
  div,
  pow,
  maximum,
  minimum,           // NaN in either gives NaN
  relu_backward,     // (y, dy)  ->  y > 0 ? dy : 0
  tanh_backward,     // (y, dy)  ->  dy (1 − y²)
  sigmoid_backward,  // (y, dy)  ->  dy y (1 − y)
  gelu_backward,     // (x, dy)  ->  dy (Φ(x) + x φ(x)) with φ(x) = exp(−x²/2) / √(2π)
};
enum class CompareOp : u8 { eq, ne, lt, le, gt, ge };
enum class ReduceOp : u8 { sum, mean, max, min, prod };
enum class Distribution : u8 {
  uniform,  // [a, b)
  normal,   // mean a, standard deviation b (Box–Muller)
  integer,  // a, a + 1, … b − 1
};

/// Layers one after the other that a method below takes as one.
enum class Fusion : u8 {
  conv_relu,                 // conv2d with relu
  batch_norm_relu,           // batch_norm with relu
  batch_norm_relu_max_pool,  // windows tile the picture
  batch_norm_add_relu,       // batch_norm with a residual and relu
};

/// Counters of a backend's caching allocator, in bytes.
struct MemoryStats {
  std::size_t in_use = 0, cached = 0, peak = 0;
  i64 system_allocations = 0;  // calls of the system's allocator
};

/// One parameter in an optimiser's pass: weights, gradient and state, n values each.
struct ParameterSlot {
  void* w = nullptr;
  const void* g = nullptr;
  void* state1 = nullptr;  // SGD: velocity; Adam: mean of g; RMSprop: mean of g²
  void* state2 = nullptr;  // Adam: mean of g²; RMSprop: velocity, or null
  i64 n = 0;
};

/// What an optimiser reads from device memory, so that a captured CUDA graph sees a step's values.
struct OptimizerSettings {
  double lr = 0, weight_decay = 0;
  double momentum = 0, dampening = 0;    // SGD, RMSprop (momentum)
  double beta1 = 0, beta2 = 0, eps = 0;  // Adam; RMSprop: beta2 is alpha
  double step = 0;                       // steps done before this one; the kernel adds one
  double grad_scale = 1;                 // every gradient is multiplied by this first
};
enum class SgdKind : u8 { plain, momentum, nesterov };
enum class AdamKind : u8 {
  coupled,    // weight decay is part of the gradient (Adam)
  decoupled,  // weight decay shrinks the weights (AdamW)
};

/// A recurrent layer's weights, G = gates(mode)·hidden rows in PyTorch's gate order: LSTM i f g o;
/// GRU r z n, the reset gate applied after the product.
struct RnnWeights {
  const void* w_ih = nullptr;  // (G, input)
  const void* w_hh = nullptr;  // (G, hidden)
  const void* b_ih = nullptr;  // (G) or null
  const void* b_hh = nullptr;  // (G) or null
};
struct RnnGradients {     // null: not wanted
  void* dx = nullptr;     // (t, n, input)
  void* dh0 = nullptr;    // (n, hidden)
  void* dc0 = nullptr;    // (n, hidden)
  void* dw_ih = nullptr;  // shapes of RnnWeights
  void* dw_hh = nullptr;
  void* db_ih = nullptr;
  void* db_hh = nullptr;
};

/// What batch norm knows of each channel, and the gradients. Arrays (channels) are f32 for f32 and
/// bf16, f64 for f64.
struct BatchNormArrays {
  const void* mean = nullptr;   // (channels)
  const void* var = nullptr;    // (channels)
  const void* gamma = nullptr;  // (channels) or null for 1
  const void* beta = nullptr;   // (channels) or null for 0
};
struct BatchNormGradients {  // null: not wanted
  void* dx = nullptr;        // of x's shape and dtype
  void* dgamma = nullptr;    // (channels)
  void* dbeta = nullptr;     // (channels)
};

/// The whole contract with hardware. Arrays are dense and of the dtype given, unless a line says
/// otherwise; activations of convolution, pooling and batch norm are NHWC in memory. Shapes were
/// checked by the caller (tensor/). Sums of f32 and bf16 run in f32 or wider. A method that a
/// device cannot do for a dtype throws Error with its name. The same call gives the same bits every
/// time, on the same device with the same number of threads.
///
/// Values that change from step to step (random state, OptimizerSettings) are pointers to device
/// memory.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  /// Whether layers shall come as one call where they can. A backend that fuses nothing gets each by
  /// itself.
  virtual bool fuses(Fusion, Dtype) const { return false; }

  // --- memory (memory.cpp) -----------------------------------------------------------------------
  /// 64-byte aligned, uninitialised; null for 0 bytes. Throws Error that says what was asked for
  /// and what is held.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void deallocate(void* data, std::size_t bytes) noexcept = 0;
  virtual void release_cache() = 0;
  virtual MemoryStats memory_stats() const = 0;
  /// From now on the peak is counted from what is in use.
  virtual void reset_peak_memory() = 0;
  virtual void copy_from_host(void* target, const void* source, std::size_t bytes) = 0;
  virtual void copy_to_host(void* target, const void* source, std::size_t bytes) = 0;
  /// Waits until all work given to the device is done.
  virtual void synchronize() = 0;

  // --- copy (copy.cpp) ---------------------------------------------------------------------------
  /// target[i·target_stride] = source[i·source_stride], converted. To an integer: truncated towards
  /// 0, cut off at the ends of its range, NaN becomes 0.
  virtual void copy(const CopyShape&, Dtype source_dtype, const void* source, Dtype target_dtype,
                    void* target) = 0;
  /// y[i] = value
  virtual void fill(Dtype, double value, i64 n, void* y) = 0;
  /// y[i] = start + i·step
  virtual void arange(Dtype, double start, double step, i64 n, void* y) = 0;

  // --- element-wise (elementwise.cpp) ------------------------------------------------------------
  /// y[i] = op(x[i]; a, b).  x and y may be the same array. Integers: neg, abs, sign, square, relu,
  /// affine and clamp only, with a and b truncated.
  virtual void unary(UnaryOp, Dtype, double a, double b, i64 n, const void* x, void* y) = 0;
  /// y = op(a, b), broadcast.  y may be a or b where that one is dense. Integers: add, sub, mul
  /// (which wrap around), div (truncates; by 0 throws Error), maximum and minimum only.
  virtual void binary(BinaryOp, Dtype, const BroadcastShape&, const void* a, const void* b,
                      void* y) = 0;
  /// y (u8) = a op b, broadcast. Comparisons with NaN are false, but `ne` is true.
  virtual void compare(CompareOp, Dtype, const BroadcastShape&, const void* a, const void* b,
                       u8* y) = 0;
  /// y[i] = condition[i] ? a[i] : b[i]
  virtual void where(Dtype, i64 n, const u8* condition, const void* a, const void* b, void* y) = 0;

  // --- reductions (reduce.cpp) -------------------------------------------------------------------
  /// y (outer, inner) = op over x's middle axis.  max and min: NaN if there is one.  Length 0: sum
  /// 0, prod 1, mean NaN, max and min throw Error.  Integers: no mean; sum and prod wrap around.
  virtual void reduce(ReduceOp, Dtype, const ReduceShape&, const void* x, void* y) = 0;
  /// Index of the largest (or smallest) value; the first of equals; the first NaN if there is one.
  virtual void arg_reduce(bool largest, Dtype, const ReduceShape&, const void* x, i64* y) = 0;

  // --- indexing (index.cpp) ----------------------------------------------------------------------
  /// y[o,j,i] = x[o, index[o,j,i], i].  Indices are in [0, length): a CPU throws Error on others.
  virtual void gather(Dtype, const IndexShape&, const void* x, const i64* index, void* y) = 0;
  /// dx[o, index[o,j,i], i] += dy[o,j,i]
  virtual void scatter_add(Dtype, const IndexShape&, const void* dy, const i64* index,
                           void* dx) = 0;
  /// y[o,j,i] = x[o, index[j], i]
  virtual void index_select(Dtype, const IndexShape&, const void* x, const i64* index, void* y) = 0;
  /// dx[o, index[j], i] += dy[o,j,i]
  virtual void index_add(Dtype, const IndexShape&, const void* dy, const i64* index, void* dx) = 0;

  // --- resizing (resize.cpp) ---------------------------------------------------------------------
  /// y[o,j,i] = Σ_t weights[j,t] · x[o, first[j] + t, i].  first (count): 0 … length − taps
  /// weights (count, taps): f32 for f32 and bf16, f64 for f64
  virtual void resize_axis(Dtype, const ResizeShape&, const void* x, const i64* first,
                           const void* weights, void* y) = 0;

  // --- softmax (softmax.cpp) ---------------------------------------------------------------------
  /// y_j = exp(x_j) / Σ exp(x), or its logarithm, along each row of x (rows, cols)
  virtual void softmax(bool log, Dtype, i64 rows, i64 cols, const void* x, void* y) = 0;
  /// dx_j = y_j (dy_j − Σ dy y);  log: dx_j = dy_j − exp(y_j) Σ dy
  virtual void softmax_backward(bool log, Dtype, i64 rows, i64 cols, const void* y, const void* dy,
                                void* dx) = 0;

  // --- loss (loss.cpp) ---------------------------------------------------------------------------
  // x (rows, cols)  target (rows), in 0 … cols − 1: a CPU throws Error on others, a GPU gives NaN
  /// y (1) = 1/rows Σ_r (log Σ_j exp(x[r,j]) − x[r,target[r]]): the mean cross-entropy
  virtual void cross_entropy(Dtype, i64 rows, i64 cols, const void* x, const i64* target,
                             void* y) = 0;
  /// dx[r,j] = dy/rows (exp(x[r,j]) / Σ_j exp(x[r,j]) − [j = target[r]]).  dy (1)
  virtual void cross_entropy_backward(Dtype, i64 rows, i64 cols, const void* x, const i64* target,
                                      const void* dy, void* dx) = 0;

  // --- matmul (matmul.cpp) -----------------------------------------------------------------------
  /// y[b,i,j] = bias[j] + Σ_l a[b,i,l] · w[b,l,j].  bias (n) or null.
  virtual void matmul(const MatmulShape&, Dtype, const void* a, const void* w, const void* bias,
                      void* y) = 0;

  // --- convolution (conv.cpp) --------------------------------------------------------------------
  /// y[n,p,q,o] = bias[o] + Σ_{r,s,c} x[n, p' + r·dilation, q' + s·dilation, c] · w[o,r,s,c]
  /// with p' = p·stride − pad_top, q' = q·stride − pad_left; values outside x are 0. Then max(y, 0)
  /// if relu.
  /// x (n,h,w,c)  w (o,kh,kw,c/groups)  bias (o) or null  y (n,p,q,o)
  virtual void conv2d(const ConvShape&, Dtype, bool relu, const void* x, const void* w,
                      const void* bias, void* y) = 0;
  /// dx = ∂/∂x of Σ dy·y
  virtual void conv2d_backward_data(const ConvShape&, Dtype, const void* dy, const void* w,
                                    void* dx) = 0;
  /// dw (o,kh,kw,c/groups) and, unless null, dbias[o] = Σ_{n,p,q} dy
  virtual void conv2d_backward_weights(const ConvShape&, Dtype, const void* x, const void* dy,
                                       void* dw, void* dbias) = 0;

  // --- pooling (pool.cpp) ------------------------------------------------------------------------
  /// y[n,p,q,c] = max over the window of x, NaN if there is one
  virtual void max_pool2d(const PoolShape&, Dtype, const void* x, void* y) = 0;
  /// Each dy goes to the first position (row by row) of its window where x = y; dx is 0 elsewhere.
  virtual void max_pool2d_backward(const PoolShape&, Dtype, const void* x, const void* y,
                                   const void* dy, void* dx) = 0;
  /// y[n,p,q,c] = mean over the window.  Divisor: the number of values inside x, and with
  /// count_padding also those in the padding.
  virtual void avg_pool2d(const PoolShape&, Dtype, const void* x, void* y) = 0;
  virtual void avg_pool2d_backward(const PoolShape&, Dtype, const void* dy, void* dx) = 0;
  /// y[i,j] = mean of x over rows ⌊i·h/p⌋ … ⌈(i+1)·h/p⌉ − 1 and columns ⌊j·w/q⌋ … ⌈(j+1)·w/q⌉ − 1
  /// Only n, h, w, c, p, q of the shape are read.
  virtual void adaptive_avg_pool2d(const PoolShape&, Dtype, const void* x, void* y) = 0;
  virtual void adaptive_avg_pool2d_backward(const PoolShape&, Dtype, const void* dy, void* dx) = 0;

  // --- batch normalisation (batch_norm.cpp) ------------------------------------------------------
  // x (rows, channels), mean and var (channels) as in BatchNormArrays
  /// mean[c] = Σ_r x[r,c] / rows,  var[c] = Σ_r (x[r,c] − mean[c])² / rows
  virtual void batch_norm_statistics(Dtype, i64 rows, i64 channels, const void* x, void* mean,
                                     void* var) = 0;
  /// running_mean = (1 − momentum) running_mean + momentum mean
  /// running_var = (1 − momentum) running_var + momentum correction var,  batches += 1
  /// All (channels) and of one dtype, f32 or f64; batches (1).
  virtual void batch_norm_track(Dtype, i64 channels, double momentum, double correction,
                                const void* mean, const void* var, void* running_mean,
                                void* running_var, i64* batches) = 0;
  /// y = gamma (x − mean) / √(var + eps) + beta + residual, then max(y, 0) if relu
  /// residual (rows, channels) or null for 0
  virtual void batch_norm(const BatchNormShape&, Dtype, const BatchNormArrays&, const void* x,
                          const void* residual, void* y) = 0;
  /// Without a residual.  x̂ = (x − mean) / √(var + eps);  if relu, dy counts only where y > 0
  /// dgamma = Σ_r dy x̂,  dbeta = Σ_r dy
  /// dx = gamma / √(var + eps) · (dy − dbeta/rows − x̂ dgamma/rows)
  /// Without batch_statistics the last two terms of dx fall away.
  virtual void batch_norm_backward(const BatchNormShape&, Dtype, bool batch_statistics,
                                   const BatchNormArrays&, const void* x, const void* dy,
                                   const BatchNormGradients&) = 0;

  // --- batch norm, ReLU and max-pooling in one (batch_norm_pool.cpp) -----------------------------
  // relu is on, rows = n·h·w. Windows tile the picture: stride = kernel, no padding.
  /// y[n,p,q,c] = max over the window of max(gamma (x − mean) / √(var + eps) + beta, 0)
  virtual void batch_norm_relu_max_pool(const BatchNormShape&, const PoolShape&, Dtype,
                                        const BatchNormArrays&, const void* x, void* y) = 0;
  /// batch_norm_backward of what max_pool2d_backward makes of dy (n,p,q,c)
  virtual void batch_norm_relu_max_pool_backward(const BatchNormShape&, const PoolShape&, Dtype,
                                                 bool batch_statistics, const BatchNormArrays&,
                                                 const void* x, const void* dy,
                                                 const BatchNormGradients&) = 0;

  // --- recurrent layers (rnn.cpp) ----------------------------------------------------------------
  /// Bytes that `rnn` keeps for `rnn_backward`.
  virtual std::size_t rnn_reserve_bytes(const RnnShape&, Dtype) = 0;
  /// One layer, one direction, c0 and cn for LSTM only.
  ///   rnn:  h' = tanh or relu(W_ih x + b_ih + W_hh h + b_hh)
  ///   lstm: i,f,o = σ(·), g = tanh(·);  c' = f c + i g,  h' = o tanh(c')
  ///   gru:  r,z = σ(·), n = tanh(W_in x + b_in + r (W_hn h + b_hn));  h' = (1 − z) n + z h
  /// x (t,n,input)  h0, c0 (n,hidden) or null for 0  y (t,n,hidden)  hn, cn (n,hidden)
  /// reserve: null when no backward will follow.
  virtual void rnn(const RnnShape&, Dtype, const RnnWeights&, const void* x, const void* h0,
                   const void* c0, void* y, void* hn, void* cn, void* reserve) = 0;
  /// dy (t,n,hidden), dhn, dcn (n,hidden), each null for 0. `reserve` may be overwritten.
  virtual void rnn_backward(const RnnShape&, Dtype, const RnnWeights&, const void* x,
                            const void* h0, const void* c0, const void* y, void* reserve,
                            const void* dy, const void* dhn, const void* dcn,
                            const RnnGradients&) = 0;

  // --- random numbers (random.cpp) ---------------------------------------------------------------
  // state is {seed, offset} in device memory. Element i takes word i mod 4 of Philox-4x32-10 with
  // key `seed` and counter offset + i/4 (Salmon et al. 2011, "Parallel random numbers: as easy as
  // 1, 2, 3"), whatever the device and the threads. philox.h says how words become numbers.
  /// y[i] drawn from the distribution with parameters a and b
  virtual void random(Distribution, Dtype, double a, double b, i64 n, const u64* state,
                      void* y) = 0;
  /// offset += blocks
  virtual void advance_random(u64* state, u64 blocks) = 0;
  /// y[i] = u_i < p ? 0 : x[i] / (1 − p),  u uniform in [0, 1), the same for every dtype
  virtual void dropout(Dtype, double p, i64 n, const u64* state, const void* x, void* y) = 0;

  // --- optimisers (optimizer.cpp) ----------------------------------------------------------------
  // One pass over all parameters; `settings` is in device memory. First, for every kind:
  //   t = step + 1,  g = grad_scale · gradient,  and g += weight_decay · w  unless decoupled.
  /// v = step = 0 ? g : momentum v + (1 − dampening) g
  /// w −= lr · (plain: g | momentum: v | nesterov: g + momentum v)
  virtual void sgd(SgdKind, Dtype, std::span<const ParameterSlot>, OptimizerSettings* settings) = 0;
  /// decoupled: w *= 1 − lr · weight_decay
  /// m = beta1 m + (1 − beta1) g,  v = beta2 v + (1 − beta2) g²
  /// w −= lr / (1 − beta1^t) · m / (√(v / (1 − beta2^t)) + eps)
  /// Kingma & Ba 2014, arXiv 1412.6980, alg. 1; Loshchilov & Hutter 2017, arXiv 1711.05101, alg. 2
  virtual void adam(AdamKind, Dtype, std::span<const ParameterSlot>,
                    OptimizerSettings* settings) = 0;
  /// s = beta2 s + (1 − beta2) g²,  r = g / (√s + eps)
  /// w −= lr · (state2 null: r | else v, after v = momentum v + r)
  virtual void rmsprop(Dtype, std::span<const ParameterSlot>, OptimizerSettings* settings) = 0;

  // --- t-SNE (tsne.cpp) --------------------------------------------------------------------------
  /// What the points y do to point i, summed over all others j, with w_ij = 1 / (1 + |y_i − y_j|²):
  ///   sums[0,i], sums[1,i] = Σ_j p[i,j] w_ij (y_i − y_j)
  ///   sums[2,i], sums[3,i] = Σ_j w_ij² (y_i − y_j),  sums[4,i] = Σ_j w_ij
  /// p (n, n)  y (2, n)  sums (5, n).  f32 and f64. van der Maaten & Hinton 2008, eq. 5: the gradient
  /// of the divergence is 4 (Σ p w (y_i − y_j) − Σ w² (y_i − y_j) / Z) with Z the sum of all w.
  virtual void tsne_sums(Dtype, i64 n, const void* p, const void* y, void* sums) = 0;

  // --- spectra (fft.cpp) -------------------------------------------------------------------------
  /// y[b,f,k] = Σ_j window[j] x[b, f·hop + j] e^(−2πi jk/n_fft)
  /// x (count, samples)  window (n_fft)  y (count, frames, bins, 2): real and imaginary part
  virtual void stft(const StftShape&, Dtype, const void* x, const void* window, void* y) = 0;
  /// y[b,m,f] = Σ_k weights[m,k] |X[b,f,k]|^power, X = stft(x): mel spectrograms without a pass over
  /// memory for X, which is 16 times as large.  weights (bands, bins)  y (count, bands, frames)
  virtual void band_power(const StftShape&, i64 bands, double power, Dtype, const void* x,
                          const void* window, const void* weights, void* y) = 0;
  /// The transpose: dx[b,s] = Σ_{f,k} window[j] (dy_re cos − dy_im sin)(2πjk/n_fft),  j = s − f·hop
  /// over the frames f that hold sample s.
  virtual void stft_backward(const StftShape&, Dtype, const void* dy, const void* window,
                             void* dx) = 0;
  /// x[b,j] = 1/n Σ_k y[b,k] e^(2πi jk/n) over all n bins of y's Hermitian continuation
  /// y (count, n/2 + 1, 2)  x (count, n)
  virtual void irfft(Dtype, i64 count, i64 n, const void* y, void* x) = 0;
};

/// The backend of a device; the only switch on device in the program. Throws Error where this build
/// or machine lacks it. While a Profile lives (kernels/profile), one that times every call.
Backend& backend(Device device);

/// Threads that OpenMP loops and oneDNN use for work that the calling thread starts. Default:
/// OMP_NUM_THREADS, or the machine's cores.
void set_num_threads(int threads);
int num_threads();

/// While it lives, the work that this thread starts stays on this thread: for the workers of a
/// loader, which are as many as the cores already.
class OneThread {
 public:
  OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread();

 private:
  int threads_before_;
};

}  // namespace melgrad
