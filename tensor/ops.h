#pragma once
#include <optional>
#include <vector>

#include "tensor/tensor.h"

/// Every operation on tensors, without gradients (autograd/functions.h has the same names on
/// Variables).
///
/// Dtypes: the table is in dtypes.h. Both operands of a binary operation have the same dtype, or
/// one is a 0-d tensor (or a number), which takes the other's; anything else is an error, as is a
/// mixture of devices. Axes may be negative. Broadcasting is NumPy's. All throw Error
/// "[op] rule: shapes".
namespace melgrad {

class Generator;  // random.h

// --- element-wise (elementwise.cpp)
Tensor operator-(const Tensor& x);
Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
Tensor operator/(const Tensor& a, const Tensor& b);
Tensor operator+(const Tensor& a, double b);
Tensor operator-(const Tensor& a, double b);
Tensor operator*(const Tensor& a, double b);
Tensor operator/(const Tensor& a, double b);
Tensor operator+(double a, const Tensor& b);
Tensor operator-(double a, const Tensor& b);
Tensor operator*(double a, const Tensor& b);
Tensor operator/(double a, const Tensor& b);
Tensor pow(const Tensor& x, double exponent);
Tensor pow(const Tensor& x, const Tensor& exponent);
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor abs(const Tensor& x);
Tensor sign(const Tensor& x);
Tensor square(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);
Tensor reciprocal(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor log1p(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
Tensor round(const Tensor& x);  // halves to even
Tensor relu(const Tensor& x);
Tensor leaky_relu(const Tensor& x, double slope = .01);
Tensor gelu(const Tensor& x);
Tensor clamp(const Tensor& x, double low, double high);
Tensor relu_backward(const Tensor& y, const Tensor& dy);
Tensor tanh_backward(const Tensor& y, const Tensor& dy);
Tensor sigmoid_backward(const Tensor& y, const Tensor& dy);
Tensor gelu_backward(const Tensor& x, const Tensor& dy);
/// condition: u8; the three broadcast against each other.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

// --- comparisons (compare.cpp): u8, 0 or 1
Tensor operator==(const Tensor& a, const Tensor& b);
Tensor operator!=(const Tensor& a, const Tensor& b);
Tensor operator<(const Tensor& a, const Tensor& b);
Tensor operator<=(const Tensor& a, const Tensor& b);
Tensor operator>(const Tensor& a, const Tensor& b);
Tensor operator>=(const Tensor& a, const Tensor& b);
Tensor operator>(const Tensor& a, double b);
Tensor operator<(const Tensor& a, double b);
Tensor isnan(const Tensor& x);
Tensor isfinite(const Tensor& x);
/// Same shape, dtype and every |a − b| ≤ atol + rtol·|b|; NaN equals NaN.
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8);
bool equal(const Tensor& a, const Tensor& b);

// --- reductions (reduce.cpp): over all axes, or the given ones
using Axes = Shape;  // e.g. {0, 2, 3}
Tensor sum(const Tensor& x);
Tensor sum(const Tensor& x, const Axes& axes, bool keep_dim = false);
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const Axes& axes, bool keep_dim = false);
Tensor prod(const Tensor& x, const Axes& axes, bool keep_dim = false);
Tensor max(const Tensor& x);
Tensor max(const Tensor& x, const Axes& axes, bool keep_dim = false);
Tensor min(const Tensor& x);
Tensor min(const Tensor& x, const Axes& axes, bool keep_dim = false);
/// Σ (x − mean)² / (count − correction)
Tensor var(const Tensor& x, const Axes& axes, i64 correction = 1, bool keep_dim = false);
Tensor argmax(const Tensor& x, i64 axis = -1, bool keep_dim = false);  // i64
Tensor argmin(const Tensor& x, i64 axis = -1, bool keep_dim = false);
/// log Σ exp x, without overflow.
Tensor logsumexp(const Tensor& x, i64 axis = -1, bool keep_dim = false);
/// Sums x down to `shape`, undoing a broadcast from it.
Tensor sum_to(const Tensor& x, const Shape& shape);

// --- softmax (softmax.cpp)
Tensor softmax(const Tensor& x, i64 axis = -1);
Tensor log_softmax(const Tensor& x, i64 axis = -1);
Tensor softmax_backward(const Tensor& y, const Tensor& dy, i64 axis = -1);
Tensor log_softmax_backward(const Tensor& y, const Tensor& dy, i64 axis = -1);

// --- loss (loss.cpp): x (N, C)  target (N) i64, in 0 … C − 1: on a GPU others give NaN
/// () = 1/N Σ_n (log Σ_c exp x[n,c] − x[n,target[n]])
Tensor cross_entropy(const Tensor& x, const Tensor& target);
/// dy ()
Tensor cross_entropy_backward(const Tensor& x, const Tensor& target, const Tensor& dy);

// --- matmul (matmul.cpp)
/// NumPy's matmul: the last two axes multiply, those before broadcast; a 1-d operand is a row
/// (left) or column (right).
Tensor matmul(const Tensor& a, const Tensor& b);
/// y = x · weightᵀ + bias.  x (…, in)  weight (out, in)  bias (out) or undefined  y (…, out)
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

// --- joining, splitting, padding, indexing (join.cpp, index.cpp)
Tensor cat(const std::vector<Tensor>& parts, i64 axis = 0);
Tensor stack(const std::vector<Tensor>& parts, i64 axis = 0);
/// Views of at most `size` along `axis`.
std::vector<Tensor> split(const Tensor& x, i64 size, i64 axis = 0);
/// Views of these sizes, which add up to that of the axis.
std::vector<Tensor> split(const Tensor& x, const std::vector<i64>& sizes, i64 axis = 0);
/// before[i] and after[i] values of `value` around axis i; one entry an axis. Negative: cuts.
Tensor pad(const Tensor& x, const Shape& before, const Shape& after, double value = 0);
/// index (i64) has x's shape but along `axis`: y[…j…] = x[…index[…j…]…]
Tensor gather(const Tensor& x, i64 axis, const Tensor& index);
/// A tensor of zeros of `shape` with dy added at index: the transpose of gather.
Tensor scatter_add(const Tensor& dy, i64 axis, const Tensor& index, const Shape& shape);
/// index (i64, 1-d): y takes x's slices index[0], index[1] … along `axis`.
Tensor index_select(const Tensor& x, i64 axis, const Tensor& index);
Tensor index_add(const Tensor& dy, i64 axis, const Tensor& index, const Shape& shape);
/// index (i64): y (…, classes) with 1 at the index.
Tensor one_hot(const Tensor& index, i64 classes, Dtype dtype = Dtype::f32);

// --- convolution (conv.cpp)
struct Pair {  // height and width; one number stands for both
  i64 h, w;
  // NOLINTNEXTLINE(google-explicit-constructor): `.stride = 2` reads as in PyTorch
  Pair(i64 both) : h(both), w(both) {}
  Pair(i64 height, i64 width) : h(height), w(width) {}
  bool operator==(const Pair&) const = default;
};
/// `explicit_`: the padding given, on both sides. `same`: output size ⌈input/stride⌉, the odd one
/// at the end, as TensorFlow does.
enum class Padding : u8 { explicit_, same };
struct Conv2dOptions {
  Pair stride = 1;
  Pair padding = 0;
  Pair dilation = 1;
  i64 groups = 1;
  Padding mode = Padding::explicit_;
};
/// x (N, C, H, W)  weight (O, C/groups, kh, kw)  bias (O) or undefined  y (N, O, P, Q),
/// channels-last in memory; max(y, 0) if relu
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv2dOptions& options = {}, bool relu = false);
Tensor conv2d_backward_data(const Tensor& dy, const Tensor& weight, const Shape& x_shape,
                            const Conv2dOptions& options);
