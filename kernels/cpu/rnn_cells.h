#pragma once
#include "kernels/cpu/loops/floating.h"
#include "kernels/cpu/loops/vector_math.h"
#include "kernels/shapes.h"

/// The recurrent cells' formulas for one sequence and one step: sums and gates are f32
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
template <class T>
void rnn_cell(bool relu, i64 hidden, const float* gates, const float* recurrent, T* h) {
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    float sum = gates[j] + recurrent[j];
    float value = relu ? (sum < 0.0f ? 0.0f : sum) : tanh(sum);
    store(h[j], value);
  }
}
template <class T>
void rnn_cell_backward(bool relu, i64 hidden, const T* h, float* dh, T* dgates) {
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    float value = static_cast<float>(h[j]);
    float slope = relu ? (value > 0.0f ? 1.0f : 0.0f) : 1.0f - value * value;
    store(dgates[j], dh[j] * slope);
    dh[j] = 0.0f;
  }
}

// i, f, o = σ(·), g = tanh(·);  c' = f c + i g,  h' = o tanh(c')
template <class T>
void lstm_cell(i64 hidden, float* gates, const float* recurrent, const float* c_before, float* c,
               T* h) {
  float *i = gates, *f = i + hidden, *g = f + hidden, *o = g + hidden;
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
template <class T>
void lstm_cell_backward(i64 hidden, const float* gates, const float* c_before, const float* c,
                        float* dh, float* dc, T* dgates) {
  const float *i = gates, *f = i + hidden, *g = f + hidden, *o = g + hidden;
  T *di = dgates, *df = di + hidden, *dg = df + hidden, *d_o = dg + hidden;
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    float tanh_c = tanh(c[j]);
    float dc_all = dc[j] + dh[j] * o[j] * (1.0f - tanh_c * tanh_c);
    store(di[j], dc_all * g[j] * i[j] * (1.0f - i[j]));
    store(df[j], dc_all * c_before[j] * f[j] * (1.0f - f[j]));
    store(dg[j], dc_all * i[j] * (1.0f - g[j] * g[j]));
    store(d_o[j], dh[j] * tanh_c * o[j] * (1.0f - o[j]));
    dc[j] = dc_all * f[j];
    dh[j] = 0.0f;
  }
}

// r, z = σ(·), n = tanh(W_in x + b_in + r (W_hn h + b_hn));  h' = (1 − z) n + z h
template <class T>
void gru_cell(i64 hidden, float* gates, const float* recurrent, const T* h_before, float* product,
              T* h) {
  float *r = gates, *z = r + hidden, *n = z + hidden;
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    r[j] = sigmoid(r[j] + recurrent[j]);
    z[j] = sigmoid(z[j] + recurrent[hidden + j]);
    product[j] = recurrent[2 * hidden + j];
    n[j] = tanh(n[j] + r[j] * product[j]);
    store(h[j], (1.0f - z[j]) * n[j] + z[j] * static_cast<float>(h_before[j]));
  }
}
// dgates and drecurrent differ in n's part: drecurrent_n = r dgates_n
template <class T>
void gru_cell_backward(i64 hidden, const float* gates, const T* h_before, const float* product,
                       float* dh, T* dgates, T* drecurrent) {
  const float *r = gates, *z = r + hidden, *n = z + hidden;
#pragma omp simd
  for (i64 j = 0; j < hidden; ++j) {
    float dn = dh[j] * (1.0f - z[j]) * (1.0f - n[j] * n[j]);
    float dz = dh[j] * (static_cast<float>(h_before[j]) - n[j]) * z[j] * (1.0f - z[j]);
    float dr = dn * product[j] * r[j] * (1.0f - r[j]);
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
