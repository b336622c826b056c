#include <array>
#include <memory>
#include <optional>

#include "kernels/cuda/library_handles.h"
#include "kernels/scratch_array.h"

// cuDNN's convolution over NHWC arrays. It pads alike on both sides: where the contract does not, x goes through a copy
// with zeros around it.
namespace melgrad {
namespace {

using cuda::check_cudnn;
using cuda::Choice;

template <class Descriptor, cudnnStatus_t (*create)(Descriptor*),
          cudnnStatus_t (*destroy)(Descriptor)>
class Owned {
 public:
  Owned() { check_cudnn(create(&descriptor_), "cudnnCreateDescriptor"); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { destroy(descriptor_); }
  operator Descriptor() const { return descriptor_; }  // NOLINT(google-explicit-constructor)

 private:
  Descriptor descriptor_ = nullptr;
};
using TensorDescriptor =
    Owned<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using FilterDescriptor =
    Owned<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using ConvDescriptor = Owned<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
                             cudnnDestroyConvolutionDescriptor>;

int as_int(i64 value) {
  check(value >= 0 && value <= 0x7fffffff, "conv2d", "cuDNN counts in 32 bits; {} is too large",
        value);
  return static_cast<int>(value);
}

cudnnDataType_t type_of(Dtype dtype) {
  check(dtype == Dtype::f32 || dtype == Dtype::bf16, "conv2d",
        "on a GPU this is for f32 and bf16, not for {}", name_of(dtype));
  return dtype == Dtype::f32 ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;
}

// A convolution as cuDNN can do it: padded alike on both sides, and x as large as that takes.
struct Symmetric {
  ConvShape s;  // with the padded picture's size in place of x's
  bool padded = false;
  explicit Symmetric(const ConvShape& shape) : s(shape) {
    // Rows that windows reach below x; a padding that no window reaches does not matter.
    i64 bottom = (s.p - 1) * s.stride_h + (s.kh - 1) * s.dilation_h + 1 - s.pad_top - s.h;
    i64 right = (s.q - 1) * s.stride_w + (s.kw - 1) * s.dilation_w + 1 - s.pad_left - s.w;
    auto reaches = [](i64 before, i64 after, i64 stride) {
      return after <= before && before < after + stride;
    };
    padded = !reaches(s.pad_top, bottom, s.stride_h) || !reaches(s.pad_left, right, s.stride_w);
    if (!padded) return;
    s.h += s.pad_top + std::max<i64>(bottom, 0);
    s.w += s.pad_left + std::max<i64>(right, 0);
    s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = 0;
  }
};

struct Descriptors {
  TensorDescriptor x, y;
  FilterDescriptor w;
  ConvDescriptor conv;

