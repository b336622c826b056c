#include "layers/keras/weights.h"

#include <algorithm>
#include <tuple>

#include "tensor/files/hdf5/hdf5.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

struct NameOf {
  std::string_view keras, ours;
};
constexpr NameOf names[] = {
    {"kernel", "weight"},
    {"bias", "bias"},
    {"gamma", "weight"},
    {"beta", "bias"},
    {"moving_mean", "running_mean"},
    {"moving_variance", "running_var"},
    // Keras 1; its "std" is the variance.
    {"W", "weight"},
    {"b", "bias"},
    {"running_mean", "running_mean"},
    {"running_std", "running_var"},
};

// What a .weights.h5, which numbers variables, has of each class.
struct VariablesOf {
  std::string_view keras;
  std::vector<std::string> names;
};
const std::vector<VariablesOf>& variables() {
  static const std::vector<VariablesOf> all{
      {"conv2d", {"kernel", "bias"}},
      {"dense", {"kernel", "bias"}},
      {"batch_normalization", {"gamma", "beta", "moving_mean", "moving_variance"}},
  };
  return all;
}

constexpr std::string_view digits = "0123456789";

// "conv2d" of "conv2d_12".
std::string without_number(const std::string& name) {
  std::size_t end = name.find_last_not_of(digits) + 1;
  bool is_numbered = end > 1 && end < name.size() && name[end - 1] == '_';
  return is_numbered ? name.substr(0, end - 1) : name;
}

// "kernel" of "conv2d/kernel:0", "W" of Keras 1's "res2a_branch2a_W:0" and "block1_conv1_W_1:0".
std::string variable_of(const std::string& layer, const std::string& name) {
  std::string last = name.substr(name.rfind('/') + 1);
  last = without_number(last.substr(0, last.find(':')));
  return last.starts_with(layer + "_") ? last.substr(layer.size() + 1) : last;
}

Tensor turned(const Tensor& kernel) {
  return (kernel.rank() == 2 ? kernel.transpose(0, 1) : kernel.permute({3, 2, 0, 1})).contiguous();
}

class WeightsReader {
 public:
  explicit WeightsReader(const std::filesystem::path& path) : file_(path) { result_.path = path; }

  KerasWeights read() {
    Hdf5Group root = file_.root();
    if (root.has_attribute("model_config")) result_.model_config = root.text("model_config");
    std::string below;  // TensorFlow 2.13 called it otherwise
    for (const char* name : {"layers", "_layer_checkpoint_dependencies"})
      if (root.has_group(name)) below = name;
    if (root.has_group("model_weights")) {
      read_named(root.group("model_weights"));
    } else if (root.has_attribute("layer_names") || root.has_attribute("layer_names0")) {
      read_named(root);
    } else {
      require(!below.empty(),
              "an HDF5 file, but not Keras's: it has no model_weights, no layer_names "
              "and no layers");
      read_numbered(root.group(below));
    }
    return std::move(result_);
  }

 private:
  template <class... Args>
  void require(bool ok, std::string_view text, const Args&... args) const {
    check(ok, "read_keras_weights", "{}: {}", result_.path, ok ? "" : format(text, args...));
  }

  // Keras breaks a list that has more than 64 KB: layer_names0, layer_names1 …
  static std::vector<std::string> list(const Hdf5Group& group, const std::string& name) {
    if (group.has_attribute(name)) return group.texts(name);
    std::vector<std::string> all;
    for (int i = 0; group.has_attribute(name + std::to_string(i)); ++i)
      for (std::string& each : group.texts(name + std::to_string(i)))
        all.push_back(std::move(each));
    return all;
  }

  void read_named(const Hdf5Group& group) {
    for (const std::string& name : list(group, "layer_names")) {
      Hdf5Group layer = group.group(name);
      KerasLayer read{name, {}};
      for (const std::string& weight : list(layer, "weight_names"))
        add(read, variable_of(name, weight), layer.dataset(weight));
      finish(std::move(read));
    }
    const char* others = "top_level_model_weights";
    require(!group.has_group(others) || list(group.group(others), "weight_names").empty(),
            "weights that are the model's and no layer's are not known here");
  }

