#include "apps/harness/data/copies.h"

#include <algorithm>
#include <map>
#include <set>

#include "kernels/error.h"

namespace melgrad {
namespace {

using Paths = std::set<std::filesystem::path>;

const Example& example_of(const Collection& collection, i64 index) {
  return collection.examples[static_cast<std::size_t>(index)];
}

}  // namespace

std::vector<SameFiles> same_files(const Examples& examples) {
  std::map<std::string, SameFiles> files_of;
  Paths seen;
  for (i64 i = 0; i < examples.size(); ++i)
    if (seen.insert(example_of(examples.collection(), i).path).second)
      files_of[examples.contents()[static_cast<std::size_t>(i)]].push_back(i);
  std::vector<SameFiles> sets;
  for (const auto& [content, files] : files_of)
    if (files.size() > 1) sets.push_back(files);
  std::sort(sets.begin(), sets.end());
  return sets;
}

bool are_of_several_classes(const SameFiles& files, const Collection& collection) {
  return std::any_of(files.begin(), files.end(), [&](i64 file) {
    return example_of(collection, file).label != example_of(collection, files.front()).label;
  });
}

Examples without_copies(const Examples& examples) {
  const Collection& collection = examples.collection();
  Paths dropped;
  std::vector<Skipped> left_out;
  for (const SameFiles& files : same_files(examples)) {
    bool several = are_of_several_classes(files, collection);
    for (i64 file : files) {
      if (file == files.front() && !several) continue;
      const std::filesystem::path& path = example_of(collection, file).path;
      dropped.insert(path);
      left_out.push_back({path, several ? "the same bytes lie in another class, too"
                                        : "an earlier file has the same bytes"});
    }
  }
  std::vector<i64> kept, counts(collection.classes.size(), 0);
  for (i64 i = 0; i < examples.size(); ++i) {
    const Example& example = example_of(collection, i);
    if (dropped.contains(example.path)) continue;
    kept.push_back(i);
    ++counts[static_cast<std::size_t>(example.label)];
  }
  for (std::size_t c = 0; c < counts.size(); ++c)
    check(counts[c] > 0, "drop-duplicates", "every file of class '{}' is in another class, too",
          collection.classes[c]);
  return examples.keep(kept, left_out);
}

Examples with_copies_together(const Examples& examples) {
  std::map<std::string, std::string> part_of;  // a group that is part of another now
  auto group_of = [&](i64 example) {
    std::string group = example_of(examples.collection(), example).group;
    for (auto found = part_of.find(group); found != part_of.end(); found = part_of.find(group))
      group = found->second;
    return group;
  };
  for (const SameFiles& files : same_files(examples))
    for (i64 file : files)
      if (group_of(file) != group_of(files.front())) part_of[group_of(file)] = group_of(files[0]);
  if (part_of.empty()) return examples;
  std::vector<std::string> groups;
  for (i64 i = 0; i < examples.size(); ++i) groups.push_back(group_of(i));
  return examples.with_groups(groups);
}

i64 count_known(const Examples& examples, const Split& split) {
  std::map<std::string, Paths> heard;
  auto content = [&](i64 i) { return examples.contents()[static_cast<std::size_t>(i)]; };
  auto path = [&](i64 i) { return example_of(examples.collection(), i).path; };
  for (i64 i : split.train) heard[content(i)].insert(path(i));
  return std::count_if(split.test.begin(), split.test.end(), [&](i64 i) {
    auto found = heard.find(content(i));
    return found != heard.end() && found->second.size() > found->second.count(path(i));
  });
}

}  // namespace melgrad
