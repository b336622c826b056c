#pragma once
#include <string>
#include <vector>

#include "audio/feature.h"

namespace CLI {
class App;
}

namespace melgrad {

/// What the command line of `features` asks for.
struct Request {
  Feature feature;                  // with all its parameters; unused with `like`
  std::string like;                 // a weights file: what its net sees
  std::vector<std::string> inputs;  // files, or folders
  std::string output;               // a .npy, or a folder
  double offset = 0, duration = std::numeric_limits<double>::infinity();  // seconds
  int threads = 0;                                                        // 0: all there are
  bool force = false;  // compute again, and write over what features did not make
};

/// Parsing fills `request`, which is complete when it returns; a value that no file could do
/// anything with is wrong use.
void add_options(CLI::App& app, Request& request);

}  // namespace melgrad
