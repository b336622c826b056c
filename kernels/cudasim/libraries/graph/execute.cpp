#include "kernels/cudasim/libraries/graph/execute.h"

#include <algorithm>
#include <array>
#include <set>

#include "kernels/cudasim/libraries/arrays.h"
#include "kernels/cudasim/libraries/cudnn_handle.h"
#include "kernels/cudasim/libraries/graph/convolution.h"
#include "kernels/cudasim/libraries/graph/engines.h"

// Runs a graph as it was recorded: operation by operation, tensors between them in f32.
namespace melgrad::sim {
namespace {

const Rule graph_handle("cuDNN, cudnnBackendExecute()",
                        "a plan runs with the handle it was made with");
const Rule plan_alive("cuDNN, cudnnBackendExecute() and cudnnBackendDestroyDescriptor()",
                      "a plan is there until its work is done, and as long as a CUDA graph has it");
const Rule every_tensor(
    "cuDNN, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR",
    "a variant pack has the graph's tensors that are not virtual, and no others");
const Rule factors(
    "cuDNN, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA and _BETA",
    "y = alpha conv(x, w) + beta y, of which the stand-in knows alpha = 1 and beta = 0");

constexpr i64 most_spoiled = i64{1} << 20U;  // bytes of a workspace

/// A tensor's values as (n, h, w, c), whatever its strides.
using Values = std::vector<float>;
using Tensors = std::map<i64, Values>;

// Calls f(i, j): value i of (n, h, w, c), in order, is element j of the tensor's array.
template <class F>
void for_each_element(const TensorNode& t, F f) {
  i64 i = 0;
  for (i64 n = 0; n < t.size[0]; ++n) {
    for (i64 h = 0; h < t.size[2]; ++h) {
      for (i64 w = 0; w < t.size[3]; ++w) {
        for (i64 c = 0; c < t.size[1]; ++c, ++i)
          f(i, n * t.stride[0] + c * t.stride[1] + h * t.stride[2] + w * t.stride[3]);
      }
    }
  }
}

Values read(const TensorNode& tensor, const void* data) {
  Values values(static_cast<std::size_t>(tensor.count()));
  for_each_element(tensor, [&](i64 i, i64 j) {
    values[static_cast<std::size_t>(i)] = load(tensor.dtype, data, j);
  });
  return values;
}

void write(const TensorNode& tensor, const Values& values, void* data) {
  for_each_element(tensor, [&](i64 i, i64 j) {
    store(tensor.dtype, data, j, values[static_cast<std::size_t>(i)]);
  });
}

Window window_of(const TensorNode& x, const TensorNode& w, const TensorNode& y,
                 const Node& convolution) {
  auto values = [&](cudnnBackendAttributeName_t name) { return convolution.all<i64>(name); };
  auto stride = values(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES),
       before = values(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS),
       dilation = values(CUDNN_ATTR_CONVOLUTION_DILATIONS);
  return {.n = x.size[0],
          .h = x.size[2],
          .w = x.size[3],
          .c = x.size[1],
          .o = w.size[0],
          .kh = w.size[2],
          .kw = w.size[3],
          .p = y.size[2],
          .q = y.size[3],
          .groups = x.size[1] / w.size[1],
          .stride_h = stride[0],
          .stride_w = stride[1],
          .top = before[0],
          .left = before[1],
          .dilation_h = dilation[0],
          .dilation_w = dilation[1]};
}

// True convolution turns the filter around.
void turn(const Window& s, Values& weights) {
  i64 c = s.c / s.groups, taps = s.kh * s.kw;
  Values turned(weights.size());
  for (i64 o = 0; o < s.o; ++o) {
    for (i64 t = 0; t < taps; ++t)
      std::copy_n(weights.begin() + (o * taps + t) * c, c,
                  turned.begin() + (o * taps + taps - 1 - t) * c);
  }
  weights = std::move(turned);
}

void round_inputs(const Engine& engine, Values& values) {
  if (!engine.tensor_cores) return;
  for (float& value : values) value = engine.down_converts ? as_bf16(value) : as_tf32(value);
}

Values run_convolution(const Node& operation, const Engine& engine, const Tensors& known) {
  const ConvolutionNames& names = *names_of_convolution(operation.type);
  const Node& convolution = operation.part(names.convolution);
  bool turned = convolution.one<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE) ==
                CUDNN_CONVOLUTION;
  TensorNode x(operation.part(names.x)), w(operation.part(names.w)), y(operation.part(names.y));
  Window window = window_of(x, w, y, convolution);
  window.sums_in_bf16 = engine.reduces_in_bf16;
  auto input = [&](const TensorNode& tensor) {
    Values values = known.at(tensor.id);
    round_inputs(engine, values);
    if (turned && tensor.id == w.id) turn(window, values);
    return values;
  };
  if (&names == &backward_data_names) return convolve_backward_data(window, input(w), input(y));
  if (&names == &forward_names) return convolve(window, input(x), input(w));
  Values dw = convolve_backward_weights(window, input(x), input(y));
  if (turned) turn(window, dw);
  return dw;
}

// y = x + b or max(x, 0), with sizes of 1 broadcast
Values run_pointwise(const Node& operation, const Tensors& known) {
  const Node& what = operation.part(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
  auto mode = what.one<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE);
  bool keeps_nan =
      what.has(CUDNN_ATTR_POINTWISE_NAN_PROPAGATION) &&
      what.one<cudnnNanPropagation_t>(CUDNN_ATTR_POINTWISE_NAN_PROPAGATION) == CUDNN_PROPAGATE_NAN;
  Operands operands = operands_of(operation);
  const TensorNode& y = operands.written;
  auto broadcast = [&](const TensorNode& x) {
    TensorNode as_y = y;  // x's values in y's order: strides of (n, h, w, c), 0 where x has one
    std::array<i64, 4> dense = {x.size[1] * x.size[2] * x.size[3], 1, x.size[1] * x.size[3],
                                x.size[1]};
    for (std::size_t i = 0; i < 4; ++i) as_y.stride[i] = x.size[i] == 1 ? 0 : dense[i];
    Values values(static_cast<std::size_t>(y.count()));
    const Values& of_x = known.at(x.id);
    for_each_element(as_y, [&](i64 i, i64 j) {
      values[static_cast<std::size_t>(i)] = of_x[static_cast<std::size_t>(j)];
    });
    return values;
  };
  Values result = broadcast(operands.read[0]);
  if (mode == CUDNN_POINTWISE_RELU_FWD) {
    for (float& value : result) {
      bool is_nan = value != value;
      if (is_nan ? !keeps_nan : value < 0) value = 0;
    }
    return result;
  }
  Values b = broadcast(operands.read[1]);
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = mode == CUDNN_POINTWISE_MUL ? result[i] * b[i] : result[i] + b[i];
  return result;
}

/// A tensor of the graph with its array.
struct Given {
  TensorNode tensor;
  Array array;
  bool is_written;
};

// The graph's tensors that lie in memory, each once.
std::vector<Given> arrays_of(const Node& graph, const Node& pack, std::string_view call) {
  auto ids = pack.all<i64>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  auto pointers = pack.all<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  std::map<i64, void*> data;
  for (std::size_t i = 0; i < ids.size(); ++i) data[ids[i]] = pointers[i];
  std::vector<Given> given;
  std::set<i64> seen;
  auto add = [&](const TensorNode& tensor, bool is_written) {
    if (tensor.is_virtual || !seen.insert(tensor.id).second) return;
    auto found = data.find(tensor.id);
    every_tensor.check(found != data.end(), call, "tensor {} is missing", tensor.id);
    check(tensor.size.size() == 4, call, "the stand-in knows two dimensions, tensor {} has {}",
          tensor.id, tensor.size.size() - 2);
    std::string_view name = is_written ? "what is written" : "what is read";
    given.push_back({tensor, {name, found->second, tensor.bytes(), tensor.alignment}, is_written});
  };
  for (const auto& operation : graph.parts(CUDNN_ATTR_OPERATIONGRAPH_OPS)) {
    Operands operands = operands_of(*operation);
    for (const TensorNode& tensor : operands.read) add(tensor, false);
    add(operands.written, true);
    if (const ConvolutionNames* names = names_of_convolution(operation->type))
      factors.check(
          operation->one<float>(names->alpha) == 1 && operation->one<float>(names->beta) == 0, call,
          "alpha {}, beta {}", operation->one<float>(names->alpha),
          operation->one<float>(names->beta));
  }
  every_tensor.check(seen.size() == ids.size(), call, "{} tensors, {} pointers", seen.size(),
                     ids.size());
  return given;
}

// An engine that does not repeat its bits gives others each time, and further off than rounding is; one by Winograd's method is
// off by what that may lose (docs/winograd.md).
void disturb(const Engine& engine, Values& values) {
  static int runs = 0;
  float factor = engine.winograd ? 1 + 1e-5F : 1;
  if (!engine.repeats) factor += 1e-2F * static_cast<float>(++runs % 2 + 1);
  if (factor == 1) return;
  for (float& value : values) value *= factor;
}

void run(const Node& graph, const Engine& engine, const std::vector<Given>& given) {
  Tensors known;
  for (const Given& one : given) {
    if (!one.is_written) known[one.tensor.id] = read(one.tensor, one.array.data);
  }
  for (const auto& operation : graph.parts(CUDNN_ATTR_OPERATIONGRAPH_OPS)) {
    Values result = names_of_convolution(operation->type)
                        ? run_convolution(*operation, engine, known)
                        : run_pointwise(*operation, known);
    disturb(engine, result);
    known[operands_of(*operation).written.id] = std::move(result);
  }
  for (const Given& one : given) {
    if (one.is_written)
      write(one.tensor, known.at(one.tensor.id), const_cast<void*>(one.array.data));
  }
}

}  // namespace

