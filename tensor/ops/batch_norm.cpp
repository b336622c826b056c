#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/ops.h"

namespace melgrad {

namespace {

// Statistics are of this dtype. Kernels take gamma and beta, and give their gradients, in it too.
Dtype statistics_dtype(const Tensor& x) { return compute_dtype(x.dtype()); }

void check_input(std::string_view op, const Tensor& x) {
  check_operand(op, "input", x, Takes::floating);
  check(x.rank() == 2 || x.rank() == 4, op, "input must be (N, C) or (N, C, H, W): {}", x);
}

void check_vector(std::string_view op, std::string_view name, const Tensor& x, Dtype dtype,
                  const Tensor& vector) {
  if (!vector.defined()) return;
  check(vector.shape() == Shape{x.dim(1)} && vector.dtype() == dtype, op,
        "{} must be ({},) {}: {}, input {}", name, x.dim(1), name_of(dtype), vector, x);
  check_same_device(op, {&x, &vector});
}

void check_parameters(std::string_view op, const Tensor& x, const Statistics& statistics,
                      const Tensor& gamma, const Tensor& beta) {
  check_operand(op, "mean", statistics.mean);
  check_operand(op, "var", statistics.var);
  check_vector(op, "mean", x, statistics_dtype(x), statistics.mean);
  check_vector(op, "var", x, statistics_dtype(x), statistics.var);
  check_vector(op, "gamma", x, x.dtype(), gamma);
  check_vector(op, "beta", x, x.dtype(), beta);
}

/// Channels innermost in memory.
Tensor in_rows(const Tensor& x) { return x.rank() == 4 ? x.channels_last() : x.contiguous(); }

i64 rows_of(const Tensor& x) { return x.rank() == 4 ? x.dim(0) * x.dim(2) * x.dim(3) : x.dim(0); }

Tensor empty_rows(const Tensor& x) {
  return x.rank() == 4 ? empty_channels_last(x.shape(), x.dtype(), x.device())
                       : empty(x.shape(), x.dtype(), x.device());
}

// As a kernel takes it: null for an absent one.
void* raw_or_null(const Tensor& x) { return x.defined() ? x.raw() : nullptr; }

// The arrays over the channels as kernels take them.
struct Vectors {
  Tensor mean, var, gamma, beta;
  Vectors(const Tensor& x, const Statistics& statistics, const Tensor& scale, const Tensor& shift) {
    auto prepared = [&](const Tensor& vector) {
      return vector.defined() ? vector.to(statistics_dtype(x)).contiguous() : vector;
    };
    mean = prepared(statistics.mean);
    var = prepared(statistics.var);
    gamma = prepared(scale);
    beta = prepared(shift);
  }
};

void check_backward(std::string_view op, const Tensor& x, const Statistics& statistics,
                    const Tensor& gamma, const Tensor& beta, const Tensor& dy) {
  check_input(op, x);
  check_parameters(op, x, statistics, gamma, beta);
  check_operand(op, "dy", dy);
  check_same_dtype(op, {&x, &dy});
  check_same_device(op, {&x, &dy});
}

// Those that are wanted, for a kernel to fill; 0 over the channels, as without any row.
BatchNormGradients new_gradients(const Tensor& x, BatchNormWanted wanted) {
  BatchNormGradients d;
  Shape channels{x.dim(1)};
  if (wanted.dx) d.dx = empty_rows(x);
  if (wanted.dgamma) d.dgamma = zeros(channels, statistics_dtype(x), x.device());
  if (wanted.dbeta) d.dbeta = zeros(channels, statistics_dtype(x), x.device());
  return d;
}

// The filled ones in the parameters' dtype.
BatchNormGradients finished(BatchNormGradients d, const Tensor& x) {
  if (d.dgamma.defined()) d.dgamma = d.dgamma.to(x.dtype());
  if (d.dbeta.defined()) d.dbeta = d.dbeta.to(x.dtype());
  return d;
}

}  // namespace

Statistics batch_norm_statistics(const Tensor& x) {
  check_input("batch_norm_statistics", x);
  check(rows_of(x) >= 1, "batch_norm_statistics", "no values to take statistics of: {}", x);
  Shape channels{x.dim(1)};
  Statistics s{empty(channels, statistics_dtype(x), x.device()),
               empty(channels, statistics_dtype(x), x.device())};
  if (x.numel() > 0) {
    backend(x.device())
        .batch_norm_statistics(x.dtype(), rows_of(x), x.dim(1), in_rows(x).raw(), s.mean.raw(),
                               s.var.raw());
  }
  return s;
}

Tensor batch_norm(const Tensor& x, const Statistics& statistics, const Tensor& gamma,
                  const Tensor& beta, double eps, bool relu) {
  check_input("batch_norm", x);
  check_parameters("batch_norm", x, statistics, gamma, beta);
  Tensor y = empty_rows(x);
  if (y.numel() == 0) return y;
  Vectors v(x, statistics, gamma, beta);
  backend(x.device())
      .batch_norm(x.dtype(), rows_of(x), x.dim(1), eps, relu, in_rows(x).raw(), v.mean.raw(),
                  v.var.raw(), raw_or_null(v.gamma), raw_or_null(v.beta), y.raw());
  return y;
}

BatchNormGradients batch_norm_backward(const Tensor& x, const Statistics& statistics,
                                       const Tensor& gamma, const Tensor& beta, double eps,
                                       bool relu, bool batch_statistics, const Tensor& dy,
                                       BatchNormWanted wanted) {
  constexpr std::string_view op = "batch_norm_backward";
  check_backward(op, x, statistics, gamma, beta, dy);
  check(x.shape() == dy.shape(), op, "input and dy differ in shape: {}, {}", x, dy);
  BatchNormGradients d = new_gradients(x, wanted);
  Vectors v(x, statistics, gamma, beta);
  Tensor input = in_rows(x), gradient = in_rows(dy);
  if (x.numel() > 0) {
    backend(x.device())
        .batch_norm_backward(x.dtype(), rows_of(x), x.dim(1), eps, relu, batch_statistics,
                             input.raw(), v.mean.raw(), v.var.raw(), raw_or_null(v.gamma),
                             raw_or_null(v.beta), gradient.raw(), raw_or_null(d.dx),
                             raw_or_null(d.dgamma), raw_or_null(d.dbeta));
  }
  return finished(d, x);
}

namespace {

PoolShape tiling(std::string_view op, const Tensor& x, Pair kernel) {
  check(x.rank() == 4, op, "input must be (N, C, H, W): {}", x);
  check(kernel.h >= 1 && kernel.w >= 1 && kernel.h <= x.dim(2) && kernel.w <= x.dim(3), op,
        "a window of {} × {} does not fit: {}", kernel.h, kernel.w, x);
  return {.n = x.dim(0),
          .h = x.dim(2),
          .w = x.dim(3),
          .c = x.dim(1),
          .kh = kernel.h,
          .kw = kernel.w,
          .stride_h = kernel.h,
          .stride_w = kernel.w,
          .p = x.dim(2) / kernel.h,
          .q = x.dim(3) / kernel.w};
}

}  // namespace

Tensor batch_norm_relu_max_pool(const Tensor& x, const Statistics& statistics, const Tensor& gamma,
                                const Tensor& beta, double eps, Pair kernel) {
  constexpr std::string_view op = "batch_norm_relu_max_pool";
  check_input(op, x);
  check_parameters(op, x, statistics, gamma, beta);
  PoolShape s = tiling(op, x, kernel);
  Tensor y = empty_channels_last({s.n, s.c, s.p, s.q}, x.dtype(), x.device());
  if (y.numel() == 0) return y;
  Vectors v(x, statistics, gamma, beta);
  backend(x.device())
      .batch_norm_relu_max_pool(x.dtype(), s, eps, in_rows(x).raw(), v.mean.raw(), v.var.raw(),
                                raw_or_null(v.gamma), raw_or_null(v.beta), y.raw());
  return y;
}

BatchNormGradients batch_norm_relu_max_pool_backward(const Tensor& x, const Statistics& statistics,
                                                     const Tensor& gamma, const Tensor& beta,
                                                     double eps, bool batch_statistics, Pair kernel,
                                                     const Tensor& dy, BatchNormWanted wanted) {
  constexpr std::string_view op = "batch_norm_relu_max_pool_backward";
  check_backward(op, x, statistics, gamma, beta, dy);
  PoolShape s = tiling(op, x, kernel);
  check(dy.shape() == Shape{s.n, s.c, s.p, s.q}, op, "dy must be {}: {}", Shape{s.n, s.c, s.p, s.q},
        dy);
  BatchNormGradients d = new_gradients(x, wanted);
  Vectors v(x, statistics, gamma, beta);
  Tensor input = in_rows(x), gradient = dy.channels_last();
  if (x.numel() > 0) {
    backend(x.device())
        .batch_norm_relu_max_pool_backward(x.dtype(), s, eps, batch_statistics, input.raw(),
                                           v.mean.raw(), v.var.raw(), raw_or_null(v.gamma),
                                           raw_or_null(v.beta), gradient.raw(), raw_or_null(d.dx),
                                           raw_or_null(d.dgamma), raw_or_null(d.dbeta));
  }
  return finished(d, x);
}

}  // namespace melgrad
