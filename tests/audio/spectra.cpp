// What must hold of the transforms whatever librosa says: Parseval, the round trip, odd lengths,
// refusals.
#include <gtest/gtest.h>

#include <limits>

#include "audio/spectra/mel.h"
#include "audio/spectra/mfcc.h"
#include "audio/trainable.h"
#include "autograd/tools/gradcheck.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

TEST(Stft, Parseval) {
  // Σ_j |w x|² = 1/n Σ_k c_k |X_k|², c = 2 for bins that have a mirror image
  for (i64 n : {16, 15, 64, 101}) {
    Tensor x = test_signal(n);
    StftOptions options{.n_fft = n, .window = WindowKind::rectangular, .center = false};
    Tensor power = spectrogram(x, options, 2);
    Tensor c = full({n / 2 + 1, 1}, 2, Dtype::f64);
    c.slice(0, 0, 1).fill_(1);
    if (n % 2 == 0) c.slice(0, n / 2, n / 2 + 1).fill_(1);
    double energy = sum(square(x)).item();
    EXPECT_NEAR(sum(c * power).item() / static_cast<double>(n), energy, 1e-13 * energy) << n;
  }
}

TEST(Stft, RoundTrip) {
  for (StftOptions options : {StftOptions{}, StftOptions{.n_fft = 1000, .hop_length = 333},
                              StftOptions{.n_fft = 255, .hop_length = 64, .win_length = 200},
                              StftOptions{.n_fft = 512, .pad_mode = PadMode::reflect}}) {
    Tensor x = test_signal(5000);
    Tensor back = istft(stft(x, options), options, 5000);
    // The last samples lie under the end of the last frame's window where the hop does not divide
    // the length: they are divided by next to nothing.
    i64 safe = 5000 - options.n_fft;
    EXPECT_LE(max(abs(x - back).slice(0, 0, safe)).item(), 1e-12) << options.n_fft;
  }
}

TEST(Stft, BatchesAreTheirRows) {
  Tensor x = test_signal(6000).reshape({2, 3000});
  Tensor both = melspectrogram(x, {.n_mels = 20});
  EXPECT_EQ(both.shape(), (Shape{2, 20, 6}));
  for (i64 row = 0; row < 2; ++row)
    EXPECT_TRUE(allclose(both.select(0, row), melspectrogram(x.select(0, row), {.n_mels = 20}),
                         1e-12, 1e-15));
}

TEST(Stft, OddLengths) {
  for (i64 n : {1, 511, 512, 2047, 2048, 2049}) {
    Tensor mel = melspectrogram(test_signal(n));
    EXPECT_EQ(mel.shape(), (Shape{128, 1 + n / 512})) << n;
    Tensor composed = mel_product(spectrogram(test_signal(n), {}, 2), {});
    EXPECT_LE(max(abs(mel - composed)).item(), 1e-12 * max(composed).item()) << n;
  }
  EXPECT_EQ(error_of([] { melspectrogram(zeros({0})); }),
            "[stft] 0 samples are too few for a frame of 2048");
}

TEST(Stft, SilenceIsAminAndClippingIsNoError) {
  Tensor silence = power_to_db(melspectrogram(zeros({4096})));
  EXPECT_NEAR(max(silence).item(), -100, 1e-5);
  EXPECT_NEAR(min(silence).item(), -100, 1e-5);
  Tensor clipped = clamp(test_signal(4096) * 100, -1, 1);
  EXPECT_TRUE(min(isfinite(power_to_db(melspectrogram(clipped)))).item() == 1);
}

TEST(Stft, Refusals) {
  for (double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Tensor x = test_signal(3000).clone();
    x.slice(0, 100, 101).fill_(bad);
    EXPECT_NE(error_of([&] { stft(x, StftOptions{}); }).find("not a finite number"),
              std::string::npos);
    EXPECT_NE(error_of([&] { melspectrogram(x.to(Dtype::f32)); }).find("not a finite number"),
              std::string::npos);
  }
  Tensor x = test_signal(500);
  EXPECT_EQ(error_of([&] { stft(x, {.pad_mode = PadMode::reflect}); }),
            "[pad_signal] cannot reflect 1024 samples of a signal that has 500");
  EXPECT_EQ(error_of([&] { stft(x, {.n_fft = 512, .win_length = 600}); }),
            "[stft] win_length 600 must lie between 1 and n_fft 512");
  EXPECT_EQ(error_of([&] { stft(x, {.n_fft = 512, .hop_length = 0}); }),
            "[stft] n_fft 512 and hop_length 0 must be positive");
  EXPECT_EQ(error_of([&] { mel_filters(512, {.fmin = 9000, .fmax = 8000}); }),
            "[mel_filters] needs 0 <= fmin < fmax, not 9000 Hz and 8000 Hz");
}

// What W F_many lacks of F_few is orthogonal to every filter of F_many: nothing comes closer.
TEST(Mel, FewBandsOfMany) {
  for (i64 few : {1, 13, 40, 128}) {
    Tensor many = mel_filters(2048, {}, Dtype::f64);
    Tensor w = mel_conversion(2048, {}, {.n_mels = few});
    ASSERT_EQ(w.shape(), (Shape{few, 128}));
    Tensor lacking = mel_filters(2048, {.n_mels = few}, Dtype::f64) - matmul(w, many);
    double scale = max(matmul(many, many.transpose(0, 1))).item();
    EXPECT_LE(max(abs(matmul(lacking, many.transpose(0, 1)))).item(), 1e-13 * scale) << few;
  }
  Tensor same = matmul(mel_conversion(2048, {}, {}), mel_filters(2048, {}, Dtype::f64));
  EXPECT_LE(max(abs(same - mel_filters(2048, {}, Dtype::f64))).item(), 1e-15);
  Tensor x = test_signal(9000);
  Tensor of_many = matmul(mel_conversion(2048, {}, {.n_mels = 13}), melspectrogram(x));
  Tensor few = melspectrogram(x, {.n_mels = 13});
  EXPECT_LE(mean(abs(power_to_db(of_many) - power_to_db(few))).item(), .02) << "dB; .011 observed";
  EXPECT_EQ(error_of([] { mel_conversion(256, {.n_mels = 128}, {.n_mels = 13}); }),
            "[mel_conversion] 128 bands from 0 Hz on are too many for 129 bins of 86.1328 Hz: "
            "they depend on each other");
}

TEST(Trainable, Gradients) {
  StftOptions options{.n_fft = 16, .hop_length = 5, .pad_mode = PadMode::reflect};
  Variable x(test_signal(40), true),
      window(make_window(WindowKind::hann, 16, {}, Dtype::f64), true);
  Variable filters(mel_filters(16, {.n_mels = 4}, Dtype::f64) + .1, true);
  auto front_end = [&](const std::vector<Variable>& in) -> std::vector<Variable> {
    return {power_to_db(mel_product(power_spectrogram(in[0], options, in[1]), in[2]))};
  };
  GradcheckResult result = gradcheck(front_end, {x, window, filters});
  EXPECT_TRUE(result.passed) << result.message;
}

TEST(Trainable, IsTheFrontEnd) {
  Tensor x = test_signal(3000);
  Variable power = power_spectrogram(Variable(x), {});
  EXPECT_TRUE(allclose(power.data().transpose(0, 1), spectrogram(x, {}, 2), 1e-12, 1e-15));
  Tensor filters = mel_filters(2048, {}, Dtype::f64);
  Variable mel = mel_product(power, Variable(filters));
  EXPECT_TRUE(allclose(mel.data().transpose(0, 1), melspectrogram(x), 1e-10, 1e-15));
}

}  // namespace
}  // namespace melgrad
