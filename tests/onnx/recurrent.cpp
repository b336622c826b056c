#include "tensor/ops.h"
#include "tests/onnx/operators.h"

namespace melgrad::onnx {
namespace {

// The blocks of rows (G·hidden, …) in another order: ONNX's gates are i o f c and z r h, ours
// i f g o and r z n.
Tensor reorder_gates(RnnMode mode, const Tensor& w) {
  std::vector<i64> order = {0};
  if (mode == RnnMode::lstm) order = {0, 2, 3, 1};
  if (mode == RnnMode::gru) order = {1, 0, 2};
  i64 hidden = w.dim(0) / static_cast<i64>(order.size());
  std::vector<Tensor> blocks;
  blocks.reserve(order.size());
  for (i64 gate : order) blocks.push_back(w.slice(0, gate * hidden, (gate + 1) * hidden));
  return cat(blocks, 0);
}

RnnMode mode_of(const Node& node) {
  if (node.op == "LSTM") return RnnMode::lstm;
  if (node.op == "RNN") return RnnMode::rnn_tanh;
  need(node.integer("linear_before_reset", 0) != 0, "a GRU that resets before its product");
  return RnnMode::gru;
}

// Direction d of a state (directions, N, hidden), or nothing.
Tensor of_direction(const Tensor& state, i64 d) {
  return state.defined() ? state.select(0, d) : Tensor();
}

}  // namespace

// Inputs X, W, R, B, sequence_lens, initial_h, initial_c, P;  outputs Y (T, directions, N, hidden),
// Y_h and Y_c (directions, N, hidden). With layout 1 the batch comes first everywhere.
Inputs recurrent(const Node& node, const Inputs& inputs) {
  RnnMode mode = mode_of(node);
  need(!node.has("activations") && !node.has("clip"), "other activations");
  need(!input(inputs, 4).defined(), "sequences of different lengths");
  need(!input(inputs, 7).defined(), "peepholes");
  bool batch_first = node.integer("layout", 0) != 0;
  auto turn = [&](const Tensor& x) { return batch_first && x.defined() ? x.transpose(0, 1) : x; };
  Tensor x = turn(inputs.at(0)), h0 = turn(input(inputs, 5)), c0 = turn(input(inputs, 6));
  std::string direction = node.text("direction", "forward");
  i64 directions = inputs.at(1).dim(0);

  std::vector<Tensor> y, hn, cn;
  for (i64 d = 0; d < directions; ++d) {
    RnnParameters p;
    p.w_ih = reorder_gates(mode, inputs.at(1).select(0, d));
    p.w_hh = reorder_gates(mode, inputs.at(2).select(0, d));
    if (Tensor b = of_direction(input(inputs, 3), d); b.defined()) {
      i64 half = b.dim(0) / 2;
      p.b_ih = reorder_gates(mode, b.slice(0, 0, half));
      p.b_hh = reorder_gates(mode, b.slice(0, half, 2 * half));
    }
    bool reverse = d == 1 || direction == "reverse";
    RnnResult r = rnn(mode, x, of_direction(h0, d), of_direction(c0, d), p, reverse, false);
    y.push_back(r.y);
    hn.push_back(r.hn);
    if (r.cn.defined()) cn.push_back(r.cn);
  }
  Tensor all = stack(y, 1);
  std::vector<Tensor> outputs = {batch_first ? all.permute({2, 0, 1, 3}) : all, turn(stack(hn, 0))};
  if (!cn.empty()) outputs.push_back(turn(stack(cn, 0)));
  return outputs;
}

}  // namespace melgrad::onnx
