#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "audio/collections/csv.h"
#include "audio/collections/split.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// "jazz", "live", "song.wav" of ".\jazz\live/song.wav".
Names parts_of(std::string path) {
  std::replace(path.begin(), path.end(), '\\', '/');
  Names parts;
  for (const fs::path& part : fs::path(path).lexically_normal())
    if (!part.empty() && part != "." && part != "/") parts.push_back(part.string());
  return parts;
}

/// The parts from `begin` on, "live/song.wav".
std::string end_of(const Names& parts, std::size_t begin) {
  std::string text = parts.at(begin);
  for (std::size_t i = begin + 1; i < parts.size(); ++i) text += "/" + parts[i];
  return text;
}

/// Without what looks like an extension: all of "jazz.00054" and of "01. Mr. Blue" is a name.
std::string without_extension(const std::string& name) {
  std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || name.size() - dot > 5) return name;
  auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  auto is_other = [](unsigned char c) { return std::isalnum(c) == 0; };
  auto begin = name.begin() + static_cast<std::ptrdiff_t>(dot) + 1;
  bool is_extension =
      std::any_of(begin, name.end(), is_letter) && std::none_of(begin, name.end(), is_other);
  return is_extension ? name.substr(0, dot) : name;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string without_quotes(std::string line) {
  auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!line.empty() && is_space(line.back())) line.pop_back();
  line.erase(line.begin(), std::find_if_not(line.begin(), line.end(), is_space));
  bool is_quoted = line.size() > 1 && line.front() == line.back() &&
                   (line.front() == '"' || line.front() == '\'');
  return is_quoted ? line.substr(1, line.size() - 2) : line;
}

/// The lines that are not empty.
Names lines_of(const fs::path& list) {
  std::ifstream file(list, std::ios::binary);
  check(file.is_open() && !fs::is_directory(list), "split", "cannot read {}", list);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::string text;
  try {
    text = plain_text(bytes);
  } catch (const Error& problem) {
    fail("split", "{}: {}", list, problem.what());
  }
  std::replace(text.begin(), text.end(), '\r', '\n');
  Names lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (line = without_quotes(line); !line.empty()) lines.push_back(line);
  return lines;
}

/// A clip of the collection. Its examples are several if it is segmented, none if it was skipped.
struct ListedClip {
  fs::path path, list;  // list: which names it
  std::vector<i64> examples;
};

/// The collection's clips by all that a list may call them.
class Clips {
 public:
  explicit Clips(const Collection& collection) {
    for (std::size_t i = 0; i < collection.examples.size(); ++i) {
      const Example& example = collection.examples[i];
      add(example.path, {collection.classes[static_cast<std::size_t>(example.label)]})
          .examples.push_back(static_cast<i64>(i));
    }
    for (const Skipped& skipped : collection.skipped) add(skipped.path, collection.classes);
  }

  /// Those that the line may mean: of the longest end of it that is a name. A single word is looked
  /// for in all classes.
  std::vector<ListedClip*> meant_by(const Names& line) {
    for (std::size_t begin = 0; begin < std::max<std::size_t>(1, line.size() - 1); ++begin) {
      std::string name = end_of(line, begin);
      for (const auto& [known, key] :
           {std::pair(&by_name_, name), {&by_stem_, name}, {&by_stem_, without_extension(name)}}) {
        auto found = known->find(key);
        if (found != known->end()) return those(found->second);
      }
    }
    return {};
  }

 private:
  using Known = std::map<std::string, std::set<std::size_t>>;

  ListedClip& add(const fs::path& path, const Names& classes) {
    auto [place, is_new] = places_.emplace(path, clips_.size());
    if (!is_new) return clips_[place->second];
    clips_.push_back({path, {}, {}});
    Names parts = parts_of(path.string());
    std::set<std::string> names = {parts.back()};
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      bool is_parent = i + 2 == parts.size();
      if (std::find(classes.begin(), classes.end(), parts[i]) != classes.end())
        names.insert({end_of(parts, i), parts[i] + "/" + parts.back()});
      else if (is_parent && names.size() == 1)  // no folder is called like a class
        names.insert(end_of(parts, i));
    }
    for (const std::string& name : names) {
      by_name_[name].insert(place->second);
      by_stem_[without_extension(name)].insert(place->second);
    }
    return clips_.back();
  }

  /// Clips that can be read come before those that cannot.
  std::vector<ListedClip*> those(const std::set<std::size_t>& places) {
    std::vector<ListedClip*> clips;
    for (std::size_t place : places)
      if (!clips_[place].examples.empty()) clips.push_back(&clips_[place]);
    if (clips.empty()) clips.push_back(&clips_[*places.begin()]);
    return clips;
  }

  std::vector<ListedClip> clips_;
  std::map<fs::path, std::size_t> places_;
  Known by_name_, by_stem_;
};

