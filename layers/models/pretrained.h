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
/// Into a net with layers in the place of the published last ones, a file that has none of `own` may
/// have `published`: the one is left alone and reported, the other is not loaded.
PretrainedReport load_pretrained(Module& net, const StateDict& weights,
                                 const std::vector<std::string>& heads,
                                 const ReplacedHead& replaced = {});

}  // namespace melgrad
