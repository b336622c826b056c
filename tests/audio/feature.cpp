// A feature is the chain of stages that its parameters say: each of them counts, and only where it should.
#include "audio/feature.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "audio/files/decode.h"
#include "audio/files/resample.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

using Kinds = std::set<std::string>;

/// No parameter has its default, and of no two options does one hide the other.
Feature unusual() {
  Feature f;
  f.sr = 16000;
  f.stft = {.n_fft = 511,
            .hop_length = 150,
            .win_length = 101,
            .window = WindowKind::kaiser,
            .window_options = {.periodic = false, .beta = 9},
            .pad_mode = PadMode::reflect};
  f.power = 1.5;
  f.mel = {.n_mels = 30, .fmin = 50, .fmax = 7000., .htk = true, .slaney_norm = false};
  f.decibel = {.ref = 3, .amin = .2, .top_db = 25.};
  f.mfcc = {.n_mfcc = 12, .dct_type = 3, .orthonormal = false, .lifter = 20};
  f.delta_width = 7;
  f.delta_order = 2;
  f.roll_percent = .6;
  f.dtype = Dtype::f64;
  return f;
}

Tensor of_kind(Feature feature, const std::string& kind, double sr = 16000) {
  feature.kind = kind;
  return extract(feature, test_signal(6000), sr);
}

/// The stages written out, without a Feature.
std::map<std::string, Tensor> by_hand(const Tensor& x) {
  StftOptions options{.n_fft = 511,
                      .hop_length = 150,
                      .win_length = 101,
                      .window = WindowKind::kaiser,
                      .window_options = {.periodic = false, .beta = 9},
                      .pad_mode = PadMode::reflect};
  MelOptions mel{.sr = 16000, .n_mels = 30, .fmin = 50, .fmax = 7000., .htk = true};
  mel.slaney_norm = false;
  FrameOptions frames{.frame_length = 511, .hop_length = 150};
  std::map<std::string, Tensor> made;
  made["waveform"] = x;
  made["stft"] = stft(x, options);
  made["spectrogram"] = magnitude(made["stft"], 1.5);
  made["mel"] = melspectrogram(x, mel, options, 1.5);
  made["logmel"] = power_to_db(made["mel"], {.ref = 3, .amin = .2, .top_db = 25.});
  made["mfcc"] =
      mfcc(made["logmel"], {.n_mfcc = 12, .dct_type = 3, .orthonormal = false, .lifter = 20});
  made["delta"] = delta(made["mfcc"], 7, 2);
  Tensor size = magnitude(made["stft"], 1);
  made["centroid"] = spectral_centroid(size, 16000, 511);
  made["bandwidth"] = spectral_bandwidth(size, 16000, 2, 511);
  made["rolloff"] = spectral_rolloff(size, 16000, .6, 511);
  made["flatness"] = spectral_flatness(size);
  made["zero_crossing_rate"] = zero_crossing_rate(x, frames);
  made["rms"] = rms(x, frames);
  return made;
}

TEST(Feature, EachKindIsItsStages) {
  auto expected = by_hand(test_signal(6000));
  EXPECT_EQ(Kinds(feature_kinds().begin(), feature_kinds().end()).size(), expected.size());
  for (const std::string& kind : feature_kinds()) {
    ASSERT_TRUE(expected.contains(kind)) << kind;
    EXPECT_TRUE(equal(of_kind(unusual(), kind), expected[kind])) << kind;
  }
  EXPECT_TRUE(contains(error_of([] { of_kind({}, "chroma"); }), "no feature 'chroma': waveform, "));
}

TEST(Feature, DefaultsAreLibrosas) {
  Tensor x = test_signal(6000).to(Dtype::f32);
  Feature feature;
  EXPECT_EQ(feature.sr, 22050);
  EXPECT_TRUE(equal(extract(feature, x, 22050), power_to_db(melspectrogram(x))));
  feature.kind = "delta";
  EXPECT_TRUE(equal(extract(feature, x, 22050), delta(mfcc(power_to_db(melspectrogram(x))))));
  feature.kind = "rolloff";
  EXPECT_TRUE(equal(extract(feature, x, 22050), spectral_rolloff(spectrogram(x, {}, 1), 22050)));
}

struct Parameter {
  const char* name;
  std::function<void(Feature&)> change;
  Kinds used_by;
};