struct ConvWeightGradients {
  Tensor dweight, dbias;  // dbias undefined unless asked for
};
ConvWeightGradients conv2d_backward_weights(const Tensor& x, const Tensor& dy,
                                            const Shape& weight_shape, bool with_bias,
                                            const Conv2dOptions& options);

// --- pooling (pool.cpp)
struct Pool2dOptions {
  std::optional<Pair> stride = {};  // the kernel size if not given
  Pair padding = 0;                 // max: −∞; average: see count_padding
  bool ceil_mode = false;     // a last window that starts inside x counts although it ends outside
  bool count_padding = true;  // average only
  Padding mode = Padding::explicit_;  // `same` never counts its padding
};
/// x (N, C, H, W); ties go to the first position.
Tensor max_pool2d(const Tensor& x, Pair kernel, const Pool2dOptions& options = {});
Tensor max_pool2d_backward(const Tensor& x, const Tensor& y, const Tensor& dy, Pair kernel,
                           const Pool2dOptions& options);
Tensor avg_pool2d(const Tensor& x, Pair kernel, const Pool2dOptions& options = {});
Tensor avg_pool2d_backward(const Tensor& dy, const Shape& x_shape, Pair kernel,
                           const Pool2dOptions& options);
Tensor adaptive_avg_pool2d(const Tensor& x, Pair size);
Tensor adaptive_avg_pool2d_backward(const Tensor& dy, const Shape& x_shape);

