#pragma once
#include <memory>
#include <ostream>
#include <span>
#include <vector>

#include "kernels/backend.h"
#include "tensor/shape.h"

namespace melgrad {

/// Memory on one device, given back to the device's caching allocator with the last tensor that
/// shares it.
class Storage {
 public:
  Storage(Device device, std::size_t bytes);
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  ~Storage();

  Device device() const { return device_; }
  std::size_t bytes() const { return bytes_; }
  void* data() const { return data_; }

  /// Counts in-place writes; autograd compares it to refuse values that changed after they were
  /// saved.
  u64 version() const { return version_; }
  void bump_version() { ++version_; }

 private:
  Device device_;
  std::size_t bytes_ = 0;
  Backend& backend_;  // backends live for ever
  void* data_ = nullptr;
  u64 version_ = 0;
};

/// An n-dimensional array: a handle to storage with dtype, shape, strides and offset. Copying the
/// handle shares the memory; views (reshape, permute, slice …) do too. A default-constructed tensor
/// is undefined: it stands for "absent".
///
/// 4-d activations have logical shape (N, C, H, W) but lie in memory as N, H, W, C (channels-last):
/// a matter of strides only. "Dense" means that the elements fill one block of memory without gaps,
/// in any order of the axes; element-wise operations keep that order.
class Tensor {
 public:
  Tensor() = default;
  Tensor(std::shared_ptr<Storage> storage, Dtype dtype, const Shape& shape, const Shape& strides,
         i64 offset);

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  const Shape& strides() const { return strides_; }
  int rank() const { return shape_.rank(); }
  i64 dim(i64 axis) const;  // throws Error where there is no such axis
  i64 numel() const { return shape_.numel(); }
  Dtype dtype() const { return dtype_; }
  Device device() const;
  i64 offset() const { return offset_; }
  const std::shared_ptr<Storage>& storage() const { return storage_; }
  bool shares_storage(const Tensor& other) const { return storage_ == other.storage_; }

  bool is_contiguous() const;     // row-major dense
  bool is_channels_last() const;  // rank 4, N H W C dense
  bool is_dense() const;          // some order of the axes is dense

  /// First element. Throws Error if T is not the dtype or, for `data`, the tensor is not on the
  /// CPU.
  template <class T>
  T* data() {
    return static_cast<T*>(checked_data(dtype_of<T>));
  }
  template <class T>
  const T* data() const {
    return static_cast<const T*>(checked_data(dtype_of<T>));
  }
  /// First element on whatever device, for calls of Backend.
  void* raw() const;

  /// The one element, converted to double / i64; synchronises. Throws Error unless numel() is 1.
  double item() const;
  /// All elements in row-major order of the logical shape, converted; synchronises.
  template <class T>
  std::vector<T> to_vector() const {
    const Tensor values = on_host(dtype_of<T>);
    const T* first = values.data<T>();
    return {first, first + values.numel()};
  }

  // --- views: no element moves
  /// One size may be −1. A view where the strides allow it, else a copy.
  Tensor reshape(const Shape& shape) const;
  Tensor flatten(i64 from = 0, i64 to = -1) const;
  Tensor permute(const Shape& axes) const;
  Tensor transpose(i64 axis1, i64 axis2) const;
  /// Elements begin, begin + step … before end; negative begin and end count from the end; both are
  /// clamped; step ≥ 1.
  Tensor slice(i64 axis, i64 begin, i64 end, i64 step = 1) const;
  Tensor select(i64 axis, i64 index) const;  // drops the axis
  Tensor expand(const Shape& shape) const;   // sizes of 1 stretch, with stride 0
  Tensor flip(i64 axis) const;               // a negative stride
  Tensor unsqueeze(i64 axis) const;
  Tensor squeeze(i64 axis) const;

  // --- copies
  Tensor contiguous() const;     // itself if it is already
  Tensor channels_last() const;  // rank 4; itself if it is already
  Tensor dense() const;          // itself if dense in some order, else clone()
  Tensor clone() const;          // new memory, same order in memory if dense
  Tensor to(Dtype dtype) const;  // itself if already so
  Tensor to(Device device) const;

  // --- in place; each bumps the storage's version
  /// Elements of `source`, broadcast and converted, into this tensor (a view is written through).
  Tensor& copy_(const Tensor& source);
  Tensor& fill_(double value);
  Tensor& add_(const Tensor& other, double alpha = 1);  // this += alpha · other
  Tensor& mul_(double factor);

 private:
  void* checked_data(Dtype wanted) const;
  Tensor on_host(Dtype dtype) const;  // row-major

  std::shared_ptr<Storage> storage_;
  Dtype dtype_ = Dtype::f32;
  Shape shape_, strides_;
  i64 offset_ = 0;
};

/// "(2, 3) f32" or "(2, 3) f32 on cuda:0": how error messages name a tensor.
std::string describe(const Tensor& tensor);
/// The values, as NumPy prints them: aligned, summarised with ... past 1000 elements; then
/// describe().
std::string to_string(const Tensor& tensor);
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

// --- creation
Tensor empty(const Shape& shape, Dtype dtype = Dtype::f32, Device device = {});
/// (N, C, H, W) that lies as N, H, W, C.
Tensor empty_channels_last(const Shape& shape, Dtype dtype = Dtype::f32, Device device = {});
/// Shape, dtype, device and, if x is dense, order in memory of x.
Tensor empty_like(const Tensor& x);
Tensor zeros(const Shape& shape, Dtype dtype = Dtype::f32, Device device = {});
Tensor ones(const Shape& shape, Dtype dtype = Dtype::f32, Device device = {});
Tensor full(const Shape& shape, double value, Dtype dtype = Dtype::f32, Device device = {});
Tensor zeros_like(const Tensor& x);
Tensor arange(i64 n, Dtype dtype = Dtype::i64, Device device = {});
Tensor linspace(double start, double stop, i64 n, Dtype dtype = Dtype::f32, Device device = {});
/// A 0-d tensor.
Tensor scalar(double value, Dtype dtype = Dtype::f32, Device device = {});
/// Copies `count` values of C++ type `dtype`; throws Error unless count is shape.numel().
Tensor from_array(const void* values, std::size_t count, Dtype dtype, const Shape& shape);
template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape) {
  return from_array(values.data(), values.size(), dtype_of<T>, shape);
}
template <class T>
Tensor from_vector(const std::vector<T>& values) {
  return from_vector(values, Shape{static_cast<i64>(values.size())});
}

}  // namespace melgrad
