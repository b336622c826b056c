#include <cmath>

#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

// x, y, dy, dx (rows, channels), all else (channels)
namespace melgrad::reference {
namespace {

// One channel's formulas.
struct Channel {
  double mean, deviation, gamma, beta;

  Channel(const BatchNormShape& s, const BatchNormArrays& arrays, i64 c)
      : mean(f64(arrays.mean)[c]),
        deviation(std::sqrt(f64(arrays.var)[c] + s.eps)),
        gamma(arrays.gamma ? f64(arrays.gamma)[c] : 1),
        beta(arrays.beta ? f64(arrays.beta)[c] : 0) {}
  double x_hat(double x) const { return (x - mean) / deviation; }
  double y(double x) const { return gamma * x_hat(x) + beta; }
};

}  // namespace

// mean[c] = Σ_r x[r,c] / rows,  var[c] = Σ_r (x[r,c] − mean[c])² / rows
void batch_norm_statistics(i64 rows, i64 channels, const double* x_, double* mean, double* var) {
  Array x(x_, rows, channels);
  for (i64 c = 0; c < channels; ++c) {
    mean[c] = var[c] = 0;
    for (i64 r = 0; r < rows; ++r) mean[c] += x(r, c);
    mean[c] /= static_cast<double>(rows);
    for (i64 r = 0; r < rows; ++r) var[c] += (x(r, c) - mean[c]) * (x(r, c) - mean[c]);
    var[c] /= static_cast<double>(rows);
  }
}

// running = (1 − momentum) running + momentum batch, the variance times correction
void batch_norm_track(i64 channels, double momentum, double correction, const double* mean,
                      const double* var, double* running_mean, double* running_var) {
  for (i64 c = 0; c < channels; ++c) {
    running_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean[c];
    running_var[c] = (1 - momentum) * running_var[c] + momentum * correction * var[c];
  }
}

// y = gamma (x − mean) / √(var + eps) + beta + residual, then max(y, 0) if relu
void batch_norm(const BatchNormShape& s, const BatchNormArrays& arrays, const double* x_,
                const double* residual_, double* y_) {
  Array x(x_, s.rows, s.channels);
  Array residual(residual_, s.rows, s.channels);
  Array y(y_, s.rows, s.channels);
  for (i64 c = 0; c < s.channels; ++c) {
    Channel channel(s, arrays, c);
    for (i64 r = 0; r < s.rows; ++r)
      y(r, c) = channel.y(x(r, c)) + (residual_ ? residual(r, c) : 0);
  }
  if (s.relu) unary(UnaryOp::relu, 0, 0, y.size(), y_, y_);
}

// x̂ = (x − mean) / √(var + eps);  if relu, dy counts only where y > 0
// dgamma = Σ_r dy x̂,  dbeta = Σ_r dy
// dx = gamma / √(var + eps) · (dy − dbeta/rows − x̂ dgamma/rows), the last two terms only with
// batch_statistics
void batch_norm_backward(const BatchNormShape& s, bool batch_statistics,
                         const BatchNormArrays& arrays, const double* x_, const double* dy_,
                         const BatchNormGradients& wanted) {
  Array x(x_, s.rows, s.channels);
  Array dy(dy_, s.rows, s.channels);
  Array dx(f64(wanted.dx), s.rows, s.channels);
  double share = batch_statistics ? 1 / static_cast<double>(s.rows) : 0;
  for (i64 c = 0; c < s.channels; ++c) {
    Channel channel(s, arrays, c);
    auto x_hat = [&](i64 r) { return channel.x_hat(x(r, c)); };
    auto dy_of = [&](i64 r) { return s.relu && !(channel.y(x(r, c)) > 0) ? 0 : dy(r, c); };
    double dgamma = 0, dbeta = 0;
    for (i64 r = 0; r < s.rows; ++r) dgamma += dy_of(r) * x_hat(r);
    for (i64 r = 0; r < s.rows; ++r) dbeta += dy_of(r);
    for (i64 r = 0; wanted.dx && r < s.rows; ++r)
      dx(r, c) = channel.gamma / channel.deviation *
                 (dy_of(r) - share * dbeta - x_hat(r) * share * dgamma);
    if (wanted.dgamma) f64(wanted.dgamma)[c] = dgamma;
    if (wanted.dbeta) f64(wanted.dbeta)[c] = dbeta;
  }
}

// y[n,p,q,c] = max over the window of max(gamma (x − mean) / √(var + eps) + beta, 0)
void batch_norm_relu_max_pool(const BatchNormShape& s, const PoolShape& pool,
                              const BatchNormArrays& arrays, const double* x, double* y) {
  auto normalized = zeros(s.rows, s.channels);
  batch_norm(s, arrays, x, nullptr, normalized.data());
  max_pool2d(pool, normalized.data(), y);
}

// batch_norm_backward of what max_pool2d_backward makes of dy
void batch_norm_relu_max_pool_backward(const BatchNormShape& s, const PoolShape& pool,
                                       bool batch_statistics, const BatchNormArrays& arrays,
                                       const double* x, const double* dy,
                                       const BatchNormGradients& wanted) {
  auto normalized = zeros(s.rows, s.channels);
  auto dnormalized = zeros(s.rows, s.channels);
  auto y = zeros(pool.n, pool.p, pool.q, pool.c);
  batch_norm(s, arrays, x, nullptr, normalized.data());
  max_pool2d(pool, normalized.data(), y.data());
  max_pool2d_backward(pool, normalized.data(), y.data(), dy, dnormalized.data());
  batch_norm_backward(s, batch_statistics, arrays, x, dnormalized.data(), wanted);
}

}  // namespace melgrad::reference
