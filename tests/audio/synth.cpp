// Music made up by the program: the same for the same seed, today and in the next release.
#include "audio/synth/synth.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "audio/collections/dataset.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

/// Σ ±x / √(Σ x²) with random signs: what depends on every sample, and little on how it was rounded.
double fingerprint(const std::string& genre, u64 seed) {
  std::vector<double> x = synthesize(genre, seed, 4).samples.to_vector<double>();
  std::uint32_t state = 1;
  double squares = 0, sum = 0;
  for (double value : x) {
    state = state * 1664525U + 1013904223U;
    squares += value * value;
    sum += state >> 31U != 0 ? value : -value;
  }
  return sum / std::sqrt(squares);
}

// Another number means other music: results on it could not be compared with earlier ones. A composer who is
// meant to change prints new ones.
TEST(Synth, IsTheSameMusicInEveryReleaseOfEveryCompiler) {
  const std::map<std::string, std::vector<double>> expected = {
      {"classical", {-.05443, -1.67141, .76258, .29284,  -.50049, -.88146, -.21886, -2.14436,
                     .57553,  -.72378,  .31478, .18015,  .47762,  -.92946, -.49691, -.25845,
                     -.27266, .89944,   .68757, 1.54524, 1.52348, .50650,  -.23774, .54491}},
      {"jazz", {.58295,  -1.34461, -.81196, -2.70878, 1.09577, 2.07705, -.23128, .11718,
                -.68299, 1.47805,  -.23577, .70538,   -.76350, .16848,  -.17727, 1.13061,
                -.00482, .09128,   -.68860, .64642,   .13596,  .62474,  1.14624, -.00977}},
      {"metal", {1.04460,  -.31200, 1.13048,  -.41975, .84943,  1.57803, -.73583,  1.25007,
                 -.31134,  .04464,  -1.84223, .75878,  .30265,  .47627,  -1.92545, .95127,
                 -1.14940, -.01266, .25358,   .70005,  -.33043, .28786,  1.09288,  1.09965}},
      {"techno", {-.82236, 1.51245, -.65946, .21358,   -.55994, -2.23091, .74926, 1.77675,
                  -.89471, -.50209, -.57898, -.30609,  .80490,  .48647,   .54498, -.81068,
                  -.07220, 1.99397, 1.15277, -1.30649, .25484,  -.15452,  .06222, -.36850}},
  };
#ifdef NDEBUG
  constexpr std::size_t seeds = 24;
#else
  constexpr std::size_t seeds = 3;  // playing takes half a minute unoptimised
#endif
  for (const auto& [genre, fingerprints] : expected)
    for (std::size_t i = 0; i < seeds; ++i)
      // g++ and clang differ by less than 1e-5, with fused multiply-adds by 2e-5.
      EXPECT_NEAR(fingerprint(genre, i + 1), fingerprints[i], 1e-4) << genre << ", seed " << i + 1;
}

TEST(Synth, SeedsMakeClips) {
  for (const std::string& genre : synthetic_genres()) {
    Tensor a = synthesize(genre, 1, 1).samples;
    EXPECT_EQ(a.shape(), (Shape{22050}));
    EXPECT_TRUE(equal(a, synthesize(genre, 1, 1).samples));
    EXPECT_FALSE(equal(a, synthesize(genre, 2, 1).samples));
    for (u64 seed = 0; seed < 4; ++seed) {
      Tensor x = synthesize(genre, seed, .5, 16000).samples;
      EXPECT_LE(max(abs(x)).item(), 1) << genre << seed;
      EXPECT_GE(max(abs(x)).item(), .01) << genre << seed;
      EXPECT_EQ(min(isfinite(x)).item(), 1);
    }
  }
  EXPECT_TRUE(contains(error_of([] { synthesize("polka", 1, 1); }), "no genre 'polka'"));
}

TEST(Synth, ACollectionIsReadBack) {
  TemporaryFolder folder;
  i64 calls = 0;
  write_collection(folder.path, 5, .5, 9, [&](i64, i64 total) { calls += total == 20; });
  EXPECT_EQ(calls, 20);
  Collection collection = scan_folder(folder.path);
  EXPECT_EQ(collection.counts(), (std::vector<i64>{5, 5, 5, 5}));
  EXPECT_TRUE(collection.skipped.empty());
  std::set<std::string> extensions;
  for (const Example& example : collection.examples)
    extensions.insert(example.path.extension().string());
  EXPECT_EQ(extensions, (std::set<std::string>{".wav", ".flac", ".ogg"}));
}

}  // namespace
}  // namespace melgrad
