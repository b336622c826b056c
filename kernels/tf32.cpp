#include "kernels/tf32.h"

#include <atomic>

namespace melgrad {

static std::atomic<bool> is_allowed = false;

void set_tf32(bool allowed) { is_allowed = allowed; }
bool tf32() { return is_allowed; }

}  // namespace melgrad
