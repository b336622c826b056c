#include "tensor/tensor.h"

#include <algorithm>

#include "tensor/layout.h"

namespace melgrad {

// An empty tensor owns memory too, so that no kernel ever sees a null pointer for an array.
Storage::Storage(Device device, std::size_t bytes)
    : device_(device),
      bytes_(bytes),
      backend_(backend(device)),
      data_(backend_.allocate(std::max<std::size_t>(1, bytes))) {}

// Not by backend(device_), which throws once a kernel has failed.
Storage::~Storage() { backend_.deallocate(data_, std::max<std::size_t>(1, bytes_)); }

Tensor::Tensor(std::shared_ptr<Storage> storage, Dtype dtype, const Shape& shape,
               const Shape& strides, i64 offset)
    : storage_(std::move(storage)),
      dtype_(dtype),
      shape_(shape),
      strides_(strides),
      offset_(offset) {
  check(storage_ != nullptr, "tensor", "no storage given for shape {}", shape);
  check(shape.rank() == strides.rank(), "tensor", "{} sizes but {} strides: {}, {}", shape.rank(),
        strides.rank(), shape, strides);
  i64 first = offset, last = offset;
  for (int i = 0; i < shape.rank(); ++i) {
    check(shape[i] >= 0, "tensor", "negative size: {}", shape);
    (strides[i] < 0 ? first : last) += strides[i] * (shape[i] - 1);
  }
  i64 capacity = static_cast<i64>(storage_->bytes() / size_of(dtype));
  check(numel() == 0 || (first >= 0 && last < capacity), "tensor",
        "shape {} with strides {} and offset {} reaches outside the storage's {} elements", shape,
        strides, offset, capacity);
}

Device Tensor::device() const {
  check(defined(), "device", "the tensor is undefined");
  return storage_->device();
}

i64 Tensor::dim(i64 axis) const { return shape_[normalize_axis(axis, rank(), "dim")]; }

namespace {

/// Whether the elements lie one after the other when the axes are taken in this order.
bool dense_in_order(const Shape& shape, const Shape& strides, const Shape& order) {
  i64 expected = 1;
  for (int i = order.rank() - 1; i >= 0; --i) {
    i64 axis = order[i];
    if (shape[axis] == 0) return true;
    if (shape[axis] == 1) continue;
    if (strides[axis] != expected) return false;
    expected *= shape[axis];
  }
  return true;
}

Shape in_sequence(int rank) {
  Shape order;
  for (int i = 0; i < rank; ++i) order.push_back(i);
  return order;
}

}  // namespace

bool Tensor::is_contiguous() const { return dense_in_order(shape_, strides_, in_sequence(rank())); }

bool Tensor::is_channels_last() const {
  return rank() == 4 && dense_in_order(shape_, strides_, {0, 2, 3, 1});
}

bool Tensor::is_dense() const {
  return is_contiguous() || dense_in_order(shape_, strides_, memory_order(shape_, strides_));
}

void* Tensor::raw() const {
  check(defined(), "data", "the tensor is undefined");
  return static_cast<char*>(storage_->data()) + offset_ * static_cast<i64>(size_of(dtype_));
}

void* Tensor::checked_data(Dtype wanted) const {
  check(defined(), "data", "the tensor is undefined");
  check(wanted == dtype_, "data", "asked for {}, the tensor is {}", name_of(wanted), *this);
  check(device().is_cpu(), "data", "the tensor is on {}, bring it to the CPU first: {}", device(),
        *this);
  return raw();
}

double Tensor::item() const {
  check(defined(), "item", "the tensor is undefined");
  check(numel() == 1, "item", "takes a tensor of one element: {}", *this);
  return to_vector<double>().front();
}

// On the CPU first: it has every dtype, and it is the host.
Tensor Tensor::on_host(Dtype dtype) const {
  check(defined(), "to_vector", "the tensor is undefined");
  return to(Device::cpu()).to(dtype).contiguous();
}

std::string describe(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  std::string text = to_string(tensor.shape()) + " " + std::string(name_of(tensor.dtype()));
  if (!tensor.device().is_cpu()) text += " on " + to_string(tensor.device());
  return text;
}

}  // namespace melgrad
