// The two convolution kernels that are there to be read, and cuDNN's, against the CPU.
#include "kernels/cuda/conv_kernels.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cuda/cuda_backend.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/gpu/gpu.h"

namespace melgrad {
namespace {

/// p and q follow from the rest.
ConvShape complete(ConvShape s) {
  auto windows = [](i64 size, i64 before, i64 after, i64 kernel, i64 dilation, i64 stride) {
    return (size + before + after - dilation * (kernel - 1) - 1) / stride + 1;
  };
  s.p = windows(s.h, s.pad_top, s.pad_bottom, s.kh, s.dilation_h, s.stride_h);
  s.q = windows(s.w, s.pad_left, s.pad_right, s.kw, s.dilation_w, s.stride_w);
  return s;
}

std::vector<ConvShape> shapes() {
  auto basic = [](i64 n, i64 h, i64 w, i64 c, i64 o, i64 k) {
    ConvShape s;
    s.n = n, s.h = h, s.w = w, s.c = c, s.o = o, s.kh = s.kw = k;
    return s;
  };
  std::vector<ConvShape> all = {basic(1, 1, 1, 1, 1, 1), basic(2, 8, 8, 3, 16, 3),
                                basic(1, 7, 11, 13, 67, 1), basic(3, 31, 5, 2, 33, 3)};
  ConvShape same = basic(2, 9, 10, 5, 70, 3);
  same.pad_top = same.pad_left = same.pad_bottom = same.pad_right = 1;
  ConvShape uneven = basic(2, 11, 13, 4, 6, 3);
  uneven.kw = 2, uneven.stride_h = 2, uneven.stride_w = 3, uneven.dilation_h = 2;
  uneven.pad_top = 2, uneven.pad_right = 1;
  ConvShape grouped = same;
  grouped.c = 6, grouped.o = 9, grouped.groups = 3;
  all.insert(all.end(), {same, uneven, grouped});
  for (ConvShape& s : all) s = complete(s);
  return all;
}

TEST(ConvKernels, GiveTheCpusValues) {
  auto& gpu = dynamic_cast<CudaBackend&>(backend(Device::cuda()));
  for (const ConvShape& s : shapes()) {
    SCOPED_TRACE(format("x ({}, {}, {}, {}), {} filters of {} × {}, groups {}", s.n, s.h, s.w, s.c,
                        s.o, s.kh, s.kw, s.groups));
    Generator values(1);
    Tensor x = rand({s.n, s.h, s.w, s.c}, values, -1, 1);
    Tensor w = rand({s.o, s.kh, s.kw, s.c / s.groups}, values, -1, 1);
    Tensor bias = rand({s.o}, values, -1, 1), expected = empty({s.n, s.p, s.q, s.o});
    for (bool with_bias : {true, false}) {
      backend(Device::cpu())
          .conv2d(s, Dtype::f32, false, x.raw(), w.raw(), with_bias ? bias.raw() : nullptr,
                  expected.raw());
      Tensor gx = x.to(Device::cuda()), gw = w.to(Device::cuda()), gb = bias.to(Device::cuda());
      auto* b = with_bias ? static_cast<float*>(gb.raw()) : nullptr;
      auto run = [&](auto convolve) {
        Tensor y = empty(expected.shape(), Dtype::f32, Device::cuda());
        convolve(static_cast<float*>(gx.raw()), static_cast<float*>(gw.raw()),
                 static_cast<float*>(y.raw()));
        return difference(y, expected);
      };
      for (auto kernel : {cuda::ConvKernel::direct, cuda::ConvKernel::implicit_gemm}) {
        EXPECT_LE(run([&](float* in, float* weights, float* y) {
                    cuda::conv2d_with(kernel, s, in, weights, b, y, gpu.stream());
                  }),
                  1e-6)
            << (kernel == cuda::ConvKernel::direct ? "direct" : "implicit_gemm");
      }
      EXPECT_LE(run([&](float* in, float* weights, float* y) {
                  gpu.conv2d(s, Dtype::f32, false, in, weights, b, y);
                }),
                1e-6)
          << "cuDNN";
    }
  }
}

// cuDNN's ReLU makes 0 of NaN unless told otherwise.
TEST(ConvKernels, KeepNaNThroughTheRelu) {
  Tensor x = full({1, 3, 4, 4}, NAN), w = ones({8, 3, 3, 3}), bias = zeros({8});
  for (Device device : {Device::cpu(), Device::cuda()}) {
    for (Dtype dtype : {Dtype::f32, Dtype::bf16}) {
      auto given = [&](const Tensor& t) { return t.to(dtype).to(device); };
      Tensor y = conv2d(given(x), given(w), given(bias), {}, true);
      EXPECT_TRUE(std::isnan(max(y.to(Device::cpu())).item())) << name_of(dtype);
      EXPECT_TRUE(std::isnan(min(y.to(Device::cpu())).item())) << name_of(dtype);
    }
  }
}

}  // namespace
}  // namespace melgrad
