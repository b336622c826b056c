#include "audio/collections/split.h"

#include <algorithm>
#include <cmath>
#include <map>

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

i64 parts_of(const Fractions& f) { return 1 + (f.valid > 0 ? 1 : 0) + (f.test > 0 ? 1 : 0); }

/// Appends `order` to the three parts. `what` names it in messages.
void divide(const std::vector<i64>& order, const Fractions& f, const std::string& what,
            Split& split) {
  auto n = static_cast<double>(order.size());
  auto share = [n](double fraction) {
    return fraction == 0 ? i64{0} : std::max(i64{1}, static_cast<i64>(std::lround(fraction * n)));
  };
  i64 tests = share(f.test), valids = share(f.valid);
  i64 trains = static_cast<i64>(order.size()) - tests - valids;
  check(trains >= 1, "split", "{} has {} examples, too few for {} parts", what, order.size(),
        parts_of(f));
  auto at = order.begin();
  split.train.insert(split.train.end(), at, at + trains);
  split.valid.insert(split.valid.end(), at + trains, at + trains + valids);
  split.test.insert(split.test.end(), at + trains + valids, order.end());
}

/// Classes in the order of their sizes, so that an error names the smallest.
std::vector<std::size_t> from_smallest(const std::vector<i64>& counts) {
  std::vector<std::size_t> labels(counts.size());
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = i;
  std::stable_sort(labels.begin(), labels.end(),
                   [&](std::size_t a, std::size_t b) { return counts[a] < counts[b]; });
  return labels;
}

Split sorted(Split split) {
  for (auto* part : {&split.train, &split.valid, &split.test})
    std::sort(part->begin(), part->end());
  return split;
}

/// The members of each group; the largest first, those of a size in an order that the seed draws.
Parts groups_of(const Collection& collection, u64 seed) {
  std::map<std::string, std::vector<i64>> by_name;
  for (std::size_t i = 0; i < collection.examples.size(); ++i)
    by_name[collection.examples[i].group].push_back(static_cast<i64>(i));
  Parts by_order;
  for (auto& [name, members] : by_name) by_order.push_back(std::move(members));
  std::vector<i64> numbers(by_order.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<i64>(i);
  Parts groups;
  for (i64 number : shuffled(numbers, seed, 0))
    groups.push_back(std::move(by_order[static_cast<std::size_t>(number)]));
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return groups;
}

/// Parts of the given sizes (fractions of 1) while whole groups are put into them.
class Filling {
 public:
  Filling(const Collection& collection, const std::vector<double>& fractions)
      : fractions_(fractions), totals_(collection.counts()), parts_(fractions.size()) {
    for (const Example& example : collection.examples)
      labels_.push_back(static_cast<std::size_t>(example.label));
    held_.assign(fractions.size(), std::vector<double>(totals_.size()));
  }

  /// Where its classes are furthest behind; `only_empty`: of the parts that have nothing.
  void put(const std::vector<i64>& group, bool only_empty) {
    std::size_t best = parts_.size();
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      if (only_empty && !is_lacking(part)) continue;
      if (best == parts_.size() || missing(group, part) > missing(group, best)) best = part;
    }
    parts_[best].insert(parts_[best].end(), group.begin(), group.end());
    for (i64 member : group) ++held_[best][label_of(member)];
  }

  const Parts& parts() const { return parts_; }

  /// Parts that should have something and do not.
  std::size_t lacking() const {
    std::size_t count = 0;
    for (std::size_t part = 0; part < parts_.size(); ++part) count += is_lacking(part) ? 1 : 0;
    return count;
  }

 private:
  std::size_t label_of(i64 member) const { return labels_[static_cast<std::size_t>(member)]; }
  bool is_lacking(std::size_t part) const { return fractions_[part] > 0 && parts_[part].empty(); }

  double missing(const std::vector<i64>& group, std::size_t part) const {
    double sum = 0;
    for (i64 member : group) {
      double target = fractions_[part] * static_cast<double>(totals_[label_of(member)]);
      sum += target > 0 ? (target - held_[part][label_of(member)]) / target : -1e9;
    }
    return sum;
  }

  std::vector<double> fractions_;
  std::vector<i64> totals_;                // of each class
  std::vector<std::size_t> labels_;        // of each example
  std::vector<std::vector<double>> held_;  // (parts, classes)
  Parts parts_;
};

/// Deals whole groups to parts of the given sizes: each goes where its classes are furthest behind,
/// the largest first, the last to the parts that have nothing yet.
Parts deal_groups(const Collection& collection, const std::vector<double>& fractions, u64 seed) {
  Filling filling(collection, fractions);
  Parts groups = groups_of(collection, seed);
  check(groups.size() >= filling.lacking(), "split", "{} groups cannot fill {} parts",
        groups.size(), filling.lacking());
  for (std::size_t i = 0; i < groups.size(); ++i)
    filling.put(groups[i], groups.size() - i <= filling.lacking());
  return filling.parts();
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

}  // namespace

Split stratified_split(const Collection& collection, const Fractions& fractions, u64 seed,
                       Leak leak) {
  check_leak(collection, leak);
  check_fractions(fractions);
  Split split;
  auto of_class = examples_of_classes(collection);
  for (std::size_t label : from_smallest(collection.counts()))
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
  i64 wanted = parts_of(fractions);
  std::vector<i64> groups = collection.group_counts();
  for (std::size_t label : from_smallest(groups))
    check(groups[label] >= wanted, "split",
          "class '{}' has {} groups (albums, songs, artists), too few for {} parts",
          collection.classes[label], groups[label], wanted);
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

}  // namespace melgrad
