#pragma once
#include <string>

#include "kernels/error.h"

namespace melgrad {

/// What the Error that f throws says, or "no error".
template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace melgrad
