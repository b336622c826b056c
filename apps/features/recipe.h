#pragma once
#include <functional>
#include <string>

#include "apps/features/command_line.h"

namespace melgrad {

/// What becomes of a file.
struct FileRecipe {
  std::string title;
  std::string text;  // every parameter, and the version of melgrad: what differs may give others
  bool takes_pictures = false;
  std::function<Tensor(const std::filesystem::path&)> compute;  // for several threads at once
};

/// Throws Error where the weights file of request.like is none, or its net sees no files.
FileRecipe recipe_of(const Request& request);

}  // namespace melgrad
