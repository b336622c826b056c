#include "autograd/tools/graph.h"

#include <gtest/gtest.h>

#include "autograd/functions.h"
#include "tests/autograd/expect_error.h"

namespace melgrad {
namespace {

TEST(Graph, ShowsOperationsLeavesAndShapes) {
  Variable x(ones({2, 3})), weight(ones({4, 3}), true), bias(ones({4}), true);
  std::string dot =
      to_dot(relu(linear(x, weight, bias)), {{"fc.weight", weight}, {"fc.bias", bias}});
  EXPECT_EQ(dot,
            "digraph {\n"
            "  rankdir = BT\n"
            "  node [fontname = \"sans-serif\"]\n"
            "  f0 [shape = box, label = \"relu\"]\n"
            "  f1 [shape = box, label = \"linear\"]\n"
            "  f1 -> f0 [label = \"(2, 4)\"]\n"
            "  f2 [shape = ellipse, label = \"fc.weight\\n(4, 3) f32\"]\n"
            "  f2 -> f1 [label = \"(4, 3)\"]\n"
            "  f3 [shape = ellipse, label = \"fc.bias\\n(4,) f32\"]\n"
            "  f3 -> f1 [label = \"(4,)\"]\n"
            "}\n");
}

TEST(Graph, ShowsASharedNodeOnce) {
  Variable x(ones({2}), true);
  Variable y = exp(x);
  std::string dot = to_dot(y * y);
  EXPECT_EQ(dot.find("\"exp\""), dot.rfind("\"exp\""));
}

TEST(Graph, NeedsAGraph) { EXPECT_ERROR(to_dot(Variable(ones({2}))), "[to_dot]"); }

}  // namespace
}  // namespace melgrad
