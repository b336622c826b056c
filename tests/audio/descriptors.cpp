// Mel bands, cosine transforms, derivatives and one number a frame: formulas written out, and cases by hand.
#include "audio/spectra/descriptors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "audio/normalize.h"
#include "audio/spectra/mfcc.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

using Values = std::vector<double>;
constexpr double pi = std::numbers::pi;

TEST(Mel, BothScales) {
  struct Case {
    double hz, mel;
    bool htk;
  };
  for (auto [hz, mel, htk] : {Case{0, 0, false}, Case{500, 7.5, false}, Case{1000, 15, false},
                              Case{6400, 42, false}, Case{1000 * std::pow(6.4, 1. / 27), 16, false},
                              Case{0, 0, true}, Case{6300, 2595, true}, Case{69300, 5190, true}}) {
    EXPECT_NEAR(hz_to_mel(hz, htk), mel, 1e-9) << hz;
    EXPECT_NEAR(mel_to_hz(mel, htk), hz, 1e-9 * (1 + hz)) << mel;
  }
  EXPECT_EQ(mel_frequencies(1, 300, 900), (Values{300}));
  Values four = mel_frequencies(4, 100, 700), htk = mel_frequencies(3, 0, 69300, true);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(four[i], 100 + 200 * static_cast<double>(i), 1e-9);
  EXPECT_NEAR(htk[1], 6300, 1e-9);
  EXPECT_TRUE(mel_frequencies(0, 0, 1).empty());
}

TEST(Mel, FiltersAreTheirTriangles) {
  for (MelOptions o :
       {MelOptions{.n_mels = 5}, MelOptions{.sr = 8000, .n_mels = 8, .fmin = 100},
        MelOptions{.sr = 16000, .n_mels = 20, .fmin = 50, .fmax = 6000., .htk = true},
        MelOptions{.n_mels = 3, .fmax = 900., .slaney_norm = false}})
    for (i64 n_fft : {64, 511, 2}) {
      Values h = mel_frequencies(o.n_mels + 2, o.fmin, o.fmax.value_or(o.sr / 2), o.htk), expected;
      for (std::size_t m = 0; m + 2 < h.size(); ++m)
        for (i64 k = 0; k <= n_fft / 2; ++k) {
          double f = static_cast<double>(k) * o.sr / static_cast<double>(n_fft);
          double up = (f - h[m]) / (h[m + 1] - h[m]), down = (h[m + 2] - f) / (h[m + 2] - h[m + 1]);
          expected.push_back(std::max(0., std::min(up, down)) *
                             (o.slaney_norm ? 2 / (h[m + 2] - h[m]) : 1));
        }
      Tensor dense = from_vector(expected, {o.n_mels, n_fft / 2 + 1});
      EXPECT_TRUE(allclose(mel_filters(n_fft, o, Dtype::f64), dense, 1e-12, 1e-15));
      EXPECT_TRUE(allclose(mel_filters(n_fft, o).to(Dtype::f64), dense, 1e-6, 1e-9));
    }
  auto error = [](i64 n_fft, const MelOptions& options) {
    return error_of([&] { mel_filters(n_fft, options); });
  };
  for (const std::string& text : {error(0, {}), error(64, {.n_mels = 0}), error(64, {.sr = 0})})
    EXPECT_TRUE(contains(text, "must be positive")) << text;
  EXPECT_EQ(error(1, {.n_mels = 1}), "no error");
  for (const std::string& text : {error(64, {.fmin = -1}), error(64, {.fmin = 500, .fmax = 500.}),
                                  error(64, {.sr = 1000, .fmin = 500})})
    EXPECT_TRUE(contains(text, "needs 0 <= fmin < fmax")) << text;
}

TEST(Mel, ProductsAreThoseOfItsFilters) {
  Tensor s = square(test_signal(2 * 9 * 4)).reshape({2, 9, 4});
  MelOptions options{.sr = 8000, .n_mels = 3};
  EXPECT_TRUE(allclose(mel_product(s, options), matmul(mel_filters(16, options, Dtype::f64), s),
                       1e-12, 1e-15));
  EXPECT_TRUE(contains(error_of([&] { mel_product(zeros({9}), options); }), "(…, bins, frames)"));
}

