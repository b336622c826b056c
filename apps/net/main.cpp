// A net from a shell: its summary, its initial weights, and what it computes. See README.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "autograd/autocast.h"
#include "layers/models/registry.h"
#include "layers/summary.h"
#include "tensor/files/npy.h"
#include "tensor/files/safetensors.h"

namespace melgrad {
namespace {

struct Arguments {
  std::string name, weights, input, output, save_init, dtype = "f32", device = "cpu";
  std::optional<i64> classes, size;
  std::optional<u64> seed;
};

Dtype parse_dtype(const std::string& text) {
  for (Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16})
    if (text == name_of(dtype)) return dtype;
  fail("net", "--dtype is f32, f64 or bf16, not '{}'", text);
}

void list_nets() {
  std::size_t width = 0;
  for (const NetEntry& entry : nets()) width = std::max(width, std::string(entry.name).size());
  for (const NetEntry& entry : nets()) {
    std::string name = entry.name;
    std::cout << name << std::string(width + 2 - name.size(), ' ') << entry.input << " -> "
              << entry.classes << ": " << entry.description << "\n";
  }
}

// The number of classes: as asked for, else the file's, else as published.
i64 class_count(const Arguments& arguments, const NetEntry& entry, const StateDict& weights) {
  if (arguments.classes) return *arguments.classes;
  auto bias = weights.find(std::string(entry.head) + ".bias");
  return bias == weights.end() ? entry.classes : bias->second.numel();
}

// Evaluates the net on the input file and writes the output file.
void evaluate(Module& net, const Arguments& arguments, Dtype dtype) {
  Tensor x = load_npy(arguments.input);
  check(x.rank() == 3 || x.rank() == 4, "net", "{}: the input is (N, C, H, W) or (C, H, W): {}",
        arguments.input, x);
  if (x.rank() == 3) x = x.unsqueeze(0);
  x = x.to(compute_dtype(dtype)).to(Device::parse(arguments.device));

  NoGrad no_grad;
  Autocast autocast(dtype == Dtype::bf16 ? Dtype::bf16 : Dtype::f32);
  net.eval();
  Tensor y = net(x).data();
  save_npy(arguments.output, y.to(compute_dtype(dtype)));
  std::cout << arguments.output << ": " << y.shape() << "\n";
}

void run(const Arguments& arguments) {
  const NetEntry& entry = find_net(arguments.name);
  Dtype dtype = parse_dtype(arguments.dtype);
  Device device = Device::parse(arguments.device);
  backend(device);  // a device that is not there is refused before any work
  StateDict weights;
  if (!arguments.weights.empty()) weights = load_safetensors(arguments.weights).tensors;

  auto net = entry.make(class_count(arguments, entry, weights));
  if (!arguments.weights.empty()) net->load_state_dict(weights);
  weights.clear();
  if (dtype == Dtype::f64) net->to(dtype);
  if (arguments.seed) {
    Generator generator(*arguments.seed);
    net->reset(generator);
  }
  if (!arguments.save_init.empty()) save_safetensors(arguments.save_init, net->state_dict());
  net->to(device);

  if (!arguments.input.empty()) {
    evaluate(*net, arguments, dtype);
  } else if (arguments.save_init.empty()) {
    Shape input = entry.input;
    if (arguments.size) input = {input[0], *arguments.size, *arguments.size};
    input.insert(0, 1);
    std::cout << summarize(*net, input);
  }
}

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Shows a net, writes its initial weights, or runs it forward.", "net");
  auto option = [&](const char* name, auto& variable, const char* value, const char* text) {
    return app.add_option(name, variable, text)->option_text(value);
  };
  option("name", arguments.name, "", "the net's name, or `list` for all there are")->required();
  option("--classes", arguments.classes, "N", "outputs (the weights', or as published)")
      ->check(CLI::Range(1, 1'000'000));
  option("--size", arguments.size, "N", "height and width of the summary's input")
      ->check(CLI::Range(1, 1'000'000));
  auto* weights = option("--weights", arguments.weights, "FILE", "safetensors to load");
  auto* input = option("--input", arguments.input, "FILE", "npy (N, C, H, W) to run the net on");
  option("--output", arguments.output, "FILE", "npy to write: (N, classes)")->needs(input);
  auto* seed = option("--seed", arguments.seed, "N", "draw initial weights")
                   ->check(CLI::NonNegativeNumber)
                   ->excludes(weights);
  option("--save-init", arguments.save_init, "FILE", "safetensors to write them to")->needs(seed);
  option("--dtype", arguments.dtype, "TYPE", "f32, f64 or bf16: convolutions and products (f32)");
  option("--device", arguments.device, "DEVICE", "cpu or cuda (cpu)");
  try {
    app.parse(argc, argv);
    if (arguments.name == "list") {
      list_nets();
      return 0;
    }
    check(arguments.input.empty() == arguments.output.empty(), "net",
          "--input and --output go together");
    check(arguments.input.empty() || arguments.seed || !arguments.weights.empty(), "net",
          "to run the net it needs --weights, or --seed for random ones");
    run(arguments);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;  // CLI11's own codes go up to 116
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) { return melgrad::main(argc, argv); }
