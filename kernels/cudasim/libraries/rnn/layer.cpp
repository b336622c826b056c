#include "kernels/cudasim/libraries/rnn/layer.h"

#include <algorithm>

#include "kernels/cudasim/libraries/arrays.h"
#include "kernels/cudasim/libraries/product.h"
#include "kernels/cudasim/libraries/rnn/cells.h"

namespace melgrad::sim {
namespace {

Steps array(i64 count) { return Steps(static_cast<std::size_t>(count)); }

Steps transposed(const Steps& x, i64 rows, i64 cols) {
  Steps y(x.size());
  for (i64 i = 0; i < rows; ++i) {
    for (i64 j = 0; j < cols; ++j)
      y[static_cast<std::size_t>(j * rows + i)] = x[static_cast<std::size_t>(i * cols + j)];
  }
  return y;
}

void round_if(bool tf32, Steps& values) {
  if (!tf32) return;
  for (float& value : values) value = as_tf32(value);
}

// y (rows, out) = x (rows, in) · w (in, out) + bias, which may be empty
Steps affine(i64 rows, i64 in, i64 out, const float* x, const Steps& w, const Steps& bias) {
  std::vector<double> sums(static_cast<std::size_t>(rows * out));
  add_product(out, rows, in, w.data(), x, sums.data());
  Steps y(sums.begin(), sums.end());
  for (std::size_t i = 0; !bias.empty() && i < y.size(); ++i) y[i] += bias[i % bias.size()];
  return y;
}

// d w (rows, cols) of y = w x: Σ over n of dy[n, i] x[n, j]
Steps outer_products(i64 count, i64 rows, i64 cols, const Steps& dy, const Steps& x) {
  Steps by_row = transposed(dy, count, rows);
  std::vector<double> sums(static_cast<std::size_t>(rows * cols));
  add_product(cols, rows, count, x.data(), by_row.data(), sums.data());
  return {sums.begin(), sums.end()};
}

Steps column_sums(const Steps& x, i64 cols) {
  std::vector<double> sums(static_cast<std::size_t>(cols));
  for (std::size_t i = 0; i < x.size(); ++i) sums[i % sums.size()] += static_cast<double>(x[i]);
  return {sums.begin(), sums.end()};
}

}  // namespace

Steps read_steps(const cudnnRNNDataStruct& data, const void* source) {
  Steps steps = array(data.steps * data.batch * data.size);
  for (i64 t = 0; t < data.steps; ++t) {
    for (i64 n = 0; n < data.batch; ++n) {
      if (!data.is_there(t, n)) continue;
      i64 from = data.place(t, n) * data.size, to = (t * data.batch + n) * data.size;
      for (i64 j = 0; j < data.size; ++j)
        steps[static_cast<std::size_t>(to + j)] = load(data.dtype, source, from + j);
    }
  }
  return steps;
}

void write_steps(const cudnnRNNDataStruct& data, const Steps& steps, void* target) {
  for (i64 t = 0; t < data.steps; ++t) {
    for (i64 n = 0; n < data.batch; ++n) {
      bool is_there = data.is_there(t, n);
      if (!is_there && data.is_packed()) continue;
      i64 to = data.place(t, n) * data.size, from = (t * data.batch + n) * data.size;
      for (i64 j = 0; j < data.size; ++j)
        store(data.dtype, target, to + j,
              is_there ? steps[static_cast<std::size_t>(from + j)] : data.padding);
    }
  }
}

const float* Pass::h_before(i64 t, i64 n, const Steps& y) const {
  return t == 0 ? h0.data() + n * layer.hidden
                : y.data() + ((t - 1) * data.batch + n) * layer.hidden;
}

Pass::Forward Pass::forward(Steps x) const {
  i64 hidden = layer.hidden, rows = layer.gates() * hidden, batch = data.batch;
  LayerWeights w = weights;
  for (Steps* values : {&x, &w.w_ih, &w.w_hh}) round_if(layer.tf32, *values);
  Steps from_x = transposed(w.w_ih, rows, layer.input), from_h = transposed(w.w_hh, rows, hidden);
  Steps of_x = affine(data.steps * batch, layer.input, rows, x.data(), from_x, w.b_ih);
  Forward result{array(data.steps * batch * hidden), h0, c0,
                 array(data.steps * batch * kept_values(layer))};
  for (i64 t = 0; t < data.steps; ++t) {
    Steps h = result.hn;
    round_if(layer.tf32, h);
    Steps of_h = affine(batch, hidden, rows, h.data(), from_h, w.b_hh);
    for (i64 n = 0; n < batch; ++n) {
      if (!data.is_there(t, n)) continue;
      i64 step = t * batch + n;
      float* y = result.y.data() + step * hidden;
      cell_forward(layer, of_x.data() + step * rows, of_h.data() + n * rows,
                   result.hn.data() + n * hidden, result.cn.data() + n * hidden, y,
                   result.kept.data() + step * kept_values(layer));
      if (layer.dtype == Dtype::bf16) std::transform(y, y + hidden, y, as_bf16);
      std::copy_n(y, hidden, result.hn.begin() + n * hidden);
    }
  }
  return result;
}

Pass::Backward Pass::backward_data(const Steps& y, const Steps& dy, const Steps& dhn,
                                   const Steps& dcn, Steps& kept) const {
  i64 hidden = layer.hidden, rows = layer.gates() * hidden, batch = data.batch;
  LayerWeights w = weights;
  for (Steps* values : {&w.w_ih, &w.w_hh}) round_if(layer.tf32, *values);
  Backward result{{}, dhn, dcn};
  Steps of_x = array(data.steps * batch * rows);
  for (i64 t = data.steps - 1; t >= 0; --t) {
    for (i64 n = 0; n < batch; ++n) {
      if (!data.is_there(t, n)) continue;
      i64 step = t * batch + n;
      float *dh = result.dh0.data() + n * hidden, *dc = result.dc0.data() + n * hidden;
      for (i64 j = 0; j < hidden; ++j) dh[j] += dy[static_cast<std::size_t>(step * hidden + j)];
      float* here = kept.data() + step * kept_values(layer);
      const float* c_before =
          t == 0 ? c0.data() + n * hidden : here - batch * kept_values(layer) + rows;
      cell_backward(layer, h_before(t, n, y), c_before, dh, dc, here);
      std::copy_n(here, rows, of_x.begin() + step * rows);
      Steps of_h(here, here + rows);
      if (layer.mode == CUDNN_GRU) std::copy_n(here + rows, hidden, of_h.begin() + 2 * hidden);
      round_if(layer.tf32, of_h);
      Steps past_gates = affine(1, rows, hidden, of_h.data(), w.w_hh, {});
      for (i64 j = 0; j < hidden; ++j) dh[j] += past_gates[static_cast<std::size_t>(j)];
    }
  }
  round_if(layer.tf32, of_x);
  result.dx = affine(data.steps * batch, rows, layer.input, of_x.data(), w.w_ih, {});
  return result;
}

LayerWeights Pass::backward_weights(const Steps& x, const Steps& y,
                                    const Steps& gate_gradients) const {
  i64 hidden = layer.hidden, rows = layer.gates() * hidden, count = data.steps * data.batch;
  Steps of_x = array(count * rows), before = array(count * hidden);
  for (i64 step = 0; step < count; ++step) {
    i64 t = step / data.batch, n = step % data.batch;
    if (!data.is_there(t, n)) continue;
    std::copy_n(gate_gradients.begin() + step * kept_values(layer), rows,
                of_x.begin() + step * rows);
    std::copy_n(h_before(t, n, y), hidden, before.begin() + step * hidden);
  }
  Steps of_h = of_x;
  for (i64 step = 0; layer.mode == CUDNN_GRU && step < count; ++step) {
    if (!data.is_there(step / data.batch, step % data.batch)) continue;
    std::copy_n(gate_gradients.begin() + step * kept_values(layer) + rows, hidden,
                of_h.begin() + step * rows + 2 * hidden);
  }
  LayerWeights gradients(layer);
  gradients.b_ih = column_sums(of_x, rows);
  gradients.b_hh = column_sums(of_h, rows);
  Steps inputs = x;
  for (Steps* values : {&of_x, &of_h, &inputs, &before}) round_if(layer.tf32, *values);
  gradients.w_ih = outer_products(count, rows, layer.input, of_x, inputs);
  gradients.w_hh = outer_products(count, rows, hidden, of_h, before);
  return gradients;
}

}  // namespace melgrad::sim
