#include "apps/net/command_line.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace melgrad {
namespace {

// No net's name has a dot or a slash.
bool is_file_name(const std::string& name) { return name.find_first_of("./") != std::string::npos; }

// What no option says by itself.
void complete(NetArguments& arguments) {
  auto require = [](bool ok, const char* what) {
    if (!ok) throw CLI::ValidationError("net", what);
  };
  if (is_file_name(arguments.name)) {
    require(arguments.weights.empty(), "two files of weights: NAME and --weights");
    require(!arguments.seed, "--seed draws weights, and NAME is a file of weights");
    arguments.weights = std::exchange(arguments.name, {});
  }
  bool converts = arguments.name == "convert";
  require(arguments.files.size() == (converts ? 2 : 0),
          converts ? "convert IN OUT: two files" : "only convert takes files beside NAME");
  require(!arguments.new_head || !arguments.weights.empty(), "--new-head needs --weights");
  require(!arguments.seed || arguments.new_head || arguments.weights.empty(),
          "--seed draws weights, and --weights has them");
  require(arguments.save.empty() || arguments.seed || !arguments.weights.empty(),
          "--save needs weights: --seed or --weights");
  require(arguments.input.empty() || arguments.seed || !arguments.weights.empty(),
          "to run the net it needs --weights, or --seed for random ones");
}

}  // namespace

void add_options(CLI::App& app, NetArguments& arguments) {
  auto option = [&](const char* name, auto& variable, const char* value, const char* text) {
    return app.add_option(name, variable, text)->option_text(value);
  };
  option("name", arguments.name, "",
         "the net's name; a file of weights that says it, or a Keras model's .h5;\n"
         "`list` for all there are; `convert` IN OUT: weights in another format")
      ->required();
  option("files", arguments.files, "IN OUT", "of convert; OUT ends in .safetensors, .pth or .pt")
      ->expected(0, 2);
  option("--classes", arguments.classes, "N", "outputs (the weights', or as published)")
      ->check(CLI::Range(1, 1'000'000));
  option("--size", arguments.size, "N", "height and width of what it sees")
      ->check(CLI::Range(1, 1'000'000));
  auto* weights = option("--weights", arguments.weights, "FILE",
                         "to load: safetensors, PyTorch's .pth or Keras's .h5");
  app.add_flag("--new-head", arguments.new_head,
               "of --weights all but the layers that depend on the classes, which are drawn")
      ->needs(weights);
  auto* input = option("--input", arguments.input, "FILE",
                       "a sound or picture, or npy (N, C, H, W) or (N, D), to run on");
  option("--output", arguments.output, "FILE",
         "npy to write: (N, classes); without it, how strong each class is is printed")
      ->needs(input);
  option("--seed", arguments.seed, "N", "draw initial weights")->check(CLI::NonNegativeNumber);
  option("--save,--save-init", arguments.save, "FILE",
         "safetensors (or .pth) to write the weights to");
  option("--dtype", arguments.dtype, "TYPE", "f32, f64 or bf16: convolutions and products (f32)")
      ->check(CLI::IsMember({"f32", "f64", "bf16"}));
  option("--device", arguments.device, "DEVICE", "cpu or cuda (cpu)");
  app.callback([&arguments] { complete(arguments); });
}

}  // namespace melgrad
