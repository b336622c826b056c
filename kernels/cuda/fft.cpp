#include "kernels/cuda/library_handles.h"

namespace melgrad::cuda {
namespace {

// A plan costs milliseconds and device memory: one a shape, kept.
cufftHandle plan_for(Libraries& libraries, cufftType type, i64 count, i64 n) {
  auto [entry, is_new] = libraries.plans.try_emplace({type, count, n}, cufftHandle{});
  if (is_new) {
    check(count <= 0x7fffffff && n <= 0x7fffffff, "cufftPlanMany",
          "{} transforms of {} are too many at once", count, n);
    int size = static_cast<int>(n);
    cufftResult status = cufftPlanMany(&entry->second, 1, &size, nullptr, 1, 0, nullptr, 1, 0, type,
                                       static_cast<int>(count));
    if (status != CUFFT_SUCCESS) libraries.plans.erase(entry);
    check_cufft(status, "cufftPlanMany");
    check_cufft(cufftSetStream(entry->second, libraries.stream), "cufftSetStream");
  }
  return entry->second;
}

}  // namespace

void fft_real_to_complex(Libraries& libraries, i64 count, i64 n, const float* x, float* y) {
  check_cufft(cufftExecR2C(plan_for(libraries, CUFFT_R2C, count, n), const_cast<float*>(x),
                           reinterpret_cast<cufftComplex*>(y)),
              "cufftExecR2C");
}

void fft_complex_to_real(Libraries& libraries, i64 count, i64 n, float* y, float* x) {
  check_cufft(
      cufftExecC2R(plan_for(libraries, CUFFT_C2R, count, n), reinterpret_cast<cufftComplex*>(y), x),
      "cufftExecC2R");
}

}  // namespace melgrad::cuda
