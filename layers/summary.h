#pragma once
#include <ostream>
#include <string>
#include <vector>

#include "layers/module.h"

namespace melgrad {

/// What a net is made of: one row a layer, in the order in which they ran.
struct Summary {
  struct Row {
    std::string name, type, details;
    Shape output;
    i64 parameters = 0, multiply_adds = 0;  // its own, children not counted
    bool joins = false;                     // runs as one with the row above (fusion.h)
  };
  std::string type;
  Shape input;
  std::vector<Row> rows;
  i64 parameters = 0, trainable = 0, multiply_adds = 0;
};

/// Runs the net forward on zeros of shape `input` (batch first), in evaluation and without
/// gradients; its modes are as before afterwards.
Summary summarize(Module& net, const Shape& input);
/// As a table, in which "+ ReLU" is one that runs as one with the row above.
std::ostream& operator<<(std::ostream& out, const Summary& summary);

}  // namespace melgrad
