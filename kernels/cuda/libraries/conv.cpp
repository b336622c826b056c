#include <array>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>

#include "kernels/cuda/libraries/conv_graph.h"
#include "kernels/cuda/libraries/library_handles.h"
#include "kernels/fill_rows.h"
#include "kernels/scratch_array.h"
#include "kernels/tf32.h"

// Convolution by cuDNN over NHWC arrays. Which engine computes it is decided once for each shape.
namespace melgrad {
namespace {

using cuda::ConvGraph;
using cuda::ConvTensor;

constexpr i64 most_workspace = i64{1} << 30U;

cuda::Plan::Argument argument(ConvTensor tensor, const void* data) {
  return {static_cast<i64>(tensor), const_cast<void*>(data)};
}

cuda::ConvAlignment alignment_of(std::span<const cuda::Plan::Argument> arguments) {
  cuda::ConvAlignment alignment;
  for (const auto& [id, data] : arguments) {
    auto bits = reinterpret_cast<std::uintptr_t>(data) | 16U;
    i64 multiple = static_cast<i64>(bits & (~bits + 1));  // the lowest bit
    switch (static_cast<ConvTensor>(id)) {
      case ConvTensor::x: alignment.x = multiple; break;
      case ConvTensor::w: alignment.w = multiple; break;
      case ConvTensor::bias: alignment.bias = multiple; break;
      case ConvTensor::y: alignment.y = multiple; break;
    }
  }
  return alignment;
}

// The plan, made when it is first asked for; null if cuDNN has none.
const cuda::Plan* plan_for(cuda::Libraries& libraries, ConvGraph graph, const ConvShape& s,
                           Dtype dtype, const cuda::ConvAlignment& alignment) {
  check(dtype == Dtype::f32 || dtype == Dtype::bf16, "conv2d",
        "on a GPU this is for f32 and bf16, not for {}", name_of(dtype));
  cuda::PlanLimits limits{.tensor_cores = dtype == Dtype::bf16 || tf32(),
                          .workspace = most_workspace};
  std::tuple key(graph, s, dtype, alignment, limits.tensor_cores);
  auto known = libraries.convolutions.find(key);
  if (known == libraries.convolutions.end()) {
    auto made =
        plan_convolution(cuda::PlanTarget(libraries.cudnn), graph, s, dtype, alignment, limits);
    known = libraries.convolutions.emplace(key, std::move(made)).first;
  }
  return known->second ? &*known->second : nullptr;
}

// Computes `graph`; false if cuDNN has no plan for it.
bool compute(CudaBackend& backend, ConvGraph graph, const ConvShape& s, Dtype dtype,
             std::span<const cuda::Plan::Argument> arguments) {
  auto& libraries = backend.libraries();
  const cuda::Plan* plan = plan_for(libraries, graph, s, dtype, alignment_of(arguments));
  if (!plan) return false;
  ScratchArray<char> workspace(backend, plan->workspace_bytes());
  plan->run(libraries.cudnn, arguments, workspace.data());
  return true;
}

void check_computed(bool computed, std::string_view name, const ConvShape& s) {
  check(computed, name,
        "cuDNN has no deterministic engine that needs at most {} bytes for {} pictures of {} × {} "
        "× {} and {} filters "
        "of {} × {} in {} groups",
        most_workspace, s.n, s.c, s.h, s.w, s.o, s.kh, s.kw, s.groups);
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
  if (bias && compute(*this, fused, s, dtype, arguments)) return;
  auto without_bias = std::span(arguments).first(3);
  check_computed(compute(*this, ConvGraph::forward, s, dtype, without_bias), "conv2d", s);
  if (bias) binary(BinaryOp::add, dtype, {2, {pixels, s.o}, {s.o, 1}, {0, 1}}, y, bias, y);
  apply_relu();
}

void CudaBackend::conv2d_backward_data(const ConvShape& s, Dtype dtype, const void* dy,
                                       const void* w, void* dx) {
  if (s.n * s.h * s.w * s.c == 0) return;
  if (s.p * s.q * s.o * s.kh * s.kw == 0) return fill(dtype, 0, s.n * s.h * s.w * s.c, dx);
  std::array arguments = {argument(ConvTensor::y, dy), argument(ConvTensor::w, w),
                          argument(ConvTensor::x, dx)};
  check_computed(compute(*this, ConvGraph::backward_data, s, dtype, arguments),
                 "conv2d_backward_data", s);
}

void CudaBackend::conv2d_backward_weights(const ConvShape& s, Dtype dtype, const void* x,
                                          const void* dy, void* dw, void* dbias) {
  i64 weights = s.o * s.kh * s.kw * (s.c / s.groups), pixels = s.n * s.p * s.q;
  if (dbias) reduce(ReduceOp::sum, dtype, {1, pixels, s.o}, dy, dbias);
  if (pixels * s.h * s.w * weights == 0) return fill(dtype, 0, weights, dw);
  std::array arguments = {argument(ConvTensor::x, x), argument(ConvTensor::y, dy),
                          argument(ConvTensor::w, dw)};
  check_computed(compute(*this, ConvGraph::backward_weights, s, dtype, arguments),
                 "conv2d_backward_weights", s);
}

}  // namespace melgrad
