#include "tensor/download.h"

#include <cstring>
#include <utility>

namespace melgrad {

void Download::start(const Tensor& x) {
  check(x.defined() && !tensor_.defined(), "download", "{}",
        x.defined() ? "the tensor started before was not taken" : "the tensor is undefined");
  Tensor source = x.contiguous();
  if (!x.device().is_cpu()) {
    if (!read_) read_ = staged_read(x.device());
    read_->start(source.raw(), static_cast<std::size_t>(x.numel()) * size_of(x.dtype()));
  } else if (source.shares_storage(x)) {
    source = x.clone();
  }
  tensor_ = source;
}

Tensor Download::finish() {
  check(tensor_.defined(), "download", "no tensor was started");
  Tensor x = std::exchange(tensor_, {});
  if (x.device().is_cpu()) return x;
  Tensor y = empty(x.shape(), x.dtype());
  const void* values = read_->finish();
  if (y.numel() > 0)
    std::memcpy(y.raw(), values, static_cast<std::size_t>(y.numel()) * size_of(y.dtype()));
  return y;
}

}  // namespace melgrad
