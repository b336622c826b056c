// Every stage against what librosa 0.11 computes in f64 (tests/goldens/audio.py): the f64 path to
// 1e-9, the f32 path to what is written at each kind.
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "audio/augment.h"
#include "audio/files/resample.h"
#include "audio/spectra/descriptors.h"
#include "audio/spectra/mfcc.h"
#include "tensor/files/safetensors.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"

namespace melgrad {
namespace {

using Parameters = std::vector<std::string>;

Parameters parts_of(const std::string& name) {
  std::istringstream in(name);
  Parameters parts;
  for (std::string part; std::getline(in, part, ':');) parts.push_back(part);
  return parts;
}

Tensor every(const Tensor& x, i64 axis, i64 step) { return x.slice(axis, 0, x.dim(axis), step); }

StftOptions stft_options(const Parameters& p) {
  return {.n_fft = std::stoll(p[1]),
          .hop_length = std::stoll(p[2]),
          .win_length = std::stoll(p[3]),
          .window = parse_window(p[4]),
          .center = p[5] == "1",
          .pad_mode = parse_pad_mode(p[6])};
}

MelOptions mel_options(const Parameters& p) {
  return {.n_mels = std::stoll(p[1]),
          .fmin = std::stod(p[2]),
          .fmax = std::stod(p[3]),
          .htk = p[4] == "1",
          .slaney_norm = p[5] == "1"};
}

DecibelOptions decibel_options(const Parameters& p) {
  DecibelOptions options;
  options.ref = p[1] == "max" ? reference_maximum : std::stod(p[1]);
  options.amin = std::stod(p[2]);
  if (p[3] == "none")
    options.top_db.reset();
  else
    options.top_db = std::stod(p[3]);
  return options;
}

/// What the golden named p is to be compared with, from the signal y in either dtype.
Tensor compute(const Parameters& p, const Tensor& y) {
  const std::string& kind = p[0];
  if (kind == "signal") return y.slice(0, 0, 512);
  if (kind == "window")
    return make_window(parse_window(p[1]), std::stoll(p[2]), {.periodic = p[3] == "periodic"},
                       y.dtype());
  if (kind == "stft") return every(stft(y, stft_options(p)), 0, 37);
  if (kind == "istft") {
    StftOptions options = stft_options(p);
    return every(istft(stft(y, options), options, 5000), 0, 37);
  }
  if (kind == "mel_filters")
    return every(every(mel_filters(2048, mel_options(p), y.dtype()), 0, 7), 1, 5);
  if (kind == "melspectrogram") return every(melspectrogram(y, mel_options(p)), 0, 3);
  if (kind == "melspectrogram_power1") return every(melspectrogram(y, {.n_mels = 64}, {}, 1), 0, 3);
  if (kind == "resample") return every(resample(y, 22050, std::stod(p[1])), 0, 11);
  if (kind == "zero_crossing_rate") return zero_crossing_rate(y);
  if (kind == "zoom") {
    i64 h = std::stoll(p[1]), w = std::stoll(p[2]);
    return zoom(arange(h * w, y.dtype()).reshape({h, w}), std::stod(p[3]), std::stod(p[4]));
  }
  if (kind == "rms")
    return p.size() == 1 ? rms(y)
                         : rms(y, {.frame_length = 1000, .hop_length = 300, .center = false});

  Tensor mel = melspectrogram(y), log_mel = power_to_db(mel);
  if (kind == "power_to_db") return every(power_to_db(mel, decibel_options(p)), 0, 9);
  if (kind == "amplitude_to_db") return every(amplitude_to_db(mel, decibel_options(p)), 0, 9);
  if (kind == "db_to_power") return every(db_to_power(log_mel, 2), 0, 9);
  if (kind == "db_to_amplitude") return every(db_to_amplitude(log_mel, 2), 0, 9);
  if (kind == "mfcc") {
    Tensor m = mfcc(log_mel, {.n_mfcc = std::stoll(p[1]),
                              .dct_type = std::stoi(p[2]),
                              .orthonormal = p[3] == "1",
                              .lifter = std::stod(p[4])});
    return p[1] == "128" ? every(m, 0, 9) : m;
  }
  if (kind == "delta")
    return delta(mfcc(log_mel, {.n_mfcc = 5}), std::stoll(p[1]), std::stoll(p[2]),
                 p[3] == "interp" ? DeltaEdge::interp : DeltaEdge::nearest);

  Tensor s = spectrogram(y, {}, 1);
  if (kind == "centroid") return spectral_centroid(s, 22050);
  if (kind == "bandwidth") return spectral_bandwidth(s, 22050, std::stod(p[1]));
  if (kind == "rolloff") return spectral_rolloff(s, 22050, std::stod(p[1]));
  if (kind == "flatness") return spectral_flatness(s);
  return {};
}

/// The largest difference, as part of the largest value expected.
double worst(const Tensor& expected, const Tensor& actual) {
  double scale = max(abs(expected)).item();
  return max(abs(actual.to(Dtype::f64) - expected)).item() / (scale > 0 ? scale : 1);
}

const std::map<std::string, Tensor>& goldens() {
  static const auto file = load_safetensors(MELGRAD_TEST_DATA "/goldens/audio.safetensors");
  return file.tensors;
}

void compare(const Tensor& y, double bound) {
  std::map<std::string, double> worst_of;
  for (const auto& [name, expected] : goldens()) {
    Parameters p = parts_of(name);
    if (p[0] == "griffin_lim_error") continue;
    SCOPED_TRACE(name);
    Tensor actual = compute(p, y);
    ASSERT_TRUE(actual.defined()) << "no such kind";
    ASSERT_EQ(actual.shape(), expected.shape());
    double difference = worst(expected, actual);
    worst_of[p[0]] = std::max(worst_of[p[0]], difference);
    EXPECT_LE(difference, bound);
  }
  for (const auto& [kind, difference] : worst_of)
    testing::Test::RecordProperty(kind, std::to_string(difference));
}

TEST(Librosa, F64) { compare(test_signal(6000), 1e-9); }
// Observed: at most 1.8e-6 (mfcc, whose sums of 128 bands cancel).
TEST(Librosa, F32) { compare(test_signal(6000).to(Dtype::f32), 2e-6); }

// The transform is f64's; what remains is the rounding of powers and decibels. Clips of music:
// docs/librosa.md.
TEST(Librosa, LogMelInF32IsWithin2e5Decibel) {
  Tensor y = test_signal(60000);
  DecibelOptions from_maximum{.ref = reference_maximum, .top_db = {}};
  Tensor wide = power_to_db(melspectrogram(y), from_maximum);
  Tensor narrow = power_to_db(melspectrogram(y.to(Dtype::f32)), from_maximum).to(Dtype::f64);
  Tensor difference = where(wide > -60, abs(wide - narrow), zeros_like(wide));
  EXPECT_LE(max(difference).item(), 2e-5);
}

}  // namespace
}  // namespace melgrad
