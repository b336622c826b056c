#include "autograd/autocast.h"
#include "autograd/function.h"
#include "autograd/functions.h"

namespace melgrad {
namespace {

// tanh or relu:  h' = f(W_ih x + b_ih + W_hh h + b_hh)
// lstm:          i, f, o = σ(·), g = tanh(·);  c' = f c + i g,  h' = o tanh(c')
// gru:           r, z = σ(·), n = tanh(W_in x + b_in + r (W_hn h + b_hn));  h' = (1 − z) n + z h
// y holds every h', hn and cn the last; backward runs through time from dy, dhn and dcn, each of
// which may be absent.
struct Rnn final : Function {
  RnnMode mode;
  bool reverse;
  Saved x, h0, c0, w_ih, w_hh, b_ih, b_hh, y, hn, cn, reserve;
  Rnn(RnnMode kind, bool backwards) : mode(kind), reverse(backwards) {}
  std::string_view name() const override {
    return mode == RnnMode::lstm ? "lstm" : mode == RnnMode::gru ? "gru" : "rnn";
  }
  std::vector<Saved*> saved() override {
    return {&x, &h0, &c0, &w_ih, &w_hh, &b_ih, &b_hh, &y, &hn, &cn, &reserve};
  }

  std::vector<Tensor> forward(const Tensor& input, const Tensor& h, const Tensor& c,
                              const Tensor& weight_ih, const Tensor& weight_hh,
                              const Tensor& bias_ih, const Tensor& bias_hh) {
    RnnResult result =
        rnn(mode, input, h, c, {weight_ih, weight_hh, bias_ih, bias_hh}, reverse, needs_any());
    if (needs_any()) {
      x = input, h0 = h, c0 = c;
      w_ih = weight_ih, w_hh = weight_hh, b_ih = bias_ih, b_hh = bias_hh;
      y = result.y, hn = result.hn, cn = result.cn, reserve = result.reserve;
    }
    return {result.y, result.hn, result.cn};
  }

  Gradients backward(const Gradients& dy) override {
    RnnWanted wanted = {.dx = needs(0),
                        .dh0 = needs(1),
                        .dc0 = needs(2),
                        .weights = needs(3) || needs(4) || needs(5) || needs(6)};
    Tensor kept = is_retained() ? reserve.get().clone() : reserve;
    RnnBackwardResult d = rnn_backward(mode, x, h0, c0, {w_ih, w_hh, b_ih, b_hh}, reverse,
                                       {y, hn, cn, kept}, dy[0], dy[1], dy[2], wanted);
    return {d.dx, d.dh0, d.dc0, d.d.w_ih, d.d.w_hh, d.d.b_ih, d.d.b_hh};
  }
};

}  // namespace

RnnOutput rnn(RnnMode mode, const Variable& x, const Variable& h0, const Variable& c0,
              const RnnVariables& parameters, bool reverse) {
  std::vector<Variable> outputs =
      apply(Rnn(mode, reverse), lowered(x), lowered(h0), lowered(c0), lowered(parameters.w_ih),
            lowered(parameters.w_hh), lowered(parameters.b_ih), lowered(parameters.b_hh));
  return {outputs[0], outputs[1], outputs[2]};
}

}  // namespace melgrad