// --- batch normalisation (batch_norm.cpp): x (N, C) or (N, C, H, W)
struct Statistics {
  Tensor mean, var;  // (C), var biased; f32 for f32 and bf16 x, f64 for f64
};
Statistics batch_norm_statistics(const Tensor& x);
/// In place: running = (1 − momentum) running + momentum batch, the variance times `correction`, and
/// batches, () i64, is one more.
void batch_norm_track(const Statistics& batch, double momentum, double correction,
                      Statistics& running, Tensor& batches);
struct BatchNormOptions {
  double eps = 1e-5;
  bool relu = false;  // then max(y, 0), in the same pass over memory
  /// After the ReLU, which it needs: max-pooling of (N, C, H, W) over windows of this size side by
  /// side, those cut off at the end left out; nothing of x's size is kept but x.
  std::optional<Pair> pool = {};
};
/// gamma, beta (C) of x's dtype or, for bf16 x, f32; or undefined. Their gradients are of their dtype.
/// residual: of x's shape and dtype, added before the ReLU; or undefined. Not with pooling.
Tensor batch_norm(const Tensor& x, const Statistics& statistics, const Tensor& gamma,
                  const Tensor& beta, const BatchNormOptions& options = {},
                  const Tensor& residual = {});
struct BatchNormBackwardResult {
  Tensor dx, dgamma, dbeta;
};
struct BatchNormWanted {
  bool dx = true, dgamma = true, dbeta = true;
};
/// Of batch_norm without a residual.
/// batch_statistics: whether `statistics` were computed from x (training) or are constants.
BatchNormBackwardResult batch_norm_backward(const Tensor& x, const Statistics& statistics,
                                            const Tensor& gamma, const Tensor& beta,
                                            const BatchNormOptions& options, bool batch_statistics,
                                            const Tensor& dy, BatchNormWanted wanted = {});

// --- recurrent layers (rnn.cpp): one layer, one direction
struct RnnParameters {
  Tensor w_ih, w_hh;  // (G, input) (G, hidden), PyTorch's gate order
  Tensor b_ih, b_hh;  // (G) (G), or both undefined
};
struct RnnResult {
  Tensor y;        // (T, N, hidden)
  Tensor hn, cn;   // (N, hidden); cn only for LSTM
  Tensor reserve;  // what backward needs; undefined unless asked for
};
/// x (T, N, input)  h0, c0 (N, hidden) or undefined for 0
RnnResult rnn(RnnMode mode, const Tensor& x, const Tensor& h0, const Tensor& c0,
              const RnnParameters& parameters, bool reverse, bool for_backward);
struct RnnWanted {
  bool dx = true, dh0 = true, dc0 = true, weights = true;
};
struct RnnBackwardResult {
  Tensor dx, dh0, dc0;
  RnnParameters d;
};
/// forward.reserve may be overwritten: it serves once.
RnnBackwardResult rnn_backward(RnnMode mode, const Tensor& x, const Tensor& h0, const Tensor& c0,
                               const RnnParameters& parameters, bool reverse,
                               const RnnResult& forward, const Tensor& dy, const Tensor& dhn,
                               const Tensor& dcn, RnnWanted wanted = {});

// --- dropout (dropout.cpp)
/// `state` is a Generator's snapshot (random.h): the same state draws the same mask, however x lies
/// in memory, so backward is the same call on dy.
Tensor dropout(const Tensor& x, double p, const Tensor& state);

// --- spectra (stft.cpp)
/// x (count, samples)  window (n_fft)  ->  (count, frames, n_fft/2 + 1, 2), frames = 1 + (samples −
/// n_fft)/hop, no padding
Tensor stft(const Tensor& x, const Tensor& window, i64 hop);
/// Σ_k weights[m,k] |X[b,f,k]|^power of X = stft(x, window, hop):  weights (bands, n_fft/2 + 1)  ->
/// (count, bands, frames). The same as composed from stft, but X is never in memory.
Tensor band_power(const Tensor& x, const Tensor& window, i64 hop, const Tensor& weights,
                  double power);
Tensor stft_backward(const Tensor& dy, const Tensor& window, i64 hop, i64 samples);
/// (count, n/2 + 1, 2) -> (count, n)
Tensor irfft(const Tensor& y, i64 n);

// --- resizing (resize.cpp)
/// area: mean over the source pixels a target pixel covers, weighted by overlap; bilinear:
/// half-pixel centres, no antialias (PyTorch's align_corners = false); nearest: ⌊i·in/out⌋.
enum class Resize : u8 { nearest, bilinear, area };
/// x (…, H, W) floating
Tensor resize(const Tensor& x, Pair size, Resize how);

}  // namespace melgrad
