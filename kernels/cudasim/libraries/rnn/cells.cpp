#include "kernels/cudasim/libraries/rnn/cells.h"

#include <cmath>

namespace melgrad::sim {
namespace {

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

void lstm_forward(i64 n, const float* x, const float* h, float* c, float* h_next, float* kept) {
  for (i64 j = 0; j < n; ++j) {
    float i = sigmoid(x[j] + h[j]), f = sigmoid(x[n + j] + h[n + j]),
          g = std::tanh(x[2 * n + j] + h[2 * n + j]), o = sigmoid(x[3 * n + j] + h[3 * n + j]);
    c[j] = f * c[j] + i * g;
    h_next[j] = o * std::tanh(c[j]);
    const float values[] = {i, f, g, o, c[j]};
    for (i64 k = 0; k < 5; ++k) kept[k * n + j] = values[k];
  }
}

void lstm_backward(i64 n, const float* c_before, float* dh, float* dc, float* kept) {
  for (i64 j = 0; j < n; ++j) {
    float i = kept[j], f = kept[n + j], g = kept[2 * n + j], o = kept[3 * n + j],
          t = std::tanh(kept[4 * n + j]);
    float d = dc[j] + dh[j] * o * (1 - t * t);
    kept[j] = d * g * i * (1 - i);
    kept[n + j] = d * c_before[j] * f * (1 - f);
    kept[2 * n + j] = d * i * (1 - g * g);
    kept[3 * n + j] = dh[j] * t * o * (1 - o);
    dc[j] = d * f;
    dh[j] = 0;
  }
}

void gru_forward(i64 n, const float* x, const float* of_h, const float* h, float* h_next,
                 float* kept) {
  for (i64 j = 0; j < n; ++j) {
    float r = sigmoid(x[j] + of_h[j]), z = sigmoid(x[n + j] + of_h[n + j]);
    float m = std::tanh(x[2 * n + j] + r * of_h[2 * n + j]);
    h_next[j] = (1 - z) * m + z * h[j];
    const float values[] = {r, z, m, of_h[2 * n + j]};
    for (i64 k = 0; k < 4; ++k) kept[k * n + j] = values[k];
  }
}

void gru_backward(i64 n, const float* h, float* dh, float* kept) {
  for (i64 j = 0; j < n; ++j) {
    float r = kept[j], z = kept[n + j], m = kept[2 * n + j], of_h = kept[3 * n + j];
    float dm = dh[j] * (1 - z) * (1 - m * m);
    kept[j] = dm * of_h * r * (1 - r);
    kept[n + j] = dh[j] * (h[j] - m) * z * (1 - z);
    kept[2 * n + j] = dm;
    kept[3 * n + j] = dm * r;
    dh[j] *= z;
  }
}

}  // namespace

void cell_forward(const cudnnRNNStruct& layer, const float* of_x, const float* of_h, const float* h,
                  float* c, float* h_next, float* kept) {
  i64 n = layer.hidden;
  if (layer.mode == CUDNN_LSTM) return lstm_forward(n, of_x, of_h, c, h_next, kept);
  if (layer.mode == CUDNN_GRU) return gru_forward(n, of_x, of_h, h, h_next, kept);
  for (i64 j = 0; j < n; ++j) {
    float sum = of_x[j] + of_h[j];
    h_next[j] = layer.mode == CUDNN_RNN_TANH ? std::tanh(sum) : sum < 0 ? 0 : sum;
    kept[j] = kept[n + j] = h_next[j];
  }
}

void cell_backward(const cudnnRNNStruct& layer, const float* h, const float* c, float* dh,
                   float* dc, float* kept) {
  i64 n = layer.hidden;
  if (layer.mode == CUDNN_LSTM) return lstm_backward(n, c, dh, dc, kept);
  if (layer.mode == CUDNN_GRU) return gru_backward(n, h, dh, kept);
  for (i64 j = 0; j < n; ++j) {
    float slope = layer.mode == CUDNN_RNN_TANH ? 1 - kept[j] * kept[j] : kept[j] > 0 ? 1.0F : 0.0F;
    kept[j] = dh[j] * slope;
    dh[j] = 0;
  }
}

}  // namespace melgrad::sim
