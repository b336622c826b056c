// A net from a shell: its summary, its initial weights, and what it computes. See README.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>

#include "apps/harness/console/tool.h"
#include "apps/net/make.h"
#include "audio/files/formats.h"
#include "autograd/autocast.h"
#include "layers/models/registry.h"
#include "layers/models/weights_file.h"
#include "layers/summary.h"
#include "tensor/files/file.h"
#include "tensor/files/npy.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

Dtype parse_dtype(const std::string& text) {
  return text == "f64" ? Dtype::f64 : text == "bf16" ? Dtype::bf16 : Dtype::f32;
}

// A sound or a picture is made what the net sees; anything else is taken for an npy file.
bool is_clip(const std::string& path) { return kind_of(path) != FileKind::other; }

void list_nets() {
  std::size_t width = 0;
  for (const NetEntry& entry : nets()) width = std::max(width, std::string(entry.name).size());
  for (const NetEntry& entry : nets()) {
    std::string name = entry.name;
    std::cout << name << std::string(width + 2 - name.size(), ' ') << entry.input << " -> "
              << entry.classes << ": " << entry.description << "\n";
  }
}

// Names, values and what stands beside them stay; a Keras layer's axes become ours.
void convert(const std::string& from, const std::string& to) {
  check_writable(to);
  WeightsFile file(from);
  save_weights(to, file.tensors(), file.metadata());
  std::cout << to << ": " << file.tensors().size() << " tensors\n";
}

// What a file says of its net.
void describe(const TrainedNet& trained) {
  std::cout << trained.name << " sees " << trained.shape << ", made as input '"
            << trained.input.name << "' " << trained.input.json() << "\nclasses:";
  for (const std::string& name : trained.classes) std::cout << " " << name;
  std::cout << "\n";
  for (const auto& [name, value] : trained.scores) std::cout << name << " " << value << "\n";
}

// What the net sees: of a sound or a picture as its weights file says, or the arrays as they are.
Tensor seen(const TrainedNet& trained, const std::string& path) {
  if (is_clip(path)) return trained.see(trained.input.load({path, 0, ""}).unsqueeze(0));
  Tensor x = load_npy(path);
  int axes = trained.shape.rank();
  check(x.rank() == axes || x.rank() == axes + 1, "net", "{}: the input is {}: {}", path,
        axes == 1 ? "(N, D) or (D)" : "(N, C, H, W) or (C, H, W)", x);
  return x.rank() == axes ? x.unsqueeze(0) : x;
}

Tensor logits(const TrainedNet& trained, const NetArguments& arguments) {
  Dtype dtype = parse_dtype(arguments.dtype);
  Tensor x = seen(trained, arguments.input);
  NoGrad no_grad;
  Autocast autocast(dtype == Dtype::bf16 ? Dtype::bf16 : Dtype::f32);
  Module& net = *trained.net;
  net.eval();
  if (dtype == Dtype::f64) net.to(dtype);
  x = x.to(compute_dtype(dtype)).to(Device::parse(arguments.device));
  return net(x).data().to(compute_dtype(dtype));
}

// The strongest class first.
void say_strengths(const Tensor& logits, const std::vector<std::string>& classes) {
  std::vector<double> strengths = softmax(logits, 0).to_vector<double>();
  std::multimap<double, std::string, std::greater<>> by_strength;
  for (std::size_t i = 0; i < strengths.size(); ++i) by_strength.emplace(strengths[i], classes[i]);
  for (const auto& [strength, name] : by_strength) std::cout << strength << " " << name << "\n";
}

void evaluate(const TrainedNet& trained, const NetArguments& arguments) {
  Tensor y = logits(trained, arguments);
  if (!arguments.output.empty()) {
    save_npy(arguments.output, y);
    std::cout << arguments.output << ": " << y.shape() << "\n";
    return;
  }
  for (i64 row = 0; row < y.dim(0); ++row) {
    if (y.dim(0) > 1) std::cout << "row " << row << ":\n";
    say_strengths(y.select(0, row), trained.classes);
  }
}

void run(const NetArguments& arguments) {
  if (arguments.name == "list") return list_nets();
  if (arguments.name == "convert") return convert(arguments.files[0], arguments.files[1]);
  backend(Device::parse(arguments.device));  // one that is not there is refused before any work
  for (const std::string& file : {arguments.output, arguments.save})
    if (!file.empty()) check_writable(file);
  TrainedNet trained = make_trained_net(arguments);
  check(arguments.save.empty() || !trained.name.empty(), "net",
        "{} is of no net that has a name here: convert writes its weights", arguments.weights);
  if (!arguments.save.empty()) save_trained(arguments.save, trained);
  trained.net->to(Device::parse(arguments.device));
  if (!arguments.input.empty()) return evaluate(trained, arguments);
  if (!arguments.weights.empty() && !trained.name.empty()) describe(trained);
  if (!arguments.save.empty()) return;
  Shape input = trained.shape;
  input.insert(0, 1);
  std::cout << summarize(*trained.net, input);
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  CLI::App app("Shows a net, writes its initial weights, or runs it forward.", "net");
  melgrad::NetArguments arguments;
  melgrad::add_options(app, arguments);
  return melgrad::run_tool(app, argc, argv, [&] {
    melgrad::run(arguments);
    return 0;
  });
}
