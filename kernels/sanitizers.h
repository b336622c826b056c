#pragma once

// MELGRAD_ASAN, MELGRAD_TSAN: whether AddressSanitizer or ThreadSanitizer is on. g++ and clang say it differently.
#if defined(__has_feature)
#define MELGRAD_ASAN __has_feature(address_sanitizer)
#define MELGRAD_TSAN __has_feature(thread_sanitizer)
#else
#if defined(__SANITIZE_ADDRESS__)
#define MELGRAD_ASAN 1
#else
#define MELGRAD_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__)
#define MELGRAD_TSAN 1
#else
#define MELGRAD_TSAN 0
#endif
#endif
