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
  check(vector.shape() == Shape{x.dim(1)} && vector.dtype() == dtype, op,
        "{} must be ({},) {}: {}, input {}", name, x.dim(1), name_of(dtype), vector, x);
  check_same_device(op, {&x, &vector});
}

// Of the statistics' dtype, or of x's, which differ for bf16; and in what dtype their gradients go.
void check_parameter(std::string_view op, std::string_view name, const Tensor& x,
                     const Tensor& vector) {
  if (!vector.defined()) return;
  bool narrow = vector.dtype() == x.dtype();
  check_vector(op, name, x, narrow ? x.dtype() : statistics_dtype(x), vector);
}
Dtype gradient_dtype(const Tensor& x, const Tensor& parameter) {
  return parameter.defined() ? parameter.dtype() : x.dtype();
}

void check_parameters(std::string_view op, const Tensor& x, const Statistics& statistics,
                      const Tensor& gamma, const Tensor& beta) {
  check_operand(op, "mean", statistics.mean);
  check_operand(op, "var", statistics.var);
  check_vector(op, "mean", x, statistics_dtype(x), statistics.mean);
  check_vector(op, "var", x, statistics_dtype(x), statistics.var);
  check_parameter(op, "gamma", x, gamma);
  check_parameter(op, "beta", x, beta);
}

/// Channels innermost in memory.
Tensor in_rows(const Tensor& x) { return x.rank() == 4 ? x.channels_last() : x.contiguous(); }

i64 rows_of(const Tensor& x) { return x.rank() == 4 ? x.dim(0) * x.dim(2) * x.dim(3) : x.dim(0); }

Tensor empty_rows(const Tensor& x, const Shape& shape) {
  return x.rank() == 4 ? empty_channels_last(shape, x.dtype(), x.device())
                       : empty(shape, x.dtype(), x.device());
}

void* raw_or_null(const Tensor& x) { return x.defined() ? x.raw() : nullptr; }

// The arrays over the channels in the dtype that kernels take.
struct Channels {
  Tensor mean, var, gamma, beta;

  Channels(const Tensor& x, const Statistics& statistics, const Tensor& scale,
           const Tensor& shift) {
    auto prepared = [&](const Tensor& vector) {
      return vector.defined() ? vector.to(statistics_dtype(x)).contiguous() : vector;
    };
    mean = prepared(statistics.mean);
    var = prepared(statistics.var);
    gamma = prepared(scale);
    beta = prepared(shift);
  }
  BatchNormArrays arrays() const {
    return {mean.raw(), var.raw(), raw_or_null(gamma), raw_or_null(beta)};
  }
};

void check_residual(std::string_view op, const Tensor& x, const BatchNormOptions& options,
                    const Tensor& residual) {
  if (!residual.defined()) return;
  check(!options.pool, op, "a residual and pooling exclude each other");
  check(residual.shape() == x.shape(), op, "the residual must be of input's shape: {}, input {}",
        residual, x);
  check_same_dtype(op, {&x, &residual});
  check_same_device(op, {&x, &residual});
}

BatchNormShape shape_of(const Tensor& x, const BatchNormOptions& options) {
  return {rows_of(x), x.dim(1), options.eps, options.relu};
}

// Windows side by side; none where nothing is pooled.
PoolShape windows_of(std::string_view op, const Tensor& x, const BatchNormOptions& options) {
  if (!options.pool) return {};
  Pair size = *options.pool;
  check(options.relu, op, "pooling comes after the ReLU, which is off");
  check(x.rank() == 4, op, "input must be (N, C, H, W) for pooling: {}", x);
  check(size.h >= 1 && size.w >= 1 && size.h <= x.dim(2) && size.w <= x.dim(3), op,
        "a window of {} × {} does not fit: {}", size.h, size.w, x);
  return {.n = x.dim(0),
          .h = x.dim(2),
          .w = x.dim(3),
          .c = x.dim(1),
          .kh = size.h,
          .kw = size.w,
          .stride_h = size.h,
          .stride_w = size.w,
          .p = x.dim(2) / size.h,
          .q = x.dim(3) / size.w};
}

// Of y: x's own, or that of the windows.
Shape result_shape(const Tensor& x, const BatchNormOptions& options, const PoolShape& windows) {
  return options.pool ? Shape{windows.n, windows.c, windows.p, windows.q} : x.shape();
}

