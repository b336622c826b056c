#pragma once
#include <string>
#include <vector>

#include "layers/models/registry.h"
#include "layers/module.h"

namespace melgrad {

struct PretrainedReport {
  std::vector<std::string> kept;  // they stay as drawn
};

/// Loads published weights into a net whose last layers may have other sizes: a 1000-class file
/// into a 10-class net. Everything must fit but the layers named in `heads` ("classifier.6"), which
/// are loaded if they fit, else left alone and reported. Throws Error otherwise, changing nothing.
///
/// Of weights without `replaced.own`, `replaced.published` is left out, and `own` left alone and
/// reported: a published net's weights for the body of a net with another head.
PretrainedReport load_pretrained(Module& net, const StateDict& weights,
                                 const std::vector<std::string>& heads,
                                 const ReplacedHead& replaced = {});

}  // namespace melgrad
