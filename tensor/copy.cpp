#include <cstdlib>

#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/tensor.h"

namespace melgrad {

namespace {

/// The copy as few long loops: axes in the target's order in memory, those of size 1 dropped, and
/// neighbours joined where both sides lie in one piece.
CopyShape copy_shape(const Tensor& source, const Tensor& target) {
  CopyShape shape;
  for (i64 axis : memory_order(target.shape(), target.strides())) {
    i64 size = target.shape()[axis];
    i64 source_stride = source.strides()[axis], target_stride = target.strides()[axis];
    if (size == 1) continue;
    auto last = static_cast<std::size_t>(shape.rank);
    bool joins = shape.rank > 0 && shape.source_stride[last - 1] == source_stride * size &&
                 shape.target_stride[last - 1] == target_stride * size;
    if (joins) {
      --last;
    } else {
      ++shape.rank;
    }
    shape.size[last] = joins ? shape.size[last] * size : size;
    shape.source_stride[last] = source_stride;
    shape.target_stride[last] = target_stride;
  }
  if (shape.rank == 0) {
    shape.rank = 1;
    shape.size[0] = shape.source_stride[0] = shape.target_stride[0] = 1;
  }
  return shape;
}

/// Both on one device, of one shape, and not overlapping.
void copy_elements(const Tensor& source, Tensor& target) {
  if (target.numel() == 0) return;
  backend(target.device())
      .copy(copy_shape(source, target), source.dtype(), source.raw(), target.dtype(), target.raw());
}

}  // namespace

Tensor Tensor::contiguous() const {
  check(defined(), "contiguous", "the tensor is undefined");
  if (is_contiguous()) return *this;
  Tensor y = empty(shape_, dtype_, device());
  copy_elements(*this, y);
  return y;
}

Tensor Tensor::channels_last() const {
  check(defined() && rank() == 4, "channels_last", "takes (N, C, H, W): {}", *this);
  if (is_channels_last()) return *this;
  Tensor y = empty_channels_last(shape_, dtype_, device());
  copy_elements(*this, y);
  return y;
}

Tensor Tensor::dense() const { return is_dense() ? *this : clone(); }

Tensor Tensor::clone() const {
  Tensor y = empty_like(*this);
  copy_elements(*this, y);
  return y;
}

Tensor Tensor::to(Dtype dtype) const {
  check(defined(), "to", "the tensor is undefined");
  if (dtype == dtype_) return *this;
  Tensor y = empty_in_order(shape_, preferred_order(*this), dtype, device());
  copy_elements(*this, y);
  return y;
}

Tensor Tensor::to(Device device) const {
  check(defined(), "to", "the tensor is undefined");
  if (device == this->device()) return *this;
  if (!device.is_cpu() && !this->device().is_cpu()) return to(Device::cpu()).to(device);
  Tensor source = dense();
  Tensor y = empty_in_order(shape_, preferred_order(source), dtype_, device);
  auto bytes = static_cast<std::size_t>(numel()) * size_of(dtype_);
  if (bytes == 0) return y;
  if (device.is_cpu()) {
    backend(source.device()).copy_to_host(y.raw(), source.raw(), bytes);
  } else {
    backend(device).copy_from_host(y.raw(), source.raw(), bytes);
  }
  return y;
}

Tensor& Tensor::copy_(const Tensor& source) {
  check(defined() && source.defined(), "copy_", "undefined tensor: target {}, source {}", *this,
        source);
  check(broadcast_shape(source.shape_, shape_, "copy_") == shape_, "copy_",
        "source does not broadcast to the target: target {}, source {}", *this, source);
  for (int i = 0; i < rank(); ++i) {
    check(shape_[i] <= 1 || strides_[i] != 0, "copy_",
          "the target is an expanded view, whose elements share memory: {}", *this);
  }
  Tensor from = source.to(device()).expand(shape_);
  bool itself = shares_storage(from) && dtype_ == from.dtype_ && offset_ == from.offset_ &&
                same_layout(*this, from);
  if (itself) return *this;
  if (shares_storage(from)) from = from.clone();  // they may overlap
  copy_elements(from, *this);
  storage_->bump_version();
  return *this;
}

Tensor& Tensor::fill_(double value) {
  check(defined(), "fill_", "the tensor is undefined");
  check_number("fill_", value, dtype_);
  if (numel() == 0) return *this;
  if (!is_dense()) return copy_(scalar(value, dtype_, device()));
  backend(device()).fill(dtype_, value, numel(), raw());
  storage_->bump_version();
  return *this;
}

}  // namespace melgrad