TEST(Dct, EveryWeight) {
  for (int type : {1, 2, 3})
    for (i64 length : {2, 5, 8}) {
      auto n = static_cast<double>(length);
      Values expected;
      for (i64 k = 0; k < length; ++k)
        for (i64 m = 0; m < length; ++m) {
          auto row = static_cast<double>(k), at = static_cast<double>(m);
          double ends = m == 0 || (type == 1 && m == length - 1) ? 1 : 2;
          expected.push_back(type == 1   ? ends * std::cos(pi * row * at / (n - 1))
                             : type == 2 ? 2 * std::cos(pi * row * (2 * at + 1) / (2 * n))
                                         : ends * std::cos(pi * at * (2 * row + 1) / (2 * n)));
        }
      Tensor all = from_vector(expected, {length, length});
      EXPECT_TRUE(allclose(dct_matrix(type, length, length, false, Dtype::f64), all, 0, 1e-13));
      EXPECT_TRUE(
          allclose(dct_matrix(type, 2, length, false, Dtype::f64), all.slice(0, 0, 2), 0, 1e-13));
      EXPECT_EQ(dct_matrix(type, length + 3, length, true).shape(), (Shape{length, length}));
      // Orthonormal: rows of length 1 that are the others' but for a factor (of types 2 and 3 a row's or column's own).
      Tensor d = dct_matrix(type, length, length, true, Dtype::f64);
      EXPECT_TRUE(allclose(matmul(d, d.transpose(0, 1)), matmul(d.transpose(0, 1), d), 0, 1e-13));
      for (i64 k = 0; k < length; ++k)
        for (i64 m = 0; m < length; ++m) {
          double product = sum(d.select(0, k) * d.select(0, m)).item();
          EXPECT_NEAR(product, k == m ? 1 : 0, 1e-13) << type << ' ' << k << ' ' << m;
          double weight = all.select(0, k).select(0, m).item(),
                 own = d.select(0, k).select(0, m).item();
          EXPECT_TRUE(std::abs(weight) < 1e-9 || weight * own > 0) << type << ' ' << k << ' ' << m;
        }
    }
  EXPECT_EQ(dct_matrix(2, 1, 1, true, Dtype::f64).item(), 1);
  for (auto [type, n, length] : {std::tuple(0, 2, 4), {4, 2, 4}, {2, 0, 4}, {2, 2, 0}, {1, 1, 1}})
    EXPECT_NE(
        error_of([type = type, n = n, length = length] { dct_matrix(type, n, length, true); }),
        "no error");
}

TEST(Mfcc, LifterAndStages) {
  Tensor log_mel = test_signal(2 * 6 * 5).reshape({2, 6, 5});
  MfccOptions plain{.n_mfcc = 4};
  Tensor unlifted = mfcc(log_mel, plain);
  EXPECT_TRUE(
      allclose(unlifted, matmul(dct_matrix(2, 4, 6, true, Dtype::f64), log_mel), 1e-12, 1e-15));
  Values factors;
  for (int k = 0; k < 4; ++k) factors.push_back(1 + 10 / 2. * std::sin(pi * (k + 1) / 10));
  Tensor lifted = mfcc(log_mel, {.n_mfcc = 4, .lifter = 10});
  EXPECT_TRUE(allclose(lifted, unlifted * from_vector(factors, {4, 1}), 1e-12, 1e-15));
  EXPECT_TRUE(contains(error_of([&] { mfcc(log_mel, {.lifter = -1}); }), "lifter"));
  EXPECT_TRUE(contains(error_of([&] { mfcc(zeros({6})); }), "(…, n_mels, frames)"));
  Tensor x = test_signal(3000);
  MelOptions mel{.n_mels = 20};
  StftOptions frames{.n_fft = 512};
  DecibelOptions decibel{.ref = 2, .top_db = 30};
  EXPECT_TRUE(equal(mfcc(x, plain, mel, frames, decibel),
                    mfcc(power_to_db(melspectrogram(x, mel, frames), decibel), plain)));
}

