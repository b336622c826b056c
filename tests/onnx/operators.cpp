#include "tests/onnx/operators.h"

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "tensor/ops.h"

namespace melgrad::onnx {
namespace {

using Inputs = std::vector<Tensor>;
using Operator = std::function<Inputs(const Node&, const Inputs&)>;

Tensor input(const Inputs& x, std::size_t i) { return i < x.size() ? x[i] : Tensor(); }
std::vector<i64> numbers(const Tensor& x) { return x.to_vector<i64>(); }

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
// An attribute, or in later versions an input.
std::vector<i64> integers(const Node& node, const Inputs& x, std::size_t position,
                          const std::string& name, const std::vector<i64>& otherwise) {
  Tensor given = input(x, position);
  return given.defined() ? numbers(given) : node.integers(name, otherwise);
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
    return {batch_norm(x[0], {x.at(3), x.at(4)}, x.at(1), x.at(2), eps)};
  }
  Statistics batch = batch_norm_statistics(x[0]);
  auto moved = [&](const Tensor& running, const Tensor& now) {
    return running * momentum + now * (1 - momentum);
  };
  return {batch_norm(x[0], batch, x.at(1), x.at(2), eps), moved(x.at(3), batch.mean),
          moved(x.at(4), batch.var)};
}

// To (outer, inner): axis and all after it are inner.
Inputs flatten_at(const Node& node, const Inputs& x) {
  i64 axis = node.integer("axis", 1), outer = 1;
  if (axis < 0) axis += x.at(0).rank();
  for (i64 i = 0; i < axis; ++i) outer *= x[0].dim(i);
  return {x[0].reshape({outer, outer == 0 ? 0 : x[0].numel() / outer})};
}

// A size of 0 stands for the input's, unless allowzero.
Inputs reshape_to(const Node& node, const Inputs& x) {
  std::vector<i64> shape = integers(node, x, 1, "shape", {});
  bool allow_zero = node.integer("allowzero", 0) != 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !allow_zero) shape[i] = x.at(0).dim(static_cast<i64>(i));
  }
  return {x.at(0).reshape(Shape(shape))};
}

Inputs transpose_axes(const Node& node, const Inputs& x) {
  std::vector<i64> axes(static_cast<std::size_t>(x.at(0).rank()));
  std::iota(axes.rbegin(), axes.rend(), i64{0});
  return {x[0].permute(Shape(node.integers("perm", axes)))};
}

Inputs squeeze_axes(const Node& node, const Inputs& x) {
  std::vector<i64> axes = integers(node, x, 1, "axes", {});
  Shape shape;
  for (i64 axis = 0; axis < x.at(0).rank(); ++axis) {
    bool named = axes.empty() ? x[0].dim(axis) == 1 : false;
    for (i64 a : axes) named = named || a == axis || a + x[0].rank() == axis;
    if (!named) shape.push_back(x[0].dim(axis));
  }
  return {x[0].reshape(shape)};
}
Inputs unsqueeze_axes(const Node& node, const Inputs& x) {
  std::vector<i64> axes = integers(node, x, 1, "axes", {});
  i64 rank = x.at(0).rank() + static_cast<i64>(axes.size()), next = 0;
  Shape shape;
  for (i64 axis = 0; axis < rank; ++axis) {
    bool named = false;
    for (i64 a : axes) named = named || a == axis || a + rank == axis;
    shape.push_back(named ? 1 : x[0].dim(next++));
  }
  return {x[0].reshape(shape)};
}

Inputs expand_to(const Node&, const Inputs& x) {
  Shape wanted = broadcast_shape(x.at(0).shape(), Shape(numbers(x.at(1))), "expand");
  return {x[0].expand(wanted)};
}

Inputs split_along(const Node& node, const Inputs& x) {
  i64 axis = node.integer("axis", 0), parts = static_cast<i64>(node.outputs.size());
  i64 size = x.at(0).dim(axis);
  std::vector<i64> equal(node.outputs.size(), size / parts);
  std::vector<i64> sizes = integers(node, x, 1, "split", equal);
  Inputs result;
  i64 begin = 0;
  for (i64 part : sizes) {
    result.push_back(x[0].slice(axis, begin, begin + part));
    begin += part;
  }
  return result;
}