// Those that are wanted, for a kernel to fill. No kernel is asked where there is no value: sums are 0 then.
BatchNormBackwardResult new_gradients(const Tensor& x, BatchNormWanted wanted) {
  BatchNormBackwardResult d;
  auto of_channels = [&] {
    Shape channels{x.dim(1)};
    return x.numel() > 0 ? empty(channels, statistics_dtype(x), x.device())
                         : zeros(channels, statistics_dtype(x), x.device());
  };
  if (wanted.dx) d.dx = empty_rows(x, x.shape());
  if (wanted.dgamma) d.dgamma = of_channels();
  if (wanted.dbeta) d.dbeta = of_channels();
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

void batch_norm_track(const Statistics& batch, double momentum, double correction,
                      Statistics& running, Tensor& batches) {
  constexpr std::string_view op = "batch_norm_track";
  Tensor mean = batch.mean, var = batch.var;
  for (const Tensor* x : {&mean, &var, &running.mean, &running.var}) {
    check_operand(op, "a statistic", *x, Takes::f32_or_f64);
    check(x->shape() == mean.shape() && x->rank() == 1, op, "all are (C): {}, {}", mean, *x);
    check_same_dtype(op, {&mean, x});
    check_same_device(op, {&mean, x, &batches});
  }
  check(running.mean.is_contiguous() && running.var.is_contiguous(), op,
        "running statistics are dense, as they change in place: {}, {}", running.mean, running.var);
  check(batches.dtype() == Dtype::i64 && batches.numel() == 1, op, "batches is one i64: {}",
        batches);
  mean = mean.contiguous();
  var = var.contiguous();
  backend(mean.device())
      .batch_norm_track(mean.dtype(), mean.numel(), momentum, correction, mean.raw(), var.raw(),
                        running.mean.raw(), running.var.raw(), static_cast<i64*>(batches.raw()));
  running.mean.storage()->bump_version();
  running.var.storage()->bump_version();
  batches.storage()->bump_version();
}

Tensor batch_norm(const Tensor& x, const Statistics& statistics, const Tensor& gamma,
                  const Tensor& beta, const BatchNormOptions& options, const Tensor& residual) {
  constexpr std::string_view op = "batch_norm";
  check_input(op, x);
  check_parameters(op, x, statistics, gamma, beta);
  check_residual(op, x, options, residual);
  BatchNormShape s = shape_of(x, options);
  PoolShape windows = windows_of(op, x, options);
  Tensor y = empty_rows(x, result_shape(x, options, windows));
  if (y.numel() == 0) return y;
  Channels channels(x, statistics, gamma, beta);
  Tensor input = in_rows(x), added = residual.defined() ? in_rows(residual) : residual;
  Backend& device = backend(x.device());
  if (options.pool)
    device.batch_norm_relu_max_pool(s, windows, x.dtype(), channels.arrays(), input.raw(), y.raw());
  else
    device.batch_norm(s, x.dtype(), channels.arrays(), input.raw(), raw_or_null(added), y.raw());
  return y;
}

BatchNormBackwardResult batch_norm_backward(const Tensor& x, const Statistics& statistics,
                                            const Tensor& gamma, const Tensor& beta,
                                            const BatchNormOptions& options, bool batch_statistics,
                                            const Tensor& dy, BatchNormWanted wanted) {
  constexpr std::string_view op = "batch_norm_backward";
  check_input(op, x);
  check_parameters(op, x, statistics, gamma, beta);
  check_operand(op, "dy", dy);
  check_same_dtype(op, {&x, &dy});
  check_same_device(op, {&x, &dy});
  BatchNormShape s = shape_of(x, options);
  PoolShape windows = windows_of(op, x, options);
  check(dy.shape() == result_shape(x, options, windows), op, "dy must be {}: {}",
        result_shape(x, options, windows), dy);
  BatchNormBackwardResult d = new_gradients(x, wanted);
  Channels channels(x, statistics, gamma, beta);
  Tensor input = in_rows(x), gradient = in_rows(dy);
  BatchNormGradients gradients{raw_or_null(d.dx), raw_or_null(d.dgamma), raw_or_null(d.dbeta)};
  Backend& device = backend(x.device());
  if (x.numel() > 0 && options.pool) {
    device.batch_norm_relu_max_pool_backward(s, windows, x.dtype(), batch_statistics,
                                             channels.arrays(), input.raw(), gradient.raw(),
                                             gradients);
  } else if (x.numel() > 0) {
    device.batch_norm_backward(s, x.dtype(), batch_statistics, channels.arrays(), input.raw(),
                               gradient.raw(), gradients);
  }
  if (d.dgamma.defined()) d.dgamma = d.dgamma.to(gradient_dtype(x, gamma));
  if (d.dbeta.defined()) d.dbeta = d.dbeta.to(gradient_dtype(x, beta));
  return d;
}

}  // namespace melgrad