TEST(Delta, OfPolynomialsIsTheirDerivative) {
  constexpr i64 frames = 12;
  double factorial = 1;
  for (i64 order = 1; order <= 4; ++order) {
    factorial *= static_cast<double>(order);
    for (i64 width = order < 2 ? 3 : order / 2 * 2 + 1; width <= 9; width += 2) {
      if (order >= width) continue;
      Values power, lower;
      for (i64 t = 0; t < frames; ++t) {
        power.push_back(std::pow(static_cast<double>(t) - 4, order));
        lower.push_back(5 * std::pow(static_cast<double>(t) - 4, order - 1));
      }
      Tensor x = from_vector(power) + from_vector(lower);
      // All that the polynomial of that degree can follow, also at the ends.
      EXPECT_TRUE(allclose(delta(x, width, order), full({frames}, factorial, Dtype::f64), 0, 1e-9))
          << width << ' ' << order;
      Tensor nearest = delta(x, width, order, DeltaEdge::nearest);
      i64 half = width / 2;
      EXPECT_TRUE(allclose(nearest.slice(0, half, frames - half),
                           full({frames - 2 * half}, factorial, Dtype::f64), 0, 1e-9));
    }
  }
  // (x[t + 1] − x[t − 1]) / 2 with the ends repeated.
  Tensor x = from_vector<double>({1, 4, 2, 8, 0, 0}, {2, 3});
  EXPECT_TRUE(allclose(delta(x, 3, 1, DeltaEdge::nearest),
                       from_vector<double>({1.5, .5, -1, -4, -4, 0}, {2, 3}), 0, 1e-15));
  EXPECT_TRUE(
      allclose(delta(x, 3, 1), from_vector<double>({.5, .5, .5, -4, -4, -4}, {2, 3}), 0, 1e-15));
  EXPECT_NE(error_of([&] { delta(x, 5, 1); }), "no error");
  EXPECT_EQ(error_of([&] { delta(x, 5, 1, DeltaEdge::nearest); }), "no error");
  for (auto [width, order] : {std::pair(1, 1), {4, 1}, {3, 0}, {3, 3}, {-3, 1}})
    EXPECT_TRUE(contains(
        error_of([&, width = width, order = order] { delta(x, width, order, DeltaEdge::nearest); }),
        "must be odd"))
        << width << ' ' << order;
}

/// Five bins from 0 to 400 Hz; four frames, the last silent.
const Tensor spectrum = from_vector<double>({0, 1, 2, 0,  //
                                             0, 1, 0, 0,  //
                                             3, 1, 0, 0,  //
                                             0, 1, 0, 0,  //
                                             0, 1, 2, 0},
                                            {5, 4});

void expect_row(const Tensor& actual, const Values& expected) {
  EXPECT_EQ(actual.shape(), (Shape{1, static_cast<i64>(expected.size())}));
  EXPECT_TRUE(allclose(actual.reshape({-1}), from_vector(expected), 1e-12, 1e-12))
      << actual << testing::PrintToString(expected);
}

