// Arrays of more than 2³¹ bytes, some of more than 2³¹ elements: what 32-bit arithmetic on indices would get wrong. For a real
// GPU; the simulated one would take hours.
#include <gtest/gtest.h>

#include "kernels/cuda/cuda_backend.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/gpu/gpu.h"

namespace melgrad {
namespace {

class LargeOnGpu : public testing::Test {
 protected:
  void SetUp() override {
    if (cuda::device_name(0) == "simulated GPU") GTEST_SKIP() << "for a real GPU";
    backend(gpu).release_cache();
    if (cuda::device_memory().free < 3 * most_bytes) GTEST_SKIP() << "needs 16 GB of GPU memory";
  }
  static double at(const Tensor& x, i64 i) {
    return x.reshape({-1}).slice(0, i, i + 1).to(Device::cpu()).to(Dtype::f64).item();
  }
  /// Ones, but for a last element of 2.
  static Tensor marked(const Shape& shape, Dtype dtype) {
    Tensor x = full(shape, 1, dtype, gpu);
    x.reshape({-1}).slice(0, x.numel() - 1, x.numel()).fill_(2);
    return x;
  }

  inline static const Device gpu = Device::cuda();
  static constexpr i64 many = (i64{1} << 31) + 33;  // elements
  static constexpr std::size_t most_bytes = 2 * many;
};

TEST_F(LargeOnGpu, ElementwiseOfBytes) {
  Tensor y = marked({many}, Dtype::u8) + marked({many}, Dtype::u8);
  for (i64 i : {i64{0}, i64{1} << 31, many - 2}) EXPECT_EQ(at(y, i), 2) << i;
  EXPECT_EQ(at(y, many - 1), 4);
}

TEST_F(LargeOnGpu, ConversionsAndBroadcasting) {
  Tensor x = marked({2, many / 2}, Dtype::u8);
  Tensor y = x.to(Dtype::bf16) * full({2, 1}, 3, Dtype::bf16, gpu);
  EXPECT_EQ(at(y, y.numel() - 1), 6);
  EXPECT_EQ(at(y, y.numel() - 2), 3);
}

TEST_F(LargeOnGpu, Transposes) {
  i64 rows = (i64{1} << 16) + 3, cols = (i64{1} << 15) + 5;
  Tensor x = marked({rows, cols}, Dtype::u8);
  x.slice(0, rows - 1, rows).slice(1, 0, 1).fill_(7);  // the last row's first
  Tensor y = x.transpose(0, 1).contiguous();
  EXPECT_EQ(at(y, rows - 1), 7);
  EXPECT_EQ(at(y, rows * cols - 1), 2);
  EXPECT_EQ(at(y, rows * cols - 2), 1);
}

TEST_F(LargeOnGpu, ReductionsOverEverythingAndOverAnAxis) {
  Tensor x = marked({many}, Dtype::bf16);
  EXPECT_EQ(max(x).to(Device::cpu()).item(), 2);
  EXPECT_EQ(argmax(x, 0).to(Device::cpu()).to_vector<i64>(), std::vector<i64>{many - 1});
  i64 rows = (i64{1} << 16) + 1, cols = i64{1} << 15;
  Tensor sums = sum(marked({rows, cols}, Dtype::bf16).to(Dtype::f32), {1});
  EXPECT_EQ(at(sums, 0), static_cast<double>(cols));
  EXPECT_EQ(at(sums, rows - 1), static_cast<double>(cols + 1));
}

TEST_F(LargeOnGpu, SoftmaxOfManyRows) {
  i64 rows = (i64{1} << 15) + 1, cols = i64{1} << 14;
  Tensor y = softmax(full({rows, cols}, 1, Dtype::f32, gpu), 1);
  EXPECT_EQ(at(y, 0), 1.0 / static_cast<double>(cols));
  EXPECT_EQ(at(y, rows * cols - 1), 1.0 / static_cast<double>(cols));
}

TEST_F(LargeOnGpu, IndexingAndRandomNumbers) {
  i64 rows = many / 64;
  Tensor x = marked({rows, 64}, Dtype::u8);
  Tensor index = from_vector<i64>({rows - 1, 0}).to(gpu);
  Tensor y = index_select(x, 0, index);
  EXPECT_EQ(at(y, 63), 2);
  EXPECT_EQ(at(y, 127), 1);
  Generator values(1, gpu);
  Tensor uniform = rand({many / 2}, values, 0, 1, Dtype::bf16);
  EXPECT_NE(at(uniform, many / 2 - 1), at(uniform, many / 2 - 2));
}

}  // namespace
}  // namespace melgrad
