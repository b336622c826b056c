#include "layers/models/weights_file.h"

#include <algorithm>

#include "tensor/files/file.h"
#include "tensor/files/hdf5/hdf5.h"
#include "tensor/files/pytorch/pytorch.h"
#include "tensor/files/signature.h"

namespace melgrad {
namespace {

std::string_view kind_of_file(const std::filesystem::path& path) {
  InputFile file(path);
  std::string beginning(std::min<u64>(signature_bytes, file.size()), '\0');
  file.read(0, beginning.data(), beginning.size());
  return kind_by_signature(beginning);
}

// Of what is not what it should be, the reader says so.
std::variant<TensorFile, KerasWeights> read(const std::filesystem::path& path) {
  std::string_view kind = kind_of_file(path);
  bool is_pytorchs = kind.find("PyTorch") != std::string_view::npos || kind == "a Python pickle" ||
                     kind == "a zip archive";
  if (is_pytorchs) return load_pytorch(path);
  if (is_hdf5(path)) return read_keras_weights(path);
  return load_safetensors(path);
}

// A dense layer's, as the last layer of a net is.
i64 outputs_of_last(const KerasWeights& weights) {
  for (auto layer = weights.layers.rbegin(); layer != weights.layers.rend(); ++layer)
    for (const auto& [name, tensor] : layer->tensors)
      if (name == "weight" && tensor.rank() == 2) return tensor.dim(0);
  fail("net", "none of its layers is a Dense");
}

}  // namespace

WeightsFile::WeightsFile(const std::filesystem::path& path) : content_(read(path)) {}

StateDict WeightsFile::tensors() const {
  if (const auto* file = std::get_if<TensorFile>(&content_)) return file->tensors;
  StateDict tensors;
  for (const KerasLayer& layer : std::get<KerasWeights>(content_).layers)
    for (const auto& [name, tensor] : layer.tensors) tensors[layer.name + "." + name] = tensor;
  return tensors;
}

StateDict WeightsFile::tensors_for(Module& net) const {
  if (const auto* weights = std::get_if<KerasWeights>(&content_))
    return keras_state_dict(*weights, net);
  return tensors();
}

const std::map<std::string, std::string>& WeightsFile::metadata() const {
  static const std::map<std::string, std::string> none;
  const auto* file = std::get_if<TensorFile>(&content_);
  return file != nullptr ? file->metadata : none;
}

i64 WeightsFile::outputs(const NetEntry& entry) const {
  if (const auto* weights = std::get_if<KerasWeights>(&content_)) return outputs_of_last(*weights);
  return outputs_of(entry, std::get<TensorFile>(content_).tensors);
}

i64 outputs_of(const NetEntry& entry, const StateDict& weights) {
  std::string name = std::string(entry.head) + ".weight";
  auto weight = weights.find(name);
  check(weight != weights.end(), "net", "no weights of a {}: {} is not there", entry.name, name);
  check(weight->second.rank() == 2, "net", "no weights of a {}: {} is {}", entry.name, name,
        weight->second.shape());
  return weight->second.dim(0);
}

void save_weights(const std::filesystem::path& path, const StateDict& tensors,
                  const std::map<std::string, std::string>& metadata) {
  std::string extension = path.extension().string();
  bool is_pytorchs = extension == ".pth" || extension == ".pt";
  check(is_pytorchs || extension == ".safetensors", "save_weights",
        "{} ends neither in .safetensors nor in .pth or .pt, as what can be written does", path);
  if (is_pytorchs)
    save_pytorch(path, tensors);
  else
    save_safetensors(path, tensors, metadata);
}

}  // namespace melgrad
