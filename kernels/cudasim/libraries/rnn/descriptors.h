#pragma once
#include <string_view>
#include <vector>

#include "kernels/cudasim/libraries/include/cudnn.h"
#include "kernels/dtype.h"

// What descriptors of recurrent layers hold once they are set.
struct cudnnTensorStruct {
  bool is_set = false;
  melgrad::Dtype dtype = melgrad::Dtype::f32;
  std::vector<int> sizes = {}, strides = {};
};

struct cudnnDropoutStruct {
  bool is_set = false;
  float dropout = 0;
};

struct cudnnRNNStruct {
  bool is_set = false;
  cudnnRNNMode_t mode = CUDNN_LSTM;
  melgrad::Dtype dtype = melgrad::Dtype::f32;
  bool tf32 = false;  // products of f32 may be TF32's
  melgrad::i64 input = 0, hidden = 0;
  bool padded = false;  // sequences that are not packed are allowed

  melgrad::i64 gates() const { return mode == CUDNN_LSTM ? 4 : mode == CUDNN_GRU ? 3 : 1; }
};

struct cudnnRNNDataStruct {
  bool is_set = false;
  melgrad::Dtype dtype = melgrad::Dtype::f32;
  cudnnRNNDataLayout_t layout = CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED;
  melgrad::i64 steps = 0, batch = 0, size = 0;
  std::vector<int> lengths = {};
  float padding = 0;  // NaN where the caller named none: undefined

  bool is_packed() const { return layout == CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED; }
  bool is_there(melgrad::i64 t, melgrad::i64 n) const {
    return t < lengths[static_cast<std::size_t>(n)];
  }
  /// Which vector of the array belongs to step t of sequence n. One that is not there has a place only where padded.
  melgrad::i64 place(melgrad::i64 t, melgrad::i64 n) const;
  melgrad::i64 vectors() const;
};

namespace melgrad::sim {

/// Throws Error unless the descriptor is alive and was set.
const cudnnTensorStruct& at(cudnnTensorDescriptor_t descriptor, std::string_view call);
const cudnnRNNStruct& at(cudnnRNNDescriptor_t descriptor, std::string_view call);
const cudnnRNNDataStruct& at(cudnnRNNDataDescriptor_t descriptor, std::string_view call);
/// What cudnnGetRNNWeightParams() tells of a matrix or bias: (1, rows, cols).
void describe_weights(cudnnTensorDescriptor_t descriptor, Dtype dtype, i64 rows, i64 cols,
                      std::string_view call);

}  // namespace melgrad::sim
