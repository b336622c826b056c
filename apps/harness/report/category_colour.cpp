#include "apps/harness/report/category_colour.h"

#include <array>

#include "kernels/error.h"

namespace melgrad {

std::string category_colour(std::size_t i, std::size_t count) {
  constexpr std::array ten = {"#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1",
                              "#76b7b2", "#edc948", "#ff9da7", "#9c755f", "#bab0ac"};
  if (count <= ten.size()) return ten[i];
  return format("hsl({} {}% 58%)", i * 360 / count, i % 2 == 0 ? 62 : 42);
}

}  // namespace melgrad
