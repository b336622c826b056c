#include "layers/rnn.h"

#include <cmath>

#include "layers/init.h"

namespace melgrad {

Recurrent::Recurrent(RnnMode mode, i64 input, i64 hidden, const RnnSettings& settings)
    : mode_(mode),
      input_(input),
      hidden_(hidden),
      settings_(settings),
      directions_(settings.bidirectional ? 2 : 1) {
  check(input > 0 && hidden > 0 && settings.layers > 0, "rnn",
        "sizes must be positive: input {}, hidden {}, {} layers", input, hidden, settings.layers);
  check(settings.dropout >= 0 && settings.dropout < 1, "rnn", "dropout is in [0, 1), not {}",
        settings.dropout);
  i64 rows = gates(mode) * hidden;
  weights_.resize(static_cast<std::size_t>(settings.layers * directions_));
  for (i64 layer = 0; layer < settings.layers; ++layer) {
    i64 width = layer == 0 ? input : hidden * directions_;
    for (i64 direction = 0; direction < directions_; ++direction) {
      RnnVariables& w = weights_[static_cast<std::size_t>(layer * directions_ + direction)];
      std::string suffix = format("_l{}{}", layer, direction == 1 ? "_reverse" : "");
      auto parameter = [&](const char* name, Variable& variable, const Shape& shape) {
        variable = Variable(zeros(shape), true);
        add_parameter(name + suffix, variable);
      };
      parameter("weight_ih", w.w_ih, {rows, width});
      parameter("weight_hh", w.w_hh, {rows, hidden});
      if (!settings.bias) continue;
      parameter("bias_ih", w.b_ih, {rows});
      parameter("bias_hh", w.b_hh, {rows});
    }
  }
}

RnnStates Recurrent::run(const Variable& x, const Variable& h0, const Variable& c0) {
  check(x.rank() == 3 && x.dim(2) == input_, "rnn", "input is ({}, {}): {}",
        settings_.batch_first ? "N, T" : "T, N", input_, x.shape());
  auto initial = [&](const Variable& states, std::size_t i) {
    return states.defined() ? select(states, 0, static_cast<i64>(i)) : Variable();
  };
  i64 batch = x.dim(settings_.batch_first ? 0 : 1);
  for (const Variable& state : {h0, c0})
    check(!state.defined() ||
              state.shape() == Shape{static_cast<i64>(weights_.size()), batch, hidden_},
          "rnn", "an initial state is (layers · directions, N, hidden) = ({}, {}, {}): {}",
          weights_.size(), batch, hidden_, state.defined() ? state.shape() : Shape());

  Variable y = settings_.batch_first ? transpose(x, 0, 1) : x;
  std::vector<Variable> hn, cn;
  for (i64 layer = 0; layer < settings_.layers; ++layer) {
    if (layer > 0 && training() && settings_.dropout > 0)
      y = dropout(y, settings_.dropout, generator());
    std::vector<Variable> outputs;
    for (i64 direction = 0; direction < directions_; ++direction) {
      auto i = static_cast<std::size_t>(layer * directions_ + direction);
      RnnOutput out = rnn(mode_, y, initial(h0, i), initial(c0, i), weights_[i], direction == 1);
      outputs.push_back(out.y);
      hn.push_back(out.hn);
      if (mode_ == RnnMode::lstm) cn.push_back(out.cn);
    }
    y = directions_ == 1 ? outputs.front() : cat(outputs, -1);
  }
  return {settings_.batch_first ? transpose(y, 0, 1) : y, stack(hn),
          cn.empty() ? Variable() : stack(cn)};
}

std::string Recurrent::details() const {
  std::string text = format("{} -> {}", input_, hidden_);
  if (settings_.layers > 1) text += format(", {} layers", settings_.layers);
  if (settings_.bidirectional) text += ", bidirectional";
  if (settings_.batch_first) text += ", batch first";
  if (settings_.dropout > 0) text += format(", dropout {}", settings_.dropout);
  return text;
}

i64 Recurrent::multiply_adds(const Shape& input, const Shape&) const {
  i64 per_step = 0;
  for (const RnnVariables& w : weights_) per_step += w.w_ih.numel() + w.w_hh.numel();
  return input[0] * input[1] * per_step;
}

void Recurrent::reset_parameters(Generator& generator) {
  for (RnnVariables& w : weights_) settings_.init(mode_, w, generator);
}

RNN::RNN(i64 input, i64 hidden, const RnnSettings& settings, RnnMode mode)
    : Recurrent(mode, input, hidden, settings) {
  check(mode == RnnMode::rnn_tanh || mode == RnnMode::rnn_relu, "rnn",
        "the mode of RNN is rnn_tanh or rnn_relu");
}

namespace init {

void pytorch_rnn(RnnMode, RnnVariables& parameters, Generator& generator) {
  double bound = 1 / std::sqrt(static_cast<double>(parameters.w_hh.dim(1)));
  for (Variable* p : {&parameters.w_ih, &parameters.w_hh, &parameters.b_ih, &parameters.b_hh})
    if (p->defined()) uniform(p->mutable_data(), -bound, bound, generator);
}

void keras_rnn(RnnMode mode, RnnVariables& parameters, Generator& generator) {
  // Keras draws one orthogonal (hidden, gates · hidden) matrix; ours is its transpose.
  xavier_uniform(parameters.w_ih.mutable_data(), generator);
  orthogonal(parameters.w_hh.mutable_data(), generator);
  if (!parameters.b_ih.defined()) return;
  parameters.b_ih.mutable_data().fill_(0);
  parameters.b_hh.mutable_data().fill_(0);
  i64 hidden = parameters.w_hh.dim(1);
  if (mode == RnnMode::lstm)  // gates i f g o; the second bias stays 0, Keras has only one
    parameters.b_ih.mutable_data().slice(0, hidden, 2 * hidden).fill_(1);
}

}  // namespace init
}  // namespace melgrad