std::vector<Parameter> parameters() {
  const Kinds mels = {"mel", "logmel", "mfcc", "delta"}, decibels = {"logmel", "mfcc", "delta"};
  const Kinds coefficients = {"mfcc", "delta"},
              powers = {"spectrogram", "mel", "logmel", "mfcc", "delta"};
  const Kinds spectra = {"stft",  "spectrogram", "mel",       "logmel",  "mfcc",
                         "delta", "centroid",    "bandwidth", "rolloff", "flatness"};
  Kinds framed = spectra, all;
  framed.insert({"zero_crossing_rate", "rms"});
  all = framed;
  all.insert("waveform");
  return {
      {"n_fft", [](Feature& f) { f.stft.n_fft = 600; }, framed},
      {"hop_length", [](Feature& f) { f.stft.hop_length = 149; }, framed},
      {"win_length", [](Feature& f) { f.stft.win_length = 151; }, spectra},
      {"window", [](Feature& f) { f.stft.window = WindowKind::rectangular; }, spectra},
      {"periodic", [](Feature& f) { f.stft.window_options.periodic = true; }, spectra},
      {"beta", [](Feature& f) { f.stft.window_options.beta = 3; }, spectra},
      {"center", [](Feature& f) { f.stft.center = false; }, framed},
      {"pad_mode", [](Feature& f) { f.stft.pad_mode = PadMode::edge; }, spectra},
      {"power", [](Feature& f) { f.power = 1.25; }, powers},
      {"n_mels", [](Feature& f) { f.mel.n_mels = 29; }, mels},
      {"fmin", [](Feature& f) { f.mel.fmin = 150; }, mels},
      {"fmax", [](Feature& f) { f.mel.fmax = 6000; }, mels},
      {"no fmax", [](Feature& f) { f.mel.fmax.reset(); }, mels},
      {"htk", [](Feature& f) { f.mel.htk = false; }, mels},
      {"slaney_norm", [](Feature& f) { f.mel.slaney_norm = true; }, mels},
      {"ref", [](Feature& f) { f.decibel.ref = 2; }, decibels},
      {"amin", [](Feature& f) { f.decibel.amin = 5; }, decibels},
      {"no amin", [](Feature& f) { f.decibel = {.ref = 3, .amin = {}, .top_db = 60}; }, decibels},
      {"top_db", [](Feature& f) { f.decibel.top_db = 5; }, decibels},
      {"no top_db", [](Feature& f) { f.decibel.top_db.reset(); }, decibels},
      {"n_mfcc", [](Feature& f) { f.mfcc.n_mfcc = 11; }, coefficients},
      {"dct_type", [](Feature& f) { f.mfcc.dct_type = 2; }, coefficients},
      {"orthonormal", [](Feature& f) { f.mfcc.orthonormal = true; }, coefficients},
      {"lifter", [](Feature& f) { f.mfcc.lifter = 22; }, coefficients},
      {"delta_width", [](Feature& f) { f.delta_width = 9; }, {"delta"}},
      {"delta_order", [](Feature& f) { f.delta_order = 1; }, {"delta"}},
      {"roll_percent", [](Feature& f) { f.roll_percent = .9; }, {"rolloff"}},
      {"dtype", [](Feature& f) { f.dtype = Dtype::f32; }, all},
  };
}

TEST(Feature, AParameterChangesTheKindsThatUseItAndNoOther) {
  std::map<std::string, Tensor> before;
  for (const std::string& kind : feature_kinds()) before[kind] = of_kind(unusual(), kind);
  for (const Parameter& parameter : parameters()) {
    Feature changed = unusual();
    parameter.change(changed);
    for (const std::string& kind : feature_kinds())
      EXPECT_EQ(!equal(before[kind], of_kind(changed, kind)), parameter.used_by.contains(kind))
          << parameter.name << " and " << kind;
  }
}

TEST(Feature, TheSamplesRateCountsWhereFrequenciesAreInHz) {
  const Kinds in_hz = {"mel", "logmel", "mfcc", "delta", "centroid", "bandwidth", "rolloff"};
  for (const std::string& kind : feature_kinds())
    EXPECT_EQ(!equal(of_kind(unusual(), kind), of_kind(unusual(), kind, 18000)),
              in_hz.contains(kind))
        << kind;
  Feature other = unusual();
  other.mel.sr = 18000;  // the clip's counts
  EXPECT_TRUE(equal(of_kind(unusual(), "mel"), of_kind(other, "mel")));
}

TEST(Feature, OfAPartOfAFile) {
  TemporaryFolder folder;
  encode(folder / "x.wav", {test_signal(30000), 44100});
  Example example{folder / "x.wav", 0, "", .1, .4};
  Tensor part = decode(example.path).samples.slice(0, 4410, 4410 + 17640);
  Feature feature;
  feature.kind = "waveform";
  EXPECT_TRUE(equal(extract(feature, example), resample(part, 44100, 22050)));
  feature.dtype = Dtype::f64;
  EXPECT_TRUE(equal(extract(feature, example), resample(part.to(Dtype::f64), 44100, 22050)));
  feature.sr = 0;
  EXPECT_TRUE(equal(extract(feature, example), part.to(Dtype::f64)));
  feature.kind = "centroid";
  EXPECT_TRUE(equal(extract(feature, example), extract(feature, part.to(Dtype::f64), 44100)));
  example.offset = 2;
  EXPECT_TRUE(
      contains(error_of([&] { extract(feature, example); }), "x.wav: no samples after 2 s"));
}

}  // namespace
}  // namespace melgrad
