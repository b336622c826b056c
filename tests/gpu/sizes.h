#pragma once
#include "tests/op_cases.h"

namespace melgrad {

/// Further rows, of sizes that no warp and no block fits: 1, 31, 33 and primes. The table's rows are
/// small, because PyTorch's answers to them are kept; these are compared with the CPU alone.
op_cases::Rows rows_of_awkward_sizes();

}  // namespace melgrad
