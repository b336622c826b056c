#include "tests/op_cases.h"

namespace melgrad::op_cases {
namespace {

Forward to_size(Pair size, Resize how) {
  return op([=](T x) { return resize(x, size, how); });
}
Forward to_half(Resize how) {
  return op([=](T x) { return resize(x, {x.dim(-2) / 2, x.dim(-1) / 2}, how); });
}
const Options no_gradient = {.forward_only = true};
const Options photos = {.forward_only = true, .large = {uniform({64, 3, 288, 432})}};

}  // namespace

Rows resize_rows() {
  Rows rows;
  for (auto [name, how] :
       {std::pair("nearest", Resize::nearest), std::pair("bilinear", Resize::bilinear),
        std::pair("area", Resize::area)}) {
    std::string prefix = std::string("resize/") + name;
    rows.push_back({prefix + "_smaller", to_half(how), {uniform({2, 7, 9})}, photos});
    rows.push_back({prefix + "_larger", to_size({9, 10}, how), {uniform({2, 4, 3})}, no_gradient});
    rows.push_back(
        {prefix + "_uneven", to_size({9, 2}, how), {uniform({3, 1, 4, 6})}, no_gradient});
    rows.push_back({prefix + "_same", to_size({4, 6}, how), {uniform({4, 6})}, no_gradient});
  }
  return rows;
}

}  // namespace melgrad::op_cases