/// What split_from_files finds while it reads the three lists.
class Lists {
 public:
  explicit Lists(const Collection& collection) : collection_(collection), clips_(collection) {}

  std::vector<i64> part(const fs::path& list) {
    std::vector<i64> part;
    for (const std::string& line : lines_of(list)) {
      Names parts = parts_of(line);
      check(!parts.empty() && line.back() != '/', "split", "{}: line '{}' is not class/name", list,
            line);
      std::vector<ListedClip*> clips = clips_.meant_by(parts);
      if (clips.empty() && line.front() == '#') continue;
      ++lines_;
      if (clips.empty()) {
        if (is_of_a_class(parts)) missing_.push_back(line);
        continue;
      }
      ListedClip& clip = *clips.front();
      if (clips.size() > 1)
        fail("split", "{}: line '{}' may be {} or {}", list, line, clip.path, clips[1]->path);
      if (clip.examples.empty()) absent_.push_back(line);
      check(clip.list.empty() || clip.examples.empty(), "split",
            "{}: {} is named a second time (before: {})", list, line, clip.list);
      clip.list = list;
      part.insert(part.end(), clip.examples.begin(), clip.examples.end());
    }
    return part;
  }

  void check_found(const Split& split) const {
    std::vector<bool> is_learnt(collection_.classes.size(), false);
    for (i64 i : split.train) {
      const Example& example = collection_.examples[static_cast<std::size_t>(i)];
      is_learnt[static_cast<std::size_t>(example.label)] = true;
    }
    auto lacking = std::find(is_learnt.begin(), is_learnt.end(), false);
    if (lacking != is_learnt.end() && !split.train.empty())
      fail("split", "no line for training names a clip of class '{}'{}",
           collection_.classes[static_cast<std::size_t>(lacking - is_learnt.begin())],
           missing_.empty() ? "" : "; not in the collection: " + first_missing());
    check(missing_.size() * 100 <= lines_, "split",
          "{} clips of the lists are not in the collection: {}", missing_.size(), first_missing());
    check(!split.train.empty() && !split.valid.empty() && !split.test.empty(), "split",
          "of the lists' clips in the collection, {} are for training, {} for validation, {} for "
          "test: none may be 0",
          split.train.size(), split.valid.size(), split.test.size());
  }

  /// Skipped clips, then those that are not there at all.
  Names absent() const {
    Names all = absent_;
    all.insert(all.end(), missing_.begin(), missing_.end());
    return all;
  }

 private:
  /// Of one that the collection has, in capitals or not; a single word may be of any.
  bool is_of_a_class(const Names& parts) const {
    return parts.size() == 1 ||
           std::any_of(parts.begin(), parts.end() - 1, [&](const std::string& part) {
             return std::any_of(
                 collection_.classes.begin(), collection_.classes.end(),
                 [&](const std::string& name) { return lower(name) == lower(part); });
           });
  }

  std::string first_missing() const {
    std::string first;
    for (std::size_t i = 0; i < std::min<std::size_t>(5, missing_.size()); ++i)
      first += (i > 0 ? ", " : "") + missing_[i];
    return first + (missing_.size() > 5 ? " …" : "");
  }

  const Collection& collection_;
  Clips clips_;
  std::size_t lines_ = 0;
  Names missing_, absent_;
};

}  // namespace

Split split_from_files(const Collection& collection, const fs::path& train, const fs::path& valid,
                       const fs::path& test, Names* absent) {
  Lists lists(collection);
  Split split;
  split.train = lists.part(train);
  split.valid = lists.part(valid);
  split.test = lists.part(test);
  lists.check_found(split);
  if (absent != nullptr) *absent = lists.absent();
  return split;
}

}  // namespace melgrad
