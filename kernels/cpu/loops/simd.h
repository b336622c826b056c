#pragma once
#include "kernels/sanitizers.h"

// MELGRAD_SIMD before a function with a hot loop has g++ compile it three times, for AVX-512, for
// AVX2 and for any x86-64, all that it calls inlined; the program picks one when it starts. So one
// binary is fast here and runs elsewhere. clang 14 has no such clones, and their resolvers run
// before the sanitizers are ready: there the attribute is empty and the loop the plain one.
//
// Where the code itself depends on how many registers there are, MELGRAD_AVX512 and MELGRAD_AVX2
// stand before the functions for one of them, and whoever calls them picks.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__OPTIMIZE__) && \
    !MELGRAD_ASAN && !MELGRAD_TSAN
#define MELGRAD_HAS_TARGETS 1
#define MELGRAD_SIMD \
  __attribute__((flatten, target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define MELGRAD_AVX512 __attribute__((flatten, target("arch=x86-64-v4")))
#define MELGRAD_AVX2 __attribute__((flatten, target("arch=x86-64-v3")))
#else
#define MELGRAD_HAS_TARGETS 0
#define MELGRAD_SIMD
#define MELGRAD_AVX512
#define MELGRAD_AVX2
#endif
