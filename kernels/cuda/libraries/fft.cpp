#include <algorithm>

#include "kernels/cuda/libraries/library_handles.h"
#include "kernels/scratch_array.h"

namespace melgrad::cuda {
namespace {

FftPlan make_plan(Libraries& libraries, cufftType type, i64 count, i64 n) {
  FftPlan plan;
  check_cufft(cufftCreate(&plan.handle), "cufftCreate");
  try {
    check_cufft(cufftSetAutoAllocation(plan.handle, 0), "cufftSetAutoAllocation");
    long long size = n;  // NOLINT(google-runtime-int): cuFFT's type
    check_cufft(cufftMakePlanMany64(plan.handle, 1, &size, nullptr, 1, 0, nullptr, 1, 0, type,
                                    count, &plan.workspace),
                "cufftMakePlanMany64");
    check_cufft(cufftSetStream(plan.handle, libraries.stream), "cufftSetStream");
  } catch (...) {
    cufftDestroy(plan.handle);
    throw;
  }
  return plan;
}

// Runs `transform` with a plan and its memory. A plan costs milliseconds to make: one a shape, kept.
template <class Transform>
void run(CudaBackend& backend, cufftType type, i64 count, i64 n, Transform transform) {
  auto& libraries = backend.libraries();
  auto known = libraries.plans.find({type, count, n});
  if (known == libraries.plans.end()) {
    FftPlan made = make_plan(libraries, type, count, n);
    known = libraries.plans.emplace(std::tuple(type, count, n), made).first;
  }
  const FftPlan& plan = known->second;
  // cuFFT takes for granted that there is one, also where it asks for 0 bytes.
  ScratchArray<char> workspace(backend, std::max<i64>(static_cast<i64>(plan.workspace), 1));
  check_cufft(cufftSetWorkArea(plan.handle, workspace.data()), "cufftSetWorkArea");
  transform(plan.handle);
}

}  // namespace

void fft_real_to_complex(CudaBackend& backend, i64 count, i64 n, const float* x, float* y) {
  run(backend, CUFFT_R2C, count, n, [&](cufftHandle plan) {
    check_cufft(cufftExecR2C(plan, const_cast<float*>(x), reinterpret_cast<cufftComplex*>(y)),
                "cufftExecR2C");
  });
}

void fft_complex_to_real(CudaBackend& backend, i64 count, i64 n, float* y, float* x) {
  run(backend, CUFFT_C2R, count, n, [&](cufftHandle plan) {
    check_cufft(cufftExecC2R(plan, reinterpret_cast<cufftComplex*>(y), x), "cufftExecC2R");
  });
}

}  // namespace melgrad::cuda
