#pragma once
#include "autograd/variable.h"
#include "tensor/ops.h"
#include "tensor/random.h"

/// The differentiable operations: names, arguments and errors of tensor/ops.h.
namespace melgrad {

// --- element-wise (functions/elementwise.cpp)
Variable operator-(const Variable& x);
Variable operator+(const Variable& a, const Variable& b);
Variable operator-(const Variable& a, const Variable& b);
Variable operator*(const Variable& a, const Variable& b);
Variable operator/(const Variable& a, const Variable& b);
Variable operator+(const Variable& a, double b);
Variable operator-(const Variable& a, double b);
Variable operator*(const Variable& a, double b);
Variable operator/(const Variable& a, double b);
Variable operator+(double a, const Variable& b);
Variable operator-(double a, const Variable& b);
Variable operator*(double a, const Variable& b);
Variable operator/(double a, const Variable& b);
Variable pow(const Variable& x, double exponent);
Variable maximum(const Variable& a, const Variable& b);  // a tie: half to each
Variable minimum(const Variable& a, const Variable& b);
Variable abs(const Variable& x);  // abs'(0) = 0
Variable square(const Variable& x);
Variable sqrt(const Variable& x);
Variable exp(const Variable& x);
Variable log(const Variable& x);
Variable log1p(const Variable& x);
Variable sin(const Variable& x);
Variable cos(const Variable& x);
Variable where(const Tensor& condition, const Variable& a, const Variable& b);

// --- activations (functions/activation.cpp)
Variable tanh(const Variable& x);
Variable sigmoid(const Variable& x);
Variable relu(const Variable& x);  // relu'(0) = 0
Variable leaky_relu(const Variable& x, double slope = .01);
Variable gelu(const Variable& x);
Variable clamp(const Variable& x, double low, double high);  // derivative 1 on the bounds

// --- shape (functions/shape.cpp)
Variable reshape(const Variable& x, const Shape& shape);
Variable flatten(const Variable& x, i64 from = 0, i64 to = -1);
Variable permute(const Variable& x, const Shape& axes);
Variable transpose(const Variable& x, i64 axis1, i64 axis2);
Variable slice(const Variable& x, i64 axis, i64 begin, i64 end, i64 step = 1);
Variable select(const Variable& x, i64 axis, i64 index);
Variable expand(const Variable& x, const Shape& shape);
Variable flip(const Variable& x, i64 axis);
Variable cat(const std::vector<Variable>& parts, i64 axis = 0);
Variable stack(const std::vector<Variable>& parts, i64 axis = 0);
std::vector<Variable> split(const Variable& x, i64 size, i64 axis = 0);
Variable pad(const Variable& x, const Shape& before, const Shape& after, double value = 0);
Variable to(const Variable& x, Dtype dtype);

// --- indexing (functions/index.cpp)
Variable gather(const Variable& x, i64 axis, const Tensor& index);
Variable index_select(const Variable& x, i64 axis, const Tensor& index);

// --- reductions (functions/reduce.cpp)
Variable sum(const Variable& x);
Variable sum(const Variable& x, const Axes& axes, bool keep_dim = false);
Variable mean(const Variable& x);
Variable mean(const Variable& x, const Axes& axes, bool keep_dim = false);
/// Over one axis; the gradient goes to the first of equals.
Variable max(const Variable& x, i64 axis, bool keep_dim = false);
Variable min(const Variable& x, i64 axis, bool keep_dim = false);
Variable var(const Variable& x, const Axes& axes, i64 correction = 1, bool keep_dim = false);
Variable logsumexp(const Variable& x, i64 axis = -1, bool keep_dim = false);

// --- one file each
Variable softmax(const Variable& x, i64 axis = -1);
Variable log_softmax(const Variable& x, i64 axis = -1);
Variable matmul(const Variable& a, const Variable& b);
Variable linear(const Variable& x, const Variable& weight, const Variable& bias = {});
Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias = {},
                const Conv2dOptions& options = {}, bool relu = false);
Variable max_pool2d(const Variable& x, Pair kernel, const Pool2dOptions& options = {});
Variable avg_pool2d(const Variable& x, Pair kernel, const Pool2dOptions& options = {});
Variable adaptive_avg_pool2d(const Variable& x, Pair size);
/// Normalises by the statistics of x itself, which it returns in `*statistics` unless null: to be
/// read, not written to (backward reads them, too).
Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                    const BatchNormOptions& options = {}, Statistics* statistics = nullptr,
                    const Variable& residual = {});
/// Normalises by fixed statistics (evaluation, frozen layers).
Variable batch_norm(const Variable& x, const Statistics& fixed, const Variable& gamma,
                    const Variable& beta, const BatchNormOptions& options = {},
                    const Variable& residual = {});
/// p = 0 is x itself and draws nothing. In evaluation, do not call it.
Variable dropout(const Variable& x, double p, Generator& generator);
/// Differentiable in x and window.
Variable stft(const Variable& x, const Variable& window, i64 hop);

struct RnnVariables {
  Variable w_ih, w_hh, b_ih, b_hh;
};
struct RnnOutput {
  Variable y, hn, cn;
};
/// One layer, one direction. x (T, N, input)  h0, c0 (N, hidden) or undefined; cn: LSTM only
RnnOutput rnn(RnnMode mode, const Variable& x, const Variable& h0, const Variable& c0,
              const RnnVariables& parameters, bool reverse = false);

// --- losses (functions/loss.cpp): means over the batch
/// target i64 (N): class numbers, an Error if one is not in 0 … C − 1; logits (N, C).
/// smoothing s: the target is (1 − s)·one-hot + s/C.
Variable cross_entropy(const Variable& logits, const Tensor& target, double smoothing = 0);
/// target (N, C): probabilities.
Variable cross_entropy_soft(const Variable& logits, const Tensor& target);
Variable nll_loss(const Variable& log_probabilities, const Tensor& target);
Variable mse_loss(const Variable& x, const Variable& target);

}  // namespace melgrad
