#include <algorithm>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/fast/onednn.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/cpu/loops/simd.h"
#include "kernels/cpu/rnn_cells.h"
#include "kernels/reference/reference.h"
#include "kernels/scratch_array.h"

// The products with W_ih do not depend on the state: they are one matmul over all steps, in forward
// and in backward. Only W_hh's wait for the step before. What the cells themselves do is in
// rnn_cells.h.
namespace melgrad {
namespace {

// y (m,n) = a (m,k) · wᵀ + bias with w (n,k)
MatmulShape times_transposed(i64 m, i64 n, i64 k) {
  return {.m = m, .n = n, .k = k, .a_row = k, .a_col = 1, .b_row = 1, .b_col = k};
}
// y (m,n) = a (m,k) · w with w (k,n)
MatmulShape times(i64 m, i64 n, i64 k) {
  return {.m = m, .n = n, .k = k, .a_row = k, .a_col = 1, .b_row = n, .b_col = 1};
}
// y (m,n) = aᵀ · w with a (k,m) and w (k,n)
MatmulShape transposed_times(i64 m, i64 n, i64 k) {
  return {.m = m, .n = n, .k = k, .a_row = 1, .a_col = m, .b_row = n, .b_col = 1};
}

// An initial state or gradient: zeros where the caller gave none.
template <class T, class W>
void copy_or_zero(const T* source, i64 count, W* target) {
  for (i64 i = 0; i < count; ++i) target[i] = source ? static_cast<W>(source[i]) : W{};
}

// matmul with its result in f32 for bf16.
template <class T>
void matmul_in_f32(Backend& backend, const MatmulShape& s, const T* a, const void* w,
                   const void* bias, float* y) {
  if (std::is_same_v<T, bf16> && s.batch * s.m * s.n * s.k > 0)
    onednn::matmul(backend, s, Dtype::bf16, Dtype::f32, a, w, bias, y);
  else
    backend.matmul(s, dtype_of<T>, a, w, bias, y);
}

// What forward keeps for backward besides h, in steps of the order in which they were run.
struct Reserve {
  float* gates;  // (t,n,G), activated
  float* state;  // (t,n,hidden): the LSTM's c, the GRU's W_hn h + b_hn
};
i64 reserve_values(const RnnShape& s) { return s.t * s.n * (gates(s.mode) + 1) * s.hidden; }
Reserve split_reserve(const RnnShape& s, void* reserve) {
  float* values = static_cast<float*>(reserve);
  return {values, values + s.t * s.n * gates(s.mode) * s.hidden};
}

// The step's place in x and y.
i64 time_of(const RnnShape& s, i64 step) { return s.reverse ? s.t - 1 - step : step; }

// One step's places in the arrays.
template <class T>
struct Step {
  float *gates, *state;               // in the reserve
  const float *recurrent, *c_before;  // W_hh h + b_hh; c0 or the state of the step before
  const T* h_before;
  T* h;
};

template <class T>
MELGRAD_SIMD void run_cells(const RnnShape& s, const Step<T>& step) {
  i64 all_gates = gates(s.mode) * s.hidden;
#pragma omp parallel for schedule(static) if (many_elements(4 * s.n * all_gates))
  for (i64 n = 0; n < s.n; ++n) {
    auto* gates_n = step.gates + n * all_gates;
    const auto* recurrent_n = step.recurrent + n * all_gates;
    i64 at = n * s.hidden;
    switch (s.mode) {
      case RnnMode::rnn_tanh:
      case RnnMode::rnn_relu:
        rnn_cells::rnn_cell(s.mode == RnnMode::rnn_relu, s.hidden, gates_n, recurrent_n,
                            step.h + at);
        break;
      case RnnMode::lstm:
        rnn_cells::lstm_cell(s.hidden, gates_n, recurrent_n, step.c_before + at, step.state + at,
                             step.h + at);
        break;
      case RnnMode::gru:
        rnn_cells::gru_cell(s.hidden, gates_n, recurrent_n, step.h_before + at, step.state + at,
                            step.h + at);
        break;
    }
  }
}

template <class T>
struct BackwardStep {
  const float *gates, *state, *c_before;
  const T *h_before, *h, *dy;
  float *dh, *dc;
  T *dgates, *drecurrent;
};

template <class T>
MELGRAD_SIMD void run_cells_backward(const RnnShape& s, const BackwardStep<T>& step) {
  i64 all_gates = gates(s.mode) * s.hidden;
#pragma omp parallel for schedule(static) if (many_elements(4 * s.n * all_gates))
  for (i64 n = 0; n < s.n; ++n) {
    i64 at = n * s.hidden, gates_at = n * all_gates;
    const float *gates_n = step.gates + gates_at, *state = step.state + at;
    float* dh = step.dh + at;
    T *dgates = step.dgates + gates_at, *drecurrent = step.drecurrent + gates_at;
    if (step.dy)
      for (i64 j = 0; j < s.hidden; ++j) dh[j] += static_cast<float>(step.dy[at + j]);
    switch (s.mode) {
      case RnnMode::rnn_tanh:
      case RnnMode::rnn_relu:
        rnn_cells::rnn_cell_backward(s.mode == RnnMode::rnn_relu, s.hidden, step.h + at, dh,
                                     dgates);
        break;
      case RnnMode::lstm:
        rnn_cells::lstm_cell_backward(s.hidden, gates_n, step.c_before + at, state, dh,
                                      step.dc + at, dgates);
        break;
      case RnnMode::gru:
        rnn_cells::gru_cell_backward(s.hidden, gates_n, step.h_before + at, state, dh, dgates,
                                     drecurrent);
        break;
    }
  }
}

template <class T>
void forward(Backend& backend, const RnnShape& s, const RnnWeights& weights, const T* x,
             const T* h0, const T* c0, T* y, T* hn, T* cn, void* reserve) {
  i64 all_gates = gates(s.mode) * s.hidden, values = s.n * s.hidden;
  ScratchArray<float> own_reserve(backend, reserve ? 0 : reserve_values(s));
  auto kept = split_reserve(s, reserve ? reserve : own_reserve.data());
  ScratchArray<float> recurrent(backend, s.n * all_gates), c_first(backend, values);
  ScratchArray<T> h_first(backend, values);
  copy_or_zero(h0, values, h_first.data());
  copy_or_zero(c0, values, c_first.data());

  matmul_in_f32(backend, times_transposed(s.t * s.n, all_gates, s.input), x, weights.w_ih,
                weights.b_ih, kept.gates);
  const T* h_before = h_first.data();
  const float* c_before = c_first.data();
  for (i64 step = 0; step < s.t; ++step) {
    matmul_in_f32(backend, times_transposed(s.n, all_gates, s.hidden), h_before, weights.w_hh,
                  weights.b_hh, recurrent.data());
    i64 at = time_of(s, step) * values;
    float* state = kept.state + at;
    run_cells<T>(s, {.gates = kept.gates + at * gates(s.mode),
                     .state = state,
                     .recurrent = recurrent.data(),
                     .c_before = c_before,
                     .h_before = h_before,
                     .h = y + at});
    h_before = y + at;
    if (s.mode == RnnMode::lstm) c_before = state;
  }
  copy_or_zero(h_before, values, hn);
  if (s.mode == RnnMode::lstm && cn) copy_or_zero(c_before, values, cn);
}

template <class T>
void backward(Backend& backend, const RnnShape& s, const RnnWeights& weights, const T* x,
              const T* h0, const T* c0, const T* y, void* reserve, const T* dy, const T* dhn,
              const T* dcn, const RnnGradients& d) {
  i64 all_gates = gates(s.mode) * s.hidden, values = s.n * s.hidden;
  auto kept = split_reserve(s, reserve);
  ScratchArray<float> dh(backend, values), dc(backend, values), dh_recurrent(backend, values);
  copy_or_zero(dhn, values, dh.data());
  copy_or_zero(dcn, values, dc.data());
  ScratchArray<float> c_first(backend, values);
  copy_or_zero(c0, values, c_first.data());

  // The state before each step: y moved by one step, with h0 in front.
  ScratchArray<T> h_before(backend, s.t * values);
  for (i64 step = 0; step < s.t; ++step)
    copy_or_zero(step == 0 ? h0 : y + time_of(s, step - 1) * values, values,
                 h_before.data() + time_of(s, step) * values);

  // Gradients of W_ih x + b_ih and, where the reset gate makes it another one, of W_hh h + b_hh.
  bool is_gru = s.mode == RnnMode::gru;
  ScratchArray<T> dgates(backend, s.t * s.n * all_gates);
  ScratchArray<T> own_drecurrent(backend, is_gru ? s.t * s.n * all_gates : 0);
  T* drecurrent = is_gru ? own_drecurrent.data() : dgates.data();

  for (i64 step = s.t - 1; step >= 0; --step) {
    i64 at = time_of(s, step) * values, gates_at = at * gates(s.mode);
    const float* c_before = step == 0 ? c_first.data() : kept.state + time_of(s, step - 1) * values;
    run_cells_backward<T>(s, {.gates = kept.gates + gates_at,
                              .state = kept.state + at,
                              .c_before = c_before,
                              .h_before = h_before.data() + at,
                              .h = y + at,
                              .dy = dy ? dy + at : nullptr,
                              .dh = dh.data(),
                              .dc = dc.data(),
                              .dgates = dgates.data() + gates_at,
                              .drecurrent = drecurrent + gates_at});
    matmul_in_f32(backend, times(s.n, s.hidden, all_gates), drecurrent + gates_at, weights.w_hh,
                  nullptr, dh_recurrent.data());
    for (i64 i = 0; i < values; ++i) dh[i] += dh_recurrent[i];
  }

  i64 steps = s.t * s.n;
  auto multiply = [&](const MatmulShape& shape, const T* a, const void* w, void* result) {
    if (result) backend.matmul(shape, dtype_of<T>, a, w, nullptr, result);
  };
  multiply(times(steps, s.input, all_gates), dgates.data(), weights.w_ih, d.dx);
  multiply(transposed_times(all_gates, s.input, steps), dgates.data(), x, d.dw_ih);
  multiply(transposed_times(all_gates, s.hidden, steps), drecurrent, h_before.data(), d.dw_hh);
  ReduceShape rows = {.outer = 1, .length = steps, .inner = all_gates};
  if (d.db_ih) backend.reduce(ReduceOp::sum, dtype_of<T>, rows, dgates.data(), d.db_ih);
  if (d.db_hh) backend.reduce(ReduceOp::sum, dtype_of<T>, rows, drecurrent, d.db_hh);
  if (d.dh0) copy_or_zero(dh.data(), values, static_cast<T*>(d.dh0));
  if (d.dc0) copy_or_zero(dc.data(), values, static_cast<T*>(d.dc0));
}

}  // namespace

std::size_t CpuBackend::rnn_reserve_bytes(const RnnShape& s, Dtype dtype) {
  if (dtype == Dtype::f64) return 0;  // the reference path goes through the steps again
  return static_cast<std::size_t>(reserve_values(s)) * sizeof(float);
}

void CpuBackend::rnn(const RnnShape& s, Dtype dtype, const RnnWeights& weights, const void* x,
                     const void* h0, const void* c0, void* y, void* hn, void* cn, void* reserve) {
  if (dtype == Dtype::f64)
    return reference::rnn(s, weights, f64(x), f64(h0), f64(c0), f64(y), f64(hn), f64(cn));
  dispatch_floating("rnn", dtype, [&](auto zero) {
    using T = decltype(zero);
    forward(*this, s, weights, static_cast<const T*>(x), static_cast<const T*>(h0),
            static_cast<const T*>(c0), static_cast<T*>(y), static_cast<T*>(hn), static_cast<T*>(cn),
            reserve);
  });
}

void CpuBackend::rnn_backward(const RnnShape& s, Dtype dtype, const RnnWeights& weights,
                              const void* x, const void* h0, const void* c0, const void* y,
                              void* reserve, const void* dy, const void* dhn, const void* dcn,
                              const RnnGradients& gradients) {
  if (dtype == Dtype::f64)
    return reference::rnn_backward(s, weights, f64(x), f64(h0), f64(c0), f64(dy), f64(dhn),
                                   f64(dcn), gradients);
  dispatch_floating("rnn_backward", dtype, [&](auto zero) {
    using T = decltype(zero);
    backward(*this, s, weights, static_cast<const T*>(x), static_cast<const T*>(h0),
             static_cast<const T*>(c0), static_cast<const T*>(y), reserve,
             static_cast<const T*>(dy), static_cast<const T*>(dhn), static_cast<const T*>(dcn),
             gradients);
  });
}

}  // namespace melgrad
