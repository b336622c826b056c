#include <cmath>

#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

// A recurrent layer, one unit j of one sequence n in one step after the other. Steps are counted in
// the order in which they are run: that of time or, in a reversed layer, its opposite. The weights
// are seen as w_ih (gates,hidden,input), w_hh (gates,hidden,hidden), b_ih and b_hh (gates,hidden).
namespace melgrad::reference {
namespace {

void give(const double* values, i64 n, void* wanted) {
  for (i64 i = 0; wanted && i < n; ++i) f64(wanted)[i] = values[i];
}

// --- one unit in one step ----------------------------------------------------------------------

// What enters the gates, in PyTorch's order: i f g o; r z n.
struct Sums {
  double in[4] = {};         // W_ih x + b_ih
  double recurrent[4] = {};  // W_hh h + b_hh
};
struct State {
  double h = 0, c = 0;
};

// rnn:  h' = tanh or relu(W_ih x + b_ih + W_hh h + b_hh)
// lstm: i,f,o = σ(·), g = tanh(·);  c' = f c + i g,  h' = o tanh(c')
// gru:  r,z = σ(·), n = tanh(W_in x + b_in + r (W_hn h + b_hn));  h' = (1 − z) n + z h
State advance(RnnMode mode, const Sums& u, const State& before) {
  auto sum = [&](int gate) { return u.in[gate] + u.recurrent[gate]; };
  if (mode == RnnMode::rnn_tanh) return {std::tanh(sum(0)), 0};
  if (mode == RnnMode::rnn_relu) return {sum(0) <= 0 ? 0 : sum(0), 0};
  if (mode == RnnMode::lstm) {
    double i = sigmoid(sum(0)), f = sigmoid(sum(1)), g = std::tanh(sum(2)), o = sigmoid(sum(3));
    double c = f * before.c + i * g;
    return {o * std::tanh(c), c};
  }
  double r = sigmoid(sum(0)), z = sigmoid(sum(1)), n = std::tanh(u.in[2] + r * u.recurrent[2]);
  return {(1 - z) * n + z * before.h, 0};
}

// d: the gradient of h', c' → that of h, c, the way through W_hh h aside. Returns that of the sums.
Sums advance_backward(RnnMode mode, const Sums& u, const State& before, State& d) {
  auto sum = [&](int gate) { return u.in[gate] + u.recurrent[gate]; };
  State after = advance(mode, u, before);
  if (mode == RnnMode::rnn_tanh || mode == RnnMode::rnn_relu) {
    bool tanh = mode == RnnMode::rnn_tanh;
    double du = d.h * (tanh ? 1 - after.h * after.h : after.h > 0 ? 1 : 0);
    d = {};
    return {{du}, {du}};
  }
  if (mode == RnnMode::lstm) {
    double i = sigmoid(sum(0)), f = sigmoid(sum(1)), g = std::tanh(sum(2)), o = sigmoid(sum(3));
    double tanh_c = std::tanh(after.c);
    double dc = d.c + d.h * o * (1 - tanh_c * tanh_c);
    double di = dc * g * i * (1 - i), df = dc * before.c * f * (1 - f);
    double dg = dc * i * (1 - g * g), do_ = d.h * tanh_c * o * (1 - o);
    d = {0, dc * f};
    return {{di, df, dg, do_}, {di, df, dg, do_}};
  }
  double r = sigmoid(sum(0)), z = sigmoid(sum(1)), n = std::tanh(u.in[2] + r * u.recurrent[2]);
  double dn = d.h * (1 - z) * (1 - n * n), dz = d.h * (before.h - n) * z * (1 - z);
  double dr = dn * u.recurrent[2] * r * (1 - r);
  d = {d.h * z, 0};
  return {{dr, dz, dn}, {dr, dz, dn * r}};
}

// --- all steps ---------------------------------------------------------------------------------

i64 time_of(const RnnShape& s, i64 step) { return s.reverse ? s.t - 1 - step : step; }

struct Steps {
  OwnArray<Sums, 3> sums;    // (t,n,hidden)
  OwnArray<double, 3> h, c;  // (t + 1,n,hidden): before the first step and after each
};

Steps run(const RnnShape& s, const RnnWeights& weights, const double* x_, const double* h0,
          const double* c0) {
  Steps all = {zeros<Sums>(s.t, s.n, s.hidden), zeros(s.t + 1, s.n, s.hidden),
               zeros(s.t + 1, s.n, s.hidden)};
  if (h0) give(h0, s.n * s.hidden, all.h.data());
  if (c0) give(c0, s.n * s.hidden, all.c.data());
  Array x(x_, s.t, s.n, s.input);
  Array w_ih(f64(weights.w_ih), gates(s.mode), s.hidden, s.input);
  Array w_hh(f64(weights.w_hh), gates(s.mode), s.hidden, s.hidden);
  const double *b_ih = f64(weights.b_ih), *b_hh = f64(weights.b_hh);

  for (auto [step, n, j] : indices(s.t, s.n, s.hidden)) {
    Sums u;
    for (i64 k = 0; k < gates(s.mode); ++k) {
      double in = b_ih ? b_ih[k * s.hidden + j] : 0, recurrent = b_hh ? b_hh[k * s.hidden + j] : 0;
      for (i64 i = 0; i < s.input; ++i) in += w_ih(k, j, i) * x(time_of(s, step), n, i);
      for (i64 l = 0; l < s.hidden; ++l) recurrent += w_hh(k, j, l) * all.h(step, n, l);
      u.in[k] = in;
      u.recurrent[k] = recurrent;
    }
    State after = advance(s.mode, u, {all.h(step, n, j), all.c(step, n, j)});
    all.sums(step, n, j) = u;
    all.h(step + 1, n, j) = after.h;
    all.c(step + 1, n, j) = after.c;
  }
  return all;
}

}  // namespace

void rnn(const RnnShape& s, const RnnWeights& weights, const double* x, const double* h0,
         const double* c0, double* y_, double* hn, double* cn) {
  Steps all = run(s, weights, x, h0, c0);
  Array y(y_, s.t, s.n, s.hidden);
  for (auto [step, n, j] : indices(s.t, s.n, s.hidden))
    y(time_of(s, step), n, j) = all.h(step + 1, n, j);
  i64 values = s.n * s.hidden;
  give(all.h.data() + s.t * values, values, hn);
  if (s.mode == RnnMode::lstm) give(all.c.data() + s.t * values, values, cn);
}

// Through the steps backwards: dh and dc are the gradients of h(step + 1) and c(step + 1).
void rnn_backward(const RnnShape& s, const RnnWeights& weights, const double* x_, const double* h0,
                  const double* c0, const double* dy_, const double* dhn, const double* dcn,
                  const RnnGradients& wanted) {
  i64 g = gates(s.mode), hidden = s.hidden;
  Steps all = run(s, weights, x_, h0, c0);
  Array x(x_, s.t, s.n, s.input);
  Array dy(dy_, s.t, s.n, hidden);
  Array w_ih(f64(weights.w_ih), g, hidden, s.input);
  Array w_hh(f64(weights.w_hh), g, hidden, hidden);
  auto dx = zeros(s.t, s.n, s.input);
  auto dh = zeros(s.n, hidden);
  auto dc = zeros(s.n, hidden);
  auto dw_ih = zeros(g, hidden, s.input);
  auto dw_hh = zeros(g, hidden, hidden);
  auto db_ih = zeros(g, hidden);
  auto db_hh = zeros(g, hidden);
  if (dhn) give(dhn, dh.size(), dh.data());
  if (dcn) give(dcn, dc.size(), dc.data());

  for (i64 step = s.t - 1; step >= 0; --step) {
    i64 t = time_of(s, step);
    auto dh_before = zeros(s.n, hidden);
    for (auto [n, j] : indices(s.n, hidden)) {
      State d = {dh(n, j) + (dy_ ? dy(t, n, j) : 0), dc(n, j)};
      State before = {all.h(step, n, j), all.c(step, n, j)};
      Sums du = advance_backward(s.mode, all.sums(step, n, j), before, d);
      dh_before(n, j) += d.h;
      dc(n, j) = d.c;
      for (i64 k = 0; k < g; ++k) {
        db_ih(k, j) += du.in[k];
        db_hh(k, j) += du.recurrent[k];
        for (i64 i = 0; i < s.input; ++i) dx(t, n, i) += du.in[k] * w_ih(k, j, i);
        for (i64 i = 0; i < s.input; ++i) dw_ih(k, j, i) += du.in[k] * x(t, n, i);
        for (i64 l = 0; l < hidden; ++l) dh_before(n, l) += du.recurrent[k] * w_hh(k, j, l);
        for (i64 l = 0; l < hidden; ++l) dw_hh(k, j, l) += du.recurrent[k] * all.h(step, n, l);
      }
    }
    dh = std::move(dh_before);
  }
  auto give_all = [](const auto& values, void* to) { give(values.data(), values.size(), to); };
  give_all(dx, wanted.dx);
  give_all(dh, wanted.dh0);
  give_all(dc, wanted.dc0);
  give_all(dw_ih, wanted.dw_ih);
  give_all(dw_hh, wanted.dw_hh);
  give_all(db_ih, wanted.db_ih);
  give_all(db_hh, wanted.db_hh);
}

}  // namespace melgrad::reference
