#pragma once
#include <cudnn.h>

#include <string_view>
#include <vector>

#include "kernels/cuda/libraries/library_handles.h"

/// What cuDNN has to be told of a recurrent layer before it computes, and what it answers: made once for sequences of one
/// shape, and used in every call. Nothing of it is on the device.
namespace melgrad::cuda {

/// A descriptor of cuDNN, destroyed with its owner.
template <class T, cudnnStatus_t (*create)(T*), cudnnStatus_t (*destroy)(T)>
class Owned {
 public:
  /// `call`: the name of `create`.
  explicit Owned(std::string_view call) { check_cudnn(create(&descriptor_), call); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { destroy(descriptor_); }
  operator T() const { return descriptor_; }  // NOLINT(google-explicit-constructor)

 private:
  T descriptor_ = nullptr;
};
using DropoutDescriptor =
    Owned<cudnnDropoutDescriptor_t, cudnnCreateDropoutDescriptor, cudnnDestroyDropoutDescriptor>;
using RnnDescriptor =
    Owned<cudnnRNNDescriptor_t, cudnnCreateRNNDescriptor, cudnnDestroyRNNDescriptor>;
using DataDescriptor =
    Owned<cudnnRNNDataDescriptor_t, cudnnCreateRNNDataDescriptor, cudnnDestroyRNNDataDescriptor>;
using TensorDescriptor =
    Owned<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;

/// A stretch of weights that lies in one piece in our array and in cuDNN's: of w_ih, w_hh, b_ih or b_hh (array 0 … 3), or of
/// a few gates of it. In bytes.
struct WeightPiece {
  std::size_t array;
  i64 first, bytes;
  i64 place;  // from the weight space's begin
};

/// What cuDNN is told of the layer and of its arrays.
struct RnnDescriptors {
  /// f32 or bf16; `tensor_cores`: whether they may multiply f32 as TF32. Without a handle, hence without a GPU, cuDNN says
  /// whether it takes them, but nothing can be asked about them.
  RnnDescriptors(cudnnHandle_t handle, const RnnShape& s, Dtype dtype, bool tensor_cores);

  DropoutDescriptor no_dropout{"cudnnCreateDropoutDescriptor"};
  RnnDescriptor rnn{"cudnnCreateRNNDescriptor"};
  DataDescriptor x{"cudnnCreateRNNDataDescriptor"}, y{"cudnnCreateRNNDataDescriptor"};
  TensorDescriptor state{"cudnnCreateTensorDescriptor"};
};

class RnnLayer {
 public:
  /// As RnnDescriptors.
  RnnLayer(cudnnHandle_t handle, const RnnShape& s, Dtype dtype, bool tensor_cores);

  /// Bytes that cuDNN asks for.
  struct Areas {
    std::size_t workspace = 0, reserve = 0;
  };
  const Areas& areas(cudnnForwardMode_t mode) const {
    return mode == CUDNN_FWD_MODE_TRAINING ? training_ : inference_;
  }
  std::size_t weight_bytes() const { return weight_bytes_; }
  /// Where the weights lie in weight spaces, which cuDNN says of one that it is given: `space`, if none was asked about yet.
  const std::vector<WeightPiece>& pieces(cudnnHandle_t handle, const char* space);

  const RnnDescriptor& rnn() const { return described_.rnn; }
  const DataDescriptor& x() const { return described_.x; }
  const DataDescriptor& y() const { return described_.y; }
  const TensorDescriptor& state() const { return described_.state; }

 private:
  Areas ask_areas(cudnnHandle_t handle, cudnnForwardMode_t mode) const;
  const char* place_of(cudnnHandle_t handle, i64 part, bool bias, const char* space) const;

  RnnShape s_;
  Dtype dtype_;
  RnnDescriptors described_;
  TensorDescriptor matrix_{"cudnnCreateTensorDescriptor"}, bias_{"cudnnCreateTensorDescriptor"};
  std::size_t weight_bytes_ = 0;
  Areas inference_, training_;
  std::vector<WeightPiece> pieces_;
};

}  // namespace melgrad::cuda
