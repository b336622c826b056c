#pragma once
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "kernels/error.h"
#include "layers/keras/config.h"
#include "tensor/ops.h"

namespace melgrad {

/// A layer's options as they are asked for. Each function gives `fallback` where the option is not
/// there, and throws Error that names layer, option and value where it is not of that kind.
class KerasOptions {
 public:
  KerasOptions(const std::filesystem::path& path, const KerasLayerConfig& layer)
      : path_(path), layer_(layer) {}

  const std::string& layer() const { return layer_.name; }
  std::string text(const std::string& name, const std::string& fallback);
  bool flag(const std::string& name, bool fallback);
  double number(const std::string& name, double fallback);
  /// 1 … 2³¹
  i64 size(const std::string& name);
  /// 3 or [3, 3]
  Pair pair(const std::string& name, std::optional<Pair> fallback);
  /// So many whole numbers, at least 0.
  std::vector<i64> whole(const std::string& name);
  /// Whether there is one that is not null or false.
  bool has(const std::string& name);
  /// That one is not there, null, false or `only`.
  void expect(const std::string& name, const std::string& only);

  /// Throws Error on an option that nobody asked for, but those that only matter to training or say
  /// nothing of what is computed.
  void finish() const;
  [[noreturn]] void refuse(const std::string& name) const;
  template <class... Args>
  void require(bool ok, std::string_view text, const Args&... args) const {
    check(ok, "load_keras", "{}: layer '{}' ({}): {}", path_, layer_.name, layer_.class_name,
          ok ? "" : format(text, args...));
  }

 private:
  const KerasOption* find(const std::string& name);

  const std::filesystem::path& path_;
  const KerasLayerConfig& layer_;
  std::set<std::string> asked_;
};

}  // namespace melgrad
