// From a file to a row: which part of it, what shape, what is stored, and what a distortion does.
#include "apps/trained/input.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <set>

#include "audio/spectra/mel.h"
#include "tensor/files/image.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"
#include "tests/trained/song.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

const Picture small{
    .sample_rate = 6000, .n_fft = 256, .hop = 100, .height = 24, .width = 16, .seconds = .5};

Input picture() { return {.name = "picture", .recipe = small}; }

Input spectrum(const std::string& kind = "logmel", i64 frames = 20) {
  Feature feature{.kind = kind, .sr = 6000};
  feature.stft = {.n_fft = 256, .hop_length = 100};
  feature.mel.n_mels = 12;
  return {.name = kind, .recipe = Spectrum{.feature = feature, .frames = frames}};
}

// Samples as they are in the file: a row of the first `count`.
Input waveform(i64 count, const std::vector<Distortion>& variants = {}) {
  Input input = spectrum("waveform", count);
  std::get<Spectrum>(input.recipe).feature.sr = 0;
  input.variants = variants;
  return input;
}

class InputLoad : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  fs::path path = write_song(folder / "song.wav", 1);  // 8000 samples
  Example example{.path = path, .label = 0, .group = ""};

  Tensor samples() const { return decode(path).samples; }
  // What is left of the song in a variant.
  std::vector<float> distorted(const Distortion& distortion, i64 count = 8000) const {
    return waveform(count, {distortion}).load(example, 1).to_vector<float>();
  }
};

TEST_F(InputLoad, APictureIsLoadPictures) {
  EXPECT_TRUE(equal(picture().load(example), load_picture(small, path)));
  example.offset = .3;
  EXPECT_TRUE(equal(picture().load(example), load_picture(small, path, .3)));
  save_png(folder / "x.png", full({30, 20, 3}, 99, Dtype::u8));
  EXPECT_TRUE(equal(picture().load({.path = folder / "x.png", .label = 0, .group = ""}),
                    load_picture(small, folder / "x.png")));
}

// A part of a file gives what a file gives that has only that part.
TEST_F(InputLoad, ObeysOffsetAndDuration) {
  for (const Input& input : {picture(), spectrum()})
    for (double offset : {0., .25, .75})
      for (double duration : {.125, .25, .4, 9.}) {
        Example part{.path = path, .label = 0, .group = "", .offset = offset, .duration = duration};
        auto begin = static_cast<i64>(8000 * offset), count = static_cast<i64>(8000 * duration);
        Tensor alone = samples().slice(0, begin, begin + count);
        EXPECT_TRUE(equal(input.load(part), input.of_samples(alone, 8000)))
            << input.name << " " << offset << " " << duration;
      }
  example.offset = 1.5;
  EXPECT_TRUE(contains(error_of([&] { picture().load(example); }), "song.wav"));
  EXPECT_TRUE(contains(error_of([&] { spectrum().load(example); }), "nothing after 1.5 s"));
}

