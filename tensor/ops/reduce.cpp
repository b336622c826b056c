#include <algorithm>
#include <limits>
#include <optional>

#include "tensor/dtypes.h"
#include "tensor/layout.h"
#include "tensor/ops.h"

namespace melgrad {

namespace {

Axes all_axes(const Tensor& x) {
  Axes axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  return axes;
}

using Reduced = std::array<bool, max_rank>;

Reduced marks(std::string_view op, const Tensor& x, const Axes& axes) {
  Reduced reduced{};
  for (i64 axis : axes) {
    bool& mark = reduced[static_cast<std::size_t>(normalize_axis(axis, x.rank(), op))];
    check(!mark, op, "axis {} is named twice in {}: input {}", axis, axes, x);
    mark = true;
  }
  return reduced;
}

/// The last run of neighbours in memory that are all to be reduced, as (outer, length, inner).
struct Run {
  ReduceShape shape;
  Axes axes;
};
std::optional<Run> last_run(const Tensor& x, const Reduced& reduced) {
  Shape order = memory_order(x.shape(), x.strides());
  Run run;
  int i = order.rank() - 1;
  auto marked = [&](i64 axis) { return reduced[static_cast<std::size_t>(axis)]; };
  for (; i >= 0 && !marked(order[i]); --i) run.shape.inner *= x.shape()[order[i]];
  for (; i >= 0 && (marked(order[i]) || x.shape()[order[i]] == 1); --i) {
    run.shape.length *= x.shape()[order[i]];
    if (marked(order[i])) run.axes.push_back(order[i]);
  }
  for (; i >= 0; --i) run.shape.outer *= x.shape()[order[i]];
  if (run.axes.empty()) return std::nullopt;
  return run;
}

Tensor without(const Tensor& x, const Reduced& reduced) {
  Shape shape, strides;
  for (int i = 0; i < x.rank(); ++i) {
    if (reduced[static_cast<std::size_t>(i)]) continue;
    shape.push_back(x.shape()[i]);
    strides.push_back(x.strides()[i]);
  }
  return {x.storage(), x.dtype(), shape, strides, x.offset()};
}

/// Axes that lie side by side in memory go in one pass: {0, 2, 3} of a channels-last tensor is one
/// pass, of a row-major one two.
Tensor reduce(std::string_view op, ReduceOp kind, const Tensor& x, const Axes& axes,
              bool keep_dim) {
  Reduced reduced = marks(op, x, axes);
  Reduced left = reduced;
  Tensor y = x.dense();
  while (auto run = last_run(y, left)) {
    bool last = true;
    for (i64 axis : run->axes) left[static_cast<std::size_t>(axis)] = false;
    for (bool more : left) last &= !more;
    // Sums that are not the last yet stay in f32.
    if (!last && y.dtype() == Dtype::bf16) y = y.to(Dtype::f32);
    Shape order = memory_order(y.shape(), y.strides()), shape = y.shape();
    for (i64 axis : run->axes) shape[axis] = 1;
    Tensor next = empty_in_order(shape, order, y.dtype(), y.device());
    if (next.numel() > 0) {
      backend(y.device()).reduce(kind, y.dtype(), run->shape, y.raw(), next.raw());
    }
    y = next;
  }
  y = y.to(x.dtype());
  if (y.shares_storage(x)) y = y.clone();  // no axes given
  return keep_dim ? y : without(y, reduced);
}

void check_not_empty(std::string_view op, const Tensor& x, const Axes& axes) {
  for (i64 axis : axes) {
    check(x.dim(axis) > 0, op, "nothing to choose from along axis {}: input {}", axis, x);
  }
}

Tensor extreme(std::string_view op, ReduceOp kind, const Tensor& x, const Axes& axes,
               bool keep_dim) {
  check_operand(op, "the operand", x);
  check_not_empty(op, x, axes);
  return reduce(op, kind, x, axes, keep_dim);
}

// u8 would overflow at the second pixel.
Tensor wide_enough(const Tensor& x) { return x.dtype() == Dtype::u8 ? x.to(Dtype::i64) : x; }

Tensor arg_extreme(std::string_view op, bool largest, const Tensor& x, i64 axis, bool keep_dim) {
  check_operand(op, "the operand", x);
  int a = normalize_axis(axis, x.rank(), op);
  check_not_empty(op, x, {a});
  Tensor dense = x.dense();
  Shape shape = dense.shape();
  shape[a] = 1;
  Tensor y =
      empty_in_order(shape, memory_order(dense.shape(), dense.strides()), Dtype::i64, x.device());
  if (y.numel() > 0) {
    backend(x.device())
        .arg_reduce(largest, x.dtype(), around_axis(dense, a), dense.raw(),
                    static_cast<i64*>(y.raw()));
  }
  return keep_dim ? y : y.squeeze(a);
}

}  // namespace

Tensor sum(const Tensor& x) { return sum(x, all_axes(x)); }
Tensor sum(const Tensor& x, const Axes& axes, bool keep_dim) {
  check_operand("sum", "the operand", x);
  return reduce("sum", ReduceOp::sum, wide_enough(x), axes, keep_dim);
}

Tensor mean(const Tensor& x) { return mean(x, all_axes(x)); }
Tensor mean(const Tensor& x, const Axes& axes, bool keep_dim) {
  check_operand("mean", "the operand", x, Takes::floating);
  return reduce("mean", ReduceOp::mean, x, axes, keep_dim);
}

Tensor prod(const Tensor& x, const Axes& axes, bool keep_dim) {
  check_operand("prod", "the operand", x);
  return reduce("prod", ReduceOp::prod, wide_enough(x), axes, keep_dim);
}

Tensor max(const Tensor& x) { return max(x, all_axes(x)); }
Tensor max(const Tensor& x, const Axes& axes, bool keep_dim) {
  return extreme("max", ReduceOp::max, x, axes, keep_dim);
}

Tensor min(const Tensor& x) { return min(x, all_axes(x)); }
Tensor min(const Tensor& x, const Axes& axes, bool keep_dim) {
  return extreme("min", ReduceOp::min, x, axes, keep_dim);
}

Tensor var(const Tensor& x, const Axes& axes, i64 correction, bool keep_dim) {
  check_operand("var", "the operand", x, Takes::floating);
  Tensor wide = x.dtype() == Dtype::bf16 ? x.to(Dtype::f32) : x;
  i64 count = 1;
  for (i64 axis : axes) count *= x.dim(axis);
  Tensor deviation = wide - mean(wide, axes, true);
  Tensor total = sum(square(deviation), axes, keep_dim);
  return (total / static_cast<double>(std::max<i64>(0, count - correction))).to(x.dtype());
}

Tensor argmax(const Tensor& x, i64 axis, bool keep_dim) {
  return arg_extreme("argmax", true, x, axis, keep_dim);
}

Tensor argmin(const Tensor& x, i64 axis, bool keep_dim) {
  return arg_extreme("argmin", false, x, axis, keep_dim);
}

// log Σ exp x = m + log Σ exp(x − m) with m = max x, or 0 where that is infinite; of nothing −∞
Tensor logsumexp(const Tensor& x, i64 axis, bool keep_dim) {
  check_operand("logsumexp", "the operand", x, Takes::floating);
  int a = normalize_axis(axis, x.rank(), "logsumexp");
  Tensor m;
  if (x.dim(a) > 0) {
    Tensor largest = max(x, {a}, true);
    m = where(isfinite(largest), largest, zeros_like(largest));
  } else {
    m = zeros_like(sum(x, {a}, true));
  }
  Tensor y = m + log(sum(exp(x - m), {a}, true));
  return keep_dim ? y : y.squeeze(a);
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  check_operand("sum_to", "the operand", x);
  bool fits = shape.rank() <= x.rank();
  int extra = x.rank() - shape.rank();
  Axes axes;
  for (int i = 0; fits && i < x.rank(); ++i) {
    bool stretched = i < extra || (shape[i - extra] == 1 && x.shape()[i] != 1);
    if (stretched) {
      axes.push_back(i);
    } else {
      fits = shape[i - extra] == x.shape()[i];
    }
  }
  check(fits, "sum_to", "{} does not broadcast to the input: {}", shape, x);
  if (axes.empty()) return x;
  Tensor y = sum(x, axes, true);
  for (int i = 0; i < extra; ++i) y = y.squeeze(0);
  return y;
}

}  // namespace melgrad