TEST(Descriptors, OfFiveBins) {
  expect_row(spectral_centroid(spectrum, 800), {200, 200, 200, 0});
  expect_row(spectral_centroid(spectrum * 7., 1600), {400, 400, 400, 0});
  expect_row(spectral_bandwidth(spectrum, 800), {0, std::sqrt(20000), 200, 0});
  expect_row(spectral_bandwidth(spectrum, 800, 1), {0, 120, 200, 0});
  expect_row(spectral_bandwidth(spectrum, 800, .5),
             {0, std::pow((2 * std::sqrt(200) + 20) / 5, 2), 200, 0});
  expect_row(spectral_rolloff(spectrum, 800), {200, 400, 400, 0});
  expect_row(spectral_rolloff(spectrum, 800, .5), {200, 200, 0, 0});
  expect_row(spectral_rolloff(spectrum, 800, .61), {200, 300, 400, 0});
  expect_row(spectral_rolloff(spectrum, 800, .2), {200, 0, 0, 0});
  double low = std::pow(1e-10, 4. / 5) * std::pow(9, 1. / 5);
  double pair = std::pow(1e-10, 3. / 5) * std::pow(16, 1. / 5);
  expect_row(spectral_flatness(spectrum),
             {low / ((9 + 4e-10) / 5), 1, pair / ((8 + 3e-10) / 5), 1});
  expect_row(spectral_flatness(spectrum, 1, 1.5), {std::pow(1.5, .8) * std::pow(3, .2) / 1.8, 1,
                                                   std::pow(1.5, .6) * std::pow(4, .2) / 1.7, 1});
  Tensor batch = stack({spectrum, spectrum.flip(0).contiguous()});
  EXPECT_EQ(spectral_rolloff(batch, 800, .2).shape(), (Shape{2, 1, 4}));
  EXPECT_EQ(spectral_rolloff(batch.to(Dtype::f32), 800, .2).to_vector<double>(),
            (Values{200, 0, 0, 0, 200, 0, 0, 0}));
}

// Bins stand at k·sr/n_fft: of an odd n_fft, the last one is below sr/2.
TEST(Descriptors, OfAnOddNumberOfSamples) {
  for (i64 n_fft : {9, 551}) {
    i64 bins = n_fft / 2 + 1;
    Tensor s = abs(test_signal(bins * 3)).reshape({bins, 3});
    Values power = s.to_vector<double>(), centroid(3), bandwidth(3), rolloff(3);
    for (std::size_t t = 0; t < 3; ++t) {
      auto at = [&](i64 k) { return power[static_cast<std::size_t>(k) * 3 + t]; };
      auto hz = [&](i64 k) { return static_cast<double>(k) * 800 / static_cast<double>(n_fft); };
      double total = 0, below = 0;
      for (i64 k = 0; k < bins; ++k) total += at(k);
      for (i64 k = 0; k < bins; ++k) centroid[t] += hz(k) * at(k) / total;
      for (i64 k = 0; k < bins; ++k)
        bandwidth[t] += std::pow(hz(k) - centroid[t], 2) * at(k) / total;
      bandwidth[t] = std::sqrt(bandwidth[t]);
      for (i64 k = 0; below < .85 * total; ++k) {
        below += at(k);
        rolloff[t] = hz(k);
      }
    }
    expect_row(spectral_centroid(s, 800, n_fft), centroid);
    expect_row(spectral_bandwidth(s, 800, 2, n_fft), bandwidth);
    expect_row(spectral_rolloff(s, 800, .85, n_fft), rolloff);
  }
}

TEST(Descriptors, Refusals) {
  Tensor negative = spectrum - .1;
  for (const auto& [text, part] :
       {std::pair(error_of([&] { spectral_centroid(negative, 800); }), "must not be negative"),
        {error_of([&] { spectral_rolloff(negative, 800); }), "must not be negative"},
        {error_of([&] { spectral_flatness(negative); }), "must not be negative"},
        {error_of([&] { spectral_bandwidth(negative, 800); }), "must not be negative"},
        {error_of([] { spectral_centroid(spectrum, 0); }), "sampling rate must be positive"},
        {error_of([] { spectral_rolloff(spectrum, 0); }), "sampling rate must be positive"},
        {error_of([] { spectral_centroid(spectrum.slice(0, 0, 1), 800); }), "(…, bins, frames)"},
        {error_of([] { spectral_centroid(zeros({5}), 800); }), "(…, bins, frames)"},
        {error_of([] { spectral_centroid(spectrum, 800, 7); }), "n_fft 7 does not give these bins"},
        {error_of([] { spectral_bandwidth(spectrum, 800, 2, 10); }), "n_fft 10 does not"},
        {error_of([] { spectral_rolloff(spectrum, 800, .85, 0); }), "n_fft 0 does not"},
        {error_of([] { spectral_rolloff(spectrum, 800, 0); }), "between 0 and 1"},
        {error_of([] { spectral_rolloff(spectrum, 800, 1); }), "between 0 and 1"},
        {error_of([] { spectral_bandwidth(spectrum, 800, 0); }), "p must be positive"},
        {error_of([] { spectral_flatness(spectrum, 2, 0); }), "amin must be positive"},
        {error_of([] { zero_crossing_rate(scalar(1)); }), "needs samples"},
        {error_of([] { rms(full({3000}, INFINITY)); }), "not a finite number"}})
    EXPECT_TRUE(contains(text, part)) << text;
}