TEST_F(InputLoad, APictureLooksAtItsSeconds) {
  EXPECT_EQ(picture().seconds(), .5);
  EXPECT_EQ(spectrum().seconds(), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(equal(picture().of_samples(samples(), 8000),
                    picture().of_samples(samples().slice(0, 0, 4000), 8000)));
  example.duration = .5;
  Tensor half = picture().load(example);
  example.duration = .75;
  EXPECT_TRUE(equal(picture().load(example), half));
  example.duration = .25;
  EXPECT_FALSE(equal(picture().load(example), half));
}

TEST_F(InputLoad, TheShapeIsSaidBeforehand) {
  for (const std::string& kind : feature_kinds()) {
    if (kind == "stft") continue;
    Input input = spectrum(kind, 7);
    EXPECT_EQ(input.load(example).shape(), input.shape()) << kind;
    std::get<Spectrum>(input.recipe).frames_first = true;
    EXPECT_EQ(input.load(example).shape(), input.shape()) << kind;
  }
  EXPECT_EQ(picture().shape(), (Shape{3, 24, 16}));
  EXPECT_EQ(picture().load(example).shape(), picture().shape());
  EXPECT_EQ(spectrum("mfcc").shape(), (Shape{1, 12, 20}));  // of 12 mel bands no 20 coefficients
  EXPECT_EQ(spectrum("spectrogram").shape(), (Shape{1, 129, 20}));
  EXPECT_TRUE(contains(error_of([] { spectrum("stft").shape(); }), "complex"));
  EXPECT_TRUE(contains(error_of([] { spectrum("loudness").shape(); }), "'loudness'"));
  EXPECT_TRUE(contains(error_of([] { spectrum("mfcc", 0).shape(); }), "(1, 12, 0)"));
  EXPECT_THROW(spectrum("mfcc", 0).load(example), Error);
}

// Samples less their mean over their deviation, power of mel bands, decibels, area: each by its formula.
TEST_F(InputLoad, AMelImageIsOfNormalisedSamples) {
  MelImage recipe{.sample_rate = 8000,
                  .n_fft = 256,
                  .hop = 100,
                  .bands = 12,
                  .height = 6,
                  .width = 9,
                  .seconds = .75};
  Input input{.name = "image", .recipe = recipe};
  std::vector<double> x = samples().slice(0, 0, 6000).to_vector<double>();
  double mean = 0, squares = 0;
  for (double v : x) mean += v / 6000;
  for (double v : x) squares += (v - mean) * (v - mean) / 6000;
  for (double& v : x) v = (v - mean) / std::sqrt(squares);
  Tensor power = melspectrogram(from_vector(x), {.sr = 8000, .n_mels = 12},
                                {.n_fft = 256, .hop_length = 100});  // f64
  std::vector<double> db;
  double loudest = max(power).item();
  for (double p : power.to_vector<double>())
    db.push_back(10 * std::log10(std::max({p, 1e-10, loudest * 1e-8})));
  auto frames = static_cast<double>(power.dim(1));
  Tensor row = input.load(example);
  ASSERT_EQ(row.shape(), (Shape{1, 6, 9}));
  ASSERT_EQ(input.shape(), row.shape());
  EXPECT_EQ(input.seconds(), .75);
  for (i64 r = 0; r < 6; ++r)
    for (i64 c = 0; c < 9; ++c) {  // two bands a row, frames by their overlap with a column
      double sum = 0, first = static_cast<double>(c) * frames / 9, last = first + frames / 9;
      for (i64 t = 0; t < power.dim(1); ++t) {
        auto at = static_cast<double>(t);
        double share = std::max(0., std::min(last, at + 1) - std::max(first, at));
        for (i64 band : {2 * r, 2 * r + 1})
          sum += share * db[static_cast<std::size_t>(band * power.dim(1) + t)];
      }
      EXPECT_NEAR(row.select(0, 0).select(0, r).select(0, c).item(), sum / (2 * frames / 9), 1e-3)
          << r << " " << c;
    }
  // What is louder is the same picture.
  EXPECT_LE(max(abs(input.of_samples(samples() * 3, 8000) - row)).item(), 1e-4);
  EXPECT_FALSE(input.framing().has_value());
  save_png(folder / "x.png", full({30, 20, 3}, 99, Dtype::u8));
  Example drawn{.path = folder / "x.png", .label = 0, .group = ""};
  EXPECT_TRUE(contains(error_of([&] { input.load(drawn); }), "it has no sound"));
}

// 8000 samples at 8000 Hz are 6000 at 6000 Hz: 61 frames.
TEST_F(InputLoad, FramesAreCutOrEndInTheSmallestValue) {
  Tensor all = extract(std::get<Spectrum>(spectrum().recipe).feature, example);
  ASSERT_EQ(all.shape(), (Shape{12, 61}));
  for (i64 frames : {1, 60, 61})
    EXPECT_TRUE(
        equal(spectrum("logmel", frames).load(example).select(0, 0), all.slice(1, 0, frames)));
  for (i64 more : {1, 9}) {
    Tensor longer = spectrum("logmel", 61 + more).load(example).select(0, 0);
    EXPECT_TRUE(equal(longer.slice(1, 0, 61), all));
    EXPECT_TRUE(equal(longer.slice(1, 61, 61 + more), full({12, more}, min(all).item())));
  }

  Input turned = spectrum();
  std::get<Spectrum>(turned.recipe).frames_first = true;
  EXPECT_TRUE(equal(turned.load(example).transpose(1, 2), spectrum().load(example)));
}

TEST_F(InputLoad, BytesAreRoundedSharesOf255) {
  Input input = waveform(9);
  input.stored = Dtype::u8;
  std::vector<float> values = {-1,    -.001F, 0, .5F / 255 + 1e-5F, .5F / 255 - 1e-5F, .5F,
                               .998F, 1,      7};
  Tensor row = input.of_samples(from_vector(values), 8000);
  EXPECT_EQ(row.dtype(), Dtype::u8);
  EXPECT_EQ(row.shape(), (Shape{1, 1, 9}));
  EXPECT_EQ(row.to_vector<i64>(), (std::vector<i64>{0, 0, 0, 1, 0, 128, 254, 255, 255}));

  Input bytes = picture();
  bytes.stored = Dtype::u8;
  EXPECT_TRUE(
      contains(error_of([&] { bytes.load(example); }), "mean 0 and std 1, not 0.5 and 0.5"));
  std::get<Picture>(bytes.recipe).mean = 0;
  std::get<Picture>(bytes.recipe).std = 1;
  Tensor plain = (picture().load(example) * .5 + .5) * 255.;
  Tensor difference = abs(bytes.load(example).to(Dtype::f32) - plain);
  EXPECT_LE(max(difference).item(), .5 + 1e-4);  // f32 of 255 has an eps of 3e-5
  bytes.stored = Dtype::bf16;
  EXPECT_TRUE(contains(error_of([&] { bytes.load(example); }), "f32 or u8, not bf16"));
}

TEST_F(InputLoad, OfSamplesRefusesWhatIsNoClip) {
  Input input = spectrum();
  EXPECT_TRUE(contains(error_of([&] { input.of_samples(zeros({2, 9}), 8000); }), "(2, 9)"));
  EXPECT_TRUE(contains(error_of([&] { input.of_samples(zeros({0}), 8000); }), "(0,)"));
  EXPECT_TRUE(contains(error_of([&] { input.of_samples(zeros({9}, Dtype::f64), 8000); }), "f64"));
  for (double rate : {0., -1., 8000.5, std::nan("")})
    EXPECT_TRUE(contains(error_of([&] { input.of_samples(zeros({9}), rate); }), "sampling rate"));
}

Distortion noise(double least, double most) { return {.least_snr_db = least, .most_snr_db = most}; }

double power(const std::vector<float>& x) {
  double sum = 0;
  for (float each : x) sum += static_cast<double>(each) * each;
  return sum;
}

TEST_F(InputLoad, NoiseLiesBetweenItsBounds) {
  std::vector<float> clean = samples().to_vector<float>();
  std::set<double> found;
  Input input = waveform(8000, std::vector<Distortion>(6, noise(7, 12)));
  for (i64 variant = 1; variant <= 6; ++variant) {
    std::vector<float> added = input.load(example, variant).to_vector<float>();
    for (std::size_t i = 0; i < added.size(); ++i) added[i] -= clean[i];
    double snr_db = 10 * std::log10(power(clean) / power(added));
    EXPECT_TRUE(6.7 < snr_db && snr_db < 12.3) << snr_db;  // 8000 draws: ± 1.6 % of the power
    found.insert(snr_db);
  }
  EXPECT_GT(*found.rbegin() - *found.begin(), 1) << "not drawn";
  for (const Distortion& one_is_zero : {noise(0, 5), noise(-5, 0)})
    EXPECT_NE(distorted(one_is_zero), clean);
}

TEST_F(InputLoad, CutsTakeOutPiecesOfTheirLength) {
  std::vector<float> clean = samples().to_vector<float>();
  std::vector<float> once = distorted({.cuts = 1, .least_cut = .125, .most_cut = .125});
  // 1000 samples are missing somewhere; what was behind them follows at once.
  std::size_t begin = 0;
  while (begin < 7000 && once[begin] == clean[begin]) ++begin;
  EXPECT_LT(begin, 7000U);
  for (std::size_t i = begin; i < 7000; ++i) ASSERT_EQ(once[i], clean[i + 1000]) << i;

  auto length_of = [&](const Distortion& distortion) {
    std::vector<float> row = distorted(distortion);
    auto end = std::find_if(row.rbegin(), row.rend(), [&](float x) { return x != row.back(); });
    return row.rend() - end;  // the rest is filled with the smallest value
  };
  EXPECT_EQ(length_of({.cuts = 3, .least_cut = .125, .most_cut = .125}), 5000);
  for (i64 length : {length_of({.cuts = 2, .least_cut = .1, .most_cut = .3})})
    EXPECT_TRUE(8000 - 2 * 2400 <= length && length <= 8000 - 2 * 800) << length;
  std::vector<float> hardly = distorted({.cuts = 4, .least_cut = 50, .most_cut = 60}, 1);
  EXPECT_NE(std::find(clean.begin(), clean.end(), hardly[0]), clean.end());
}

TEST_F(InputLoad, CompressionLosesLittle) {
  std::vector<float> clean = samples().to_vector<float>();
  std::vector<float> lost = distorted({.compressed = true});
  ASSERT_EQ(lost.size(), clean.size());
  EXPECT_NE(lost, clean);
  for (std::size_t i = 0; i < lost.size(); ++i) lost[i] -= clean[i];
  EXPECT_LT(power(lost), .1 * power(clean));
  EXPECT_GT(power(lost), 1e-5 * power(clean));
}

TEST_F(InputLoad, Mp3LosesMoreTheLowerItsRate) {
  std::vector<float> clean = samples().to_vector<float>();
  double before = 1e-7;
  for (i64 kbps : {64, 32, 8}) {
    std::vector<float> lost = distorted({.mp3_kbps = kbps});
    ASSERT_EQ(lost.size(), clean.size());
    for (std::size_t i = 0; i < lost.size(); ++i) lost[i] -= clean[i];
    EXPECT_GT(power(lost), before * power(clean)) << kbps;
    before = power(lost) / power(clean);
  }
}

// Before the variants, and of every clip; with the noise at the level that is asked for.
TEST_F(InputLoad, EveryClipIsHeardThroughADistortion) {
  Input input = waveform(8000, {{.mp3_kbps = 32}}), clean = waveform(8000);
  input.heard_through = noise(20, 20);
  Tensor x = clean.load(example), noisy = input.load(example) - x;
  EXPECT_NEAR(10 * std::log10(sum(x * x).item() / sum(noisy * noisy).item()), 20,
              .2);  // 8000 draws: ± .07
  EXPECT_TRUE(equal(input.load(example), x + noisy));
  EXPECT_FALSE(equal(input.load(example, 1), clean.load(example)));
  Tensor of_both = input.load(example, 1) - waveform(8000, {{.mp3_kbps = 32}}).load(example, 1);
  EXPECT_GT(sum(of_both * of_both).item(), .3 * sum(noisy * noisy).item());

  save_png(folder / "x.png", full({8, 8, 3}, 99, Dtype::u8));
  Input drawn = picture();
  drawn.heard_through = noise(20, 20);
  EXPECT_TRUE(
      contains(error_of([&] { drawn.load({.path = folder / "x.png", .label = 0, .group = ""}); }),
               "x.png is a picture"));
}

// Of the clip's content and the variant's number: not of the path, nor of what was drawn before.
TEST_F(InputLoad, VariantsAreReproducible) {
  Distortion all{.least_snr_db = 5,
                 .most_snr_db = 10,
                 .cuts = 2,
                 .least_cut = .05,
                 .most_cut = .1,
                 .compressed = true};
  Input input = waveform(8000, {all, all});
  Tensor first = input.load(example, 1), second = input.load(example, 2);
  EXPECT_TRUE(equal(input.load(example, 0), waveform(8000).load(example)));
  EXPECT_FALSE(equal(first, second));
  EXPECT_TRUE(equal(input.load(example, 1), first));

  Example copy = example;
  copy.path = folder / "copy.wav";
  fs::copy_file(path, copy.path);
  EXPECT_TRUE(equal(input.load(copy, 1), first));

  // Each has its own distortion.
  EXPECT_TRUE(equal(waveform(8000, {noise(1, 1), {}}).load(example, 2), input.load(example)));

  // Another clip has other noise.
  Input noisy = waveform(8000, {noise(10, 10)});
  Example other = example;
  other.path = write_song(folder / "other.wav", 1, 2);
  Tensor here = noisy.load(example, 1) - noisy.load(example);
  Tensor there = noisy.load(other, 1) - noisy.load(other);
  double correlation =
      sum(here * there).item() / std::sqrt(sum(here * here).item() * sum(there * there).item());
  EXPECT_LT(std::abs(correlation), .05);  // 8000 draws: ± .011
}

TEST_F(InputLoad, RefusesWhatCannotBeDone) {
  save_png(folder / "x.png", full({8, 8, 3}, 99, Dtype::u8));
  Example drawn{.path = folder / "x.png", .label = 0, .group = ""};
  Input input = picture();
  input.variants = {noise(1, 2)};
  EXPECT_TRUE(contains(error_of([&] { input.load(drawn, 1); }), "x.png is a picture"));
  EXPECT_TRUE(contains(error_of([&] { spectrum().load(drawn); }), "x.png is a picture"));
  for (i64 variant : {-1, 2})
    EXPECT_TRUE(
        contains(error_of([&] { input.load(example, variant); }), format("no number {}", variant)));
  Example missing{.path = folder / "none.wav", .label = 0, .group = ""};
  EXPECT_TRUE(contains(error_of([&] { input.load(missing); }), "none.wav"));
  for (const Distortion& wrong : {noise(2, 1), Distortion{.cuts = 1, .least_cut = 2, .most_cut = 1},
                                  Distortion{.cuts = 1, .least_cut = -1, .most_cut = 1}}) {
    input.variants = {wrong};
    EXPECT_TRUE(contains(error_of([&] { input.load(example, 1); }), "bounds")) << wrong.cuts;
  }
}

}  // namespace
}  // namespace melgrad
