#include <gtest/gtest.h>

#include "optim/tsne.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/gpu/gpu.h"

namespace melgrad {
namespace {

TEST(TsneOnGpu, GradientIsThatOfThePlainLoops) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
  for (i64 n : {2, 31, 70}) {
    Generator generator(2);
    Tensor p = rand({n, n}, generator), y = randn({2, n}, generator, 0, 2);
    Tensor exact = tsne_gradient(p.to(Dtype::f64), y.to(Dtype::f64), 3);
    Tensor on_gpu = tsne_gradient(p.to(Device::cuda()), y.to(Device::cuda()), 3);
    EXPECT_LT(difference(on_gpu, exact), 1e-5) << n << " points";
  }
}

// A few steps, observed 5e-6 apart: later ones magnify what rounding does (f32 on a CPU is as far from f64 after each),
// and end in another of many minima.
TEST(TsneOnGpu, DescendsAsOnTheCpu) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
  Generator generator(2);
  Tensor points = randn({40, 5}, generator);
  TsneOptions options{.perplexity = 8, .iterations = 7, .exaggerated = 5};
  Tensor on_cpu = tsne(points, options).points;
  options.device = Device::cuda();
  EXPECT_LT(difference(tsne(points, options).points, on_cpu), 5e-5);
}

}  // namespace
}  // namespace melgrad