  Descriptors(const ConvShape& s, Dtype dtype) {
    cudnnDataType_t type = type_of(dtype);
    check_cudnn(cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NHWC, type, as_int(s.n), as_int(s.c),
                                           as_int(s.h), as_int(s.w)),
                "cudnnSetTensor4dDescriptor");
    check_cudnn(cudnnSetTensor4dDescriptor(y, CUDNN_TENSOR_NHWC, type, as_int(s.n), as_int(s.o),
                                           as_int(s.p), as_int(s.q)),
                "cudnnSetTensor4dDescriptor");
    check_cudnn(cudnnSetFilter4dDescriptor(w, type, CUDNN_TENSOR_NHWC, as_int(s.o),
                                           as_int(s.c / s.groups), as_int(s.kh), as_int(s.kw)),
                "cudnnSetFilter4dDescriptor");
    check_cudnn(cudnnSetConvolution2dDescriptor(conv, as_int(s.pad_top), as_int(s.pad_left),
                                                as_int(s.stride_h), as_int(s.stride_w),
                                                as_int(s.dilation_h), as_int(s.dilation_w),
                                                CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
                "cudnnSetConvolution2dDescriptor");
    check_cudnn(cudnnSetConvolutionGroupCount(conv, as_int(s.groups)),
                "cudnnSetConvolutionGroupCount");
    check_cudnn(cudnnSetConvolutionMathType(conv, cuda::math_of(dtype)),
                "cudnnSetConvolutionMathType");
  }
};

cuda::Libraries::ConvKey key_of(const ConvShape& s, Dtype dtype) {
  return {s.n,
          s.h,
          s.w,
          s.c,
          s.o,
          s.kh,
          s.kw,
          s.stride_h,
          s.stride_w,
          s.pad_top,
          s.pad_left,
          s.dilation_h,
          s.dilation_w,
          s.groups,
          s.p,
          s.q,
          static_cast<i64>(dtype),
          static_cast<i64>(cuda::math_of(dtype))};
}

constexpr std::size_t most_workspace = std::size_t{1} << 30U;

// The fastest of cuDNN's proposals that gives the same bits every time and keeps within the workspace.
template <class Algorithm, class Performance, class Propose>
Choice<Algorithm> choose(std::map<cuda::Libraries::ConvKey, Choice<Algorithm>>& known,
                         const cuda::Libraries::ConvKey& key, std::string_view call,
                         Propose propose) {
  if (auto found = known.find(key); found != known.end()) return found->second;
  std::array<Performance, 8> proposals;
  int count = 0;
  check_cudnn(propose(static_cast<int>(proposals.size()), &count, proposals.data()), call);
  for (int i = 0; i < count; ++i) {
    const Performance& p = proposals[static_cast<std::size_t>(i)];
    bool usable = p.status == CUDNN_STATUS_SUCCESS && p.determinism == CUDNN_DETERMINISTIC &&
                  p.memory <= most_workspace;
    if (usable) return known[key] = {p.algo, p.mathType, p.memory};
  }
  fail(call,
       "cuDNN has no deterministic algorithm for this convolution within {} bytes of workspace",
       most_workspace);
}

// x, or x within zeros.
class PaddedInput {
 public:
  PaddedInput(CudaBackend& backend, const ConvShape& s, const Symmetric& c, Dtype dtype,
              const void* x)
      : x_(x) {
    if (!c.padded) return;
    i64 n = c.s.n * c.s.h * c.s.w * c.s.c;
    copy_.emplace(backend, n * static_cast<i64>(size_of(dtype)));
    backend.fill(dtype, 0, n, copy_->data());
    backend.copy(inside(s, c), dtype, x, dtype,
                 copy_->data() + offset(s, c) * static_cast<i64>(size_of(dtype)));
    x_ = copy_->data();
  }
  const void* data() const { return x_; }

  // The copy of x (n,h,w,c) to its place in the padded picture, and where that begins.
  static CopyShape inside(const ConvShape& s, const Symmetric& c) {
    i64 h = std::min(s.h, c.s.h - s.pad_top), w = std::min(s.w, c.s.w - s.pad_left);
    return {4,
            {s.n, h, w, s.c},
            {s.h * s.w * s.c, s.w * s.c, s.c, 1},
            {c.s.h * c.s.w * s.c, c.s.w * s.c, s.c, 1}};
  }
  static i64 offset(const ConvShape& s, const Symmetric& c) {
    return (s.pad_top * c.s.w + s.pad_left) * s.c;
  }

