// A net from a shell: its summary, its initial weights, and what it computes. See README.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <utility>

#include "apps/harness/console/tool.h"
#include "apps/trained/trained_net.h"
#include "audio/files/formats.h"
#include "autograd/autocast.h"
#include "layers/models/registry.h"
#include "layers/summary.h"
#include "tensor/files/file.h"
#include "tensor/files/npy.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

struct Arguments {
  std::string name, weights, input, output, save_init, dtype = "f32", device = "cpu";
  std::optional<i64> classes, size;
  std::optional<u64> seed;
};

Dtype parse_dtype(const std::string& text) {
  return text == "f64" ? Dtype::f64 : text == "bf16" ? Dtype::bf16 : Dtype::f32;
}

// No net's name has a dot or a slash.
bool is_file_name(const std::string& name) { return name.find_first_of("./") != std::string::npos; }

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

// Of what the net sees: as published, or of another size.
Shape shape_of(const Arguments& arguments, const NetEntry& entry) {
  Shape shape = entry.input;
  if (!arguments.size) return shape;
  check(shape.rank() == 3, "net", "{} sees {}, which has no height and width", entry.name, shape);
  return {shape[0], *arguments.size, *arguments.size};
}

// "0", "1" …
std::vector<std::string> numbered(i64 count) {
  std::vector<std::string> names;
  for (i64 i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

// What a net of this shape sees, if nobody says it: columns of a table, a picture; of one channel
// frames by MFCCs, as studies C and D have them.
Input usual_input(const Shape& shape) {
  if (shape.rank() == 1) return {.name = "columns", .recipe = Columns{numbered(shape[0])}};
  if (shape[0] > 1)
    return {.name = "picture", .recipe = Picture{.height = shape[1], .width = shape[2]}};
  Feature mfcc{.kind = "mfcc", .mfcc = {.n_mfcc = shape[2]}};
  return {.name = "mfcc",
          .recipe = Spectrum{.feature = mfcc, .frames = shape[1], .frames_first = true}};
}

// A file that says which net it is of needs no name; one that does not is of the net named.
TrainedNet from_file(const Arguments& arguments) {
  TrainedOptions options{.name = arguments.name};
  if (!arguments.name.empty()) {
    options.shape = shape_of(arguments, find_net(arguments.name));
    options.input = usual_input(options.shape);
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
  made.input = usual_input(made.shape);
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

// What the net sees: of a sound or a picture as its weights file says, or the arrays as they are.
Tensor seen(const TrainedNet& trained, const std::string& path) {
  if (is_clip(path)) return trained.see(trained.input.load({path, 0, ""}).unsqueeze(0));
  Tensor x = load_npy(path);
  int axes = trained.shape.rank();
  check(x.rank() == axes || x.rank() == axes + 1, "net", "{}: the input is {}: {}", path,
        axes == 1 ? "(N, D) or (D)" : "(N, C, H, W) or (C, H, W)", x);
  return x.rank() == axes ? x.unsqueeze(0) : x;
}

Tensor logits(const TrainedNet& trained, const Arguments& arguments) {
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

void evaluate(const TrainedNet& trained, const Arguments& arguments) {
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

void run(const Arguments& arguments) {
  if (arguments.name == "list") return list_nets();
  backend(Device::parse(arguments.device));  // one that is not there is refused before any work
  for (const std::string& file : {arguments.output, arguments.save_init})
    if (!file.empty()) check_writable(file);
  TrainedNet trained = arguments.weights.empty() ? from_registry(arguments) : from_file(arguments);
  if (!arguments.save_init.empty()) save_trained(arguments.save_init, trained);
  trained.net->to(Device::parse(arguments.device));
  if (!arguments.input.empty()) return evaluate(trained, arguments);
  if (!arguments.weights.empty()) describe(trained);
  if (!arguments.save_init.empty()) return;
  Shape input = trained.shape;
  input.insert(0, 1);
  std::cout << summarize(*trained.net, input);
}

// What no option says by itself.
void complete(Arguments& arguments) {
  auto require = [](bool ok, const char* what) {
    if (!ok) throw CLI::ValidationError("net", what);
  };
  if (is_file_name(arguments.name)) {
    require(arguments.weights.empty(), "two files of weights: NAME and --weights");
    require(!arguments.seed, "--seed draws weights, and NAME is a file of weights");
    arguments.weights = std::exchange(arguments.name, {});
  }
  require(arguments.input.empty() || arguments.seed || !arguments.weights.empty(),
          "to run the net it needs --weights, or --seed for random ones");
}

void add_options(CLI::App& app, Arguments& arguments) {
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
  auto* input = option("--input", arguments.input, "FILE",
                       "a sound or picture, or npy (N, C, H, W) or (N, D), to run on");
  option("--output", arguments.output, "FILE",
         "npy to write: (N, classes); without it, how strong each class is is printed")
      ->needs(input);
  auto* seed = option("--seed", arguments.seed, "N", "draw initial weights")
                   ->check(CLI::NonNegativeNumber)
                   ->excludes(weights);
  option("--save-init", arguments.save_init, "FILE", "safetensors to write them to")->needs(seed);
  option("--dtype", arguments.dtype, "TYPE", "f32, f64 or bf16: convolutions and products (f32)")
      ->check(CLI::IsMember({"f32", "f64", "bf16"}));
  option("--device", arguments.device, "DEVICE", "cpu or cuda (cpu)");
  app.callback([&arguments] { complete(arguments); });
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  CLI::App app("Shows a net, writes its initial weights, or runs it forward.", "net");
  melgrad::Arguments arguments;
  melgrad::add_options(app, arguments);
  return melgrad::run_tool(app, argc, argv, [&] {
    melgrad::run(arguments);
    return 0;
  });
}