Inputs slices(const Node& node, const Inputs& x) {
  need(node.opset >= 10, "slices by attributes");
  std::vector<i64> begin = numbers(x.at(1)), end = numbers(x.at(2));
  std::vector<i64> axes(begin.size()), steps(begin.size(), 1);
  std::iota(axes.begin(), axes.end(), i64{0});
  if (input(x, 3).defined()) axes = numbers(x[3]);
  if (input(x, 4).defined()) steps = numbers(x[4]);
  Tensor y = x.at(0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (steps[i] > 0) {
      y = y.slice(axes[i], begin[i], end[i], steps[i]);
      continue;
    }
    // From begin down to after end: upside down it runs upwards, from size − 1 − begin.
    i64 size = y.dim(axes[i]);
    auto place = [&](i64 p) { return std::clamp<i64>(p < 0 ? p + size : p, -1, size - 1); };
    y = y.flip(axes[i]).slice(axes[i], size - 1 - place(begin[i]), size - 1 - place(end[i]),
                              -steps[i]);
  }
  return {y};
}

Inputs constant_pad(const Node& node, const Inputs& x) {
  need(node.text("mode", "constant") == "constant", "padding by reflection");
  need(!input(x, 3).defined(), "padding of some axes");
  std::vector<i64> pads = integers(node, x, 1, "pads", {});
  auto half = static_cast<std::ptrdiff_t>(pads.size() / 2);
  double value = input(x, 2).defined() ? x[2].item() : node.number("value", 0);
  return {pad(x.at(0), Shape(std::vector<i64>(pads.begin(), pads.begin() + half)),
              Shape(std::vector<i64>(pads.begin() + half, pads.end())), value)};
}

// Negative indices count from the end.
Tensor from_the_front(const Tensor& index, i64 size) {
  return where(index < 0.0, index + static_cast<double>(size), index);
}
// y takes x's slices along an axis, in the shape of the index.
Inputs gather_slices(const Node& node, const Inputs& x) {
  i64 axis = normalize_axis(node.integer("axis", 0), x.at(0).rank(), "gather");
  Tensor index = from_the_front(x.at(1), x[0].dim(axis));
  Shape shape;
  for (i64 i = 0; i < axis; ++i) shape.push_back(x[0].dim(i));
  for (i64 size : index.shape()) shape.push_back(size);
  for (i64 i = axis + 1; i < x[0].rank(); ++i) shape.push_back(x[0].dim(i));
  return {index_select(x[0], axis, index.flatten()).reshape(shape)};
}
Inputs gather_elements(const Node& node, const Inputs& x) {
  i64 axis = normalize_axis(node.integer("axis", 0), x.at(0).rank(), "gather");
  need(x.at(1).rank() == x[0].rank(), "an index of another rank");
  for (i64 i = 0; i < x[0].rank(); ++i) {
    need(i == axis || x[1].dim(i) == x[0].dim(i), "an index of another shape");
  }
  return {gather(x[0], axis, from_the_front(x[1], x[0].dim(axis)))};
}

Inputs one_hot_of(const Node& node, const Inputs& x) {
  auto classes = static_cast<i64>(x.at(1).to_vector<double>().at(0));
  Tensor index = from_the_front(x.at(0).to(Dtype::i64), classes);
  Tensor off_on = x.at(2).to(Dtype::f64);
  double off = off_on.select(0, 0).item(), on = off_on.select(0, 1).item();
  Tensor y = one_hot(index, classes, Dtype::f64) * (on - off) + off;
  i64 axis = node.integer("axis", -1), rank = y.rank();
  Shape axes;  // the last axis moves to `axis`
  for (i64 i = 0; i < rank - 1; ++i) axes.push_back(i);
  axes.insert(axis < 0 ? axis + rank : axis, rank - 1);
  return {y.permute(axes).to(x[2].dtype())};
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

Inputs shape_of(const Node& node, const Inputs& x) {
  std::vector<i64> shape = x.at(0).shape().vector();
  auto rank = static_cast<i64>(shape.size());
  auto place = [&](i64 p) { return std::clamp<i64>(p < 0 ? p + rank : p, 0, rank); };
  i64 begin = place(node.integer("start", 0)),
      end = std::max(begin, place(node.integer("end", rank)));
  return {from_vector(std::vector<i64>(shape.begin() + begin, shape.begin() + end))};
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
         return {full(Shape(numbers(x.at(0))), value.item(), value.dtype())};
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

std::vector<Tensor> run_node(const Node& node, const std::vector<Tensor>& inputs) {
  auto found = operators().find(node.op);
  if (found == operators().end()) throw Unsupported(node.op);
  return found->second(node, inputs);
}

}  // namespace melgrad::onnx
