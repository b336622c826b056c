#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

// Inputs in the order x, h0, (c0,) w_ih, w_hh, b_ih, b_hh; the LSTM has c0.
Forward run(RnnMode mode, bool reverse = false) {
  return [=](const Inputs& x) {
    bool lstm = mode == RnnMode::lstm;
    std::size_t w = lstm ? 3 : 2;
    RnnOutput out = rnn(mode, x[0], x[1], lstm ? x[2] : Variable(),
                        {x[w], x[w + 1], x[w + 2], x[w + 3]}, reverse);
    std::vector<Variable> results = {out.y, out.hn};
    if (lstm) results.push_back(out.cn);
    return results;
  };
}
// Inputs x, w_ih, w_hh: no biases, from zero.
Forward run_bare(RnnMode mode) {
  return [=](const Inputs& x) {
    return std::vector<Variable>{rnn(mode, x[0], {}, {}, {x[1], x[2], {}, {}}).y};
  };
}
std::vector<Input> inputs(RnnMode mode, i64 t, i64 n, i64 input, i64 hidden) {
  i64 g = gates(mode) * hidden;
  std::vector<Input> all = {uniform({t, n, input}), uniform({n, hidden})};
  if (mode == RnnMode::lstm) all.push_back(uniform({n, hidden}));
  for (const Shape& s : {Shape{g, input}, Shape{g, hidden}, Shape{g}, Shape{g}}) {
    all.push_back(uniform(s));
  }
  return all;
}
std::vector<Input> bare_inputs(RnnMode mode, i64 t, i64 n, i64 input, i64 hidden) {
  i64 g = gates(mode) * hidden;
  return {uniform({t, n, input}), uniform({g, input}), uniform({g, hidden})};
}

}  // namespace

Rows rnn_rows() {
  using enum RnnMode;
  auto constant_x = inputs(lstm, 3, 2, 4, 3);
  constant_x[0] = constant(constant_x[0]);
  Rows rows = {
      {"rnn/tanh", run(rnn_tanh), inputs(rnn_tanh, 4, 3, 5, 2)},
      {"rnn/tanh_reverse", run(rnn_tanh, true), inputs(rnn_tanh, 4, 3, 5, 2)},
      {"rnn/tanh_bare", run_bare(rnn_tanh), bare_inputs(rnn_tanh, 3, 2, 4, 3)},
      {"rnn/relu", run(rnn_relu), inputs(rnn_relu, 3, 2, 4, 3)},
      {"rnn/lstm", run(lstm), inputs(lstm, 4, 3, 5, 2), {.large = inputs(lstm, 8, 64, 1024, 128)}},
      {"rnn/lstm_reverse", run(lstm, true), inputs(lstm, 4, 3, 5, 2)},
      {"rnn/lstm_bare", run_bare(lstm), bare_inputs(lstm, 3, 2, 4, 3)},
      {"rnn/lstm_one_step", run(lstm), inputs(lstm, 1, 1, 1, 1)},
      {"rnn/lstm_constant_input", run(lstm), constant_x},
      {"rnn/lstm_wide", run(lstm), inputs(lstm, 3, 3, 19, 17), {.gradcheck = false, .f32 = 4e-6}},
      {"rnn/gru", run(gru), inputs(gru, 4, 3, 5, 2), {.large = inputs(gru, 8, 64, 1024, 128)}},
      {"rnn/gru_reverse", run(gru, true), inputs(gru, 4, 3, 5, 2)},
      {"rnn/gru_bare", run_bare(gru), bare_inputs(gru, 3, 2, 4, 3)},
      {"rnn/gru_wide", run(gru), inputs(gru, 3, 3, 19, 17), {.gradcheck = false, .f32 = 4e-6}},
      {"rnn_backward",
       op([](T x, T h0, T c0, T w_ih, T w_hh, T dy, T dcn) {
         RnnParameters parameters = {w_ih, w_hh, {}, {}};
         RnnResult forward = rnn(lstm, x, h0, c0, parameters, false, true);
         auto d = rnn_backward(lstm, x, h0, c0, parameters, false, forward, dy, {}, dcn);
         return std::vector<Tensor>{d.dx, d.dh0, d.dc0, d.d.w_ih, d.d.w_hh};
       }),
       {uniform({3, 2, 4}), uniform({2, 3}), uniform({2, 3}), uniform({12, 4}), uniform({12, 3}),
        uniform({3, 2, 3}), uniform({2, 3})},
       {.forward_only = true}},
  };
  // h and the gates' gradients are rounded to bf16 in each step: .032 was seen (lstm_wide).
  for (Case& row : rows) row.options.bf16 = .05;
  return rows;
}

}  // namespace melgrad::op_cases
