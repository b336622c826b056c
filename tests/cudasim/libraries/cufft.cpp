#include "kernels/cudasim/libraries/include/cufft.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/cudasim/libraries/callers.h"

namespace melgrad::sim {
namespace {

/// Two transforms of 20 values, as they should be called; tests change one thing.
struct Call {
  static constexpr std::size_t n = 20, bins = 11, batch = 2;
  cufftHandle plan = 0;
  cufftType type;
  std::size_t workspace_bytes = 0;
  DeviceArray workspace{4096}, real{batch * n * sizeof(float)},
      complex{batch * bins * 2 * sizeof(float)};

  explicit Call(cufftType made_for = CUFFT_R2C, bool makes_plan = true) : type(made_for) {
    cufftCreate(&plan);
    cufftSetAutoAllocation(plan, 0);
    if (!makes_plan) return;
    make();
    cufftSetStream(plan, test_stream());
    cufftSetWorkArea(plan, workspace.data());
    real.set(std::vector<float>(batch * n, 1));
    complex.set(std::vector<float>(batch * bins * 2, 0));
  }
  ~Call() { cufftDestroy(plan); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void make(long long size = n, int rank = 1) {
    cufftMakePlanMany64(plan, rank, &size, nullptr, 1, 0, nullptr, 1, 0, type, batch,
                        &workspace_bytes);
  }
  void run(void* real_at, void* complex_at) {
    if (type == CUFFT_R2C) {
      cufftExecR2C(plan, static_cast<float*>(real_at), static_cast<cufftComplex*>(complex_at));
    } else {
      cufftExecC2R(plan, static_cast<cufftComplex*>(complex_at), static_cast<float*>(real_at));
    }
  }
  void run() { run(real.data(), complex.data()); }
};

BrokenCaller caller(const char* name, const char* words, void (*act)(Call&),
                    bool makes_plan = true) {
  return {name, words, [=] {
            Call call(CUFFT_R2C, makes_plan);
            act(call);
          }};
}

}  // namespace

std::vector<BrokenCaller> cufft_callers() {
  return {
      caller("a plan destroyed too early", "there is no plan",
             [](Call& c) {
               cufftHandle other = 0;
               cufftCreate(&other);
               cufftDestroy(other);
               cufftSetStream(other, test_stream());
               c.run();
             }),
      caller(
          "a plan made during capture", "[cufftMakePlanMany64] a stream is being captured",
          [](Call& c) {
            Capture capture;
            c.make();
          },
          false),
      caller("a plan made twice", "a plan was made of handle", [](Call& c) { c.make(); }),
      caller(
          "a transform without a plan", "no plan was made", [](Call& c) { c.run(); }, false),
      caller("allocation forbidden too late", "the plan is made",
             [](Call& c) { cufftSetAutoAllocation(c.plan, 0); }),
      caller(
          "a transform of no values", "rank 1", [](Call& c) { c.make(0); }, false),
      caller("no stream", "the plan has no stream",
             [](Call& c) {
               cufftSetStream(c.plan, nullptr);
               c.run();
             }),
      caller(
          "no work area where the plan needs none", "the plan has no work area",
          [](Call& c) {
            c.make(8);
            EXPECT_EQ(c.workspace_bytes, 0U);
            cufftSetStream(c.plan, test_stream());
            c.run();
          },
          false),
      caller("a work area too small", "of a device allocation of 16 bytes",
             [](Call& c) {
               DeviceArray small(16);
               cufftSetWorkArea(c.plan, small.data());
               c.run();
             }),
      caller("the input as work area", "the work area overlaps the real array",
             [](Call& c) {
               DeviceArray large(4096);
               cufftSetWorkArea(c.plan, large.data());
               c.run(large.data(), c.complex.data());
             }),
      caller("a real array at an odd address", "begins 4 bytes after a multiple of 8",
             [](Call& c) {
               DeviceArray odd(Call::batch * Call::n * sizeof(float), 4);
               c.run(odd.data(), c.complex.data());
             }),
      caller("a plan of the other type", "the plan's type is 42",
             [](Call& c) {
               cufftExecC2R(c.plan, static_cast<cufftComplex*>(c.complex.data()), c.real.floats());
             }),
      {"a spectrum that is not Hermitian", "bin 10 of 20 has the imaginary part 1",
       [] {
         Call call(CUFFT_C2R);
         std::vector<float> spectrum(Call::batch * Call::bins * 2, 0);
         spectrum[21] = 1;
         call.complex.set(spectrum);
         call.run();
       }},
  };
}

namespace {

constexpr float two_pi = 6.2831853F;

TEST(CufftStandIn, TransformsAsDefined) {
  for (std::size_t n : {1U, 2U, 8U, 12U, 13U, 30U}) {
    cufftHandle plan = 0;
    cufftCreate(&plan);
    auto size = static_cast<long long>(n);
    std::size_t workspace_bytes = 0;
    cufftMakePlanMany64(plan, 1, &size, nullptr, 1, 0, nullptr, 1, 0, CUFFT_R2C, 1,
                        &workspace_bytes);
    cufftSetStream(plan, test_stream());
    std::vector<float> x;
    for (std::size_t j = 0; j < n; ++j) x.push_back(static_cast<float>(j * j % 5));
    DeviceArray real(x), complex((n / 2 + 1) * 2 * sizeof(float));
    cufftExecR2C(plan, real.floats(), static_cast<cufftComplex*>(complex.data()));
    std::vector<float> y = complex.get((n / 2 + 1) * 2);
    for (std::size_t k = 0; k <= n / 2; ++k) {
      float re = 0, im = 0;
      for (std::size_t j = 0; j < n; ++j) {
        float angle = two_pi * static_cast<float>(j * k % n) / static_cast<float>(n);
        re += x[j] * std::cos(angle);
        im -= x[j] * std::sin(angle);
      }
      EXPECT_NEAR(y[2 * k], re, 1e-4) << n << ", " << k;
      EXPECT_NEAR(y[2 * k + 1], im, 1e-4) << n << ", " << k;
    }
    cufftDestroy(plan);
  }
}

TEST(CufftStandIn, TransformsBackAndDestroysItsInput) {
  Call forward, back(CUFFT_C2R);
  std::vector<float> x;
  for (std::size_t j = 0; j < Call::batch * Call::n; ++j)
    x.push_back(static_cast<float>(j * j % 7));
  forward.real.set(x);
  forward.run();
  back.run(back.real.data(), forward.complex.data());
  std::vector<float> result = back.real.get(x.size());
  for (std::size_t j = 0; j < x.size(); ++j) EXPECT_NEAR(result[j], 20 * x[j], 1e-4);
  for (float value : forward.complex.get(Call::batch * Call::bins * 2))
    ASSERT_TRUE(std::isnan(value));
  EXPECT_EQ(forward.real.get(x.size()), x);
}

}  // namespace
}  // namespace melgrad::sim