 private:
  const void* x_;
  std::optional<ScratchArray<char>> copy_;
};

constexpr float one = 1, zero = 0;

}  // namespace

void CudaBackend::conv2d(const ConvShape& s, Dtype dtype, const void* x, const void* w,
                         const void* bias, void* y) {
  if (s.n * s.p * s.q * s.o == 0) return;
  Symmetric c(s);
  Descriptors d(c.s, dtype);
  PaddedInput input(*this, s, c, dtype, x);
  auto& l = libraries();
  auto choice = choose<cudnnConvolutionFwdAlgo_t, cudnnConvolutionFwdAlgoPerf_t>(
      l.forward, key_of(c.s, dtype), "cudnnGetConvolutionForwardAlgorithm_v7",
      [&](int most, int* count, auto* p) {
        return cudnnGetConvolutionForwardAlgorithm_v7(l.cudnn, d.x, d.w, d.conv, d.y, most, count,
                                                      p);
      });
  check_cudnn(cudnnSetConvolutionMathType(d.conv, choice.math), "cudnnSetConvolutionMathType");
  ScratchArray<char> workspace(*this, static_cast<i64>(choice.workspace));
  check_cudnn(
      cudnnConvolutionForward(l.cudnn, &one, d.x, input.data(), d.w, w, d.conv, choice.algorithm,
                              workspace.data(), choice.workspace, &zero, d.y, y),
      "cudnnConvolutionForward");
  if (!bias) return;
  i64 rows = s.n * s.p * s.q;
  binary(BinaryOp::add, dtype, {2, {rows, s.o}, {s.o, 1}, {0, 1}}, y, bias, y);
}

void CudaBackend::conv2d_backward_data(const ConvShape& s, Dtype dtype, const void* dy,
                                       const void* w, void* dx) {
  if (s.n * s.h * s.w * s.c == 0) return;
  if (s.p * s.q * s.o == 0) return fill(dtype, 0, s.n * s.h * s.w * s.c, dx);
  Symmetric c(s);
  Descriptors d(c.s, dtype);
  auto& l = libraries();
  auto choice = choose<cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdDataAlgoPerf_t>(
      l.backward_data, key_of(c.s, dtype), "cudnnGetConvolutionBackwardDataAlgorithm_v7",
      [&](int most, int* count, auto* p) {
        return cudnnGetConvolutionBackwardDataAlgorithm_v7(l.cudnn, d.w, d.y, d.conv, d.x, most,
                                                           count, p);
      });
  check_cudnn(cudnnSetConvolutionMathType(d.conv, choice.math), "cudnnSetConvolutionMathType");
  ScratchArray<char> workspace(*this, static_cast<i64>(choice.workspace));
  i64 padded_values = c.padded ? c.s.n * c.s.h * c.s.w * c.s.c : 0;
  ScratchArray<char> padded(*this, padded_values * static_cast<i64>(size_of(dtype)));
  check_cudnn(cudnnConvolutionBackwardData(l.cudnn, &one, d.w, w, d.y, dy, d.conv, choice.algorithm,
                                           workspace.data(), choice.workspace, &zero, d.x,
                                           c.padded ? padded.data() : dx),
              "cudnnConvolutionBackwardData");
  if (!c.padded) return;
  CopyShape inside = PaddedInput::inside(s, c);
  std::swap(inside.source_stride, inside.target_stride);
  fill(dtype, 0, s.n * s.h * s.w * s.c, dx);  // pixels that no window reaches
  copy(inside, dtype, padded.data() + PaddedInput::offset(s, c) * static_cast<i64>(size_of(dtype)),
       dtype, dx);
}

void CudaBackend::conv2d_backward_weights(const ConvShape& s, Dtype dtype, const void* x,
                                          const void* dy, void* dw, void* dbias) {
  i64 weights = s.o * s.kh * s.kw * (s.c / s.groups), rows = s.n * s.p * s.q;
  if (dbias) reduce(ReduceOp::sum, dtype, {1, rows, s.o}, dy, dbias);
  if (rows == 0) return fill(dtype, 0, weights, dw);
  Symmetric c(s);
  Descriptors d(c.s, dtype);
  PaddedInput input(*this, s, c, dtype, x);
  auto& l = libraries();
  auto choice = choose<cudnnConvolutionBwdFilterAlgo_t, cudnnConvolutionBwdFilterAlgoPerf_t>(
      l.backward_weights, key_of(c.s, dtype), "cudnnGetConvolutionBackwardFilterAlgorithm_v7",
      [&](int most, int* count, auto* p) {
        return cudnnGetConvolutionBackwardFilterAlgorithm_v7(l.cudnn, d.x, d.y, d.conv, d.w, most,
                                                             count, p);
      });
  check_cudnn(cudnnSetConvolutionMathType(d.conv, choice.math), "cudnnSetConvolutionMathType");
  ScratchArray<char> workspace(*this, static_cast<i64>(choice.workspace));
  check_cudnn(cudnnConvolutionBackwardFilter(l.cudnn, &one, d.x, input.data(), d.y, dy, d.conv,
                                             choice.algorithm, workspace.data(), choice.workspace,
                                             &zero, d.w, dw),
              "cudnnConvolutionBackwardFilter");
}

}  // namespace melgrad
