#include "tensor/upload.h"

#include <cstring>
#include <utility>

namespace melgrad {

Upload::Upload(Device device) : device_(device) {}

void Upload::start(const Tensor& x) {
  check(x.defined() && !tensor_.defined(), "upload", "{}",
        x.defined() ? "the tensor started before was not taken" : "the tensor is undefined");
  if (x.device() == device_ || x.numel() == 0) {
    tensor_ = x.to(device_);
    return;
  }
  Tensor source = x.to(Device::cpu()).dense();
  auto bytes = static_cast<std::size_t>(x.numel()) * size_of(x.dtype());
  if (!copy_) copy_ = staged_copy(device_);
  if (!room_ || room_->bytes() < bytes) make_room(bytes);
  tensor_ = Tensor(std::exchange(room_, {}), x.dtype(), source.shape(), source.strides(), 0);
  std::memcpy(copy_->staging(bytes), source.raw(), bytes);
  copy_->start(tensor_.raw(), bytes);
}

void Upload::make_room(std::size_t bytes) {
  room_ = std::make_shared<Storage>(device_, bytes);
  copy_->mark_target_free();
}

Tensor Upload::finish() {
  check(tensor_.defined(), "upload", "no tensor was started");
  if (copy_) {
    copy_->finish();
    if (!room_) make_room(tensor_.storage()->bytes());  // likely to be the next one's size, too
  }
  return std::exchange(tensor_, {});
}

}  // namespace melgrad
