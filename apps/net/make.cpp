#include "apps/net/make.h"

#include <algorithm>
#include <iostream>

#include "layers/keras/load_keras.h"
#include "layers/models/pretrained.h"
#include "layers/models/weights_file.h"
#include "layers/summary.h"
#include "tensor/files/hdf5/hdf5.h"

namespace melgrad {
namespace {

// Of what the net sees: as published, or of another size.
Shape shape_of(const NetArguments& arguments, const NetEntry& entry) {
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
TrainedNet from_file(const NetArguments& arguments) {
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

// Keras's own description of a net that has no name here.
TrainedNet from_description(const std::string& path) {
  std::unique_ptr<KerasNet> net = load_keras(path);
  TrainedNet made{.shape = net->input()};
  bool is_open = std::any_of(made.shape.begin(), made.shape.end(), [](i64 n) { return n < 0; });
  check(!is_open, "net", "{} leaves the size of its input open: {}", path, made.shape);
  made.input = usual_input(made.shape);
  Shape batch = made.shape;
  batch.insert(0, 1);
  made.classes = numbered(summarize(*net, batch).rows.back().output.back());
  made.net = std::move(net);
  return made;
}

// With --seed initial weights, else none.
TrainedNet from_registry(const NetArguments& arguments) {
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

// All but the layers that depend on the classes, which are drawn.
TrainedNet with_new_head(const NetArguments& arguments) {
  NetArguments drawn = arguments;
  drawn.seed = arguments.seed.value_or(0);
  TrainedNet made = from_registry(drawn);
  const NetEntry& entry = find_net(made.name);
  StateDict weights = WeightsFile(arguments.weights).tensors_for(*made.net);
  std::erase_if(weights, [&](const auto& each) {
    return each.first.starts_with(std::string(entry.head) + ".");
  });
  PretrainedReport report = load_pretrained(*made.net, weights, {entry.head}, entry.replaced);
  std::cout << "drawn:";
  for (const std::string& name : report.kept) std::cout << " " << name;
  std::cout << "\n";
  return made;
}

}  // namespace

TrainedNet make_trained_net(const NetArguments& arguments) {
  if (arguments.weights.empty()) return from_registry(arguments);
  if (arguments.new_head) return with_new_head(arguments);
  if (arguments.name.empty() && is_hdf5(arguments.weights))
    return from_description(arguments.weights);
  return from_file(arguments);
}

}  // namespace melgrad
