#include "tests/onnx/operators.h"

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "tensor/ops.h"

namespace melgrad::onnx {
namespace {

using Operator = std::function<Inputs(const Node&, const Inputs&)>;

Operator unary(Tensor (*f)(const Tensor&)) {
  return [f](const Node&, const Inputs& x) -> Inputs { return {f(x.at(0))}; };
}
Operator binary(Tensor (*f)(const Tensor&, const Tensor&)) {
  return [f](const Node&, const Inputs& x) -> Inputs {
    need(x.at(0).dtype() == x.at(1).dtype(), "two dtypes");
    return {f(x.at(0), x.at(1))};
  };
}
Operator binary_of_reals(Tensor (*f)(const Tensor&, const Tensor&)) {
  return [f](const Node& node, const Inputs& x) -> Inputs {
    need(is_floating(x.at(0).dtype()), "division and powers of integers");
    return binary(f)(node, x);
  };
}
// Max, Min, Sum of any number of tensors.
Operator of_all(Tensor (*f)(const Tensor&, const Tensor&)) {
  return [f](const Node&, const Inputs& x) -> Inputs {
    return {std::accumulate(x.begin() + 1, x.end(), x.at(0), f)};
  };
}

using Reduction = Tensor (*)(const Tensor&, const Axes&, bool);
Operator reduction(Reduction f) {
  return [f](const Node& node, const Inputs& x) -> Inputs {
    std::vector<i64> axes = integers(node, x, 1, "axes", {});
    if (axes.empty()) {
      if (node.integer("noop_with_empty_axes", 0) != 0) return {x.at(0)};
      axes.resize(static_cast<std::size_t>(x.at(0).rank()));
      std::iota(axes.begin(), axes.end(), i64{0});
    }
    return {f(x.at(0), Axes(axes), node.integer("keepdims", 1) != 0)};
  };
}
Operator arg_reduction(Tensor (*f)(const Tensor&, i64, bool)) {
  return [f](const Node& node, const Inputs& x) -> Inputs {
    need(node.integer("select_last_index", 0) == 0, "the last of equals");
    return {f(x.at(0), node.integer("axis", 0), node.integer("keepdims", 1) != 0)};
  };
}
Operator along_axis(Tensor (*f)(const Tensor&, i64)) {
  return [f](const Node& node, const Inputs& x) -> Inputs {
    need(node.opset >= 13, "the flattening softmax of old versions");
    return {f(x.at(0), node.integer("axis", -1))};
  };
}

Inputs clip(const Node& node, const Inputs& x) {
  need(is_floating(x.at(0).dtype()), "clamp of integers");
  double inf = std::numeric_limits<double>::infinity();
  double low = node.has("min") ? node.number("min", 0) : -inf;
  double high = node.has("max") ? node.number("max", 0) : inf;
  if (input(x, 1).defined()) low = x[1].item();
  if (input(x, 2).defined()) high = x[2].item();
  return {clamp(x.at(0), low, high)};
}

// y = alpha A' B' + beta C
Inputs gemm(const Node& node, const Inputs& x) {
  Tensor a = node.integer("transA", 0) != 0 ? x.at(0).transpose(0, 1) : x.at(0);
  Tensor b = node.integer("transB", 0) != 0 ? x.at(1).transpose(0, 1) : x.at(1);
  Tensor y = matmul(a, b) * node.number("alpha", 1);
  Tensor c = input(x, 2);
  return {c.defined() ? y + c * node.number("beta", 1) : y};
}

Inputs batch_normalization(const Node& node, const Inputs& x) {
  double eps = node.number("epsilon", 1e-5F), momentum = node.number("momentum", .9F);
  need(x.at(0).rank() == 2 || x.at(0).rank() == 4, "batch norm of other than 2 or 4 axes");
  if (node.integer("training_mode", 0) == 0) {
    need(node.outputs.size() == 1, "the old training outputs");
    return {batch_norm(x[0], {x.at(3), x.at(4)}, x.at(1), x.at(2), {.eps = eps})};
  }
  Statistics batch = batch_norm_statistics(x[0]);
  auto moved = [&](const Tensor& running, const Tensor& now) {
    return running * momentum + now * (1 - momentum);
  };
  return {batch_norm(x[0], batch, x.at(1), x.at(2), {.eps = eps}), moved(x.at(3), batch.mean),
          moved(x.at(4), batch.var)};
}

Inputs cast(const Node& node, const Inputs& x) {
  switch (node.integer("to", 0)) {
    case 1: return {x.at(0).to(Dtype::f32)};
    case 6:
    case 7: return {x.at(0).to(Dtype::i64)};
    case 9: return {x.at(0) != scalar(0, x.at(0).dtype())};
    case 11: return {x.at(0).to(Dtype::f64)};
    default: throw Unsupported("a cast to type " + std::to_string(node.integer("to", 0)));
  }
}

Inputs constant(const Node& node, const Inputs&) {
  if (node.has("value")) return {node.attributes.at("value").t};
  if (node.has("value_float")) return {scalar(node.number("value_float", 0))};
  if (node.has("value_int")) {
    return {scalar(static_cast<double>(node.integer("value_int", 0)), Dtype::i64)};
  }
  if (node.has("value_ints")) return {from_vector(node.integers("value_ints", {}))};
  if (node.has("value_floats")) return {from_vector(node.attributes.at("value_floats").floats)};
  throw Unsupported("a constant of another kind");
}

// Mean over the targets of −x[target], each with its class's weight if there are weights.
Inputs class_loss(const Node& node, const Inputs& x, const Tensor& log_probabilities) {
  need(log_probabilities.rank() == 2 && !input(x, 2).defined() && !node.has("ignore_index"),
       "losses with weights or over pictures");
  need(node.outputs.size() == 1, "log-probabilities as an output");
  Tensor target = x.at(1).unsqueeze(1);
  Tensor loss = -gather(log_probabilities, 1, target).squeeze(1);
  std::string how = node.text("reduction", "mean");
  return {how == "none" ? loss : how == "sum" ? sum(loss) : mean(loss)};
}

Tensor as_bool(const Tensor& x) { return x != scalar(0, x.dtype()); }

const std::map<std::string, Operator>& operators() {
  static const std::map<std::string, Operator> table = {
      {"Abs", unary(abs)},
      {"Neg", unary(operator-)},
      {"Sign", unary(sign)},
      {"Sqrt", unary(sqrt)},
      {"Reciprocal", unary(reciprocal)},
      {"Exp", unary(exp)},
      {"Log", unary(log)},
      {"Sin", unary(sin)},
      {"Cos", unary(cos)},
      {"Tanh", unary(tanh)},
      {"Sigmoid", unary(sigmoid)},
      {"Floor", unary(floor)},
      {"Ceil", unary(ceil)},
      {"Round", unary(round)},
      {"Relu", unary(relu)},
      {"IsNaN", unary(isnan)},
      {"Identity", unary([](const Tensor& x) { return x; })},
      {"Not", unary([](const Tensor& x) { return x == scalar(0, x.dtype()); })},
      {"Softplus", unary([](const Tensor& x) { return log1p(exp(x)); })},
      {"Softsign", unary([](const Tensor& x) { return x / (abs(x) + 1.0); })},
      {"Add", binary(operator+)},
      {"Sub", binary(operator-)},
      {"Mul", binary(operator*)},
      {"Div", binary_of_reals(operator/)},
      {"Pow", binary_of_reals(pow)},
      {"Equal", binary(operator==)},
      {"Less", binary(operator<)},
      {"LessOrEqual", binary(operator<=)},
      {"Greater", binary(operator>)},
      {"GreaterOrEqual", binary(operator>=)},
      {"And", binary([](const Tensor& a, const Tensor& b) { return as_bool(a) * as_bool(b); })},
      {"Or",
       binary([](const Tensor& a, const Tensor& b) { return as_bool(as_bool(a) + as_bool(b)); })},
      {"Xor", binary([](const Tensor& a, const Tensor& b) { return as_bool(a) != as_bool(b); })},
      {"Max", of_all(maximum)},
      {"Min", of_all(minimum)},
      {"Sum", of_all(operator+)},
      {"Mean",
       [](const Node&, const Inputs& x) -> Inputs {
         Tensor total = std::accumulate(x.begin() + 1, x.end(), x.at(0),
                                        [](const Tensor& a, const Tensor& b) { return a + b; });
         return {total / static_cast<double>(x.size())};
       }},
      {"LeakyRelu",
       [](const Node& node, const Inputs& x) -> Inputs {
         return {leaky_relu(x.at(0), node.number("alpha", .01F))};
       }},
      {"PRelu",
       [](const Node& node, const Inputs& x) -> Inputs {
         need(node.opset >= 7, "broadcasting along the channels");
         return {where(x.at(0) > 0.0, x[0], x[0] * x.at(1))};
       }},
      {"HardSigmoid",
       [](const Node& node, const Inputs& x) -> Inputs {
         return {clamp(x.at(0) * node.number("alpha", .2F) + node.number("beta", .5F), 0, 1)};
       }},
      {"Clip", clip},
      {"Where",
       [](const Node&, const Inputs& x) -> Inputs { return {where(x.at(0), x.at(1), x.at(2))}; }},
      {"Softmax", along_axis(softmax)},
      {"LogSoftmax", along_axis(log_softmax)},
      {"ReduceSum", reduction(sum)},
      {"ReduceMean", reduction(mean)},
      {"ReduceProd", reduction(prod)},
      {"ReduceMax", reduction(max)},
      {"ReduceMin", reduction(min)},
      {"ReduceL1",
       reduction([](const Tensor& x, const Axes& a, bool k) { return sum(abs(x), a, k); })},
      {"ReduceL2", reduction([](const Tensor& x, const Axes& a, bool k) {
         return sqrt(sum(square(x), a, k));
       })},
      {"ReduceSumSquare",
       reduction([](const Tensor& x, const Axes& a, bool k) { return sum(square(x), a, k); })},
      {"ReduceLogSum",
       reduction([](const Tensor& x, const Axes& a, bool k) { return log(sum(x, a, k)); })},
      {"ReduceLogSumExp", reduction([](const Tensor& x, const Axes& a, bool k) {
         if (a.rank() == 1) return logsumexp(x, a[0], k);
         return log(sum(exp(x), a, k));
       })},
      {"ArgMax", arg_reduction(argmax)},
      {"ArgMin", arg_reduction(argmin)},
      {"MatMul", binary(matmul)},
      {"Gemm", gemm},
      {"Conv",
       [](const Node& node, const Inputs& x) -> Inputs {
         return {convolution(node, x.at(0), x.at(1), input(x, 2))};
       }},
      {"MaxPool",
       [](const Node& node, const Inputs& x) -> Inputs { return {max_pooling(node, x.at(0))}; }},
      {"AveragePool",
       [](const Node& node, const Inputs& x) -> Inputs {
         return {average_pooling(node, x.at(0))};
       }},
      {"GlobalAveragePool",
       [](const Node&, const Inputs& x) -> Inputs { return {adaptive_avg_pool2d(x.at(0), 1)}; }},
      {"GlobalMaxPool",
       [](const Node&, const Inputs& x) -> Inputs {
         return {max(x.at(0), Axes{2, 3}, true)};
       }},
      {"BatchNormalization", batch_normalization},
      {"RNN", recurrent},
      {"LSTM", recurrent},
      {"GRU", recurrent},
      {"Flatten", flatten_at},
      {"Reshape", reshape_to},
      {"Transpose", transpose_axes},
      {"Squeeze", squeeze_axes},
      {"Unsqueeze", unsqueeze_axes},
      {"Expand", expand_to},
      {"Concat",
       [](const Node& node, const Inputs& x) -> Inputs {
         return {cat(x, node.integer("axis", 1))};
       }},
      {"Split", split_along},
      {"Slice", slices},
      {"Pad", constant_pad},
      {"Gather", gather_slices},
      {"GatherElements", gather_elements},
      {"OneHot", one_hot_of},
      {"Cast", cast},
      {"CastLike",
       [](const Node&, const Inputs& x) -> Inputs { return {x.at(0).to(x.at(1).dtype())}; }},
      {"Constant", constant},
      {"ConstantOfShape",
       [](const Node& node, const Inputs& x) -> Inputs {
         Tensor value = node.has("value") ? node.attributes.at("value").t : scalar(0);
         return {full(Shape(x.at(0).to_vector<i64>()), value.item(), value.dtype())};
       }},
      {"Shape", shape_of},
      {"Size",
       [](const Node&, const Inputs& x) -> Inputs {
         return {scalar(static_cast<double>(x.at(0).numel()), Dtype::i64)};
       }},
      {"NegativeLogLikelihoodLoss",
       [](const Node& node, const Inputs& x) { return class_loss(node, x, x.at(0)); }},
      {"SoftmaxCrossEntropyLoss",
       [](const Node& node, const Inputs& x) {
         return class_loss(node, x, log_softmax(x.at(0), 1));
       }},
  };
  return table;
}

}  // namespace

void need(bool ok, const std::string& what) {
  if (!ok) throw Unsupported(what);
}

Tensor input(const Inputs& inputs, std::size_t i) {
  return i < inputs.size() ? inputs[i] : Tensor();
}

std::vector<i64> integers(const Node& node, const Inputs& inputs, std::size_t position,
                          const std::string& name, const std::vector<i64>& otherwise) {
  Tensor given = input(inputs, position);
  return given.defined() ? given.to_vector<i64>() : node.integers(name, otherwise);
}

Inputs run_node(const Node& node, const Inputs& inputs) {
  auto found = operators().find(node.op);
  if (found == operators().end()) throw Unsupported(node.op);
  return found->second(node, inputs);
}

}  // namespace melgrad::onnx
