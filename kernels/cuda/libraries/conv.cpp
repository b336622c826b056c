#include <array>
#include <bit>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/cuda/libraries/aligned.h"
#include "kernels/cuda/libraries/conv_graph.h"
#include "kernels/cuda/libraries/library_handles.h"
#include "kernels/cuda/libraries/workspace.h"
#include "kernels/fill_rows.h"
#include "kernels/tf32.h"

// Convolution by cuDNN over NHWC arrays. Which engine computes it is found out once for each shape.
namespace melgrad {
namespace {

using cuda::ConvGraph;
using cuda::ConvTensor;

cuda::Plan::Argument argument(ConvTensor tensor, const void* data) {
  return {static_cast<i64>(tensor), const_cast<void*>(data)};
}

i64 values_of(ConvTensor tensor, const ConvShape& s) {
  switch (tensor) {
    case ConvTensor::x: return s.n * s.h * s.w * s.c;
    case ConvTensor::w: return s.o * s.kh * s.kw * (s.c / s.groups);
    case ConvTensor::bias: return s.o;
    case ConvTensor::y: return s.n * s.p * s.q * s.o;
  }
  return 0;
}

ConvTensor result_of(ConvGraph graph) {
  if (graph == ConvGraph::backward_data) return ConvTensor::x;
  return graph == ConvGraph::backward_weights ? ConvTensor::w : ConvTensor::y;
}

// What a convolution may take for itself: a quarter of the memory that is free or in our cache. Large layers ask for copies
// of their arrays in another order: x and y in forward, of which a step that fits has the gradients beside them on the way
// back; and a plan is chosen in the first step, before most of what that keeps is there. Down to a power of two, so that two
// runs of a program choose alike although other programs took a little more or less.
i64 most_workspace(CudaBackend& backend) {
  std::size_t available = cuda::device_memory().free + backend.memory_stats().cached;
  return static_cast<i64>(std::bit_floor(available / 4));
}

/// One of cuDNN's plans for a graph, and how it goes.
class Convolution {
 public:
  Convolution(CudaBackend& backend, ConvGraph graph, const ConvShape& s, Dtype dtype,
              std::span<const cuda::Plan::Argument> arguments)
      : backend_(backend),
        graph_(graph),
        s_(s),
        dtype_(dtype),
        tensor_cores_(dtype == Dtype::bf16 || tf32_in_convolutions()) {
    check(dtype == Dtype::f32 || dtype == Dtype::bf16, "conv2d",
          "on a GPU this is for f32 and bf16, not for {}", name_of(dtype));
    for (const auto& [id, data] : arguments) {
      auto tensor = static_cast<ConvTensor>(id);
      arrays_.emplace_back(backend, dtype, values_of(tensor, s), data, tensor == result_of(graph));
      arguments_.push_back({id, arrays_.back().data()});
    }
  }

  // Computes by the fastest plan that works; false if cuDNN has none. One whose workspace cannot be had, or that fails, is
  // left for the next, and not tried again for this shape. If all fail, the first says why.
  bool compute() {
    auto& known = backend_.libraries().convolutions.at(
        std::tuple(graph_, s_, dtype_, tensor_cores_), [&] { return plan_from(0); });
    std::optional<Error> first;
    for (PlanPointer plan = known; plan; plan = plan_after(*plan, *first)) {
      std::optional<Error> failure = run(*plan);
      if (!failure) {
        for (const cuda::AlignedArray& array : arrays_) array.finish();
        backend_.hold(plan);
        if (plan != known) backend_.synchronize();  // the other may still run
        known = plan;
        return true;
      }
      if (!first) first = failure;
    }
    if (first) throw *first;
    return false;
  }

 private:
  using PlanPointer = std::shared_ptr<const cuda::Plan>;

  // The fastest that is not before `place` in cuDNN's list; null if there is none. None is looked for in a step that is being
  // recorded: it repeats what ran before.
  PlanPointer plan_from(i64 place) const {
    backend_.check_not_recording("a plan for a convolution is looked for");
    auto plan = plan_convolution(
        cuda::PlanTarget(backend_), graph_, s_, dtype_,
        {.tensor_cores = tensor_cores_, .workspace = most_workspace(backend_), .first = place});
    return plan ? std::make_shared<const cuda::Plan>(std::move(*plan)) : nullptr;
  }

