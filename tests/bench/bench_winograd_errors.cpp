#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "autograd/functions.h"
#include "kernels/winograd.h"
#include "layers/models/registry.h"

// How far logits and gradients of nets in f32 lie from those in f64, with Winograd's convolutions and without: a net as it
// is initialised, in training mode, on uniform noise.
namespace melgrad {
namespace {

struct Step {
  Tensor logits;                  // f64
  std::vector<Tensor> gradients;  // f64, of each parameter
};

Step step_of(const std::string& name, Dtype dtype, i64 batch) {
  Generator generator(1), masks(2);
  auto net = make_net(name, 4);
  net->reset(generator);
  net->set_generator(masks);
  net->to(dtype);
  Shape shape = find_net(name).input;
  shape.insert(0, batch);
  Variable logits = (*net)(rand(shape, generator).channels_last().to(dtype));
  cross_entropy(logits, randint(0, 4, {batch}, generator)).backward();
  Step step = {logits.data().to(Dtype::f64), {}};
  for (auto& [parameter, variable] : net->parameters())
    step.gradients.push_back(variable.grad().to(Dtype::f64));
  return step;
}

// ‖a − b‖ / ‖b‖ over all parameters together
double distance(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += sum(square(a[i] - b[i])).item();
    norm += sum(square(b[i])).item();
  }
  return std::sqrt(difference / norm);
}

// The largest difference in units of the largest value.
double distance(const Tensor& a, const Tensor& b) {
  return max(abs(a - b)).item() / max(abs(b)).item();
}

void measure(const std::string& name, i64 batch) {
  Step exact = step_of(name, Dtype::f64, batch);
  set_winograd(false);
  Step direct = step_of(name, Dtype::f32, batch);
  set_winograd(true);
  Step fast = step_of(name, Dtype::f32, batch);
  std::printf("| %s | %.1e | %.1e | %.1e | %.1e |\n", name.c_str(),
              distance(direct.logits, exact.logits), distance(fast.logits, exact.logits),
              distance(direct.gradients, exact.gradients),
              distance(fast.gradients, exact.gradients));
  std::fflush(stdout);
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  using namespace melgrad;
  CLI::App app("Errors against f64 of nets in f32, with Winograd's convolutions and without");
  std::vector<std::string> names;
  i64 batch = 4;
  app.add_option("--nets", names, "default: all that have convolutions")->delimiter(',');
  app.add_option("--batch", batch)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (names.empty())
    for (const NetEntry& net : nets())
      if (net.input.rank() == 3) names.emplace_back(net.name);
  std::printf(
      "| net | logits, direct | logits, Winograd | gradient, direct | gradient, Winograd |\n");
  std::printf("|---|---|---|---|---|\n");
  for (const std::string& name : names) measure(name, batch);
}
