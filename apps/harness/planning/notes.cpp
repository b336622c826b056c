#include "apps/harness/planning/notes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "apps/harness/data/copies.h"
#include "apps/harness/lists.h"
#include "apps/harness/report/numbers.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

const Example& example_of(const Collection& collection, i64 index) {
  return collection.examples[static_cast<std::size_t>(index)];
}

/// "8 files of blues, 3 of jazz"
std::string counts_in_words(const Collection& collection, const std::string& what) {
  std::vector<std::string> words;
  std::vector<i64> counts = collection.counts();
  for (std::size_t c = 0; c < counts.size(); ++c)
    words.push_back(format("{} of {}",
                           words.empty() ? counted(counts[c], what) : std::to_string(counts[c]),
                           collection.classes[c]));
  return in_words(words);
}

/// A reason without what differs from file to file: its name and all numbers.
std::string kind_of_reason(const Skipped& file) {
  std::string text = file.reason;
  fs::path without_extension = file.path;
  without_extension.replace_extension();
  for (const std::string& name : {file.path.string(), without_extension.string()})
    for (std::size_t at = 0; !name.empty() && (at = text.find(name, at)) != std::string::npos;)
      text.erase(at, name.size());
  std::erase_if(text, [](unsigned char c) { return std::isdigit(c) != 0; });
  return text;
}

/// "no clip of jazz", if the part of a split has none of some class.
std::vector<std::string> missing_classes(const Collection& collection,
                                         const std::vector<i64>& part) {
  std::vector<std::string> missing;
  for (std::size_t c = 0; c < collection.classes.size(); ++c)
    if (std::none_of(part.begin(), part.end(),
                     [&](i64 i) { return example_of(collection, i).label == static_cast<i64>(c); }))
      missing.push_back(collection.classes[c]);
  return missing;
}

std::string title_of(const RuleSplits& rule, std::size_t fold) {
  return rule.splits.size() == 1 ? rule.rule.title
                                 : format("{}, fold {}", rule.rule.title, fold + 1);
}

void note_missing_classes(const Collection& collection, const Split& split,
                          const std::string& title, Notes& notes) {
  const std::pair<const char*, const std::vector<i64>*> parts[] = {
      {"learn from", &split.train}, {"validate", &split.valid}, {"test", &split.test}};
  for (const auto& [what, part] : parts)
    if (auto missing = missing_classes(collection, *part); !part->empty() && !missing.empty())
      notes.push_back(format("{}: no clip of {} to {}", title, first_of(missing), what));
}

/// Clips of the class that has most of them.
std::pair<std::string, i64> largest_class(const Collection& collection,
                                          const std::vector<i64>& part) {
  std::vector<i64> counts(collection.classes.size(), 0);
  for (i64 i : part) ++counts[static_cast<std::size_t>(example_of(collection, i).label)];
  auto largest = std::max_element(counts.begin(), counts.end());
  return {collection.classes[static_cast<std::size_t>(largest - counts.begin())], *largest};
}

void note_unequal_test(const Collection& collection, const Split& split, const std::string& title,
                       Notes& notes) {
  auto [name, count] = largest_class(collection, split.test);
  double share = static_cast<double>(count) / static_cast<double>(split.test.size());
  if (share < 1.5 / static_cast<double>(collection.classes.size())) return;
  notes.push_back(
      format("{}: {} of the test part are of {}, and whoever says nothing else is as "
             "often right: each class's recall and the macro F1 say more",
             title, percent(share, 0), name));
}

}  // namespace

std::string name_in(const fs::path& folder, const fs::path& file) {
  fs::path name = file.lexically_normal().lexically_relative(folder.lexically_normal());
  bool below = !folder.empty() && !name.empty() && *name.begin() != "..";
  return (below ? name : file.parent_path().filename() / file.filename()).string();
}

Notes notes_of_classes(const Collection& files, const fs::path& folder) {
  Notes notes = {counts_in_words(files, "file")};
  std::set<fs::path> albums;
  i64 deeper = 0;
  for (const Example& example : files.examples) {
    fs::path name = name_in(folder, example.path);
    if (std::distance(name.begin(), name.end()) < 3) continue;
    ++deeper;
    albums.insert(example.path.parent_path());
  }
  if (deeper > 0)
    notes.push_back(format("{} of the files lie deeper, in {}: what is in one counts as an album",
                           deeper, counted(static_cast<i64>(albums.size()), "folder")));
  return notes;
}

Notes notes_of_songs(const Collection& songs) {
  std::vector<i64> all;
  for (i64 i = 0; i < static_cast<i64>(songs.examples.size()); ++i) all.push_back(i);
  auto [name, count] = largest_class(songs, all);
  double share = static_cast<double>(count) / static_cast<double>(all.size());
  return {counts_in_words(songs, "song") +
          format("; whoever always says {} is right of {}", name, percent(share))};
}

Notes notes_of_skipped(const std::vector<Skipped>& skipped, const fs::path& folder) {
  std::vector<std::pair<std::string, std::vector<const Skipped*>>> by_reason;  // in order
  for (const Skipped& file : skipped) {
    std::string kind = kind_of_reason(file);
    auto found = std::find_if(by_reason.begin(), by_reason.end(),
                              [&](const auto& entry) { return entry.first == kind; });
    if (found == by_reason.end()) found = by_reason.insert(found, {kind, {}});
    found->second.push_back(&file);
  }
  Notes notes;
  for (const auto& [kind, files] : by_reason) {
    std::vector<std::string> names;
    for (const Skipped* file : files) names.push_back(name_in(folder, file->path));
    notes.push_back(files.size() == 1 ? format("skipped {}: {}", names[0], files[0]->reason)
                                      : format("{} files skipped ({}): {}", files.size(),
                                               first_of(names), files[0]->reason));
  }
  return notes;
}