  void read_numbered(const Hdf5Group& group) {
    std::vector<std::string> all = group.names();
    auto key = [](const std::string& name) {  // 2 before 10
      return std::tuple(without_number(name), name.size(), name);
    };
    std::sort(all.begin(), all.end(),
              [&](const auto& a, const auto& b) { return key(a) < key(b); });
    for (const std::string& name : all) read_variables(name, group.group(name));
    result_.in_order = false;
  }

  void read_variables(const std::string& place, const Hdf5Group& group) {
    for (const std::string& part : group.names())
      require(part == "vars" || part == "seed_generator",
              "layers/{} has layers of its own ({}), which is not known here", place, part);
    if (!group.has_group("vars")) return;
    Hdf5Group vars = group.group("vars");
    std::size_t count = vars.names().size();
    if (count == 0) return;
    std::string kind = without_number(place);
    const auto* known = std::find_if(variables().data(), variables().data() + variables().size(),
                                     [&](const VariablesOf& each) { return each.keras == kind; });
    require(known != variables().data() + variables().size(),
            "layers/{}: weights of a {} are not known here", place, kind);
    std::size_t most = known->names.size();
    // A batch norm with neither gamma nor beta is told by its number of variables; with one, it is not.
    std::size_t first = most > 2 ? most - count : 0;
    require(count == most || (most == 2 && count == 1) || (most > 2 && count == 2),
            "layers/{}: {} variables, which of them is not said; a {} has {}", place, count, kind,
            most);
    KerasLayer read{vars.has_attribute("name") ? vars.text("name") : place, {}};
    for (std::size_t i = 0; i < count; ++i)
      add(read, known->names[first + i], vars.dataset(std::to_string(i)));
    finish(std::move(read));
  }

  void add(KerasLayer& layer, const std::string& variable, const Hdf5Dataset& data) {
    const auto* name = std::find_if(std::begin(names), std::end(names),
                                    [&](const NameOf& each) { return each.keras == variable; });
    int rank = data.shape().rank();
    bool is_matrix = variable == "kernel" || variable == "W";
    require(name != std::end(names) && (is_matrix ? rank == 2 || rank == 4 : rank == 1),
            "layer '{}': a weight '{}' {} is not known here", layer.name, variable, data.shape());
    require(find(layer, name->ours) == nullptr,
            "layer '{}': has a '{}' twice; a model in a model is not known here", layer.name,
            variable);
    bytes_ += data.bytes_in_file();  // no file has so many, unless some lie in the same place
    require(bytes_ <= file_.bytes(), "layer '{}': more weights than the file has bytes",
            layer.name);
    Tensor x = data.read();
    require(is_floating(x.dtype()), "layer '{}': '{}' are whole numbers", layer.name, variable);
    layer.tensors.emplace_back(name->ours, is_matrix ? turned(x) : x);
  }

  static const Tensor* find(const KerasLayer& layer, std::string_view name) {
    for (const auto& [each, tensor] : layer.tensors)
      if (each == name) return &tensor;
    return nullptr;
  }

  void finish(KerasLayer layer) {
    if (layer.tensors.empty()) return;
    if (const Tensor* mean = find(layer, "running_mean")) {
      const Shape channels = mean->shape();
      if (find(layer, "weight") == nullptr) layer.tensors.emplace_back("weight", ones(channels));
      if (find(layer, "bias") == nullptr) layer.tensors.emplace_back("bias", zeros(channels));
    }
    result_.layers.push_back(std::move(layer));
  }

  Hdf5File file_;
  KerasWeights result_;
  u64 bytes_ = 0;
};

}  // namespace

KerasWeights read_keras_weights(const std::filesystem::path& path) {
  return WeightsReader(path).read();
}

}  // namespace melgrad