bool execute(cudnnHandle_t handle, const std::shared_ptr<const Node>& plan, const Node& pack,
             std::string_view call) {
  cudaStream_t stream = cudnn_stream(handle, call);
  graph_handle.check(handle == plan->one<cudnnHandle_t>(CUDNN_ATTR_EXECUTION_PLAN_HANDLE), call,
                     "another handle");
  std::vector<Given> given = arrays_of(graph_of_plan(*plan), pack, call);
  Array workspace{"the workspace", pack.one<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE),
                  plan->one<i64>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE), area_alignment};
  std::vector<Array> read, written = {workspace};
  for (const Given& one : given) (one.is_written ? written : read).push_back(one.array);
  auto check_arrays = [=, call = std::string(call)] {
    for (const auto* arrays : {&read, &written})
      for (const Array& array : *arrays) check_array(call, array);
  };
  check_arrays();
  check_apart(call, read, written);
  if (!starts(engine_of_plan(*plan))) return false;
  on_device(stream, [=, call = std::string(call)] {
    plan_alive.check(!plan->destroyed, call, "the plan was destroyed");
    check_arrays();
    void* area = const_cast<void*>(workspace.data);
    i64 spoiled = std::min(workspace.bytes, most_spoiled);
    spoil(area, spoiled);
    run(graph_of_plan(*plan), engine_of_plan(*plan), given);
    spoil(area, spoiled);
  });
  return true;
}

}  // namespace melgrad::sim
