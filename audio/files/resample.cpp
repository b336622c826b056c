#include "audio/files/resample.h"

#include <soxr.h>

#include <cmath>

namespace melgrad {
namespace {

template <class T>
Tensor resample_rows(const Tensor& x, double from, double to, i64 length) {
  i64 rows = x.dim(0), samples = x.dim(1);
  Tensor y = zeros({rows, length}, x.dtype());
  soxr_datatype_t type = dtype_of<T> == Dtype::f64 ? SOXR_FLOAT64_I : SOXR_FLOAT32_I;
  soxr_io_spec_t io = soxr_io_spec(type, type);
  soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  for (i64 row = 0; row < rows && samples > 0; ++row) {
    std::size_t done = 0;
    soxr_error_t error =
        soxr_oneshot(from, to, 1, x.data<T>() + row * samples, static_cast<std::size_t>(samples),
                     nullptr, y.data<T>() + row * length, static_cast<std::size_t>(length), &done,
                     &io, &quality, nullptr);
    check(error == nullptr, "resample", "from {} Hz to {} Hz: {}", from, to,
          error == nullptr ? "" : error);
  }
  return y;
}

}  // namespace

Tensor resample(const Tensor& x, double from, double to) {
  check(from > 0 && to > 0, "resample", "rates must be positive: from {} Hz to {} Hz", from, to);
  check(x.rank() >= 1, "resample", "needs samples: {}", x);
  check(x.dtype() == Dtype::f32 || x.dtype() == Dtype::f64, "resample", "works on f32 and f64: {}",
        x);
  if (from == to) return x;
  auto length = static_cast<i64>(std::ceil(static_cast<double>(x.dim(-1)) * (to / from)));
  Shape shape = x.shape();
  i64 rows = x.dim(-1) == 0 ? 0 : x.numel() / x.dim(-1);
  Tensor flat = x.contiguous().reshape({rows, x.dim(-1)});
  Tensor y = x.dtype() == Dtype::f64 ? resample_rows<double>(flat, from, to, length)
                                     : resample_rows<float>(flat, from, to, length);
  shape[-1] = length;
  return y.reshape(shape);
}

}  // namespace melgrad
