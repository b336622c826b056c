#include "kernels/reference/reference.h"
#include "tests/kernels/nn_buffer.h"

namespace melgrad::nn_test {
namespace {

// Which of a matrix's strides is 1, and whether its batch repeats one matrix.
struct Layout {
  bool a_transposed, w_transposed, a_repeated, w_repeated;
};

MatmulShape make_shape(i64 batch, i64 m, i64 n, i64 k, Layout layout) {
  MatmulShape s = {.batch = batch, .m = m, .n = n, .k = k};
  s.a_batch = layout.a_repeated ? 0 : m * k;
  s.a_row = layout.a_transposed ? 1 : k;
  s.a_col = layout.a_transposed ? m : 1;
  s.b_batch = layout.w_repeated ? 0 : k * n;
  s.b_row = layout.w_transposed ? 1 : n;
  s.b_col = layout.w_transposed ? k : 1;
  return s;
}

Values run(const MatmulShape& s, Dtype dtype, const Values& a, const Values& w,
           const Values& bias) {
  Buffer a_buffer(dtype, a), w_buffer(dtype, w), bias_buffer(dtype, bias);
  Buffer y(dtype, s.batch * s.m * s.n);
  backend(Device::cpu())
      .matmul(s, dtype, a_buffer.data(), w_buffer.data(),
              bias.empty() ? nullptr : bias_buffer.data(), y.data());
  return y.values();
}

Values formula(const MatmulShape& s, const Values& a, const Values& w, const Values& bias) {
  Values y(static_cast<std::size_t>(s.batch * s.m * s.n));
  reference::matmul(s, a.data(), w.data(), bias.empty() ? nullptr : bias.data(), y.data());
  return y;
}

TEST(NnMatmul, EveryLayoutAndSizeFollowsTheFormula) {
  struct Sizes {
    i64 batch, m, n, k;
  };
  for (Sizes size : {Sizes{1, 1, 1, 1}, Sizes{1, 2, 3, 4}, Sizes{1, 1, 7, 5}, Sizes{1, 7, 1, 5},
                     Sizes{1, 5, 7, 1}, Sizes{1, 64, 128, 37}, Sizes{3, 5, 4, 11},
                     Sizes{3, 1, 6, 5}, Sizes{2, 6, 1, 5}, Sizes{2, 17, 33, 19}}) {
    for (int bits = 0; bits < 32; ++bits) {
      Layout layout = {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
      MatmulShape s = make_shape(size.batch, size.m, size.n, size.k, layout);
      SCOPED_TRACE(
          format("batch {} ({}, {}) x ({}, {}), layout {}", s.batch, s.m, s.k, s.k, s.n, bits));
      Values a = random_values(s.batch * s.m * s.k, 1), w = random_values(s.batch * s.k * s.n, 2);
      Values bias = (bits & 16) != 0 ? random_values(s.n, 3) : Values{};
      Values exact = formula(s, a, w, bias);
      EXPECT_LT(distance(run(s, Dtype::f64, a, w, bias), exact), 1e-15);
      EXPECT_LT(distance(run(s, Dtype::f32, a, w, bias), exact), 1e-6);
      EXPECT_LT(distance(run(s, Dtype::bf16, a, w, bias), exact), 0x1.01p-8);
    }
  }
}

TEST(NnMatmul, RowsMayLieApart) {
  MatmulShape s = make_shape(1, 3, 4, 5, {});
  s.a_row = 9, s.b_row = 7;
  Values a = random_values(27, 1), w = random_values(35, 2), exact = formula(s, a, w, {});
  EXPECT_LT(distance(run(s, Dtype::f64, a, w, {}), exact), 1e-15);
  EXPECT_LT(distance(run(s, Dtype::f32, a, w, {}), exact), 1e-6);
}

TEST(NnMatmul, ASumOverNothingIsTheBias) {
  MatmulShape s = make_shape(1, 2, 3, 0, {});
  for (Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16}) {
    EXPECT_EQ(run(s, dtype, {}, {}, {1, 2, 3}), (Values{1, 2, 3, 1, 2, 3}));
    EXPECT_EQ(run(s, dtype, {}, {}, {}), Values(6, 0.0));
  }
}

TEST(NnMatmul, NoRowsGiveNoRows) {
  for (Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16})
    EXPECT_TRUE(run(make_shape(1, 0, 3, 2, {}), dtype, {}, random_values(6, 1), {}).empty());
}

}  // namespace
}  // namespace melgrad::nn_test
