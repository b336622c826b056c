#include "kernels/tf32.h"

#include <atomic>

namespace melgrad {

static std::atomic<Tf32> allowed = Tf32::off;

void set_tf32(Tf32 where) { allowed = where; }
bool tf32_in_convolutions() { return allowed != Tf32::off; }
bool tf32_in_products() { return allowed == Tf32::all; }

}  // namespace melgrad
