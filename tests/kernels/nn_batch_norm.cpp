#include "tests/kernels/nn_buffer.h"

namespace melgrad::nn_test {
namespace {

struct Case {
  i64 rows, channels;
  bool relu = false, affine = true, batch_statistics = true, adds = false;
};
struct Inputs {
  Values x, gamma, beta, dy;
};
struct Results {
  Values mean, var, y, dx, dgamma, dbeta;
};
constexpr double eps = 1e-3;

Inputs random_inputs(const Case& c) {
  return {random_values(c.rows * c.channels, 1), random_values(c.channels, 2),
          random_values(c.channels, 3), random_values(c.rows * c.channels, 4)};
}

// Constants stand in for the running statistics where the batch's are not used, dy for a residual.
Results run(const Case& c, Dtype dtype, const Inputs& in) {
  Backend& cpu = backend(Device::cpu());
  Dtype wide = compute_dtype(dtype);
  Buffer x(dtype, in.x), dy(dtype, in.dy), gamma(wide, in.gamma), beta(wide, in.beta);
  Buffer mean(wide, Values(in.gamma.size(), .25)), var(wide, Values(in.gamma.size(), .5));
  Buffer y(dtype, c.rows * c.channels), dx(dtype, c.rows * c.channels);
  Buffer dgamma(wide, c.channels), dbeta(wide, c.channels);
  BatchNormShape shape{c.rows, c.channels, eps, c.relu};
  BatchNormArrays arrays{mean.data(), var.data(), c.affine ? gamma.data() : nullptr,
                         c.affine ? beta.data() : nullptr};
  if (c.batch_statistics)
    cpu.batch_norm_statistics(dtype, c.rows, c.channels, x.data(), mean.data(), var.data());
  cpu.batch_norm(shape, dtype, arrays, x.data(), c.adds ? dy.data() : nullptr, y.data());
  cpu.batch_norm_backward(shape, dtype, c.batch_statistics, arrays, x.data(), dy.data(),
                          {dx.data(), dgamma.data(), dbeta.data()});
  return {mean.values(), var.values(), y.values(), dx.values(), dgamma.values(), dbeta.values()};
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (bool relu : {false, true})
    for (bool affine : {false, true})
      for (bool batch_statistics : {false, true})
        for (auto [rows, channels] : {std::pair<i64, i64>{2, 1}, {3, 5}, {37, 3}, {16, 64}})
          all.push_back({rows, channels, relu, affine, batch_statistics});
  all.push_back({70001, 3, true});  // several sections and blocks
  all.push_back({300, 129, true});
  for (bool relu : {false, true})
    for (auto [rows, channels] : {std::pair<i64, i64>{3, 5}, {37, 3}, {70001, 3}, {300, 129}})
      all.push_back({rows, channels, relu, true, true, true});
  return all;
}

void expect_close(const Results& fast, const Results& exact, double rounding, double sums = 2e-6) {
  EXPECT_LT(distance(fast.mean, exact.mean), 1e-6);
  EXPECT_LT(distance(fast.var, exact.var), 1e-6);
  EXPECT_LT(distance(fast.y, exact.y), rounding);
  EXPECT_LT(distance(fast.dx, exact.dx), rounding);
  EXPECT_LT(distance(fast.dgamma, exact.dgamma), sums);
  EXPECT_LT(distance(fast.dbeta, exact.dbeta), sums);
}

TEST(NnBatchNorm, F32AndBf16AgreeWithF64) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(format("rows {} channels {} relu {} affine {} batch statistics {}", c.rows,
                        c.channels, c.relu, c.affine, c.batch_statistics));
    Inputs in = random_inputs(c);
    Results exact = run(c, Dtype::f64, in);
    expect_close(run(c, Dtype::f32, in), exact, 2e-6);
    expect_close(run(c, Dtype::bf16, in), exact, 0x1.01p-8);
  }
}

// Values that grow with the row: what one block or section weighs too much or too little shows, as
// it does not where all have the same mean. A section is one block until there are 64, then two,
// then three. Observed up to 5.9e-6: within a block, f32 adds what all has the same sign.
TEST(NnBatchNorm, BlocksAndSectionsJoin) {
  for (auto [channels, block_rows] : {std::pair<i64, i64>{1, 8192}, {129, 63}})
    for (i64 blocks : {1, 2, 64, 128})
      for (i64 rows : {blocks * block_rows - 1, blocks * block_rows, blocks * block_rows + 1}) {
        SCOPED_TRACE(format("rows {} channels {}", rows, channels));
        Case c = {rows, channels};
        Inputs in = random_inputs(c);
        for (std::size_t i = 0; i < in.x.size(); ++i) {
          in.x[i] = static_cast<double>(i) / static_cast<double>(in.x.size());
          in.dy[i] = 1 + in.x[i];
        }
        in.x = Buffer(Dtype::f32, in.x).values(), in.dy = Buffer(Dtype::f32, in.dy).values();
        expect_close(run(c, Dtype::f32, in), run(c, Dtype::f64, in), 1e-5, 1e-5);
      }
}

