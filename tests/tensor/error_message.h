#pragma once
#include <string>

#include "kernels/error.h"

namespace melgrad {

/// What Error `f` throws says; empty if it throws none.
template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace melgrad
