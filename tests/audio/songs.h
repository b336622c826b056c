#pragma once
#include <string>
#include <vector>

#include "audio/collections/dataset.h"
#include "kernels/error.h"

namespace melgrad {

using Indices = std::vector<i64>;

/// An example a song for each of `sizes`, by class: "0/3.wav", of group "0.3".
inline Collection of_sizes(const Indices& sizes) {
  Collection collection;
  for (std::size_t label = 0; label < sizes.size(); ++label) {
    collection.classes.push_back(std::to_string(label));
    for (i64 i = 0; i < sizes[label]; ++i)
      collection.examples.push_back(
          {format("{}/{}.wav", label, i), static_cast<i64>(label), format("{}.{}", label, i)});
  }
  return collection;
}

}  // namespace melgrad
