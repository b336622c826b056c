#pragma once
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/vector_math.h"
#include "kernels/shapes.h"

/// The recurrent cells' formulas for one sequence and one step. W = Compute<T>: sums and gates are f32
/// where x and h are bf16. Pointers and their shapes:
///
///   gates      (G)       in: W_ih x + b_ih; out: activated. Order as in PyTorch: i f g o; r z n
///   recurrent  (G)       W_hh h + b_hh
///   h_before, h (hidden) the state before and after
///   c_before, c (hidden) the LSTM's cell state
///   product    (hidden)  the GRU's W_hn h + b_hn, kept for backward
///
/// Backward gets dh, the gradient of h, and leaves in it what goes on to h_before, except through
/// W_hh: that part is W_hhᵀ · drecurrent.
namespace melgrad::rnn_cells {

using vector_math::sigmoid;
using vector_math::tanh;

// h' = tanh or relu(W_ih x + b_ih + W_hh h + b_hh)
template <class T, class W = Compute<T>>
void rnn_cell(bool relu, i64 hidden, const W* gates, const W* recurrent, T* h) {
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    W sum = gates[j] + recurrent[j];
    W value = relu ? (sum < W{} ? W{} : sum) : tanh(sum);
    store(h[j], value);
  }
}
template <class T, class W = Compute<T>>
void rnn_cell_backward(bool relu, i64 hidden, const T* h, W* dh, T* dgates) {
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    W value = static_cast<W>(h[j]);
    W slope = relu ? (value > W{} ? W{1} : W{}) : W{1} - value * value;
    store(dgates[j], dh[j] * slope);
    dh[j] = W{};
  }
}

// i, f, o = σ(·), g = tanh(·);  c' = f c + i g,  h' = o tanh(c')
template <class T, class W = Compute<T>>
void lstm_cell(i64 hidden, W* gates, const W* recurrent, const W* c_before, W* c, T* h) {
  W *i = gates, *f = i + hidden, *g = f + hidden, *o = g + hidden;
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    i[j] = sigmoid(i[j] + recurrent[j]);
    f[j] = sigmoid(f[j] + recurrent[hidden + j]);
    g[j] = tanh(g[j] + recurrent[2 * hidden + j]);
    o[j] = sigmoid(o[j] + recurrent[3 * hidden + j]);
    c[j] = f[j] * c_before[j] + i[j] * g[j];
    store(h[j], o[j] * tanh(c[j]));
  }
}
// dc: in the gradient of c', out that of c
template <class T, class W = Compute<T>>
void lstm_cell_backward(i64 hidden, const W* gates, const W* c_before, const W* c, W* dh, W* dc,
                        T* dgates) {
  const W *i = gates, *f = i + hidden, *g = f + hidden, *o = g + hidden;
  T *di = dgates, *df = di + hidden, *dg = df + hidden, *d_o = dg + hidden;
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    W tanh_c = tanh(c[j]);
    W dc_all = dc[j] + dh[j] * o[j] * (W{1} - tanh_c * tanh_c);
    store(di[j], dc_all * g[j] * i[j] * (W{1} - i[j]));
    store(df[j], dc_all * c_before[j] * f[j] * (W{1} - f[j]));
    store(dg[j], dc_all * i[j] * (W{1} - g[j] * g[j]));
    store(d_o[j], dh[j] * tanh_c * o[j] * (W{1} - o[j]));
    dc[j] = dc_all * f[j];
    dh[j] = W{};
  }
}

// r, z = σ(·), n = tanh(W_in x + b_in + r (W_hn h + b_hn));  h' = (1 − z) n + z h
template <class T, class W = Compute<T>>
void gru_cell(i64 hidden, W* gates, const W* recurrent, const T* h_before, W* product, T* h) {
  W *r = gates, *z = r + hidden, *n = z + hidden;
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    r[j] = sigmoid(r[j] + recurrent[j]);
    z[j] = sigmoid(z[j] + recurrent[hidden + j]);
    product[j] = recurrent[2 * hidden + j];
    n[j] = tanh(n[j] + r[j] * product[j]);
    store(h[j], (W{1} - z[j]) * n[j] + z[j] * static_cast<W>(h_before[j]));
  }
}
// dgates and drecurrent differ in n's part: drecurrent_n = r dgates_n
template <class T, class W = Compute<T>>
void gru_cell_backward(i64 hidden, const W* gates, const T* h_before, const W* product, W* dh,
                       T* dgates, T* drecurrent) {
  const W *r = gates, *z = r + hidden, *n = z + hidden;
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    W dn = dh[j] * (W{1} - z[j]) * (W{1} - n[j] * n[j]);
    W dz = dh[j] * (static_cast<W>(h_before[j]) - n[j]) * z[j] * (W{1} - z[j]);
    W dr = dn * product[j] * r[j] * (W{1} - r[j]);
    store(dgates[j], dr);
    store(dgates[hidden + j], dz);
    store(drecurrent[j], dr);
    store(drecurrent[hidden + j], dz);
    store(dgates[2 * hidden + j], dn);
    store(drecurrent[2 * hidden + j], dn * r[j]);
    dh[j] *= z[j];
  }
}

}  // namespace melgrad::rnn_cells