Notes notes_of_parts(const Study& study, i64 segments, double seconds) {
  if (study.cut)
    return {format("of each file {} of {} s, from its beginning", counted(segments, "part"),
                   study.cut->seconds)};
  if (!std::isfinite(seconds)) return {};
  if (segments == 1) return {format("of each file only the middle {} s are looked at", seconds)};
  return {
      format("of each file up to {} parts of {} s are looked at, the middles of as many equal "
             "pieces of it",
             segments, seconds)};
}

Notes notes_of_short_files(const Cut& cut, const Collection& files, const Collection& clips,
                           i64 segments) {
  std::map<fs::path, i64> parts;
  for (const Example& clip : clips.examples) ++parts[clip.path];
  i64 missing = 0;
  std::vector<std::string> words;
  for (const Example& file : files.examples)
    if (i64 lacks = segments - parts[file.path]; lacks > 0) {
      missing += lacks;
      words.push_back(format("{} of {}", lacks, file.path.filename()));
    }
  if (missing == 0) return {};
  return {format("{} of {} left out, for which the file ends too early (a part needs {} s): {}",
                 counted(missing, "part"),
                 files.examples.size() * static_cast<std::size_t>(segments), decimal(cut.least, 4),
                 first_of(words))};
}

Notes notes_of_copies(const Examples& examples, const fs::path& folder) {
  const Collection& collection = examples.collection();
  auto name = [&](i64 file) { return name_in(folder, example_of(collection, file).path); };
  std::vector<std::string> copies, of_several;
  for (const SameFiles& files : same_files(examples)) {
    bool several = are_of_several_classes(files, collection);
    for (std::size_t i = 1; i < files.size(); ++i)
      copies.push_back(format("{} is {}", name(files[i]), name(files[0])));
    std::vector<std::string> names;
    for (i64 file : files) names.push_back(name(file));
    if (several) of_several.push_back(joined(names, " = "));
  }
  if (copies.empty()) return {};
  auto count = static_cast<i64>(copies.size());
  Notes notes = {format("{} byte for byte {}: {} (--drop-duplicates leaves them out)",
                        counted(count, "file") + (count == 1 ? " is" : " are"),
                        count == 1 ? "another" : "others", first_of(copies))};
  if (!of_several.empty())
    notes.push_back(format("{} in several classes, of which nobody knows the right one: {}",
                           counted(static_cast<i64>(of_several.size()), "song") +
                               (of_several.size() == 1 ? " is" : " are"),
                           first_of(of_several)));
  return notes;
}

Notes notes_of_sizes(const Collection& before, const Collection& kept, const Options& options) {
  std::vector<i64> had = before.counts(), has = kept.counts();
  auto smallest = std::min_element(had.begin(), had.end());
  bool equal = *smallest == *std::max_element(had.begin(), had.end());
  if (equal) return {};
  if (options.keep_all)
    return {
        "classes are of unequal sizes: in the loss, training's and validation's, a class weighs "
        "the "
        "less the larger it is"};
  if (had == has) return {};  // --split says which clips there are
  std::vector<std::string> words;
  for (std::size_t c = 0; c < had.size(); ++c)
    if (has[c] < had[c])
      words.push_back(format("{} of {}'s {}", has[c], before.classes[c], had[c]));
  const std::string& name = before.classes[static_cast<std::size_t>(smallest - had.begin())];
  auto left_out = static_cast<i64>(before.examples.size() - kept.examples.size());
  return {
      format("{} left out: classes are trimmed to the smallest, {}; of the others {} are kept "
             "(--keep-all keeps all, and weighs classes in the loss)",
             counted(left_out, "clip"), name, first_of(words, 12))};
}

Notes notes_of_splits(const Examples& examples, const std::vector<RuleSplits>& rules) {
  Notes notes;
  if (examples.collection().has_albums && rules.size() == 1 && rules[0].rule.leaks)
    notes.push_back(rules[0].rule.note);  // no honest one beside it
  for (const RuleSplits& rule : rules) {
    i64 known = 0, tests = 0;
    for (std::size_t fold = 0; fold < rule.splits.size(); ++fold) {
      const Split& split = rule.splits[fold];
      note_missing_classes(examples.collection(), split, title_of(rule, fold), notes);
      known += count_known(examples, split);
      tests += static_cast<i64>(split.test.size());
    }
    note_unequal_test(examples.collection(), rule.splits.front(), title_of(rule, 0), notes);
    if (known == 0) continue;
    std::string what =
        "clips " + std::string(known == 1 ? "is" : "are") + " of a file whose copy is";
    if (std::holds_alternative<Columns>(examples.input().recipe))
      what = "songs " + std::string(known == 1 ? "has" : "have") + " the numbers of one";
    notes.push_back(format("{}: {} of the {} test {} in the training part", rule.rule.title, known,
                           tests, what));
  }
  return notes;
}

}  // namespace melgrad
