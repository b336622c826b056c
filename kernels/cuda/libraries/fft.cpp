#include <algorithm>
#include <memory>

#include "kernels/cuda/libraries/library_handles.h"
#include "kernels/cuda/libraries/workspace.h"

namespace melgrad::cuda {

/// cuFFT's plan: tables in the device's memory, and kernels.
class FftPlan {
 public:
  explicit FftPlan(Stream stream) : stream_(stream) {
    check_cufft(cufftCreate(&handle_), "cufftCreate");
  }
  FftPlan(const FftPlan&) = delete;
  FftPlan& operator=(const FftPlan&) = delete;
  ~FftPlan() {
    try {
      synchronize(stream_);   // what was submitted reads the tables
    } catch (const Error&) {  // on a device that failed nothing runs
    }
    cufftDestroy(handle_);
  }

  /// Once. For `count` transforms of n values.
  cufftResult make(cufftType type, i64 count, i64 n) {
    long long size = n;  // NOLINT(google-runtime-int): cuFFT's type
    return cufftMakePlanMany64(handle_, 1, &size, nullptr, 1, 0, nullptr, 1, 0, type, count,
                               &workspace_bytes_);
  }
  cufftHandle handle() const { return handle_; }
  i64 workspace_bytes() const { return static_cast<i64>(workspace_bytes_); }

 private:
  Stream stream_;
  cufftHandle handle_ = 0;
  std::size_t workspace_bytes_ = 0;
};

namespace {

std::shared_ptr<const FftPlan> make_plan(CudaBackend& backend, cufftType type, i64 count, i64 n) {
  std::shared_ptr<FftPlan> plan;
  auto make = [&] {
    plan = std::make_shared<FftPlan>(backend.stream());
    check_cufft(cufftSetAutoAllocation(plan->handle(), 0), "cufftSetAutoAllocation");
    return plan->make(type, count, n);
  };
  check_cufft(with_memory(backend, make), "cufftMakePlanMany64");
  check_cufft(cufftSetStream(plan->handle(), backend.stream()), "cufftSetStream");
  return plan;
}

// Runs `transform` with a plan and its memory. A plan costs milliseconds to make: one a shape, kept.
template <class Transform>
void run(CudaBackend& backend, std::string_view call, cufftType type, i64 count, i64 n,
         Transform transform) {
  const auto& plan = backend.libraries().transforms.at(
      {type, count, n}, [&] { return make_plan(backend, type, count, n); });
  backend.hold(plan);
  // cuFFT takes for granted that there is one, also where it asks for 0 bytes.
  Workspace workspace(backend, std::max<i64>(plan->workspace_bytes(), 1));
  check_cufft(cufftSetWorkArea(plan->handle(), workspace.data()), "cufftSetWorkArea");
  check_cufft(with_memory(backend, [&] { return transform(plan->handle()); }), call);
}

}  // namespace

void fft_real_to_complex(CudaBackend& backend, i64 count, i64 n, const float* x, float* y) {
  run(backend, "cufftExecR2C", CUFFT_R2C, count, n, [&](cufftHandle plan) {
    return cufftExecR2C(plan, const_cast<float*>(x), reinterpret_cast<cufftComplex*>(y));
  });
}

void fft_complex_to_real(CudaBackend& backend, i64 count, i64 n, float* y, float* x) {
  run(backend, "cufftExecC2R", CUFFT_C2R, count, n,
      [&](cufftHandle plan) { return cufftExecC2R(plan, reinterpret_cast<cufftComplex*>(y), x); });
}

}  // namespace melgrad::cuda
