#pragma once
#include "kernels/sanitizers.h"

// MELGRAD_SIMD before a function with a hot loop has g++ compile it three times, for AVX-512, for
// AVX2 and for any x86-64, all that it calls inlined; the program picks one when it starts. So one
// binary is fast here and runs elsewhere. clang 14 has no such clones, and their resolvers run
// before the sanitizers are ready: there the attribute is empty and the loop the plain one.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__OPTIMIZE__) && \
    !MELGRAD_ASAN && !MELGRAD_TSAN
#define MELGRAD_SIMD \
  __attribute__((flatten, target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MELGRAD_SIMD
#endif