  PlanPointer plan_after(const cuda::Plan& plan, const Error& why) const {
    try {
      return plan_from(plan.place() + 1);
    } catch (const Error& error) {
      throw Error(format("{}; instead of that plan: {}", why.what(), error.what()));
    }
  }

  std::optional<Error> run(const cuda::Plan& plan) const {
    std::optional<cuda::Workspace> workspace;
    try {
      workspace.emplace(backend_, plan.workspace_bytes());
    } catch (const Error& no_memory) {
      return no_memory;
    }
    cudnnStatus_t status = plan.run(backend_, arguments_, workspace->data());
    if (status == CUDNN_STATUS_SUCCESS) return std::nullopt;
    return cuda::cudnn_error(status, "cudnnBackendExecute");
  }

  CudaBackend& backend_;
  ConvGraph graph_;
  const ConvShape& s_;
  Dtype dtype_;
  bool tensor_cores_;
  // All at multiples of 16 bytes. At others cuDNN has only its slowest engine for the gradients of bf16, and no tensor
  // cores for a third of TF32 (tests/cudnn asked it).
  std::deque<cuda::AlignedArray> arrays_;
  std::vector<cuda::Plan::Argument> arguments_;
};

void check_computed(bool computed, std::string_view name, const ConvShape& s) {
  check(computed, name,
        "cuDNN has no deterministic engine that needs at most a quarter of the free memory for {} "
        "pictures of {} × {} × {} and {} filters of {} × {} in {} groups",
        s.n, s.c, s.h, s.w, s.o, s.kh, s.kw, s.groups);
}

}  // namespace

void CudaBackend::conv2d(const ConvShape& s, Dtype dtype, bool relu, const void* x, const void* w,
                         const void* bias, void* y) {
  i64 pixels = s.n * s.p * s.q;
  if (pixels * s.o == 0) return;
  auto apply_relu = [&] {
    if (relu) unary(UnaryOp::relu, dtype, 0, 0, pixels * s.o, y, y);
  };
  if (s.h * s.w * s.c * s.kh * s.kw == 0) {
    fill_rows(*this, dtype, pixels, s.o, bias, y);
    return apply_relu();
  }
  std::array arguments = {argument(ConvTensor::x, x), argument(ConvTensor::w, w),
                          argument(ConvTensor::y, y), argument(ConvTensor::bias, bias)};
  auto fused = relu ? ConvGraph::forward_bias_relu : ConvGraph::forward_bias;
  if (bias && Convolution(*this, fused, s, dtype, arguments).compute()) return;
  auto without_bias = std::span(arguments).first(3);
  check_computed(Convolution(*this, ConvGraph::forward, s, dtype, without_bias).compute(), "conv2d",
                 s);
  if (bias) binary(BinaryOp::add, dtype, {2, {pixels, s.o}, {s.o, 1}, {0, 1}}, y, bias, y);
  apply_relu();
}

void CudaBackend::conv2d_backward_data(const ConvShape& s, Dtype dtype, const void* dy,
                                       const void* w, void* dx) {
  if (s.n * s.h * s.w * s.c == 0) return;
  if (s.p * s.q * s.o * s.kh * s.kw == 0) return fill(dtype, 0, s.n * s.h * s.w * s.c, dx);
  std::array arguments = {argument(ConvTensor::y, dy), argument(ConvTensor::w, w),
                          argument(ConvTensor::x, dx)};
  check_computed(Convolution(*this, ConvGraph::backward_data, s, dtype, arguments).compute(),
                 "conv2d_backward_data", s);
}

void CudaBackend::conv2d_backward_weights(const ConvShape& s, Dtype dtype, const void* x,
                                          const void* dy, void* dw, void* dbias) {
  i64 weights = s.o * s.kh * s.kw * (s.c / s.groups), pixels = s.n * s.p * s.q;
  if (dbias) reduce(ReduceOp::sum, dtype, {1, pixels, s.o}, dy, dbias);
  if (pixels * s.h * s.w * weights == 0) return fill(dtype, 0, weights, dw);
  std::array arguments = {argument(ConvTensor::x, x), argument(ConvTensor::y, dy),
                          argument(ConvTensor::w, dw)};
  check_computed(Convolution(*this, ConvGraph::backward_weights, s, dtype, arguments).compute(),
                 "conv2d_backward_weights", s);
}

}  // namespace melgrad
