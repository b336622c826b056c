#include "kernels/cudasim/libraries/include/cufft.h"

#include <array>
#include <complex>
#include <cstdint>
#include <map>

#include "kernels/cudasim/libraries/arrays.h"
#include "kernels/cudasim/libraries/calls.h"
#include "kernels/cudasim/libraries/fourier.h"

// cuFFT: plans, and transforms of real values.

namespace melgrad::sim {
namespace {

const Rule alive("cuFFT, cufftCreate() and cufftDestroy()",
                 "a plan is used from cufftCreate() to cufftDestroy(), which frees what its "
                 "transforms read, however late they run");
const Rule not_while_captured("cuFFT, Using cuFFT with CUDA Graphs, and cufftMakePlanMany64()",
                              "a plan, which allocates, is not made or destroyed during capture");
const Rule made_once("cuFFT, cufftMakePlanMany64()",
                     "of one handle a plan is made once, and before it runs");
const Rule settings_first("cuFFT, cufftSetAutoAllocation()",
                          "whether cuFFT allocates is decided before the plan is made");
const Rule layout("cuFFT, cufftMakePlanMany64()",
                  "rank, sizes and batch are positive; without inembed and onembed data are dense");
const Rule own_stream(
    "cuFFT, cufftSetStream()",
    "without a stream, work goes to the NULL stream, which ours does not wait for");
const Rule work_area(
    "cuFFT, cufftSetWorkArea()",
    "execution takes for granted that the work area is valid device memory that holds what "
    "the plan asked for, however little");
const Rule same_type("cuFFT, cufftExecR2C() and cufftExecC2R()",
                     "a plan runs as the type it was made for");
const Rule hermitian(
    "cuFFT, Fourier Transform Types",
    "of a complex-to-real transform's input the values that are their own mirror images are real");

struct TransformPlan {
  bool allocates = true, made = false;
  cufftType type = CUFFT_R2C;
  i64 n = 0, batch = 0, workspace_bytes = 0;
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;

  i64 bins() const { return n / 2 + 1; }
};

struct Plans {
  std::map<cufftHandle, TransformPlan> live;
  cufftHandle last = 0;

  TransformPlan& at(cufftHandle handle, std::string_view call) {
    auto found = live.find(handle);
    alive.check(found != live.end(), call, "there is no plan {}", handle);
    return found->second;
  }
};
Plans& plans() {
  static auto* all = new Plans;
  return *all;
}

// Some plans need none.
i64 workspace_of(const TransformPlan& plan) {
  return plan.n <= 16 ? 0 : plan.batch * plan.bins() * 8 + 4;
}

using Complex = std::complex<double>;

void real_to_complex(const TransformPlan& plan, const float* x, float* y) {
  std::vector<Complex> values(static_cast<std::size_t>(plan.n));
  for (i64 b = 0; b < plan.batch; ++b) {
    std::copy_n(x + b * plan.n, plan.n, values.begin());
    std::vector<Complex> spectrum = fourier_transform(values, -1);
    for (i64 k = 0; k < plan.bins(); ++k) {
      const Complex& bin = spectrum[static_cast<std::size_t>(k)];
      float* target = y + (b * plan.bins() + k) * 2;
      target[0] = static_cast<float>(bin.real());
      target[1] = 2 * k % plan.n == 0 ? 0 : static_cast<float>(bin.imag());
    }
  }
}

// All n values of the spectrum whose first half is y.
std::vector<Complex> whole_spectrum(const TransformPlan& plan, const float* y) {
  std::vector<Complex> spectrum(static_cast<std::size_t>(plan.n));
  for (i64 k = 0; k < plan.n; ++k) {
    i64 bin = std::min(k, plan.n - k);
    double imaginary = static_cast<double>(y[bin * 2 + 1]);
    bool own_mirror = 2 * k % plan.n == 0;
    hermitian.check(!own_mirror || imaginary == 0, "cufftExecC2R",
                    "bin {} of {} has the imaginary part {}", k, plan.n, imaginary);
    spectrum[static_cast<std::size_t>(k)] = {static_cast<double>(y[bin * 2]),
                                             bin == k ? imaginary : -imaginary};
  }
  return spectrum;
}

void complex_to_real(const TransformPlan& plan, float* y, float* x) {
  for (i64 b = 0; b < plan.batch; ++b) {
    std::vector<Complex> values =
        fourier_transform(whole_spectrum(plan, y + b * plan.bins() * 2), +1);
    for (i64 j = 0; j < plan.n; ++j)
      x[b * plan.n + j] = static_cast<float>(values[static_cast<std::size_t>(j)].real());
  }
  // cuFFT, cufftExecC2R(): an out-of-place transform, too, overwrites its input.
  spoil(y, plan.batch * plan.bins() * 2 * static_cast<i64>(sizeof(float)));
}

void execute(std::string_view call, cufftHandle handle, cufftType type, void* real, void* complex) {
  const TransformPlan& plan = plans().at(handle, call);
  made_once.check(plan.made, call, "no plan was made of handle {}", handle);
  same_type.check(plan.type == type, call, "the plan's type is {}", static_cast<int>(plan.type));
  own_stream.check(plan.stream != nullptr, call, "the plan has no stream");
  work_area.check(plan.workspace != nullptr || plan.allocates, call, "the plan has no work area");
  constexpr i64 pair = 8;  // both arrays are read as pairs of floats
  std::array arrays = {
      Array{"the real array", real, plan.batch * plan.n * 4, pair},
      Array{"the complex array", complex, plan.batch * plan.bins() * 8, pair},
      Array{"the work area", plan.workspace, plan.workspace ? plan.workspace_bytes : 0, pair}};
  for (const Array& array : arrays) check_array(call, array);
  check_apart(call, {}, arrays);
  on_device(plan.stream, [=, call = std::string(call)] {
    plans().at(handle, call);
    for (const Array& array : arrays) check_array(call, array);
    const Array& workspace = arrays.back();
    spoil(plan.workspace, workspace.bytes);
    if (type == CUFFT_R2C) {
      real_to_complex(plan, static_cast<const float*>(real), static_cast<float*>(complex));
    } else {
      complex_to_real(plan, static_cast<float*>(complex), static_cast<float*>(real));
    }
    spoil(plan.workspace, workspace.bytes);
  });
}

}  // namespace
}  // namespace melgrad::sim

