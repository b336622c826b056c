#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/trained/input.h"
#include "layers/module.h"

namespace melgrad {

/// (x − mean) / std: of everything, of each channel, or of each band.
struct Normalisation {
  std::vector<double> mean = {}, std = {};  // none: x stays; one, C, or as many as bands
  /// x (N, C, H, W) or (N, D) f32. Bands are rows, or columns where frames come first.
  Tensor operator()(const Tensor& x, bool frames_first = false) const;
};

/// A net with everything that it takes to ask it something:
///
///   TrainedNet net = load_trained("base_cnn.safetensors");
///   Tensor strengths = net.strengths("song.mp3");
///   for (i64 i = 0; i < strengths.numel(); ++i)
///     std::cout << net.classes[i] << " " << strengths.select(0, i).item() << "\n";
struct TrainedNet {
  std::string name = {};                  // in the registry of nets (layers/models/registry.h)
  Shape shape = {};                       // of what it sees, (C, H, W) or (D)
  std::vector<std::string> classes = {};  // in the order of its outputs
  Input input = {};                       // how a file becomes a row
  Normalisation normalisation = {};  // how a row becomes what the net sees; one channel is repeated
  std::map<std::string, double> scores = {};  // measured on its test clips: "accuracy", "loss"
  std::string training = "{}";                // JSON: the study, data set, settings, command
  std::string other = "{}";          // JSON: keys of the file that this version does not know
  std::unique_ptr<Module> net = {};  // in evaluation mode

  /// Stored rows (N, input.shape()) -> what the net sees (N, shape), f32.
  Tensor see(const Tensor& rows) const;
  /// softmax of what the net says of rows (N, input.shape()): (N, classes) f32.
  Tensor strengths(const Tensor& rows) const;
  /// Of a file, from `offset` seconds on: (classes) f32.
  Tensor strengths(const std::filesystem::path& song, double offset = 0) const;
};

/// What a weights file that says nothing of itself lacks; what it does say wins.
struct TrainedOptions {
  std::string name = {};                  // of the net
  Shape shape = {};                       // none: the net's own
  std::vector<std::string> classes = {};  // none: "0", "1" … as many as the head has
  Input input = {};
};

/// Reads what save_trained wrote, or any weights of a net that is known (layers/models/weights_file.h:
/// PyTorch's and Keras's, too), with `options` for what the file lacks. Throws Error that names the file on weights that do not fit, and on a format of the
/// key that a later version wrote.
TrainedNet load_trained(const std::filesystem::path& path, const TrainedOptions& options = {});

/// Weights and buffers as safetensors (a path that ends in .pth or .pt gets PyTorch's format, which
/// has no place for more); the metadata key "melgrad" has the rest: {format: 1, version,
/// net, shape, classes, input: {kind, every parameter, mean, std}, training, scores}.
void save_trained(const std::filesystem::path& path, const TrainedNet& trained);

}  // namespace melgrad
