#include "audio/files/quiet_mpg123.h"

#include <dlfcn.h>

namespace melgrad {

void keep_mpg123_quiet() {}

}  // namespace melgrad

// A program's own functions go before those of shared libraries, also for calls from other shared
// libraries: libsndfile's call of mpg123_new arrives here. The real one does the work; then the
// handle is told to be quiet (parameter 2, "add flags"; flag 0x20, "quiet": the same in libmpg123's
// binary interface since 2006). Closing stderr for a moment instead would take other threads' words.
extern "C" __attribute__((visibility("default"))) void* mpg123_new(const char* decoder,
                                                                   int* error) {
  using New = void* (*)(const char*, int*);
  using Param = int (*)(void*, int, long, double);
  auto real = reinterpret_cast<New>(dlsym(RTLD_NEXT, "mpg123_new"));
  void* handle = real == nullptr ? nullptr : real(decoder, error);
  auto param = reinterpret_cast<Param>(dlsym(RTLD_NEXT, "mpg123_param"));
  if (handle != nullptr && param != nullptr) param(handle, 2, 0x20, 0);
  return handle;
}
