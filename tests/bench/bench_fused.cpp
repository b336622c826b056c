#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "autograd/functions.h"
#include "kernels/backend.h"

// Times every fused operation next to the operations that it stands for, forward and backward in turn, on sizes that the nets
// have (docs/fused.md has the table). What gains nothing is to be composed.
namespace melgrad {
namespace {

using Forward = std::function<Variable(const std::vector<Variable>&)>;
struct Row {
  std::string name;
  std::vector<Variable> inputs;
  Forward fused, composed;
};
using Inputs = const std::vector<Variable>&;

Tensor values(const Shape& shape) {
  static Generator generator(1);
  Tensor x = randn(shape, generator);
  return shape.rank() == 4 ? x.channels_last() : x;
}
Variable parameter(const Shape& shape) { return Variable(values(shape), true); }
Variable as_channels(const Variable& v) { return reshape(v, {1, v.dim(0), 1, 1}); }
Variable normalized(const Variable& x, const Axes& axes) {
  Variable d = x - mean(x, axes, true);
  return d / sqrt(mean(square(d), axes, true) + 1e-5);
}

std::vector<Row> pictures() {
  Variable x = parameter({64, 32, 64, 64}), c = parameter({32}), w = parameter({32, 32, 3, 3});
  Variable first = values({64, 3, 64, 64}), w3 = parameter({32, 3, 3, 3});
  Conv2dOptions same = {.padding = 1};
  auto conv = [=](Inputs v) { return conv2d(v[0], v[1], v[2], same); };
  auto conv_relu = [=](Inputs v) { return conv2d(v[0], v[1], v[2], same, true); };
  auto relu_of_conv = [=](Inputs v) { return relu(conv2d(v[0], v[1], v[2], same)); };
  auto conv_plus = [=](Inputs v) { return conv2d(v[0], v[1], {}, same) + as_channels(v[2]); };
  return {
      {"conv2d + bias, 3 to 32 channels", {first, w3, c}, conv, conv_plus},
      {"conv2d + ReLU, 3 to 32 channels", {first, w3, c}, conv_relu, relu_of_conv},
      {"conv2d + bias, 32 to 32 channels", {x, w, c}, conv, conv_plus},
      {"conv2d + ReLU, 32 to 32 channels", {x, w, c}, conv_relu, relu_of_conv},
      {"batch_norm",
       {x, c, c},
       [](Inputs v) { return batch_norm(v[0], v[1], v[2]); },
       [](Inputs v) {
         return normalized(v[0], {0, 2, 3}) * as_channels(v[1]) + as_channels(v[2]);
       }},
      {"batch_norm + ReLU",
       {x, c, c},
       [](Inputs v) { return batch_norm(v[0], v[1], v[2], {.relu = true}); },
       [](Inputs v) { return relu(batch_norm(v[0], v[1], v[2])); }},
      {"batch_norm + addition + ReLU",
       {x, c, c, parameter({64, 32, 64, 64})},
       [](Inputs v) { return batch_norm(v[0], v[1], v[2], {.relu = true}, nullptr, v[3]); },
       [](Inputs v) { return relu(batch_norm(v[0], v[1], v[2]) + v[3]); }},
      {"batch_norm + ReLU + max_pool2d",
       {x, c, c},
       [](Inputs v) { return batch_norm(v[0], v[1], v[2], {.relu = true, .pool = 2}); },
       [](Inputs v) { return max_pool2d(batch_norm(v[0], v[1], v[2], {.relu = true}), 2); }},
  };
}

// f'(x) dy in one pass or in several: backward alone, on tensors.
std::vector<Row> backward_formulas() {
  Variable y = values({64, 32, 64, 64}), dy = values({64, 32, 64, 64});
  Variable p = softmax(values({4096, 1000})), log_p = log(p), dp = values({4096, 1000});
  Variable few = softmax(values({64, 10})), dfew = values({64, 10});
  using T = const Tensor&;
  auto row = [](const char* name, const Variable& a, const Variable& b, auto fused, auto composed) {
    return Row{name,
               {a, b},
               [fused](Inputs v) { return fused(v[0].data(), v[1].data()); },
               [composed](Inputs v) { return composed(v[0].data(), v[1].data()); }};
  };
  auto softmax_composed = [](T q, T dq) { return q * (dq - sum(dq * q, {-1}, true)); };
  auto softmax_fused = [](T q, T dq) { return softmax_backward(q, dq); };
  return {
      row(
          "relu_backward", y, dy, [](T u, T du) { return relu_backward(u, du); },
          [](T u, T du) { return where(u > 0, du, zeros({})); }),
      row(
          "tanh_backward", y, dy, [](T u, T du) { return tanh_backward(u, du); },
          [](T u, T du) { return du * (1 - u * u); }),
      row(
          "sigmoid_backward", y, dy, [](T u, T du) { return sigmoid_backward(u, du); },
          [](T u, T du) { return du * u * (1 - u); }),
      row("softmax_backward (4096, 1000)", p, dp, softmax_fused, softmax_composed),
      row("softmax_backward (64, 10)", few, dfew, softmax_fused, softmax_composed),
      row(
          "log_softmax_backward (4096, 1000)", log_p, dp,
          [](T q, T dq) { return log_softmax_backward(q, dq); },
          [](T q, T dq) { return dq - exp(q) * sum(dq, {-1}, true); }),
  };
}

// f c + i g, o tanh(c) of PyTorch's gates i f g o, a step at a time.
Variable composed_lstm(Inputs v) {
  Variable h = zeros({64, 128}), c = h;
  std::vector<Variable> steps;
  for (i64 t = 0; t < v[0].dim(0); ++t) {
    Variable gates = linear(select(v[0], 0, t), v[1], v[3]) + linear(h, v[2], v[4]);
    auto gate = [&](i64 k) { return slice(gates, 1, 128 * k, 128 * (k + 1)); };
    c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * tanh(gate(2));
    h = sigmoid(gate(3)) * tanh(c);
    steps.push_back(reshape(h, {1, 64, 128}));
  }
  return cat(steps, 0);
}

// w, m, v and a gradient: w after a step.
Variable adam_step(Inputs p) {
  OptimizerSettings s = {.lr = 1e-3, .beta1 = .9, .beta2 = .999, .eps = 1e-8};
  Tensor w = p[0].data(), m = p[1].data(), v = p[2].data();
  ParameterSlot slot = {w.raw(), p[3].data().raw(), m.raw(), v.raw(), w.numel()};
  backend(w.device()).adam(AdamKind::coupled, w.dtype(), {&slot, 1}, &s);
  return w;
}
Variable composed_adam_step(Inputs p) {
  Tensor w = p[0].data(), m = p[1].data(), v = p[2].data(), g = p[3].data();
  m.mul_(.9).add_(g, .1);
  v.mul_(.999).add_(square(g), .001);
  w.add_(m / .1 / (sqrt(v / .001) + 1e-8), -1e-3);
  return w;
}

std::vector<Row> others() {
  Variable scores = parameter({4096, 1000}), x = parameter({64, 8192}), w = parameter({512, 8192});
  Variable b = parameter({512}), activations = parameter({64, 32, 64, 64});
  Variable signals = values({8, 110250}), window = values({2048}), bands = values({128, 1025});
  auto generator = std::make_shared<Generator>(2);
  return {
      {"softmax",
       {scores},
       [](Inputs v) { return softmax(v[0]); },
       [](Inputs v) {
         Variable e = exp(v[0] - Variable(max(v[0].data(), Axes{1}, true)));
         return e / sum(e, {1}, true);
       }},
      {"log_softmax",
       {scores},
       [](Inputs v) { return log_softmax(v[0]); },
       [](Inputs v) { return v[0] - logsumexp(v[0], 1, true); }},
      {"linear",
       {x, w, b},
       [](Inputs v) { return linear(v[0], v[1], v[2]); },
       [](Inputs v) { return matmul(v[0], transpose(v[1], 0, 1)) + v[2]; }},
      {"clamp",
       {activations},
       [](Inputs v) { return clamp(v[0], -1, 1); },
       [](Inputs v) { return minimum(maximum(v[0], full({}, -1)), full({}, 1)); }},
      {"dropout",
       {activations},
       [generator](Inputs v) { return dropout(v[0], .5, *generator); },
       [generator](Inputs v) {
         Tensor kept = (rand(v[0].shape(), *generator).channels_last() > .5).to(Dtype::f32);
         return v[0] * Variable(kept * 2);
       }},
      {"LSTM, 32 steps, 128 to 128",
       {parameter({32, 64, 128}), parameter({512, 128}), parameter({512, 128}), parameter({512}),
        parameter({512})},
       [](Inputs v) {
         return rnn(RnnMode::lstm, v[0], {}, {}, {v[1], v[2], v[3], v[4]}).y;
       },
       composed_lstm},
      {"Adam, 4 million weights",
       {values({1 << 22}), zeros({1 << 22}), zeros({1 << 22}), values({1 << 22})},
       adam_step,
       composed_adam_step},
      {"band_power, 8 signals of 5 s",
       {signals, window, bands},
       [](Inputs v) { return Variable(band_power(v[0].data(), v[1].data(), 512, v[2].data(), 2)); },
       [](Inputs v) {
         Tensor power = sum(square(stft(v[0].data(), v[1].data(), 512)), {-1});
         return Variable(matmul(v[2].data(), power.transpose(-1, -2)));
       }},
  };
}

double milliseconds(const std::function<void()>& work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

struct Times {
  std::vector<double> forward, backward;
};
// One more of each.
void measure(const Forward& f, Inputs inputs, Times& times) {
  Variable y;
  times.forward.push_back(milliseconds([&] { y = f(inputs); }));
  if (!y.requires_grad()) return;
  Tensor dy = full(y.shape(), 1);
  if (y.data().is_channels_last()) dy = dy.channels_last();
  times.backward.push_back(milliseconds([&] { y.backward(dy); }));
  for (Variable x : inputs) x.zero_grad();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print(const std::string& name, const Times& fused, const Times& composed) {
  std::printf("%-36s", name.c_str());
  auto pair = [](const std::vector<double>& one, const std::vector<double>& several) {
    if (one.empty()) return;
    double a = median(one), b = median(several);
    std::printf("  %8.3f %8.3f %6.2f", a, b, b / a);
  };
  pair(fused.forward, composed.forward);
  pair(fused.backward, composed.backward);
  std::printf("\n");
  std::fflush(stdout);
}

void run(int rounds, const std::string& only) {
  std::printf("ms: fused, composed, ratio; forward, then backward\n");
  for (auto* family : {&pictures, &backward_formulas, &others}) {
    for (const Row& row : family()) {
      if (row.name.find(only) == std::string::npos) continue;
      Times fused, composed, warm_up;
      measure(row.fused, row.inputs, warm_up);
      measure(row.composed, row.inputs, warm_up);
      for (int i = 0; i < rounds; ++i) {
        measure(row.fused, row.inputs, fused);
        measure(row.composed, row.inputs, composed);
      }
      print(row.name, fused, composed);
    }
  }
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  CLI::App app("Fused operations next to the operations that they stand for");
  int rounds = 21, threads = 0;
  std::string only;
  app.add_option("--rounds", rounds, "medians of so many")->capture_default_str();
  app.add_option("--threads", threads, "0: OpenMP's setting")->capture_default_str();
  app.add_option("--only", only, "rows whose name has this in it");
  CLI11_PARSE(app, argc, argv);
  if (threads > 0) melgrad::set_num_threads(threads);
  melgrad::run(rounds, only);
}
