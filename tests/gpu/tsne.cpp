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

TEST(TsneOnGpu, DescendsAsFarAsOnTheCpu) {
  if (!no_gpu().empty()) GTEST_SKIP() << no_gpu();
  Generator generator(2);
  Tensor points = randn({40, 5}, generator);
  TsneOptions options{.perplexity = 8, .iterations = 60, .exaggerated = 20};
  double on_cpu = tsne(points, options).divergence;
  options.device = Device::cuda();
  EXPECT_NEAR(tsne(points, options).divergence, on_cpu, 1e-2 * on_cpu);
}

}  // namespace
}  // namespace melgrad
