// A net from a shell: its summary, its initial weights, and what it computes. See README.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <utility>

#include "apps/trained/trained_net.h"
#include "autograd/autocast.h"
#include "layers/models/registry.h"
#include "layers/summary.h"
#include "tensor/files/npy.h"

namespace melgrad {
namespace {

struct Arguments {
  std::string name, weights, song, input, output, save_init, dtype = "f32", device = "cpu";
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

// Of what the net sees: as published, or of another size.
Shape shape_of(const Arguments& arguments, const NetEntry& entry) {
  Shape shape = entry.input;
  if (arguments.size) shape = {shape[0], *arguments.size, *arguments.size};
  return shape;
}

// A picture as large as the net sees it.
Input picture_input(const Shape& shape) {
  return {.name = "picture", .recipe = Picture{.height = shape[1], .width = shape[2]}};
}

// "0", "1" …
std::vector<std::string> numbered(i64 classes) {
  std::vector<std::string> names;
  for (i64 i = 0; i < classes; ++i) names.push_back(std::to_string(i));
  return names;
}

// A file that says which net it is of needs no name; one that does not is of the net named.
TrainedNet from_file(const Arguments& arguments) {
  TrainedOptions options{.name = arguments.name};
  if (!arguments.name.empty()) {
    options.shape = shape_of(arguments, find_net(arguments.name));
    options.input = picture_input(options.shape);
  }
  TrainedNet trained = load_trained(arguments.weights, options);
  check(arguments.name.empty() || arguments.name == trained.name, "net", "{} is a {}, not a {}",
        arguments.weights, trained.name, arguments.name);
  i64 size = trained.shape.rank() == 3 ? trained.shape[1] : 0;
  check(arguments.size.value_or(size) == size, "net", "{} sees {}, not a size of {}",
        arguments.weights, trained.shape, arguments.size.value_or(0));
  auto classes = static_cast<i64>(trained.classes.size());
  check(arguments.classes.value_or(classes) == classes, "net", "{} has {} classes, not {}",
        arguments.weights, classes, arguments.classes.value_or(0));
  return trained;
}

// With --seed initial weights, else none.
TrainedNet from_registry(const Arguments& arguments) {
  const NetEntry& entry = find_net(arguments.name);
  TrainedNet made{.name = arguments.name, .shape = shape_of(arguments, entry)};
  made.input = picture_input(made.shape);
  made.classes = numbered(arguments.classes.value_or(entry.classes));
  made.net = make_net(made.name, made.shape, static_cast<i64>(made.classes.size()));
  if (!arguments.seed) return made;
  Generator generator(*arguments.seed);
  made.net->reset(generator);
  made.training = format(R"({"seed": {}, "epochs": 0})", *arguments.seed);
  return made;
}

// What a file says of its net.
void describe(const TrainedNet& trained) {
  std::cout << trained.name << " sees " << trained.shape << ", made as input '"
            << trained.input.name << "' " << trained.input.json() << "\nclasses:";
  for (const std::string& name : trained.classes) std::cout << " " << name;
  std::cout << "\n";
  for (const auto& [name, value] : trained.scores) std::cout << name << " " << value << "\n";
}

// Strengths of a song, the strongest class first.
void listen(const TrainedNet& trained, const std::string& song) {
  std::vector<double> strengths =
      trained.strengths(std::filesystem::path(song)).to_vector<double>();
  std::multimap<double, std::string, std::greater<>> by_strength;
  for (std::size_t i = 0; i < strengths.size(); ++i)
    by_strength.emplace(strengths[i], trained.classes[i]);
  for (const auto& [strength, name] : by_strength) std::cout << strength << " " << name << "\n";
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
  Dtype dtype = parse_dtype(arguments.dtype);
  Device device = Device::parse(arguments.device);
  backend(device);  // a device that is not there is refused before any work
  TrainedNet trained = arguments.weights.empty() ? from_registry(arguments) : from_file(arguments);
  if (!arguments.save_init.empty()) save_trained(arguments.save_init, trained);
  if (!arguments.weights.empty() && arguments.song.empty()) describe(trained);
  Module& net = *trained.net;
  net.to(device);
  if (!arguments.song.empty()) listen(trained, arguments.song);
  if (dtype == Dtype::f64) net.to(dtype);
  if (!arguments.input.empty()) {
    evaluate(net, arguments, dtype);
  } else if (arguments.save_init.empty() && arguments.song.empty()) {
    Shape input = trained.shape;
    input.insert(0, 1);
    std::cout << summarize(net, input);
  }
}

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Shows a net, writes its initial weights, or runs it forward.", "net");
  auto option = [&](const char* name, auto& variable, const char* value, const char* text) {
    return app.add_option(name, variable, text)->option_text(value);
  };
  option("name", arguments.name, "",
         "the net's name, a safetensors file that says it, or `list` for all there are")
      ->required();
  option("--classes", arguments.classes, "N", "outputs (the weights', or as published)")
      ->check(CLI::Range(1, 1'000'000));
  option("--size", arguments.size, "N", "height and width of what it sees")
      ->check(CLI::Range(1, 1'000'000));
  auto* weights = option("--weights", arguments.weights, "FILE", "safetensors to load");
  option("--song", arguments.song, "FILE", "audio or picture: how strong each class is in it");
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
    if (arguments.name.ends_with(".safetensors")) {
      check(arguments.weights.empty(), "net", "two files of weights: {} and {}", arguments.name,
            arguments.weights);
      arguments.weights = std::exchange(arguments.name, {});
    }
    check(arguments.input.empty() == arguments.output.empty(), "net",
          "--input and --output go together");
    bool runs = !arguments.input.empty() || !arguments.song.empty();
    check(!runs || arguments.seed || !arguments.weights.empty(), "net",
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
