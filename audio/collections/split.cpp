#include "audio/collections/split.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include "tensor/random.h"

namespace melgrad {
namespace {

using Parts = std::vector<std::vector<i64>>;

std::vector<i64> shuffled(std::vector<i64> values, u64 seed, u64 key) {
  Generator generator = Generator(seed).fork(key);
  std::vector<i64> order = generator.permutation(static_cast<i64>(values.size()));
  std::vector<i64> result;
  result.reserve(order.size());
  for (i64 i : order) result.push_back(values[static_cast<std::size_t>(i)]);
  return result;
}

std::vector<std::vector<i64>> examples_of_classes(const Collection& collection) {
  std::vector<std::vector<i64>> of_class(collection.classes.size());
  for (std::size_t i = 0; i < collection.examples.size(); ++i)
    of_class[static_cast<std::size_t>(collection.examples[i].label)].push_back(static_cast<i64>(i));
  return of_class;
}

void check_leak(const Collection& collection, Leak leak) {
  check(!collection.is_segmented || leak == Leak::allow, "split",
        "the examples are parts of songs, which this split would tear apart: split by group, or "
        "say Leak::allow");
}

void check_fractions(const Fractions& f) {
  bool ok =
      f.train > 0 && f.valid >= 0 && f.test >= 0 && std::abs(f.train + f.valid + f.test - 1) < 1e-9;
  check(ok, "split", "fractions must not be negative and add up to 1, train above 0: {}, {}, {}",
        f.train, f.valid, f.test);
}

/// Appends `order` to the three parts. `what` names it in messages.
void divide(const std::vector<i64>& order, const Fractions& f, const std::string& what,
            Split& split) {
  auto n = static_cast<double>(order.size());
  auto share = [n](double fraction) {
    return fraction == 0 ? i64{0} : std::max(i64{1}, static_cast<i64>(std::lround(fraction * n)));
  };
  i64 tests = share(f.test), valids = share(f.valid);
  i64 trains = static_cast<i64>(order.size()) - tests - valids;
  check(trains >= 1, "split", "{} has {} examples, too few for every part", what, order.size());
  auto at = order.begin();
  split.train.insert(split.train.end(), at, at + trains);
  split.valid.insert(split.valid.end(), at + trains, at + trains + valids);
  split.test.insert(split.test.end(), at + trains + valids, order.end());
}

Split sorted(Split split) {
  for (auto* part : {&split.train, &split.valid, &split.test})
    std::sort(part->begin(), part->end());
  return split;
}

/// Deals whole groups to parts of the given sizes (fractions of 1): each goes where its classes are
/// furthest behind, the largest first.
Parts deal_groups(const Collection& collection, const std::vector<double>& fractions, u64 seed) {
  std::map<std::string, std::vector<i64>> by_name;
  for (std::size_t i = 0; i < collection.examples.size(); ++i)
    by_name[collection.examples[i].group].push_back(static_cast<i64>(i));
  check(by_name.size() >= fractions.size(), "split", "{} groups cannot fill {} parts",
        by_name.size(), fractions.size());
  std::vector<const std::vector<i64>*> groups;
  groups.reserve(by_name.size());
  for (const auto& [name, members] : by_name) groups.push_back(&members);
  std::vector<i64> numbers(groups.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<i64>(i);
  numbers = shuffled(numbers, seed, 0);
  auto size = [&](i64 number) { return groups[static_cast<std::size_t>(number)]->size(); };
  std::stable_sort(numbers.begin(), numbers.end(), [&](i64 a, i64 b) { return size(a) > size(b); });

  std::vector<i64> totals = collection.counts();
  std::vector<std::vector<double>> held(fractions.size(), std::vector<double>(totals.size()));
  Parts parts(fractions.size());
  for (i64 number : numbers) {
    const std::vector<i64>& members = *groups[static_cast<std::size_t>(number)];
    auto missing = [&](std::size_t part) {
      double sum = 0;
      for (i64 member : members) {
        auto label =
            static_cast<std::size_t>(collection.examples[static_cast<std::size_t>(member)].label);
        double target = fractions[part] * static_cast<double>(totals[label]);
        sum += target > 0 ? (target - held[part][label]) / target : -1e9;
      }
      return sum;
    };
    std::size_t best = 0;
    for (std::size_t part = 1; part < parts.size(); ++part)
      if (missing(part) > missing(best)) best = part;
    for (i64 member : members) {
      parts[best].push_back(member);
      ++held[best]
            [static_cast<std::size_t>(collection.examples[static_cast<std::size_t>(member)].label)];
    }
  }
  return parts;
}

std::vector<Split> folds_as_splits(const Parts& folds) {
  std::vector<Split> splits;
  for (std::size_t held_out = 0; held_out < folds.size(); ++held_out) {
    Split split;
    for (std::size_t fold = 0; fold < folds.size(); ++fold) {
      auto& part = fold == held_out ? split.test : split.train;
      part.insert(part.end(), folds[fold].begin(), folds[fold].end());
    }
    check(!split.test.empty() && !split.train.empty(), "k_fold", "fold {} of {} is empty",
          held_out + 1, folds.size());
    splits.push_back(sorted(std::move(split)));
  }
  return splits;
}

void check_folds(const Collection& collection, i64 k) {
  check(k >= 2 && k <= static_cast<i64>(collection.examples.size()), "k_fold",
        "{} folds of {} examples", k, collection.examples.size());
}

/// "genre/name" of every line; the extension stands for whatever the clip is stored as.
std::vector<std::string> names_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  check(in.is_open(), "split", "cannot read {}", file);
  std::vector<std::string> names;
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (line.empty()) continue;
    std::filesystem::path path(line);
    check(path.has_parent_path() && path.has_filename(), "split",
          "{}: line '{}' is not genre/name.extension", file, line);
    names.push_back((path.parent_path().filename() / path.stem()).string());
  }
  return names;
}

std::string clip_name(const std::filesystem::path& path) {
  return (path.parent_path().filename() / path.stem()).string();
}

/// What split_from_files knows of the collection while it reads the three lists.
struct Lookup {
  std::map<std::string, i64> examples;
  std::set<std::string> skipped, classes, seen;
  std::vector<std::string> missing, absent;

