#include "kernels/cudasim/libraries/rnn/descriptors.h"

#include <algorithm>
#include <limits>

#include "kernels/cudasim/libraries/arrays.h"
#include "kernels/cudasim/libraries/cudnn_handle.h"
#include "kernels/cudasim/libraries/objects.h"

// cuDNN: descriptors of recurrent layers, their sequences and states.

namespace melgrad::sim {
namespace {

const Rule alive("cuDNN, cudnnCreateRNNDescriptor() and its like",
                 "a descriptor is used between its creation and its destruction");
const Rule set_before("cuDNN, cudnnSetRNNDescriptor_v8() and its like",
                      "a descriptor is set before it is used");
const Rule tensor("cuDNN, cudnnSetTensorNdDescriptor()",
                  "a tensor has 3 to 8 dimensions, sizes and strides are positive");
const Rule dropout_states("cuDNN, cudnnSetDropoutDescriptor()",
                          "dropout needs states on the device, which are not made during capture");
const Rule layer("cuDNN, cudnnSetRNNDescriptor_v8()",
                 "sizes are positive, and without a projection its size is the hidden one");
const Rule precision("cuDNN, cudnnSetRNNDescriptor_v8(), table of types",
                     "values of float or bfloat16 are computed in float");
const Rule sequences("cuDNN, cudnnSetRNNDataDescriptor()",
                     "sizes are positive, lengths at least 0 and at most the longest, packed ones "
                     "sorted, the longest first");

template <class T>
Objects<T>& all() {
  static auto* objects = new Objects<T>(alive);
  return *objects;
}

template <class T>
cudnnStatus_t create(T** descriptor, std::string_view call) {
  return entry(call, CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED,
               [&] { *descriptor = all<T>().make(); });
}

template <class T>
cudnnStatus_t destroy(T* descriptor, std::string_view call) {
  bool fails = is_to_fail(call);
  all<T>().destroy(descriptor, call);
  return fails ? CUDNN_STATUS_INTERNAL_ERROR : CUDNN_STATUS_SUCCESS;
}

template <class T>
const T& at_set(const T* descriptor, std::string_view call) {
  const T& object = all<T>().at(descriptor, call);
  set_before.check(object.is_set, call, "a descriptor is not set");
  return object;
}

Dtype dtype_of(cudnnDataType_t type) {
  return type == CUDNN_DATA_BFLOAT16 ? Dtype::bf16 : Dtype::f32;
}

}  // namespace

const cudnnTensorStruct& at(cudnnTensorDescriptor_t descriptor, std::string_view call) {
  return at_set(descriptor, call);
}
const cudnnRNNStruct& at(cudnnRNNDescriptor_t descriptor, std::string_view call) {
  return at_set(descriptor, call);
}
const cudnnRNNDataStruct& at(cudnnRNNDataDescriptor_t descriptor, std::string_view call) {
  return at_set(descriptor, call);
}

void describe_weights(cudnnTensorDescriptor_t descriptor, Dtype dtype, i64 rows, i64 cols,
                      std::string_view call) {
  int r = static_cast<int>(rows), c = static_cast<int>(cols);
  all<cudnnTensorStruct>().at(descriptor, call) = {true, dtype, {1, r, c}, {r * c, c, 1}};
}

}  // namespace melgrad::sim

melgrad::i64 cudnnRNNDataStruct::place(melgrad::i64 t, melgrad::i64 n) const {
  if (layout == CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED) return n * steps + t;
  if (!is_packed()) return t * batch + n;
  melgrad::i64 before = 0;
  for (int length : lengths) before += std::min<melgrad::i64>(length, t);
  return before + n;
}

melgrad::i64 cudnnRNNDataStruct::vectors() const {
  return is_packed() ? place(steps, 0) : steps * batch;
}

using namespace melgrad::sim;

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* descriptor) {
  return create(descriptor, "cudnnCreateTensorDescriptor");
}
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t descriptor) {
  return destroy(descriptor, "cudnnDestroyTensorDescriptor");
}
cudnnStatus_t cudnnCreateDropoutDescriptor(cudnnDropoutDescriptor_t* descriptor) {
  return create(descriptor, "cudnnCreateDropoutDescriptor");
}
cudnnStatus_t cudnnDestroyDropoutDescriptor(cudnnDropoutDescriptor_t descriptor) {
  return destroy(descriptor, "cudnnDestroyDropoutDescriptor");
}
cudnnStatus_t cudnnCreateRNNDescriptor(cudnnRNNDescriptor_t* descriptor) {
  return create(descriptor, "cudnnCreateRNNDescriptor");
}
cudnnStatus_t cudnnDestroyRNNDescriptor(cudnnRNNDescriptor_t descriptor) {
  return destroy(descriptor, "cudnnDestroyRNNDescriptor");
}
cudnnStatus_t cudnnCreateRNNDataDescriptor(cudnnRNNDataDescriptor_t* descriptor) {
  return create(descriptor, "cudnnCreateRNNDataDescriptor");
}
cudnnStatus_t cudnnDestroyRNNDataDescriptor(cudnnRNNDataDescriptor_t descriptor) {
  return destroy(descriptor, "cudnnDestroyRNNDataDescriptor");
}

cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t descriptor, cudnnDataType_t type,
                                         int rank, const int* sizes, const int* strides) {
  constexpr const char* call = "cudnnSetTensorNdDescriptor";
  return entry(call, CUDNN_STATUS_BAD_PARAM, [&] {
    tensor.check(rank >= 3 && rank <= 8, call, "{} dimensions", rank);
    for (int i = 0; i < rank; ++i)
      tensor.check(sizes[i] > 0 && strides[i] > 0, call, "size {}, stride {}", sizes[i],
                   strides[i]);
    all<cudnnTensorStruct>().at(descriptor, call) = {
        true, dtype_of(type), {sizes, sizes + rank}, {strides, strides + rank}};
  });
}

cudnnStatus_t cudnnSetDropoutDescriptor(cudnnDropoutDescriptor_t descriptor, cudnnHandle_t handle,
                                        float dropout, void* states, std::size_t,
                                        unsigned long long) {
  constexpr const char* call = "cudnnSetDropoutDescriptor";
  return entry(call, CUDNN_STATUS_BAD_PARAM, [&] {
    check_cudnn_handle(handle, call);
    bool fine = states ? !is_any_capturing() && is_device_address(states) : dropout == 0;
    dropout_states.check(fine, call, "dropout {}, states at {}", dropout, states);
    all<cudnnDropoutStruct>().at(descriptor, call) = {true, dropout};
  });
}

cudnnStatus_t cudnnSetRNNDescriptor_v8(cudnnRNNDescriptor_t descriptor, cudnnRNNAlgo_t algorithm,
                                       cudnnRNNMode_t mode, cudnnRNNBiasMode_t bias,
                                       cudnnDirectionMode_t direction,
                                       cudnnRNNInputMode_t input_mode, cudnnDataType_t type,
                                       cudnnDataType_t computed, cudnnMathType_t math,
                                       std::int32_t input, std::int32_t hidden,
                                       std::int32_t projection, std::int32_t layers,
                                       cudnnDropoutDescriptor_t dropout, std::uint32_t flags) {
  constexpr const char* call = "cudnnSetRNNDescriptor_v8";
  return entry(call, CUDNN_STATUS_BAD_PARAM, [&] {
    layer.check(input > 0 && hidden > 0 && projection == hidden, call,
                "input {}, hidden {}, projection {}", input, hidden, projection);
    precision.check(computed == CUDNN_DATA_FLOAT, call, "types {} and {}", static_cast<int>(type),
                    static_cast<int>(computed));
    const cudnnDropoutStruct& dropped = at_set(dropout, call);
    bool known = algorithm == CUDNN_RNN_ALGO_STANDARD && bias == CUDNN_RNN_DOUBLE_BIAS &&
                 direction == CUDNN_UNIDIRECTIONAL && input_mode == CUDNN_LINEAR_INPUT &&
                 layers == 1 && dropped.dropout == 0;
    melgrad::check(
        known, call,
        "the stand-in knows one layer in one direction with two biases, not {} layers, direction "
        "{}, bias {}, input {}, dropout {}",
        layers, static_cast<int>(direction), static_cast<int>(bias), static_cast<int>(input_mode),
        dropped.dropout);
    bool tf32 = type == CUDNN_DATA_FLOAT && math != CUDNN_FMA_MATH;
    all<cudnnRNNStruct>().at(descriptor, call) = {true,
                                                  mode,
                                                  dtype_of(type),
                                                  tf32,
                                                  input,
                                                  hidden,
                                                  (flags & CUDNN_RNN_PADDED_IO_ENABLED) != 0};
  });
}

cudnnStatus_t cudnnSetRNNDataDescriptor(cudnnRNNDataDescriptor_t descriptor, cudnnDataType_t type,
                                        cudnnRNNDataLayout_t layout, int steps, int batch, int size,
                                        const int* lengths, void* padding) {
  constexpr const char* call = "cudnnSetRNNDataDescriptor";
  return entry(call, CUDNN_STATUS_BAD_PARAM, [&] {
    sequences.check(steps > 0 && batch > 0 && size > 0 && lengths != nullptr, call,
                    "{} steps, {} sequences, vectors of {}", steps, batch, size);
    cudnnRNNDataStruct data{
        true, dtype_of(type), layout, steps, batch, size, {lengths, lengths + batch}};
    auto [shortest, longest] = std::minmax_element(data.lengths.begin(), data.lengths.end());
    bool sorted = std::is_sorted(data.lengths.rbegin(), data.lengths.rend());
    sequences.check(*shortest >= 0 && *longest <= steps && (sorted || !data.is_packed()), call,
                    "lengths from {} to {}, sorted: {}", *shortest, *longest, sorted);
    data.padding = padding ? load(data.dtype, padding, 0) : std::numeric_limits<float>::quiet_NaN();
    all<cudnnRNNDataStruct>().at(descriptor, call) = data;
  });
}