using namespace melgrad::sim;

cufftResult cufftCreate(cufftHandle* plan) {
  return entry("cufftCreate", CUFFT_INTERNAL_ERROR, [&] {
    not_while_captured.check(!is_any_capturing(), "cufftCreate", "a stream is being captured");
    *plan = ++plans().last;
    plans().live[*plan] = {};
    count_object(1);
  });
}

cufftResult cufftDestroy(cufftHandle plan) {
  bool fails = is_to_fail("cufftDestroy");
  not_while_captured.check(!is_any_capturing(), "cufftDestroy", "a stream is being captured");
  plans().at(plan, "cufftDestroy");
  plans().live.erase(plan);
  count_object(-1);
  return fails ? CUFFT_INTERNAL_ERROR : CUFFT_SUCCESS;
}

cufftResult cufftSetAutoAllocation(cufftHandle plan, int allocates) {
  return entry("cufftSetAutoAllocation", CUFFT_INVALID_PLAN, [&] {
    TransformPlan& known = plans().at(plan, "cufftSetAutoAllocation");
    settings_first.check(!known.made, "cufftSetAutoAllocation", "the plan is made");
    known.allocates = allocates != 0;
  });
}

cufftResult cufftMakePlanMany64(cufftHandle plan, int rank, long long* n, long long* inembed,
                                long long, long long, long long* onembed, long long, long long,
                                cufftType type, long long batch, std::size_t* workspace_bytes) {
  constexpr const char* call = "cufftMakePlanMany64";
  return loading_entry(call, CUFFT_INTERNAL_ERROR, CUFFT_ALLOC_FAILED, [&] {
    TransformPlan& made = plans().at(plan, call);
    not_while_captured.check(!is_any_capturing(), call, "a stream is being captured");
    made_once.check(!made.made, call, "a plan was made of handle {}", plan);
    bool dense = inembed == nullptr && onembed == nullptr;
    layout.check(rank == 1 && n != nullptr && *n > 0 && batch > 0 && dense, call,
                 "rank {} (here 1 is all there is), {} transforms, dense: {}", rank, batch, dense);
    made.made = true;
    made.type = type;
    made.n = *n;
    made.batch = batch;
    made.workspace_bytes = workspace_of(made);
    *workspace_bytes = static_cast<std::size_t>(made.workspace_bytes);
  });
}

cufftResult cufftSetStream(cufftHandle plan, cudaStream_t stream) {
  return entry("cufftSetStream", CUFFT_INVALID_PLAN,
               [&] { plans().at(plan, "cufftSetStream").stream = stream; });
}

cufftResult cufftSetWorkArea(cufftHandle plan, void* workspace) {
  return entry("cufftSetWorkArea", CUFFT_INVALID_PLAN, [&] {
    TransformPlan& known = plans().at(plan, "cufftSetWorkArea");
    made_once.check(known.made, "cufftSetWorkArea", "no plan was made of handle {}", plan);
    known.workspace = workspace;
  });
}

cufftResult cufftExecR2C(cufftHandle plan, cufftReal* x, cufftComplex* y) {
  return loading_entry("cufftExecR2C", CUFFT_EXEC_FAILED, CUFFT_ALLOC_FAILED,
                       [&] { execute("cufftExecR2C", plan, CUFFT_R2C, x, y); });
}

cufftResult cufftExecC2R(cufftHandle plan, cufftComplex* y, cufftReal* x) {
  return loading_entry("cufftExecC2R", CUFFT_EXEC_FAILED, CUFFT_ALLOC_FAILED,
                       [&] { execute("cufftExecC2R", plan, CUFFT_C2R, x, y); });
}
