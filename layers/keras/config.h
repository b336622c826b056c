#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kernels/dtype.h"

namespace melgrad {

/// What a layer's description gives an option.
struct KerasOption {
  std::string shown;    // as JSON, for errors
  bool is_off = false;  // null or false
  std::optional<bool> flag;
  std::optional<std::string> text;
  std::vector<double> numbers;  // one, a list, or a list of lists one after the other; null: −1
};

struct KerasLayerConfig {
  std::string name, class_name;
  std::map<std::string, KerasOption> options;
};

/// A net as the JSON in Keras's `model_config` describes it: a Sequential, or a Functional model whose
/// layers stand in one line, which is followed from its input. Keras 2 and 3 spell both.
/// `input`: sizes without the batch, −1 where they are left open. Throws Error that begins with `path`.
struct KerasModelConfig {
  std::vector<i64> input;
  std::vector<KerasLayerConfig> layers;  // without the InputLayer
};
KerasModelConfig read_keras_config(const std::filesystem::path& path, const std::string& json);

}  // namespace melgrad