  std::vector<i64> part(const std::filesystem::path& file) {
    std::vector<i64> part;
    for (const std::string& name : names_in(file)) {
      check(seen.insert(name).second, "split", "{}: {} is named a second time", file, name);
      auto found = examples.find(name);
      if (found != examples.end())
        part.push_back(found->second);
      else if (skipped.contains(name))
        absent.push_back(name);
      else if (classes.contains(std::filesystem::path(name).parent_path().string()))
        missing.push_back(name);
    }
    return part;
  }
};

}  // namespace

Split stratified_split(const Collection& collection, const Fractions& fractions, u64 seed,
                       Leak leak) {
  check_leak(collection, leak);
  check_fractions(fractions);
  Split split;
  auto of_class = examples_of_classes(collection);
  for (std::size_t label = 0; label < of_class.size(); ++label)
    divide(shuffled(of_class[label], seed, label), fractions,
           "class '" + collection.classes[label] + "'", split);
  return sorted(std::move(split));
}

Split random_split(const Collection& collection, const Fractions& fractions, u64 seed, Leak leak) {
  check_leak(collection, leak);
  check_fractions(fractions);
  std::vector<i64> all(collection.examples.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<i64>(i);
  Split split;
  divide(shuffled(all, seed, 0), fractions, "the collection", split);
  return sorted(std::move(split));
}

Split grouped_split(const Collection& collection, const Fractions& fractions, u64 seed) {
  check_fractions(fractions);
  Parts parts = deal_groups(collection, {fractions.train, fractions.valid, fractions.test}, seed);
  return sorted({parts[0], parts[1], parts[2]});
}

std::vector<Split> k_fold(const Collection& collection, i64 k, u64 seed, Leak leak) {
  check_leak(collection, leak);
  check_folds(collection, k);
  Parts folds(static_cast<std::size_t>(k));
  std::size_t next = 0;  // goes on from class to class, so that the folds' sizes differ by one
  auto of_class = examples_of_classes(collection);
  for (std::size_t label = 0; label < of_class.size(); ++label)
    for (i64 example : shuffled(of_class[label], seed, label))
      folds[next++ % folds.size()].push_back(example);
  return folds_as_splits(folds);
}

std::vector<Split> grouped_k_fold(const Collection& collection, i64 k, u64 seed) {
  check_folds(collection, k);
  std::vector<double> equal(static_cast<std::size_t>(k), 1. / static_cast<double>(k));
  return folds_as_splits(deal_groups(collection, equal, seed));
}

Split split_from_files(const Collection& collection, const std::filesystem::path& train,
                       const std::filesystem::path& valid, const std::filesystem::path& test,
                       std::vector<std::string>* absent) {
  Lookup lookup;
  lookup.classes.insert(collection.classes.begin(), collection.classes.end());
  for (std::size_t i = 0; i < collection.examples.size(); ++i)
    lookup.examples[clip_name(collection.examples[i].path)] = static_cast<i64>(i);
  for (const Skipped& skipped : collection.skipped) lookup.skipped.insert(clip_name(skipped.path));
  Split split;
  split.train = lookup.part(train);
  split.valid = lookup.part(valid);
  split.test = lookup.part(test);
  std::string first;
  for (std::size_t i = 0; i < std::min<std::size_t>(5, lookup.missing.size()); ++i)
    first += (i > 0 ? ", " : "") + lookup.missing[i];
  check(lookup.missing.size() * 100 <= lookup.seen.size(), "split",
        "{} clips of the lists are not in the collection: {}{}", lookup.missing.size(), first,
        lookup.missing.size() > 5 ? " …" : "");
  check(!split.train.empty() && !split.valid.empty() && !split.test.empty(), "split",
        "of the lists' clips in the collection, {} are for training, {} for validation, {} for "
        "test: none may be 0",
        split.train.size(), split.valid.size(), split.test.size());
  if (absent != nullptr) {
    *absent = lookup.absent;
    absent->insert(absent->end(), lookup.missing.begin(), lookup.missing.end());
  }
  return split;
}

}  // namespace melgrad
