#pragma once
#include "kernels/backend.h"

namespace melgrad {

/// `plain`, whose calls are timed while a Profile lives: one object a backend, made at the first call
/// and never destroyed.
Backend& timed(Backend& plain);

}  // namespace melgrad
