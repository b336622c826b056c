#pragma once
#include <string>
#include <vector>

#include "layers/module.h"

namespace melgrad {

struct PretrainedReport {
  std::vector<std::string> kept;  // names of `head` whose shape differs: they stay as drawn
};

/// Loads published weights into a net whose last layers may have other sizes: a 1000-class file
/// into a 10-class net. Everything must fit but the layers named in `heads` ("classifier.6"), which
/// are loaded if they fit, else left alone and reported. Throws Error otherwise, changing nothing.
PretrainedReport load_pretrained(Module& net, const StateDict& weights,
                                 const std::vector<std::string>& heads);

}  // namespace melgrad
