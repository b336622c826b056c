// What is left of sound that went through MP3.
#include <gtest/gtest.h>

#include "audio/files/decode.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

Tensor sound(i64 samples) { return test_signal(samples).to(Dtype::f32); }

// 10 log10 of the sound's power over that of what was changed, away from the ends.
double snr_db(const Tensor& x, const Tensor& y, i64 shift = 0) {
  i64 begin = 3000, end = x.numel() - 3000;
  Tensor part = x.slice(0, begin, end);
  Tensor lost = part - y.slice(0, begin + shift, end + shift);
  return 10 * std::log10(sum(part * part).item() / sum(lost * lost).item());
}

// Each of MPEG-1, 2 and 2.5, rates with LAME's tag and without: the samples are as many and in their
// places, which the delay of 1105 samples would not leave them in.
TEST(ThroughMp3, SamplesStayInTheirPlaces) {
  struct Case {
    int sample_rate;
    i64 kbps;
  };
  for (auto [rate, kbps] : {Case{22050, 128}, Case{22050, 64}, Case{22050, 32}, Case{44100, 128},
                            Case{44100, 32}, Case{8000, 32}, Case{16000, 48}, Case{11025, 64}}) {
    Tensor x = sound(rate), y = through_mp3({x, rate}, kbps);
    ASSERT_EQ(y.shape(), x.shape()) << rate << " " << kbps;
    double here = snr_db(x, y);
    EXPECT_GT(here, 11) << "12.3 to 24.5 dB observed: " << rate << " " << kbps;
    for (i64 shift : {-1105, -576, -529, -1, 1, 529, 576, 1105})
      EXPECT_GT(here, snr_db(x, y, shift)) << rate << " " << kbps << " by " << shift;
  }
}

TEST(ThroughMp3, LowerRatesLoseMore) {
  Tensor x = sound(66150);
  double before = 100;
  for (i64 kbps : {160, 64, 32, 16, 8}) {
    double now = snr_db(x, through_mp3({x, 22050}, kbps));
    EXPECT_LT(now, before) << kbps;
    before = now;
  }
  EXPECT_TRUE(equal(through_mp3({x, 22050}, 64), through_mp3({x, 22050}, 64)));
}

TEST(ThroughMp3, ShortSounds) {
  for (i64 samples : {1, 500, 1200, 5000})
    EXPECT_EQ(through_mp3({sound(samples), 22050}, 32).shape(), (Shape{samples}));
}

TEST(ThroughMp3, RatesThatMp3DoesNotHave) {
  auto error = [](int rate, i64 kbps) {
    return error_of([&] { through_mp3({sound(4000), rate}, kbps); });
  };
  EXPECT_TRUE(contains(error(22050, 100), "MP3 at 22050 Hz has 8, 16, 24")) << error(22050, 100);
  EXPECT_TRUE(contains(error(22050, 100), "160 kbit/s, not 100"));
  EXPECT_TRUE(contains(error(22050, 320), "not 320"));
  EXPECT_TRUE(contains(error(44100, 8), "not 8"));
  EXPECT_TRUE(contains(error(8000, 128), "64 kbit/s, not 128"));
  EXPECT_TRUE(contains(error(96000, 128), "sample rates of 8000, 11025")) << error(96000, 128);
  EXPECT_TRUE(contains(error_of([] {
                         through_mp3({zeros({2, 100}), 22050}, 64);
                       }),
                       "needs (samples)"));
}

}  // namespace
}  // namespace melgrad
