#pragma once
#include <memory>
#include <string>
#include <vector>

#include "layers/module.h"

namespace melgrad {

/// A net's layer in the place of the published net's last one, "head" for "fc": weights of the
/// published net have `published`, not `own`.
struct ReplacedHead {
  std::string own, published;
};

/// A net that can be asked for by name.
struct NetEntry {
  const char* name;
  const char* description;
  Shape input;       // of one sample, (C, H, W) or (D), as published
  i64 least;         // height and width of another (C, H, W); 0: any shape will do, (D) too
  i64 classes;       // as published
  const char* head;  // the layer whose size depends on the classes: "classifier.6"
  std::unique_ptr<Module> (*make)(const Shape& input, i64 classes);
  ReplacedHead replaced = {};  // of a net on another's body

  /// Throws Error that says what the net takes unless `shape` is that.
  void check_input(const Shape& shape) const;
};

const std::vector<NetEntry>& nets();
/// Throws Error that lists the names there are.
const NetEntry& find_net(const std::string& name);
/// For samples of shape `input`, or as published. The same initial weights are drawn for the same
/// shape. Throws Error on a name, a shape or a number of classes that will not do.
std::unique_ptr<Module> make_net(const std::string& name, const Shape& input, i64 classes);
std::unique_ptr<Module> make_net(const std::string& name, i64 classes);

}  // namespace melgrad
