#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "layers/module.h"

namespace melgrad {

/// A layer of a Keras file: its name there, and its tensors with our names and axes. Conv2D's kernel
/// (h, w, in, out) -> weight (out, in, h, w); Dense's (in, out) -> weight (out, in); gamma, beta,
/// moving_mean, moving_variance -> weight, bias, running_mean, running_var.
struct KerasLayer {
  std::string name;
  Named<Tensor> tensors;
};

struct KerasWeights {
  std::filesystem::path path;
  std::vector<KerasLayer> layers;  // that have tensors
  /// Whether `layers` stand in the net's order. In Keras 3's .weights.h5 only those of one class do,
  /// because it numbers them so: conv2d, conv2d_1 …
  bool in_order = true;
  std::string model_config;  // JSON; empty in a file of weights only
};

/// The weights in a .h5 of Keras 1 to 3: a model's file, one of weights only, or a .weights.h5. A batch
/// norm without scale or center gets ones or zeros. Throws Error that names the file and the layer: no
/// HDF5 file or not Keras's, damaged, weights that no layer here has (LSTM, Conv1D …).
KerasWeights read_keras_weights(const std::filesystem::path& path);

/// The same tensors under the names that `net` has for them, for its load_state_dict() or
/// load_pretrained(), which say what is missing, unexpected or of another shape. By name where at
/// least half of the file's layers bear a name of net's modules; else the k-th layer with weights is the
/// net's k-th (of its kind, unless weights.in_order), as Keras's load_weights does it. Layers that find
/// no module keep their own name. Throws Error on a net whose Flatten is not Keras's (flatten.h).
StateDict keras_state_dict(const KerasWeights& weights, Module& net);

}  // namespace melgrad
