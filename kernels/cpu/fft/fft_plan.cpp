#include "kernels/cpu/fft/fft_plan.h"

#include <bit>
#include <cmath>
#include <map>
#include <mutex>
#include <numbers>

#include "kernels/cpu/loops/simd.h"

namespace melgrad {
namespace {

/// e^(−2πi numerator/denominator), the angle reduced exactly first.
void push_root(std::vector<double>& roots, i64 numerator, i64 denominator) {
  double angle = -2 * std::numbers::pi * static_cast<double>(numerator % denominator) /
                 static_cast<double>(denominator);
  roots.push_back(std::cos(angle));
  roots.push_back(std::sin(angle));
}

/// As few as there can be of 2, 3, 4, 5, 7, 8, 11 and 13; none if n has another factor.
std::vector<i64> factors_of(i64 n) {
  std::vector<i64> factors;
  int twos = std::countr_zero(static_cast<u64>(n));
  n >>= twos;
  // Eights last: rows that a last stage of fours adds up lie so far apart that they share one set of
  // the cache, which took a quarter more time.
  if (twos == 1) factors.push_back(2);
  for (; twos >= 2 && twos % 3 != 0; twos -= 2) factors.push_back(4);
  for (; twos >= 3; twos -= 3) factors.push_back(8);
  for (i64 radix : {3, 5, 7, 11, 13})
    for (; n % radix == 0; n /= radix) factors.push_back(radix);
  if (n > 1) factors.clear();
  return factors;
}

#define MELGRAD_INLINE [[gnu::always_inline]] inline

// y_k = Σ_j x_j (−i)^jk, j and k = 0 … 3, in place
MELGRAD_INLINE void fourier4(Complex& x0, Complex& x1, Complex& x2, Complex& x3) {
  Complex even = x0 + x2, odd = x1 + x3, a = x0 - x2, b = times_i(x1 - x3);
  x0 = even + odd;
  x1 = a - b;
  x2 = even - odd;
  x3 = a + b;
}

/// The twiddle factor of output k, 1 for k = 0, which has none in memory.
MELGRAD_INLINE Complex twiddle(const double* w, i64 k) { return {w[2 * k - 2], w[2 * k - 1]}; }

// y_k = w_k Σ_j x_j e^(−2πi jk/radix) for radix rows of x, `in` numbers apart, and y, `out` apart
template <int radix>
MELGRAD_INLINE void butterfly(Lanes x, i64 in, const double* w, Lanes y, i64 out);

template <>
MELGRAD_INLINE void butterfly<2>(Lanes x, i64 in, const double* w, Lanes y, i64 out) {
  for_lanes([=](i64 l) {
    Complex a = x[l], b = x[l + in];
    y.set(l, a + b);
    y.set(l + out, twiddle(w, 1) * (a - b));
  });
}

template <>
MELGRAD_INLINE void butterfly<4>(Lanes x, i64 in, const double* w, Lanes y, i64 out) {
  for_lanes([=](i64 l) {
    Complex x0 = x[l], x1 = x[l + in], x2 = x[l + 2 * in], x3 = x[l + 3 * in];
    fourier4(x0, x1, x2, x3);
    y.set(l, x0);
    y.set(l + out, twiddle(w, 1) * x1);
    y.set(l + 2 * out, twiddle(w, 2) * x2);
    y.set(l + 3 * out, twiddle(w, 3) * x3);
  });
}

// Even outputs are the transform of x_j + x_{j+4}, odd ones that of t^j (x_j − x_{j+4}),
// t = e^(−2πi/8).
template <>
MELGRAD_INLINE void butterfly<8>(Lanes x, i64 in, const double* w, Lanes y, i64 out) {
  for_lanes([=](i64 l) {
    constexpr double root = .5 * std::numbers::sqrt2;
    constexpr Complex t{root, -root}, t3{-root, -root};
    Complex x0 = x[l], x1 = x[l + in], x2 = x[l + 2 * in], x3 = x[l + 3 * in];
    Complex x4 = x[l + 4 * in], x5 = x[l + 5 * in], x6 = x[l + 6 * in], x7 = x[l + 7 * in];
    Complex a0 = x0 + x4, a1 = x1 + x5, a2 = x2 + x6, a3 = x3 + x7;
    Complex b0 = x0 - x4, b1 = t * (x1 - x5), b2 = times_i(x6 - x2), b3 = t3 * (x3 - x7);
    fourier4(a0, a1, a2, a3);
    fourier4(b0, b1, b2, b3);
    y.set(l, a0);
    y.set(l + out, twiddle(w, 1) * b0);
    y.set(l + 2 * out, twiddle(w, 2) * a1);
    y.set(l + 3 * out, twiddle(w, 3) * b1);
    y.set(l + 4 * out, twiddle(w, 4) * a2);
    y.set(l + 5 * out, twiddle(w, 5) * b2);
    y.set(l + 6 * out, twiddle(w, 6) * a3);
    y.set(l + 7 * out, twiddle(w, 7) * b3);
  });
}

// For each p < m and q < stride the rows (p + j m) stride + q of x become (radix p + k) stride + q.
template <int radix>
MELGRAD_INLINE void stage(const FftStage& s, Lanes x, Lanes y) {
  for (i64 p = 0; p < s.m; ++p)
    for (i64 q = 0; q < s.stride; ++q)
      butterfly<radix>(x.row(p * s.stride + q), s.m * s.stride * fft_lanes,
                       s.twiddles.data() + 2 * (radix - 1) * p, y.row(radix * p * s.stride + q),
                       s.stride * fft_lanes);
}

// As stage(), by the sums themselves: for 3, 5, 7, 11 and 13.
MELGRAD_INLINE void odd_stage(const FftStage& s, Lanes x, Lanes y) {
  const i64 in = s.m * s.stride, radix = s.radix;
  alignas(64) double re[fft_lanes], im[fft_lanes];  // NOLINT(modernize-avoid-c-arrays)
  Lanes sum{re, im};
  for (i64 p = 0; p < s.m; ++p)
    for (i64 q = 0; q < s.stride; ++q)
      for (i64 k = 0; k < radix; ++k) {
        Lanes from = x.row(p * s.stride + q), to = y.row((radix * p + k) * s.stride + q);
        for_lanes([=](i64 l) { sum.set(l, from[l]); });
        for (i64 j = 1; j < radix; ++j) {
          const double* root = s.roots.data() + 2 * (j * k % radix);
          Complex c{root[0], root[1]};
          for_lanes([=](i64 l) { sum.set(l, sum[l] + c * from.row(j * in)[l]); });
        }
        Complex w = k == 0 ? Complex{1, 0} : twiddle(s.twiddles.data() + 2 * (radix - 1) * p, k);
        for_lanes([=](i64 l) { to.set(l, w * sum[l]); });
      }
}

// Two stages in one pass over memory: what belongs together after the first waits in the nearest
// cache for the second.
template <int radix, int next_radix>
MELGRAD_INLINE void two_stages(const FftStage& s, const FftStage& next, Lanes x, Lanes y) {
  constexpr i64 size = radix * next_radix * fft_lanes;
  alignas(64) double re[size], im[size];  // NOLINT(modernize-avoid-c-arrays)
  Lanes between{re, im};
  for (i64 p = 0; p < next.m; ++p)
    for (i64 q = 0; q < s.stride; ++q) {
      for (i64 j = 0; j < next_radix; ++j)
        butterfly<radix>(x.row((p + j * next.m) * s.stride + q), s.m * s.stride * fft_lanes,
                         s.twiddles.data() + 2 * (radix - 1) * (p + j * next.m),
                         between.row(j * radix), fft_lanes);
      for (i64 k = 0; k < radix; ++k)
        butterfly<next_radix>(
            between.row(k), radix * fft_lanes, next.twiddles.data() + 2 * (next_radix - 1) * p,
            y.row((next_radix * p * radix + k) * s.stride + q), next.stride * fft_lanes);
    }
}

MELGRAD_SIMD void run(const FftStage& s, Lanes x, Lanes y) {
  if (s.radix == 8)
    stage<8>(s, x, y);
  else if (s.radix == 4)
    stage<4>(s, x, y);
  else if (s.radix == 2)
    stage<2>(s, x, y);
  else
    odd_stage(s, x, y);
}

MELGRAD_SIMD void run(const FftStage& s, const FftStage& next, Lanes x, Lanes y) {
  if (next.radix == 4)
    two_stages<4, 4>(s, next, x, y);
  else if (s.radix == 4)
    two_stages<4, 8>(s, next, x, y);
  else
    two_stages<8, 8>(s, next, x, y);
}

#undef MELGRAD_INLINE

}  // namespace

struct FftPlan::Chirp {
  FftPlan inner;
  std::vector<double> chirp;     // e^(−πi j²/n), (n, 2)
  std::vector<double> response;  // the transform of its conjugate, by 1/rows, (rows, 2)
};

i64 FftPlan::rows() const { return chirp_ ? chirp_->inner.n() : n_; }

FftPlan::FftPlan(i64 n) : n_(n) {
  i64 m = n, stride = 1;
  for (i64 radix : factors_of(n)) {
    i64 length = m;
    m /= radix;
    FftStage stage{radix, m, stride, {}, {}};
    for (i64 p = 0; p < m; ++p)
      for (i64 k = 1; k < radix; ++k) push_root(stage.twiddles, p * k, length);
    for (i64 k = 0; k < radix; ++k) push_root(stage.roots, k, radix);
    stages_.push_back(std::move(stage));
    stride *= radix;
  }
  if (n == 1 || !stages_.empty()) return;

  i64 rows = 1;
  while (rows < 2 * n - 1) rows *= 2;
  Chirp chirp{FftPlan(rows), {}, {}};
  // The angle π j²/n is one of 2n: j² mod 2n keeps it exact.
  for (i64 j = 0; j < n; ++j) push_root(chirp.chirp, j * j % (2 * n), 2 * n);
  auto size = static_cast<std::size_t>(rows * fft_lanes);
  std::vector<double> re(size), im(size), work_re(size), work_im(size);
  for (i64 j = 0; j < n; ++j)
    for (i64 at : {j, (rows - j) % rows}) {
      re[static_cast<std::size_t>(at * fft_lanes)] = chirp.chirp[static_cast<std::size_t>(2 * j)];
      im[static_cast<std::size_t>(at * fft_lanes)] =
          -chirp.chirp[static_cast<std::size_t>(2 * j + 1)];
    }
  Lanes response = chirp.inner.transform({re.data(), im.data()}, {work_re.data(), work_im.data()});
  for (i64 k = 0; k < rows; ++k) {
    Complex value = 1 / static_cast<double>(rows) * response[k * fft_lanes];
    chirp.response.push_back(value.re);
    chirp.response.push_back(value.im);
  }
  chirp_ = std::make_shared<const Chirp>(std::move(chirp));
}

Lanes FftPlan::transform(Lanes x, Lanes work) const {
  if (chirp_) return bluestein(x, work);
  for (std::size_t i = 0; i < stages_.size(); ++i, std::swap(x, work)) {
    const FftStage& stage = stages_[i];
    if (i + 1 < stages_.size() && stage.radix % 4 == 0 && stages_[i + 1].radix % 4 == 0)
      run(stage, stages_[++i], x, work);
    else
      run(stage, x, work);
  }
  return x;
}

// jk = (j² + k² − (k − j)²) / 2, so with c[j] = e^(−πi j²/n)
// X[k] = c[k] Σ_j (x[j] c[j]) conj(c[k − j]): a convolution.
Lanes FftPlan::bluestein(Lanes x, Lanes work) const {
  auto multiply = [](Lanes z, const std::vector<double>& factors, i64 rows) {
    for (i64 j = 0; j < rows; ++j) {
      const double* factor = factors.data() + 2 * j;
      Complex c{factor[0], factor[1]};
      Lanes row = z.row(j);
      for_lanes([=](i64 l) { row.set(l, c * row[l]); });
    }
  };
  multiply(x, chirp_->chirp, n_);
  for (i64 i = n_ * fft_lanes; i < rows() * fft_lanes; ++i) x.set(i, {0, 0});
  Lanes spectrum = chirp_->inner.transform(x, work);
  multiply(spectrum, chirp_->response, rows());
  Lanes other = spectrum.re == x.re ? work : x;
  Lanes result = chirp_->inner.transform(spectrum.exchanged(), other.exchanged()).exchanged();
  multiply(result, chirp_->chirp, n_);
  return result;
}

const FftPlan& FftPlan::cached(i64 n) {
  static std::mutex mutex;
  static std::map<i64, std::unique_ptr<const FftPlan>> plans;
  std::scoped_lock lock(mutex);
  auto& plan = plans[n];
  if (!plan) plan = std::make_unique<const FftPlan>(n);
  return *plan;
}

}  // namespace melgrad
