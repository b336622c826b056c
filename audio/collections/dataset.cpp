#include "audio/collections/dataset.h"

#include <set>
#include <utility>

namespace melgrad {

std::vector<i64> Collection::counts() const {
  std::vector<i64> counts(classes.size(), 0);
  for (const Example& example : examples) ++counts[static_cast<std::size_t>(example.label)];
  return counts;
}

std::vector<i64> Collection::group_counts() const {
  std::vector<i64> counts(classes.size(), 0);
  std::set<std::pair<i64, std::string>> known;
  for (const Example& example : examples)
    if (known.emplace(example.label, example.group).second)
      ++counts[static_cast<std::size_t>(example.label)];
  return counts;
}

Collection segmented(const Collection& collection, i64 count, double seconds) {
  check(count >= 1 && seconds > 0, "segmented", "{} parts of {} s: both must be positive", count,
        seconds);
  Collection parts = collection;
  parts.is_segmented = count > 1;
  parts.examples.clear();
  for (const Example& example : collection.examples)
    for (i64 i = 0; i < count; ++i) {
      Example part = example;
      part.offset = example.offset + static_cast<double>(i) * seconds;
      part.duration = seconds;
      parts.examples.push_back(std::move(part));
    }
  return parts;
}

}  // namespace melgrad
