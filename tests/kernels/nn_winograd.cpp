#include <omp.h>

#include "kernels/cpu/fast/onednn.h"
#include "kernels/cpu/fast/panel_product.h"
#include "kernels/cpu/fast/winograd.h"
#include "kernels/reference/reference.h"
#include "kernels/winograd.h"
#include "tests/kernels/cpu.h"
#include "tests/kernels/nn_buffer.h"

namespace melgrad::nn_test {
namespace {

using panels::as_panels;
using panels::Isa;
using panels::lanes;
using panels::Matrix;
using panels::panels_of;
using testing::as_f64;
using testing::cpu;
using testing::same_bits;
using winograd::ConvPass;
using winograd::Method;
using winograd::methods_for;
using winograd::Plan;

using Floats = std::vector<float>;

std::vector<Isa> instruction_sets() {
  std::vector<Isa> sets;
  for (Isa isa : {Isa::plain, Isa::avx2, Isa::avx512})
    if (panels::runs(isa)) sets.push_back(isa);
  return sets;
}

// --- products ----------------------------------------------------------------------------------

// Element (row, column) of panels (columns/16, rows, 16)
i64 in_panels(i64 rows, i64 row, i64 column) {
  return (column / lanes * rows + row) * lanes + column % lanes;
}

TEST(Winograd, ProductsAreThoseOfMatrices) {
  for (Isa isa : instruction_sets())
    for (i64 rows : {12, 36})
      for (i64 depth : {1, 15, 16, 17, 40})
        for (i64 panels : {1, 2, 3})
          for (bool add : {false, true}) {
            SCOPED_TRACE(
                format("{}: {} x {} x {}, {}", static_cast<int>(isa), rows, depth, panels, add));
            i64 b_panel = depth * lanes + 5;
            Floats a = testing::random_values<float>(panels_of(depth) * rows * lanes, -1, 1, 1);
            Floats b = testing::random_values<float>(panels * b_panel, -1, 1, 2);
            Floats y = testing::random_values<float>(panels * rows * lanes, -1, 1, 3);
            std::vector<double> exact(y.size());
            for (i64 i = 0; i < rows; ++i)
              for (i64 j = 0; j < panels * lanes; ++j) {
                double sum = add ? static_cast<double>(y[in_panels(rows, i, j)]) : 0;
                for (i64 l = 0; l < depth; ++l)
                  sum += static_cast<double>(a[in_panels(rows, i, l)]) *
                         static_cast<double>(b[j / lanes * b_panel + l * lanes + j % lanes]);
                exact[in_panels(rows, i, j)] = sum;
              }
            panels::multiply(
                {rows, depth, panels, as_panels<const float>(a.data(), rows),
                 Matrix<const float>{b.data(), lanes, b_panel}, as_panels(y.data(), rows), add},
                isa);
            testing::expect_near(y, exact, 2e-6);
          }
}

TEST(Winograd, TransposedProductsAreThoseOfMatrices) {
  for (Isa isa : instruction_sets())
    for (i64 rows : {16, 48})
      for (i64 depth : {1, 7, 40})
        for (i64 panels : {1, 2, 3})
          for (bool add : {false, true}) {
            SCOPED_TRACE(
                format("{}: {} x {} x {}, {}", static_cast<int>(isa), rows, depth, panels, add));
            Floats a = testing::random_values<float>(rows * depth, -1, 1, 1);
            Floats b = testing::random_values<float>(panels * depth * lanes, -1, 1, 2);
            Floats y = testing::random_values<float>(panels * rows * lanes, -1, 1, 3);
            std::vector<double> exact(y.size());
            for (i64 i = 0; i < rows; ++i)
              for (i64 j = 0; j < panels * lanes; ++j) {
                double sum = add ? static_cast<double>(y[in_panels(rows, i, j)]) : 0;
                for (i64 l = 0; l < depth; ++l)
                  sum += static_cast<double>(a[in_panels(depth, l, i)]) *
                         static_cast<double>(b[in_panels(depth, l, j)]);
                exact[in_panels(rows, i, j)] = sum;
              }
            panels::multiply_transposed(
                {rows, depth, panels, as_panels<const float>(a.data(), depth),
                 as_panels<const float>(b.data(), depth), as_panels(y.data(), rows), add},
                isa);
            testing::expect_near(y, exact, 2e-6);
          }
}

// --- convolutions ------------------------------------------------------------------------------

struct Pads {
  i64 top, left, bottom, right;
};

ConvShape shape_of(i64 kernel, i64 n, i64 h, i64 w, i64 c, i64 o, Pads pads) {
  return {.n = n,
          .h = h,
          .w = w,
          .c = c,
          .o = o,
          .kh = kernel,
          .kw = kernel,
          .pad_top = pads.top,
          .pad_left = pads.left,
          .pad_bottom = pads.bottom,
          .pad_right = pads.right,
          .p = h + pads.top + pads.bottom - kernel + 1,
          .q = w + pads.left + pads.right - kernel + 1};
}
// As many outputs as inputs.
ConvShape shape_of(i64 kernel, i64 n, i64 h, i64 w, i64 c, i64 o) {
  i64 half = kernel / 2;
  return shape_of(kernel, n, h, w, c, o, {half, half, half, half});
}

std::vector<ConvShape> shapes(i64 k) {
  std::vector<ConvShape> all = {
      shape_of(k, 1, 1, 1, 1, 1),
      shape_of(k, 1, k, k, 16, 16, {0, 0, 0, 0}),  // one output
      shape_of(k, 1, 4, 4, 16, 32),                // one tile of 4 × 4
      shape_of(k, 2, 5, 7, 3, 4),                  // partial tiles, channels of half a vector
      shape_of(k, 3, 9, 6, 17, 33, {0, 1, 2, 0}),  // each side its own, a vector and one
      shape_of(k, 1, 6, 8, 20, 37, {2, 2, 2, 2}),
      shape_of(k, 2, 11, k, 48, 15, {2, 0, 1, 1}),
      shape_of(k, 1, 7, 7, 5, 6, {k, k + 1, 0, 1}),  // more padding than the kernel reaches
      shape_of(k, 2, 23, 31, 5, 34),                 // several blocks of tiles
      shape_of(k, 1, 5, 5, 150, 210),                // channels first, and two blocks of them
      shape_of(k, 4, 13, 14, 40, 72),                // on several threads
      shape_of(k, 1, 6, 6, 16, 16),
  };
  all.back().p += 1, all.back().q += 2;  // the last windows hang over the end
  return all;
}
std::vector<ConvShape> shapes() {
  std::vector<ConvShape> all = shapes(3), more = shapes(5);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string name_of(Method method, Isa isa, const ConvShape& s) {
  return format("F({}, {}), {}: {} x {} x {}, {} -> {}", winograd::step_of(method), s.kh,
                static_cast<int>(isa), s.n, s.h, s.w, s.c, s.o);
}

struct Inputs {
  Floats x, w, bias, dy;
  explicit Inputs(const ConvShape& s)
      : x(testing::random_values<float>(s.n * s.h * s.w * s.c, 0, 2, 1)),  // as after a ReLU
        w(testing::random_values<float>(s.o * s.kh * s.kw * s.c, -1, 1, 2)),
        bias(testing::random_values<float>(s.o, -1, 1, 3)),
        dy(testing::random_values<float>(s.n * s.p * s.q * s.o, -1, 1, 4)) {}
};

template <class To, class From>
std::vector<To> as(const std::vector<From>& values) {
  std::vector<To> result;
  for (From value : values) result.push_back(static_cast<To>(value));
  return result;
}
// The same as bf16.
struct Rounded {
  std::vector<bf16> x, w, bias, dy;
  explicit Rounded(const ConvShape& s) : Rounded(Inputs(s)) {}
  explicit Rounded(const Inputs& in)
      : x(as<bf16>(in.x)), w(as<bf16>(in.w)), bias(as<bf16>(in.bias)), dy(as<bf16>(in.dy)) {}
};

// Whatever is not written is NaN.
template <class T>
struct Results {
  std::vector<T> y, relu_y, dx, dw;
  template <class In>
  explicit Results(const In& in)
      : y(in.dy.size(), T(std::numeric_limits<float>::quiet_NaN())),
        relu_y(y),
        dx(in.x.size(), y[0]),
        dw(in.w.size(), y[0]) {}
};
template <class In>
Results(const In&) -> Results<typename decltype(In::x)::value_type>;

template <class In>
auto run(const Plan& plan, const ConvShape& s, const In& in) {
  Results r(in);
  winograd::conv2d(cpu(), plan, s, false, in.x.data(), in.w.data(), nullptr, r.y.data());
  winograd::conv2d(cpu(), plan, s, true, in.x.data(), in.w.data(), in.bias.data(), r.relu_y.data());
  winograd::conv2d_backward_data(cpu(), plan, s, in.dy.data(), in.w.data(), r.dx.data());
  winograd::conv2d_backward_weights(cpu(), plan, s, in.x.data(), in.dy.data(), r.dw.data());
  return r;
}

struct Exact {
  Values y, relu_y, dx, dw;
};
Exact run_reference(const ConvShape& s, const Inputs& in) {
  Values x = as_f64(in.x), w = as_f64(in.w), bias = as_f64(in.bias), dy = as_f64(in.dy);
  Exact r = {dy, dy, x, w};  // of the right sizes
  reference::conv2d(s, false, x.data(), w.data(), nullptr, r.y.data());
  reference::conv2d(s, true, x.data(), w.data(), bias.data(), r.relu_y.data());
  reference::conv2d_backward_data(s, dy.data(), w.data(), r.dx.data());
  reference::conv2d_backward_weights(s, x.data(), dy.data(), r.dw.data(), nullptr);
  return r;
}

// The largest error in units of the largest value. Rows of F(4×4)'s Bᵀ and Aᵀ have absolute values that add up to 5.7 and
// 8.6, so what is rounded on the way is larger than what comes out; those of F(2×2, 5×5) to 5.7 and 5.5, of F(2×2, 3×3)
// to 2 and 3. Observed with all instruction sets: 4.4e-7 by F(2×2, 3×3), 1.8e-6 by F(4×4), 1.4e-6 by F(2×2, 5×5).
double bound_of(Method method) {
  return method == Method::f2 ? 1e-6 : method == Method::f4 ? 4e-6 : 3e-6;
}

TEST(Winograd, AgreesWithTheReference) {
  for (const ConvShape& s : shapes()) {
    Inputs in(s);
    Exact exact = run_reference(s, in);
    for (Method method : methods_for(s.kh))
      for (Isa isa : instruction_sets()) {
        SCOPED_TRACE(name_of(method, isa, s));
        auto r = run({.method = method, .isa = isa}, s, in);
        double bound = bound_of(method);
        EXPECT_LT(distance(as_f64(r.y), exact.y), bound);
        EXPECT_LT(distance(as_f64(r.relu_y), exact.relu_y), bound);
        EXPECT_LT(distance(as_f64(r.dx), exact.dx), bound);
        EXPECT_LT(distance(as_f64(r.dw), exact.dw), bound);
      }
  }
}

// All between is f32: what bf16 gives is what f32 gives for the same values, rounded.
TEST(Winograd, RoundsBf16AtItsEnd) {
  for (const ConvShape& s : shapes()) {
    Rounded in(s);
    Inputs wide(s);
    wide.x = as<float>(in.x), wide.w = as<float>(in.w), wide.bias = as<float>(in.bias),
    wide.dy = as<float>(in.dy);
    for (Method method : methods_for(s.kh))
      for (Isa isa : instruction_sets()) {
        SCOPED_TRACE(name_of(method, isa, s));
        auto r = run({.method = method, .isa = isa}, s, in);
        auto exact = run({.method = method, .isa = isa}, s, wide);
        EXPECT_TRUE(same_bits(r.y, as<bf16>(exact.y)));
        EXPECT_TRUE(same_bits(r.relu_y, as<bf16>(exact.relu_y)));
        EXPECT_TRUE(same_bits(r.dx, as<bf16>(exact.dx)));
        EXPECT_TRUE(same_bits(r.dw, as<bf16>(exact.dw)));
      }
  }
}

TEST(Winograd, GivesTheSameBitsWithAnyNumberOfThreads) {
  int before = num_threads();
  for (const ConvShape& s : {shape_of(3, 4, 13, 14, 40, 72), shape_of(3, 1, 9, 9, 150, 210),
                             shape_of(5, 4, 13, 14, 40, 72), shape_of(5, 1, 9, 9, 150, 210)}) {
    Inputs in(s);
    for (Method method : methods_for(s.kh)) {
      set_num_threads(1);
      auto one = run({.method = method}, s, in);
      for (int threads : {2, 3}) {
        set_num_threads(threads);
        auto several = run({.method = method}, s, in);
        EXPECT_TRUE(same_bits(several.y, one.y)) << threads;
        EXPECT_TRUE(same_bits(several.relu_y, one.relu_y)) << threads;
        EXPECT_TRUE(same_bits(several.dx, one.dx)) << threads;
        EXPECT_TRUE(same_bits(several.dw, one.dw)) << threads;
      }
    }
  }
  set_num_threads(before);
}

// Every output whose window has the NaN.
TEST(Winograd, HidesNoNaN) {
  for (i64 kernel : {3, 5}) {
    ConvShape s = shape_of(kernel, 1, 12, 12, 16, 16);
    Inputs in(s);
    in.x[(6 * 12 + 6) * 16 + 3] = std::numeric_limits<float>::quiet_NaN();
    for (Method method : methods_for(s.kh)) {
      SCOPED_TRACE(name_of(method, panels::best_isa(), s));
      auto r = run({.method = method}, s, in);
      for (i64 p = 6 - kernel / 2; p <= 6 + kernel / 2; ++p)
        for (i64 q = 6 - kernel / 2; q <= 6 + kernel / 2; ++q)
          for (i64 o = 0; o < 16; ++o) {
            EXPECT_TRUE(std::isnan(r.y[(p * 12 + q) * 16 + o]));
            EXPECT_TRUE(std::isnan(r.relu_y[(p * 12 + q) * 16 + o])) << "not even after ReLU";
          }
      EXPECT_FALSE(std::isnan(r.y[0])) << "what does not lie in the same tile";
    }
  }
}

// --- when it is used ---------------------------------------------------------------------------

class Allowed {
 public:
  explicit Allowed(bool allowed) { set_winograd(allowed); }
  ~Allowed() { set_winograd(false); }
  Allowed(const Allowed&) = delete;
  Allowed& operator=(const Allowed&) = delete;
};

template <class In>
auto run_backend(const ConvShape& s, const In& in) {
  Results r(in);
  Dtype dtype = dtype_of<typename decltype(In::x)::value_type>;
  cpu().conv2d(s, dtype, false, in.x.data(), in.w.data(), nullptr, r.y.data());
  cpu().conv2d(s, dtype, true, in.x.data(), in.w.data(), in.bias.data(), r.relu_y.data());
  cpu().conv2d_backward_data(s, dtype, in.dy.data(), in.w.data(), r.dx.data());
  cpu().conv2d_backward_weights(s, dtype, in.x.data(), in.dy.data(), r.dw.data(), nullptr);
  return r;
}

TEST(Winograd, IsUsedWhereItIsAllowedAndFaster) {
  for (i64 kernel : {3, 5}) {
    ConvShape s = shape_of(kernel, 2, 16, 16, 32, 64);
    Inputs in(s);
    ASSERT_FALSE(uses_winograd()) << "nobody has asked for it";
    auto off = run_backend(s, in), on = off;
    {
      Allowed allowed(true);
      on = run_backend(s, in);
    }
    auto expected = run(winograd::faster_plan(ConvPass::forward, s).value(), s, in);
    EXPECT_TRUE(same_bits(on.y, expected.y));
    EXPECT_TRUE(same_bits(on.relu_y, expected.relu_y));
    expected = run(winograd::faster_plan(ConvPass::backward_data, s).value(), s, in);
    EXPECT_TRUE(same_bits(on.dx, expected.dx));
    expected = run(winograd::faster_plan(ConvPass::backward_weights, s).value(), s, in);
    EXPECT_TRUE(same_bits(on.dw, expected.dw));
    EXPECT_FALSE(same_bits(on.y, off.y));
    EXPECT_FALSE(same_bits(on.dx, off.dx));
    EXPECT_FALSE(same_bits(on.dw, off.dw));
  }
}

TEST(Winograd, IsNotUsedForOtherConvolutions) {
  for (i64 kernel : {3, 5}) {
    ConvShape s = shape_of(kernel, 2, 16, 16, 32, 64);
    ConvShape strided = s, dilated = s, grouped = s, wide = s, high = s;
    strided.stride_h = 2;
    dilated.dilation_w = 2;
    grouped.groups = 2;
    wide.kw += 2;
    high.kh += 2;
    for (i64 other : {1, 2, 4, 7})
      EXPECT_FALSE(winograd::takes(shape_of(other, 2, 16, 16, 32, 64)));
    for (ConvPass pass : {ConvPass::forward, ConvPass::backward_data, ConvPass::backward_weights}) {
      EXPECT_TRUE(winograd::faster_plan(pass, s));
      for (const ConvShape& other : {strided, dilated, grouped, wide, high})
        EXPECT_FALSE(winograd::faster_plan(pass, other));
      EXPECT_FALSE(winograd::faster_plan(pass, shape_of(kernel, 2, 16, 16, 3, 16)))
          << "few channels, whose transforms cost more than their products";
    }
  }
}

// Where the processor multiplies bf16, the direct one takes half the time: it takes more channels to gain.
TEST(Winograd, IsUsedForBf16WhereItIsFaster) {
  for (i64 kernel : {3, 5}) {
    ConvShape s = shape_of(kernel, 4, 16, 16, 128, 256);
    ConvShape narrow = shape_of(kernel, 2, 16, 16, 32, 32);
    EXPECT_TRUE(winograd::faster_plan(ConvPass::forward, narrow));
    EXPECT_NE(winograd::faster_plan(ConvPass::forward, narrow, Dtype::bf16).has_value(),
              onednn::multiplies_bf16());
    Rounded in(s);
    auto expected = run(winograd::faster_plan(ConvPass::forward, s, Dtype::bf16).value(), s, in);
    Allowed allowed(true);
    auto on = run_backend(s, in);
    EXPECT_TRUE(same_bits(on.y, expected.y));
    EXPECT_TRUE(same_bits(on.relu_y, expected.relu_y));
    EXPECT_TRUE(same_bits(on.dx, expected.dx));
    EXPECT_TRUE(same_bits(on.dw, expected.dw));
  }
}

TEST(Winograd, IsNotForF64) {
  ConvShape s = shape_of(3, 1, 8, 8, 32, 32);
  Buffer x(Dtype::f64, random_values(s.n * s.h * s.w * s.c, 1));
  Buffer w(Dtype::f64, random_values(s.o * 9 * s.c, 2));
  Buffer off(Dtype::f64, s.n * s.p * s.q * s.o), on(Dtype::f64, s.n * s.p * s.q * s.o);
  cpu().conv2d(s, Dtype::f64, false, x.data(), w.data(), nullptr, off.data());
  Allowed allowed(true);
  cpu().conv2d(s, Dtype::f64, false, x.data(), w.data(), nullptr, on.data());
  EXPECT_EQ(on.values(), off.values());
}

}  // namespace
}  // namespace melgrad::nn_test
