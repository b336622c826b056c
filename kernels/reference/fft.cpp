#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "kernels/reference/array.h"
#include "kernels/reference/reference.h"

// Discrete Fourier transforms as the sums that define them.
namespace melgrad::reference {
namespace {

using Complex = std::complex<double>;

// e^(2πi jk/n), from a table of the n different ones
class Turns {
 public:
  explicit Turns(i64 n) : n_(n) {
    for (i64 k = 0; k < n; ++k)
      turns_.push_back(
          std::polar(1., 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n)));
  }
  Complex operator()(i64 j, i64 k) const { return turns_[static_cast<std::size_t>(j * k % n_)]; }

 private:
  i64 n_;
  std::vector<Complex> turns_;
};

}  // namespace

// X[b,f,k] = Σ_j window[j] x[b, f·hop + j] e^(−2πi jk/n_fft),  y = real and imaginary part
void stft(const StftShape& s, const double* x_, const double* window, double* y_) {
  Array x(x_, s.count, s.samples);
  Array y(y_, s.count, s.frames, s.bins(), 2);
  Turns turn(s.n_fft);
  for (auto [b, f, k] : indices(s.count, s.frames, s.bins())) {
    Complex sum = 0;
    for (i64 j = 0; j < s.n_fft; ++j)
      sum += window[j] * x(b, f * s.hop + j) * std::conj(turn(j, k));
    y(b, f, k, 0) = sum.real();
    y(b, f, k, 1) = sum.imag();
  }
}

// y[b,m,f] = Σ_k weights[m,k] |X[b,f,k]|^power,  X = stft(x)
void band_power(const StftShape& s, i64 bands, double power, const double* x, const double* window,
                const double* weights_, double* y_) {
  auto spectrum = zeros(s.count, s.frames, s.bins(), i64{2});
  stft(s, x, window, spectrum.data());
  Array weights(weights_, bands, s.bins());
  Array y(y_, s.count, bands, s.frames);
  for (auto [b, m, f] : indices(s.count, bands, s.frames)) {
    double sum = 0;
    for (i64 k = 0; k < s.bins(); ++k)
      sum +=
          weights(m, k) * std::pow(std::hypot(spectrum(b, f, k, 0), spectrum(b, f, k, 1)), power);
    y(b, m, f) = sum;
  }
}

// dx[b, f·hop + j] += Σ_k window[j] (dy_re cos − dy_im sin)(2πjk/n_fft) for all frames f
void stft_backward(const StftShape& s, const double* dy_, const double* window, double* dx_) {
  Array dy(dy_, s.count, s.frames, s.bins(), 2);
  Array dx(dx_, s.count, s.samples);
  Turns turn(s.n_fft);
  fill(0, dx.size(), dx_);
  for (auto [b, f, j, k] : indices(s.count, s.frames, s.n_fft, s.bins()))
    dx(b, f * s.hop + j) +=
        window[j] * (dy(b, f, k, 0) * turn(j, k).real() - dy(b, f, k, 1) * turn(j, k).imag());
}

// x[b,j] = 1/n Σ_{k<n} Y[k] e^(2πi jk/n),  Y the Hermitian continuation: Y[k] = conj Y[n − k] for
// k > n/2.  Of bin 0 and, if n is even, of bin n/2 the imaginary parts count for nothing.
void irfft(i64 count, i64 n, const double* y_, double* x_) {
  i64 bins = n / 2 + 1;
  Array y(y_, count, bins, 2);
  Array x(x_, count, n);
  Turns turn(n);
  for (auto [b, j] : indices(count, n)) {
    Complex sum = 0;
    for (i64 k = 0; k < n; ++k)
      sum += turn(j, k) * (k < bins ? Complex(y(b, k, 0), y(b, k, 1))
                                    : Complex(y(b, n - k, 0), -y(b, n - k, 1)));
    x(b, j) = sum.real() / static_cast<double>(n);
  }
}

}  // namespace melgrad::reference
