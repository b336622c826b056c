#include "kernels/cpu/fft_plan.h"

#include <cmath>
#include <map>
#include <mutex>
#include <numbers>

#include "kernels/cpu/simd.h"

namespace melgrad {
namespace {

/// e^(−2πi numerator/denominator), the angle reduced exactly first.
template <class T>
void push_root(std::vector<T>& roots, i64 numerator, i64 denominator) {
  double angle = -2 * std::numbers::pi * static_cast<double>(numerator % denominator) /
                 static_cast<double>(denominator);
  roots.push_back(static_cast<T>(std::cos(angle)));
  roots.push_back(static_cast<T>(std::sin(angle)));
}

std::vector<int> factors_of(i64 n) {
  std::vector<int> factors;
  for (int radix : {4, 2, 3, 5, 7, 11, 13})
    for (; n % radix == 0; n /= radix) factors.push_back(radix);
  if (n > 1) factors.clear();
  return factors;
}

// With a, b, c, d = x at p, p + m, p + 2m, p + 3m of a sequence of 4m and w = e^(−2πi p/4m):
//   y[4p]     =     (a + c) +   (b + d)        y[4p + 1] = w  ((a − c) − i (b − d))
//   y[4p + 2] = w² ((a + c) −   (b + d))       y[4p + 3] = w³ ((a − c) + i (b − d))
template <class T>
[[gnu::always_inline]] inline void radix4(i64 m, i64 stride, const T* w, Lanes<T> x, Lanes<T> y) {
  constexpr i64 L = fft_lanes<T>;
  const i64 row = stride * L, b = m * row, c = 2 * b, d = 3 * b;
  for (i64 p = 0; p < m; ++p, w += 6) {
    const T w1r = w[0], w1i = w[1], w2r = w[2], w2i = w[3], w3r = w[4], w3i = w[5];
    for (i64 q = 0; q < row; q += L) {
      const T *xr = x.re + p * row + q, *xi = x.im + p * row + q;
      T *yr = y.re + 4 * p * row + q, *yi = y.im + 4 * p * row + q;
#pragma omp simd
      for (i64 l = 0; l < L; ++l) {
        T acr = xr[l] + xr[c + l], aci = xi[l] + xi[c + l];
        T amr = xr[l] - xr[c + l], ami = xi[l] - xi[c + l];
        T bdr = xr[b + l] + xr[d + l], bdi = xi[b + l] + xi[d + l];
        T bmr = xr[b + l] - xr[d + l], bmi = xi[b + l] - xi[d + l];
        T tr = amr + bmi, ti = ami - bmr, ur = acr - bdr, ui = aci - bdi;
        T vr = amr - bmi, vi = ami + bmr;
        yr[l] = acr + bdr;
        yi[l] = aci + bdi;
        yr[row + l] = w1r * tr - w1i * ti;
        yi[row + l] = w1r * ti + w1i * tr;
        yr[2 * row + l] = w2r * ur - w2i * ui;
        yi[2 * row + l] = w2r * ui + w2i * ur;
        yr[3 * row + l] = w3r * vr - w3i * vi;
        yi[3 * row + l] = w3r * vi + w3i * vr;
      }
    }
  }
}

// y[2p] = a + b,  y[2p + 1] = w (a − b)
template <class T>
[[gnu::always_inline]] inline void radix2(i64 m, i64 stride, const T* w, Lanes<T> x, Lanes<T> y) {
  constexpr i64 L = fft_lanes<T>;
  const i64 row = stride * L, b = m * row;
  for (i64 p = 0; p < m; ++p, w += 2) {
    const T wr = w[0], wi = w[1];
    for (i64 q = 0; q < row; q += L) {
      const T *xr = x.re + p * row + q, *xi = x.im + p * row + q;
      T *yr = y.re + 2 * p * row + q, *yi = y.im + 2 * p * row + q;
#pragma omp simd
      for (i64 l = 0; l < L; ++l) {
        T dr = xr[l] - xr[b + l], di = xi[l] - xi[b + l];
        yr[l] = xr[l] + xr[b + l];
        yi[l] = xi[l] + xi[b + l];
        yr[row + l] = wr * dr - wi * di;
        yi[row + l] = wr * di + wi * dr;
      }
    }
  }
}

// y[rp + k] = w^k Σ_m x[p + m·length/r] e^(−2πi mk/r)
template <class T>
[[gnu::always_inline]] inline void any_radix(int radix, i64 m, i64 stride, const T* w,
                                             const T* roots, Lanes<T> x, Lanes<T> y) {
  constexpr i64 L = fft_lanes<T>;
  i64 row = stride * L;
  for (i64 p = 0; p < m; ++p, w += 2 * (radix - 1))
    for (i64 q = 0; q < row; q += L)
      for (int k = 0; k < radix; ++k) {
        T sum_re[L] = {}, sum_im[L] = {};  // NOLINT(modernize-avoid-c-arrays)
        for (int j = 0; j < radix; ++j) {
          const T cr = roots[2 * (j * k % radix)], ci = roots[2 * (j * k % radix) + 1];
          const T* xr = x.re + (p + j * m) * row + q;
          const T* xi = x.im + (p + j * m) * row + q;
#pragma omp simd
          for (i64 l = 0; l < L; ++l) {
            sum_re[l] += cr * xr[l] - ci * xi[l];
            sum_im[l] += cr * xi[l] + ci * xr[l];
          }
        }
        const T wr = k == 0 ? T{1} : w[2 * (k - 1)], wi = k == 0 ? T{0} : w[2 * (k - 1) + 1];
        T* yr = y.re + (radix * p + k) * row + q;
        T* yi = y.im + (radix * p + k) * row + q;
#pragma omp simd
        for (i64 l = 0; l < L; ++l) {
          yr[l] = wr * sum_re[l] - wi * sum_im[l];
          yi[l] = wr * sum_im[l] + wi * sum_re[l];
        }
      }
}

template <class T>
[[gnu::always_inline]] inline void butterflies(int radix, i64 m, i64 stride, const T* w,
                                               const T* roots, Lanes<T> x, Lanes<T> y) {
  if (radix == 4)
    radix4(m, stride, w, x, y);
  else if (radix == 2)
    radix2(m, stride, w, x, y);
  else
    any_radix(radix, m, stride, w, roots, x, y);
}

MELGRAD_SIMD void run_stage(int radix, i64 m, i64 stride, const float* w, const float* roots,
                            Lanes<float> x, Lanes<float> y) {
  butterflies(radix, m, stride, w, roots, x, y);
}
MELGRAD_SIMD void run_stage(int radix, i64 m, i64 stride, const double* w, const double* roots,
                            Lanes<double> x, Lanes<double> y) {
  butterflies(radix, m, stride, w, roots, x, y);
}

}  // namespace

template <class T>
FftPlan<T>::FftPlan(i64 n) : n_(n) {
  i64 length = n, stride = 1;
  for (int radix : factors_of(n)) {
    Stage stage{radix, length, stride, {}, {}};
    for (i64 p = 0; p < length / radix; ++p)
      for (int k = 1; k < radix; ++k) push_root(stage.twiddles, p * k, length);
    for (int m = 0; m < radix; ++m) push_root(stage.roots, m, radix);
    stages_.push_back(std::move(stage));
    length /= radix;
    stride *= radix;
  }
  if (n == 1 || !stages_.empty()) return;

  i64 rows = 1;
  while (rows < 2 * n - 1) rows *= 2;
  Chirp chirp{FftPlan(rows), {}, {}};
  // The angle π j²/n is one of 2n: j² mod 2n keeps it exact.
  for (i64 j = 0; j < n; ++j) push_root(chirp.chirp, j * j % (2 * n), 2 * n);
  constexpr i64 L = fft_lanes<T>;
  auto size = static_cast<std::size_t>(rows * L);
  std::vector<T> re(size), im(size), work_re(size), work_im(size);
  for (i64 j = 0; j < n; ++j)
    for (i64 at : {j, (rows - j) % rows}) {
      re[static_cast<std::size_t>(at * L)] = chirp.chirp[static_cast<std::size_t>(2 * j)];
      im[static_cast<std::size_t>(at * L)] = -chirp.chirp[static_cast<std::size_t>(2 * j + 1)];
    }
  Lanes<T> response =
      chirp.inner.transform({re.data(), im.data()}, {work_re.data(), work_im.data()});
  for (i64 k = 0; k < rows; ++k) {
    chirp.response.push_back(response.re[k * L] / static_cast<T>(rows));
    chirp.response.push_back(response.im[k * L] / static_cast<T>(rows));
  }
  chirp_ = std::make_shared<const Chirp>(std::move(chirp));
}

template <class T>
void FftPlan<T>::run(const Stage& stage, Lanes<T> x, Lanes<T> y) {
  run_stage(stage.radix, stage.length / stage.radix, stage.stride, stage.twiddles.data(),
            stage.roots.data(), x, y);
}

template <class T>
Lanes<T> FftPlan<T>::transform(Lanes<T> x, Lanes<T> work) const {
  if (chirp_) return bluestein(x, work);
  for (const Stage& stage : stages_) {
    run(stage, x, work);
    std::swap(x, work);
  }
  return x;
}

// jk = (j² + k² − (k − j)²) / 2, so with c[j] = e^(−πi j²/n)
// X[k] = c[k] Σ_j (x[j] c[j]) conj(c[k − j]): a convolution.
template <class T>
Lanes<T> FftPlan<T>::bluestein(Lanes<T> x, Lanes<T> work) const {
  constexpr i64 L = fft_lanes<T>;
  auto multiply = [](Lanes<T> z, const std::vector<T>& factors, i64 rows) {
    for (i64 j = 0; j < rows; ++j) {
      const T cr = factors[static_cast<std::size_t>(2 * j)];
      const T ci = factors[static_cast<std::size_t>(2 * j + 1)];
      for (i64 i = j * L; i < (j + 1) * L; ++i) {
        T re = z.re[i];
        z.re[i] = cr * re - ci * z.im[i];
        z.im[i] = cr * z.im[i] + ci * re;
      }
    }
  };
  multiply(x, chirp_->chirp, n_);
  for (i64 i = n_ * L; i < rows() * L; ++i) x.re[i] = x.im[i] = 0;
  Lanes<T> spectrum = chirp_->inner.transform(x, work);
  multiply(spectrum, chirp_->response, rows());
  Lanes<T> other = spectrum.re == x.re ? work : x;
  Lanes<T> back = chirp_->inner.transform({spectrum.im, spectrum.re}, {other.im, other.re});
  Lanes<T> result{back.im, back.re};
  multiply(result, chirp_->chirp, n_);
  return result;
}

template <class T>
const FftPlan<T>& FftPlan<T>::cached(i64 n) {
  static std::mutex mutex;
  static std::map<i64, std::unique_ptr<const FftPlan>> plans;
  std::scoped_lock lock(mutex);
  auto& plan = plans[n];
  if (!plan) plan = std::make_unique<const FftPlan>(n);
  return *plan;
}

template class FftPlan<float>;
template class FftPlan<double>;

}  // namespace melgrad