TEST(Descriptors, ZeroCrossingsAndLoudnessByHand) {
  Tensor x = from_vector<double>({1, -1, 1, 2, -2, -1e-11, 0, -3}, {2, 4});
  FrameOptions whole{.frame_length = 4, .hop_length = 4, .center = false};
  // + − + +: two changes. − 0 0 −: two, since what is next to nothing is positive.
  EXPECT_EQ(zero_crossing_rate(x, whole).to_vector<double>(), (Values{.5, .5}));
  EXPECT_EQ(zero_crossing_rate(x.to(Dtype::f32), whole).to_vector<double>(), (Values{.5, .5}));
  EXPECT_TRUE(allclose(rms(x, whole),
                       from_vector<double>({std::sqrt(7 / 4.), std::sqrt(13 / 4.)}, {2, 1, 1}),
                       1e-12, 0));
  // Centred: 1 1 1 −1 | 1 −1 1 2 | 1 2 2 2 from the repeated ends; zeros for the loudness.
  FrameOptions centred{.frame_length = 4, .hop_length = 2};
  EXPECT_EQ(zero_crossing_rate(x.select(0, 0), centred).to_vector<double>(), (Values{.25, .5, 0}));
  expect_row(rms(x.select(0, 0), centred),
             {std::sqrt(2 / 4.), std::sqrt(7 / 4.), std::sqrt(5 / 4.)});
}

TEST(Normalize, RefusalsAndBatches) {
  Tensor x = test_signal(2 * 3 * 10).reshape({2, 3, 10});
  for (i64 i = 0; i < 2; ++i)
    EXPECT_TRUE(equal(frame_min_max(x).select(0, i), frame_min_max(x.select(0, i).contiguous())));
  Tensor by_hand = frame_min_max(from_vector<double>({1, 5, 2, 5, 5, 5}, {3, 2}));
  EXPECT_EQ(by_hand.to_vector<double>(), (Values{0, 0, .25, 0, 1, 0}));
  // Bands are the last axis but one: mean and deviation of band b over everything else.
  Scaling bands = fit_scaling({x.slice(2, 0, 4), x.slice(2, 4, 10)}, true);
  EXPECT_EQ(bands.mean.shape(), (Shape{3, 1}));
  for (i64 b = 0; b < 3; ++b) {
    Tensor band = x.select(1, b);
    double mean_of = mean(band).item();
    EXPECT_NEAR(bands.mean.select(0, b).item(), mean_of, 1e-14);
    EXPECT_NEAR(bands.std.select(0, b).item(), std::sqrt(mean(square(band - mean_of)).item()),
                1e-14);
  }
  EXPECT_EQ(fit_scaling({x.to(Dtype::f32)}, true)(x.to(Dtype::f32)).dtype(), Dtype::f32);
  EXPECT_EQ(fit_scaling({ones({2, 2})}, false)(full({2, 2}, 3)).to_vector<double>(), Values(4, 2));
  for (const auto& [text, part] :
       {std::pair(error_of([] { frame_min_max(zeros({4})); }), "(…, bands, frames)"),
        {error_of([] { z_score(zeros({0})); }), "there are no values"},
        {error_of([] { Scaling()(zeros({2})); }), "has not been called"},
        {error_of([] { fit_scaling({zeros({4})}, true); }), "(…, bands, frames)"},
        {error_of([] {
           fit_scaling({zeros({4, 0})}, true);
         }),
         "(…, bands, frames)"},
        {error_of([] {
           fit_scaling({ones({4, 2}), ones({3, 2})}, true);
         }),
         "4 and 3"}})
    EXPECT_TRUE(contains(text, part)) << text;
}

}  // namespace
}  // namespace melgrad
