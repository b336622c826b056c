#include <algorithm>
#include <numeric>

#include "tensor/ops.h"
#include "tests/onnx/operators.h"

namespace melgrad::onnx {
namespace {

// Negative indices count from the end.
Tensor from_the_front(const Tensor& index, i64 size) {
  return where(index < 0.0, index + static_cast<double>(size), index);
}

}  // namespace

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
  Shape wanted = broadcast_shape(x.at(0).shape(), Shape(x.at(1).to_vector<i64>()), "expand");
  return {x[0].expand(wanted)};
}

Inputs split_along(const Node& node, const Inputs& x) {
  i64 axis = node.integer("axis", 0), parts = static_cast<i64>(node.outputs.size());
  i64 size = x.at(0).dim(axis);
  std::vector<i64> equal(node.outputs.size(), size / parts);
  return split(x[0], integers(node, x, 1, "split", equal), axis);
}

Inputs slices(const Node& node, const Inputs& x) {
  need(node.opset >= 10, "slices by attributes");
  std::vector<i64> begin = x.at(1).to_vector<i64>(), end = x.at(2).to_vector<i64>();
  std::vector<i64> axes(begin.size()), steps(begin.size(), 1);
  std::iota(axes.begin(), axes.end(), i64{0});
  if (input(x, 3).defined()) axes = x[3].to_vector<i64>();
  if (input(x, 4).defined()) steps = x[4].to_vector<i64>();
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

Inputs shape_of(const Node& node, const Inputs& x) {
  std::vector<i64> shape = x.at(0).shape().vector();
  auto rank = static_cast<i64>(shape.size());
  auto place = [&](i64 p) { return std::clamp<i64>(p < 0 ? p + rank : p, 0, rank); };
  i64 begin = place(node.integer("start", 0)),
      end = std::max(begin, place(node.integer("end", rank)));
  return {from_vector(std::vector<i64>(shape.begin() + begin, shape.begin() + end))};
}

}  // namespace melgrad::onnx
