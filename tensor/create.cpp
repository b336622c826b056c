#include <limits>

#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/tensor.h"

namespace melgrad {

Tensor empty(const Shape& shape, Dtype dtype, Device device) {
  check(device.is_cpu() || dtype != Dtype::f64, "empty",
        "f64 is the CPU's reference path, {} has none: {}", device, shape);
  for (i64 size : shape) check(size >= 0, "empty", "negative size: {}", shape);
  i64 bytes = 0;
  bool too_large = __builtin_mul_overflow(shape.numel(), static_cast<i64>(size_of(dtype)), &bytes);
  check(!too_large, "empty", "more bytes than 63 bits can count: {}", shape);
  auto storage = std::make_shared<Storage>(device, static_cast<std::size_t>(bytes));
  return {std::move(storage), dtype, shape, shape.row_major(), 0};
}

Tensor empty_channels_last(const Shape& shape, Dtype dtype, Device device) {
  check(shape.rank() == 4, "empty_channels_last", "takes (N, C, H, W): {}", shape);
  return empty_in_order(shape, {0, 2, 3, 1}, dtype, device);
}

Tensor empty_like(const Tensor& x) {
  check(x.defined(), "empty_like", "the tensor is undefined");
  return empty_in_order(x.shape(), preferred_order(x), x.dtype(), x.device());
}

Tensor full(const Shape& shape, double value, Dtype dtype, Device device) {
  return empty(shape, dtype, device).fill_(value);
}

Tensor zeros(const Shape& shape, Dtype dtype, Device device) {
  return full(shape, 0, dtype, device);
}

Tensor ones(const Shape& shape, Dtype dtype, Device device) {
  return full(shape, 1, dtype, device);
}

Tensor zeros_like(const Tensor& x) { return empty_like(x).fill_(0); }

Tensor scalar(double value, Dtype dtype, Device device) { return full({}, value, dtype, device); }

Tensor arange(i64 n, Dtype dtype, Device device) {
  check(n >= 0, "arange", "takes a count, not {}", n);
  check(n == 0 || dtype != Dtype::u8 || n <= 256, "arange", "u8 counts to 255, not to {}", n - 1);
  Tensor y = empty({n}, dtype, device);
  if (n > 0) backend(device).arange(dtype, 0, 1, n, y.raw());
  return y;
}

// On the host, so that the last value is `stop` itself.
Tensor linspace(double start, double stop, i64 n, Dtype dtype, Device device) {
  check(n >= 0, "linspace", "takes a count, not {}", n);
  check(is_floating(dtype), "linspace", "takes f32, f64 or bf16, not {}", name_of(dtype));
  std::vector<double> values(static_cast<std::size_t>(n));
  for (i64 i = 0; i < n; ++i) {
    double part = n > 1 ? static_cast<double>(i) / static_cast<double>(n - 1) : 0;
    values[static_cast<std::size_t>(i)] =
        i == n - 1 && n > 1 ? stop : start + (stop - start) * part;
  }
  return from_vector(values).to(dtype).to(device);
}

Tensor from_array(const void* values, std::size_t count, Dtype dtype, const Shape& shape) {
  check(static_cast<i64>(count) == shape.numel(), "from_vector", "{} values do not fill shape {}",
        count, shape);
  Tensor y = empty(shape, dtype);
  if (count > 0) backend(y.device()).copy_from_host(y.raw(), values, count * size_of(dtype));
  return y;
}

}  // namespace melgrad