// Against batch norm, ReLU and max-pooling one after the other, as f64 does it: more windows than
// sections (64 rows of them), more channels than a block (64), rows and columns that no window has.
TEST(NnBatchNorm, FusedWithPoolingIsTheComposition) {
  Backend& cpu = backend(Device::cpu());
  for (PoolShape pool : {PoolShape{.n = 2, .h = 2, .w = 3, .c = 1, .kh = 2, .kw = 3},
                         {.n = 3, .h = 7, .w = 9, .c = 67, .kh = 2, .kw = 2},
                         {.n = 37, .h = 9, .w = 4, .c = 5, .kh = 3, .kw = 1},
                         {.n = 70, .h = 2, .w = 2, .c = 129, .kh = 2, .kw = 2}}) {
    pool.stride_h = pool.kh, pool.stride_w = pool.kw;
    pool.p = pool.h / pool.kh, pool.q = pool.w / pool.kw;
    BatchNormShape s{pool.n * pool.h * pool.w, pool.c, eps, true};
    Inputs in = random_inputs({s.rows, s.channels});
    in.dy.resize(static_cast<std::size_t>(pool.n * pool.p * pool.q * pool.c));
    auto run_fused = [&](Dtype dtype) {
      Dtype wide = compute_dtype(dtype);
      Buffer x(dtype, in.x), dy(dtype, in.dy), gamma(wide, in.gamma), beta(wide, in.beta);
      Buffer mean(wide, Values(in.gamma.size(), .25)), var(wide, Values(in.gamma.size(), .5));
      Buffer y(dtype, static_cast<i64>(in.dy.size())), dx(dtype, s.rows * s.channels);
      Buffer dgamma(wide, pool.c), dbeta(wide, pool.c);
      BatchNormArrays arrays{mean.data(), var.data(), gamma.data(), beta.data()};
      cpu.batch_norm_relu_max_pool(s, pool, dtype, arrays, x.data(), y.data());
      cpu.batch_norm_relu_max_pool_backward(s, pool, dtype, true, arrays, x.data(), dy.data(),
                                            {dx.data(), dgamma.data(), dbeta.data()});
      return Results{{}, {}, y.values(), dx.values(), dgamma.values(), dbeta.values()};
    };
    SCOPED_TRACE(format("{} x {} x {} x {}", pool.n, pool.h, pool.w, pool.c));
    Results exact = run_fused(Dtype::f64);
    expect_close(run_fused(Dtype::f32), exact, 2e-6);
    expect_close(run_fused(Dtype::bf16), exact, 0x1.01p-8);
  }
}

TEST(NnBatchNorm, BackwardIsTheGradientOfForward) {
  for (const Case& c : cases()) {
    if (c.rows > 40 || c.channels > 5 || c.adds) continue;
    SCOPED_TRACE(format("rows {} channels {} relu {} affine {} batch statistics {}", c.rows,
                        c.channels, c.relu, c.affine, c.batch_statistics));
    Inputs in = random_inputs(c);
    Results result = run(c, Dtype::f64, in);
    auto loss_of = [&](Values Inputs::*member) {
      return [&, member](const Values& values) {
        Inputs moved = in;
        moved.*member = values;
        return dot(run(c, Dtype::f64, moved).y, in.dy);
      };
    };
    EXPECT_LT(distance(result.dx, numeric_gradient(loss_of(&Inputs::x), in.x)), 1e-7);
    if (!c.affine) continue;
    EXPECT_LT(distance(result.dgamma, numeric_gradient(loss_of(&Inputs::gamma), in.gamma)), 1e-7);
    EXPECT_LT(distance(result.dbeta, numeric_gradient(loss_of(&Inputs::beta), in.beta)), 1e-7);
  }
}

// Mean 3000, deviation 0.5: E x² − (E x)² in f32 would have no digit left.
TEST(NnBatchNorm, ALargeMeanCostsNoDigitsOfTheVariance) {
  for (i64 rows : {17, 5000, 200000}) {
    Values x = random_values(rows * 2, 5);
    for (double& value : x) value = 3000 + value;
    Buffer as_f32(Dtype::f32, x), mean(Dtype::f32, 2), var(Dtype::f32, 2);
    backend(Device::cpu())
        .batch_norm_statistics(Dtype::f32, rows, 2, as_f32.data(), mean.data(), var.data());
    Buffer as_f64(Dtype::f64, as_f32.values()), mean64(Dtype::f64, 2), var64(Dtype::f64, 2);
    backend(Device::cpu())
        .batch_norm_statistics(Dtype::f64, rows, 2, as_f64.data(), mean64.data(), var64.data());
    for (std::size_t c : {0U, 1U}) {
      EXPECT_NEAR(mean.values()[c] / mean64.values()[c], 1, 1e-7);
      EXPECT_NEAR(var.values()[c] / var64.values()[c], 1, 1e-6);
    }
  }
}

TEST(NnBatchNorm, NaNStaysNaNAndAnEmptyBatchIsNoError) {
  Values nan = {std::numeric_limits<double>::quiet_NaN(), 1, 2, 3};
  Results result = run({4, 1, true}, Dtype::f32, {nan, {1}, {0}, Values(4, 1.0)});
  for (double y : result.y) EXPECT_TRUE(std::isnan(y));
  for (Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16})
    EXPECT_TRUE(run({0, 3, true, true, false}, dtype, random_inputs({0, 3})).y.empty());
}

}  // namespace
}  // namespace melgrad::nn_test
