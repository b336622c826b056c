#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <variant>

#include "layers/keras/weights.h"
#include "layers/models/registry.h"
#include "layers/module.h"
#include "tensor/files/safetensors.h"

namespace melgrad {

/// Weights in the formats in which they are passed round, told by the file's first bytes:
/// safetensors, PyTorch's .pth and .pt (tensor/files/pytorch), Keras's .h5 (layers/keras).
class WeightsFile {
 public:
  /// Throws Error that names the file and says what it is, if it is none of these, or what is wrong.
  explicit WeightsFile(const std::filesystem::path& path);

  /// Under the file's own names; a Keras layer's are "conv2d.weight".
  StateDict tensors() const;
  /// Under net's names: as they are, or of a Keras file as keras_state_dict finds them.
  StateDict tensors_for(Module& net) const;
  /// What a safetensors or PyTorch file says beside its tensors.
  const std::map<std::string, std::string>& metadata() const;
  /// As outputs_of; of a Keras file those of its last Dense.
  i64 outputs(const NetEntry& entry) const;

 private:
  std::variant<TensorFile, KerasWeights> content_;
};

/// Of the layer that depends on the classes: as many as there are. Throws Error where it is missing.
i64 outputs_of(const NetEntry& entry, const StateDict& weights);

/// Writes what WeightsFile reads: a name that ends in .pth or .pt gets PyTorch's format, without the
/// metadata, .safetensors that, and any other is an Error. The file appears when it is complete
/// (tensor/files/file.h).
void save_weights(const std::filesystem::path& path, const StateDict& tensors,
                  const std::map<std::string, std::string>& metadata = {});

}  // namespace melgrad
