#pragma once
#include <memory>
#include <string>
#include <vector>

#include "layers/module.h"

namespace melgrad {

/// A net that can be asked for by name.
struct NetEntry {
  const char* name;
  const char* description;
  Shape input;       // of one sample, (C, H, W)
  i64 classes;       // as published
  const char* head;  // the layer whose size depends on the classes: "classifier.6"
  std::unique_ptr<Module> (*make)(i64 classes);
};

const std::vector<NetEntry>& nets();
/// Throws Error that lists the names there are.
const NetEntry& find_net(const std::string& name);
std::unique_ptr<Module> make_net(const std::string& name, i64 classes);

}  // namespace melgrad
