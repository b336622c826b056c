#pragma once

namespace melgrad {

/// `fma_small map …`: songs as points of a plane, the alike ones close together. See README.md. `argv`
/// begins with the word "map". Returns the exit code.
int map(int argc, char** argv);

}  // namespace melgrad
