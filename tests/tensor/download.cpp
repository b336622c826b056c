#include "tensor/download.h"

#include <gtest/gtest.h>

#include "tensor/ops.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

// Of a GPU: tests/gpu/upload.cpp.
TEST(Download, PassesTensorsOfTheCpuThrough) {
  Download download;
  Tensor x = arange(6, Dtype::f32).reshape({2, 3});
  download.start(x.transpose(0, 1));
  x.fill_(-1);
  Tensor y = download.finish();
  EXPECT_EQ(y.shape(), (Shape{3, 2}));
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(Download, OneAtATime) {
  Download download;
  EXPECT_TRUE(contains(error_of([&] { download.finish(); }), "no tensor was started"));
  EXPECT_TRUE(contains(error_of([&] { download.start({}); }), "undefined"));
  download.start(ones({3}));
  EXPECT_TRUE(contains(error_of([&] { download.start(ones({3})); }), "was not taken"));
}

}  // namespace
}  // namespace melgrad
