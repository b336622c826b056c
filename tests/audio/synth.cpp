// Music made up by the program.
#include "audio/synth/synth.h"

#include <gtest/gtest.h>

#include <set>

#include "audio/collections/dataset.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

TEST(Synth, SeedsMakeClips) {
  for (const std::string& genre : synthetic_genres()) {
    Tensor a = synthesize(genre, 1, 1).samples;
    EXPECT_EQ(a.shape(), (Shape{22050}));
    EXPECT_TRUE(equal(a, synthesize(genre, 1, 1).samples));
    EXPECT_FALSE(equal(a, synthesize(genre, 2, 1).samples));
    for (u64 seed = 0; seed < 10; ++seed) {
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
