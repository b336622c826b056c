#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// How one layer and direction draws its parameters.
using RnnInit = void (*)(RnnMode mode, RnnVariables& parameters, Generator& generator);
namespace init {
/// PyTorch's default: all U(−1/√hidden, 1/√hidden).
void pytorch_rnn(RnnMode mode, RnnVariables& parameters, Generator& generator);
/// Keras's default: glorot_uniform input weights, orthogonal recurrent ones, biases 0, but 1 for an
/// LSTM's forget gate.
void keras_rnn(RnnMode mode, RnnVariables& parameters, Generator& generator);
}  // namespace init

struct RnnSettings {
  i64 layers = 1;
  bool bidirectional = false;
  bool batch_first = false;  // x and output (N, T, ·) instead of (T, N, ·)
  double dropout = 0;        // between layers, in training
  bool bias = true;
  RnnInit init = init::pytorch_rnn;
};

/// D = 2 if bidirectional, else 1.
struct RnnStates {
  Variable output;  // (T, N, D·hidden): the last layer's states, or batch first
  Variable h_n,
      c_n;  // (layers·D, N, hidden): the last state of each layer and direction; c_n: LSTM
};

/// Layers of a recurrent net, with PyTorch's parameter names (weight_ih_l0, weight_hh_l1_reverse …)
/// and gate order. kernels/backend.h, `rnn`, has the formulas.
class Recurrent : public Module {
 public:
  /// The output of run() from zero states.
  Variable forward(const Variable& x) override { return run(x).output; }
  /// x (T, N, input) or, batch first, (N, T, input)  h0, c0 (layers·D, N, hidden), undefined for 0
  RnnStates run(const Variable& x, const Variable& h0 = {}, const Variable& c0 = {});
  std::string details() const override;
  i64 multiply_adds(const Shape& input, const Shape& output) const override;

 protected:
  Recurrent(RnnMode mode, i64 input, i64 hidden, const RnnSettings& settings);
  void reset_parameters(Generator& generator) override;

 private:
  RnnMode mode_;
  i64 input_, hidden_;
  RnnSettings settings_;
  i64 directions_;
  // One a layer and direction. Not resized after construction: the variables are registered by
  // address.
  std::vector<RnnVariables> weights_;
};

class RNN final : public Recurrent {
 public:
  RNN(i64 input, i64 hidden, const RnnSettings& settings = {}, RnnMode mode = RnnMode::rnn_tanh);
  std::string type() const override { return "RNN"; }
};

class LSTM final : public Recurrent {
 public:
  LSTM(i64 input, i64 hidden, const RnnSettings& settings = {})
      : Recurrent(RnnMode::lstm, input, hidden, settings) {}
  std::string type() const override { return "LSTM"; }
};

class GRU final : public Recurrent {
 public:
  GRU(i64 input, i64 hidden, const RnnSettings& settings = {})
      : Recurrent(RnnMode::gru, input, hidden, settings) {}
  std::string type() const override { return "GRU"; }
};

}  // namespace melgrad
