#pragma once
#include <string>

namespace melgrad {

/// A CSS colour for the i-th of `count` classes or albums: ten that are told apart (Tableau's), or
/// else hues around the circle.
std::string category_colour(std::size_t i, std::size_t count);

}  // namespace melgrad
