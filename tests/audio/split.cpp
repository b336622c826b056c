// What must hold of splits whatever the collection: tried on many made at random.
#include "audio/collections/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "tensor/random.h"
#include "tests/audio/songs.h"
#include "tests/error_of.h"

namespace melgrad {
namespace {

/// Two to five classes of `fewest` to 60 examples.
Collection of_any_size(u64 seed, i64 fewest) {
  Generator generator(seed);
  Indices sizes(static_cast<std::size_t>(generator.integer(2, 6)));
  for (i64& size : sizes) size = generator.integer(fewest, 61);
  return of_sizes(sizes);
}

/// The same with artists, who have up to `most` examples each, of several classes.
Collection of_artists(u64 seed, i64 most) {
  Collection collection = of_any_size(seed, 20);
  Generator generator(seed + 1000);
  Indices order = generator.permutation(static_cast<i64>(collection.examples.size()));
  i64 artist = 0, left = 0;
  for (i64 i : order) {
    if (left == 0) {
      ++artist;
      left = generator.integer(1, most + 1);
    }
    collection.examples[static_cast<std::size_t>(i)].group = std::to_string(artist);
    --left;
  }
  return collection;
}

const Example& at(const Collection& collection, i64 i) {
  return collection.examples[static_cast<std::size_t>(i)];
}

Indices class_counts(const Collection& collection, const Indices& part) {
  Indices counts(collection.classes.size(), 0);
  for (i64 i : part) ++counts[static_cast<std::size_t>(at(collection, i).label)];
  return counts;
}

std::set<std::string> groups_of(const Collection& collection, const Indices& part) {
  std::set<std::string> groups;
  for (i64 i : part) groups.insert(at(collection, i).group);
  return groups;
}

/// Every example is in one part, and the parts are in order.
void expect_complete(const Collection& collection, const std::vector<Indices>& parts) {
  Indices all;
  for (const Indices& part : parts) {
    EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  Indices expected(collection.examples.size());
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

std::vector<Indices> parts_of(const Split& split) { return {split.train, split.valid, split.test}; }

/// What a split of `size` examples gives a part: the nearest number, at least one of a part that is wanted.
i64 share(double fraction, i64 size) {
  i64 nearest = std::lround(fraction * static_cast<double>(size));
  return fraction > 0 ? std::max<i64>(1, nearest) : 0;
}

const Fractions some_fractions[] = {{},          {.8, .1, .1}, {.5, .2, .3},  {.75, 0, .25},
                                    {.6, .4, 0}, {1, 0, 0},    {.9, .09, .01}};

TEST(StratifiedSplit, DividesEveryClassByTheFractions) {
  for (u64 seed = 0; seed < 40; ++seed)
    for (const Fractions& fractions : some_fractions) {
      Collection collection = of_any_size(seed, 4);
      Split split = stratified_split(collection, fractions, seed);
      expect_complete(collection, parts_of(split));
      Indices sizes = collection.counts(), valid = class_counts(collection, split.valid),
              test = class_counts(collection, split.test);
      for (std::size_t label = 0; label < sizes.size(); ++label) {
        EXPECT_EQ(valid[label], share(fractions.valid, sizes[label])) << sizes[label];
        EXPECT_EQ(test[label], share(fractions.test, sizes[label])) << sizes[label];
      }
    }
}

TEST(RandomSplit, DividesTheWholeByTheFractions) {
  for (u64 seed = 0; seed < 40; ++seed)
    for (const Fractions& fractions : some_fractions) {
      Collection collection = of_any_size(seed, 4);
      auto size = static_cast<i64>(collection.examples.size());
      Split split = random_split(collection, fractions, seed);
      expect_complete(collection, parts_of(split));
      EXPECT_EQ(static_cast<i64>(split.valid.size()), share(fractions.valid, size));
      EXPECT_EQ(static_cast<i64>(split.test.size()), share(fractions.test, size));
    }
}

/// By how many examples a class' number in a part is off its fraction at most.
double furthest_off(const Collection& collection, const Split& split, const Fractions& fractions) {
  double most = 0;
  Indices sizes = collection.counts();
  for (auto [part, fraction] : {std::pair(&split.train, fractions.train),
                                {&split.valid, fractions.valid},
                                {&split.test, fractions.test}}) {
    Indices counts = class_counts(collection, *part);
    for (std::size_t label = 0; label < sizes.size(); ++label)
      most = std::max(most, std::abs(static_cast<double>(counts[label]) -
                                     fraction * static_cast<double>(sizes[label])));
  }
  return most;
}

TEST(GroupedSplit, TearsNoGroupAndKeepsToTheFractions) {
  struct Case {
    i64 largest_group;
    double off;  // observed
  };
  for (auto [largest, observed] : {Case{1, 1.4}, {3, 1.6}, {8, 4.1}}) {
    double off = 0;
    for (u64 seed = 0; seed < 40; ++seed) {
      Collection collection = of_artists(seed, largest);
      const Fractions& fractions = some_fractions[seed % 3];
      Split split = grouped_split(collection, fractions, seed);
      expect_complete(collection, parts_of(split));
      std::size_t groups = 0;
      for (const Indices& part : parts_of(split)) groups += groups_of(collection, part).size();
      std::set<std::string> all;
      for (const Example& example : collection.examples) all.insert(example.group);
      EXPECT_EQ(groups, all.size()) << "a group is in two parts";
      off = std::max(off, furthest_off(collection, split, fractions));
    }
    EXPECT_LE(off, 1.01 * observed) << largest;
  }
}

TEST(GroupedSplit, OfTheSameSongsPartsIsExact) {
  Collection parts = segmented(of_sizes({40, 40}), 10, 3);
  Split split = grouped_split(parts, {}, 5);
  EXPECT_EQ(class_counts(parts, split.train), (Indices{280, 280}));
  EXPECT_EQ(class_counts(parts, split.valid), (Indices{60, 60}));
  EXPECT_EQ(class_counts(parts, split.test), (Indices{60, 60}));
  for (const Split& fold : grouped_k_fold(parts, 5, 5))
    EXPECT_EQ(class_counts(parts, fold.test), (Indices{80, 80}));
}

TEST(GroupedSplit, EveryClassNeedsAGroupAPart) {
  auto error = [](const Indices& sizes, const Fractions& fractions) {
    return error_of([&] { grouped_split(of_sizes(sizes), fractions, 1); });
  };
  EXPECT_TRUE(contains(error({4, 1, 2}, {}), "class '1' has 1 groups")) << error({4, 1, 2}, {});
  EXPECT_TRUE(contains(error({4, 2, 4}, {}), "class '1' has 2 groups")) << error({4, 2, 4}, {});
  EXPECT_EQ(error({4, 2, 4}, {.8, 0, .2}), "no error");
  EXPECT_EQ(error({4, 3, 4}, {}), "no error");
  EXPECT_EQ(error({1, 1}, {1, 0, 0}), "no error");
}

std::vector<Indices> tests_of(const std::vector<Split>& folds) {
  std::vector<Indices> tests;
  tests.reserve(folds.size());
  for (const Split& fold : folds) tests.push_back(fold.test);
  return tests;
}

void expect_folds(const Collection& collection, const std::vector<Split>& folds) {
  expect_complete(collection, tests_of(folds));
  for (const Split& fold : folds) {
    expect_complete(collection, {fold.train, fold.test});
    EXPECT_TRUE(fold.valid.empty());
    EXPECT_FALSE(fold.test.empty() || fold.train.empty());
  }
}

/// The largest of the counts is at most `most` above the smallest.
void expect_even(const Indices& counts, i64 most) {
  auto [least, largest] = std::minmax_element(counts.begin(), counts.end());
  EXPECT_LE(*largest - *least, most) << testing::PrintToString(counts);
}

TEST(KFold, SizesOfFoldsAndOfTheirClassesDifferByAtMostOne) {
  std::vector<Collection> collections = {of_sizes({6, 6, 6}), of_sizes({1, 1, 1, 1, 1})};
  for (u64 seed = 0; seed < 40; ++seed) collections.push_back(of_any_size(seed, 1));
  for (std::size_t i = 0; i < collections.size(); ++i)
    for (i64 k : {2, 3, 5, 10}) {
      const Collection& collection = collections[i];
      if (k > static_cast<i64>(collection.examples.size())) continue;
      auto folds = k_fold(collection, k, i);
      EXPECT_EQ(folds.size(), k);
      expect_folds(collection, folds);
      Indices sizes;
      std::vector<Indices> of_class(collection.classes.size());
      for (const Indices& test : tests_of(folds)) {
        sizes.push_back(static_cast<i64>(test.size()));
        Indices counts = class_counts(collection, test);
        for (std::size_t c = 0; c < counts.size(); ++c) of_class[c].push_back(counts[c]);
      }
      expect_even(sizes, 1);
      for (const Indices& counts : of_class) expect_even(counts, 1);
    }
}

TEST(GroupedKFold, TearsNoGroup) {
  for (u64 seed = 0; seed < 40; ++seed)
    for (i64 k : {2, 5}) {
      Collection collection = of_artists(seed, 4);
      auto folds = grouped_k_fold(collection, k, seed);
      EXPECT_EQ(folds.size(), k);
      expect_folds(collection, folds);
      Indices sizes;
      for (const Split& fold : folds) {
        sizes.push_back(static_cast<i64>(fold.test.size()));
        for (const std::string& group : groups_of(collection, fold.test))
          EXPECT_FALSE(groups_of(collection, fold.train).contains(group)) << group;
      }
      expect_even(sizes, 5);  // observed 5
    }
}

TEST(GroupedKFold, NoFoldIsEmptyWhereThereAreAsManyGroups) {
  for (u64 seed = 0; seed < 40; ++seed) {
    Collection collection = of_artists(seed, 20);
    Indices all(collection.examples.size());
    std::iota(all.begin(), all.end(), 0);
    auto groups = static_cast<i64>(groups_of(collection, all).size());
    for (i64 k : {groups - 1, groups})
      EXPECT_EQ(error_of([&] { expect_folds(collection, grouped_k_fold(collection, k, seed)); }),
                "no error");
    EXPECT_EQ(error_of([&] { grouped_k_fold(collection, groups + 1, seed); }),
              format("[split] {} groups cannot fill {} parts", groups, groups + 1));
  }
}

TEST(KFold, AsManyFoldsAsThereAreExamples) {
  Collection collection = of_sizes({2, 3});
  expect_folds(collection, k_fold(collection, 5, 1));
  for (i64 k : {-1, 0, 1, 6}) {
    std::string expected = format("[k_fold] {} folds of 5 examples", k);
    EXPECT_EQ(error_of([&] { k_fold(collection, k, 1); }), expected);
    EXPECT_EQ(error_of([&] { grouped_k_fold(collection, k, 1); }), expected);
  }
}

/// A split by any of the functions, of which test is every fourth example.
using Splitter = std::function<Split(const Collection&, u64)>;
std::vector<Splitter> splitters() {
  return {[](const Collection& c, u64 seed) {
            return stratified_split(c, {.5, .25, .25}, seed);
          },
          [](const Collection& c, u64 seed) {
            return random_split(c, {.5, .25, .25}, seed);
          },
          [](const Collection& c, u64 seed) {
            return grouped_split(c, {.5, .25, .25}, seed);
          },
          [](const Collection& c, u64 seed) { return k_fold(c, 4, seed)[1]; },
          [](const Collection& c, u64 seed) { return grouped_k_fold(c, 4, seed)[1]; }};
}

TEST(Split, TheSeedDecidesAndEveryExampleHasTheSameChance) {
  Collection collection = of_sizes({12, 12, 12});
  for (const Splitter& split : splitters()) {
    std::vector<double> tested(36, 0);
    for (u64 seed = 0; seed < 400; ++seed) {
      Indices test = split(collection, seed).test;
      EXPECT_EQ(test, split(collection, seed).test);
      for (i64 i : test) ++tested[static_cast<std::size_t>(i)];
    }
    for (double times : tested) EXPECT_NEAR(times, 100, 35);  // σ is 8.7
    // The classes are drawn by themselves, not all alike.
    Indices test = split(collection, 1).test, first, second;
    for (i64 i : test)
      if (i < 12)
        first.push_back(i);
      else if (i < 24)
        second.push_back(i - 12);
    EXPECT_NE(first, second);
  }
}

TEST(Split, PartsOfSongsAreNotTornApartByAccident) {
  Collection parts = segmented(of_sizes({10, 10}), 4, 3),
             whole = segmented(of_sizes({10, 10}), 1, 3);
  const std::function<void(const Collection&, Leak)> one_by_one[] = {
      [](const Collection& c, Leak leak) { stratified_split(c, {}, 1, leak); },
      [](const Collection& c, Leak leak) { random_split(c, {}, 1, leak); },
      [](const Collection& c, Leak leak) { k_fold(c, 5, 1, leak); }};
  for (const auto& split : one_by_one) {
    EXPECT_TRUE(contains(error_of([&] { split(parts, Leak::refuse); }), "Leak::allow"));
    EXPECT_EQ(error_of([&] { split(parts, Leak::allow); }), "no error");
    EXPECT_EQ(error_of([&] { split(whole, Leak::refuse); }), "no error");
  }
  EXPECT_TRUE(contains(error_of([&] { stratified_split(parts, {}, 1); }), "Leak::allow"));
  EXPECT_TRUE(contains(error_of([&] { random_split(parts, {}, 1); }), "Leak::allow"));
  EXPECT_TRUE(contains(error_of([&] { k_fold(parts, 5, 1); }), "Leak::allow"));
}

TEST(Split, RefusesFractionsThatAreNone) {
  Collection collection = of_sizes({20, 20});
  for (Fractions bad : {Fractions{.5, .5, .5},
                        {.5, .2, .2},
                        {0, .5, .5},
                        {1.2, -.2, 0},
                        {1.2, 0, -.2},
                        {.7, .15, .15 + 1e-6}}) {
    for (const std::string& error : {error_of([&] { stratified_split(collection, bad, 1); }),
                                     error_of([&] { random_split(collection, bad, 1); }),
                                     error_of([&] { grouped_split(collection, bad, 1); })})
      EXPECT_TRUE(contains(error, "fractions must not be negative and add up to 1")) << error;
  }
  EXPECT_TRUE(contains(error_of([] {
                         stratified_split(of_sizes({2, 30, 1, 2}), {}, 1);
                       }),
                       "class '2' has 1 examples, too few for 3 parts"));
  EXPECT_TRUE(contains(error_of([] {
                         random_split(of_sizes({1, 1}), {}, 1);
                       }),
                       "the collection has 2 examples, too few for 3 parts"));
  EXPECT_EQ(stratified_split(of_sizes({3, 3}), {}, 1).train.size(), 2U);
}

TEST(Segmented, PartsOneAfterTheOther) {
  Collection songs = of_sizes({2, 1});
  songs.examples[1].offset = 5;
  Collection parts = segmented(songs, 3, 2.5);
  EXPECT_TRUE(parts.is_segmented);
  ASSERT_EQ(parts.examples.size(), 9U);
  for (i64 i = 0; i < 9; ++i) {
    const Example &part = at(parts, i), &song = at(songs, i / 3);
    EXPECT_EQ(part.path, song.path);
    EXPECT_EQ(part.label, song.label);
    EXPECT_EQ(part.group, song.group);
    EXPECT_EQ(part.offset, song.offset + 2.5 * static_cast<double>(i % 3));
    EXPECT_EQ(part.duration, 2.5);
  }
  EXPECT_FALSE(segmented(songs, 1, 3).is_segmented);
  EXPECT_TRUE(contains(error_of([&] { segmented(songs, 0, 3); }), "0 parts of 3 s"));
  EXPECT_TRUE(contains(error_of([&] { segmented(songs, 2, 0); }), "2 parts of 0 s"));
}

}  // namespace
}  // namespace melgrad
