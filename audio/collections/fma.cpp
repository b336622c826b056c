#include "audio/collections/fma.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "audio/collections/csv.h"
#include "audio/collections/walk.h"
#include "audio/files/decode.h"

namespace melgrad {
namespace {

using Rows = std::vector<std::vector<std::string>>;
using Column = std::optional<std::size_t>;

/// Where "track, genre_top" stands in the two upper lines of the heading.
Column find_column(const Rows& table, std::string_view group, std::string_view name) {
  std::size_t width = std::min(table[0].size(), table[1].size());
  for (std::size_t i = 0; i < width; ++i)
    if (table[0][i] == group && table[1][i] == name) return i;
  return std::nullopt;
}

std::size_t column_of(const Rows& table, std::string_view group, std::string_view name) {
  Column found = find_column(table, group, name);
  check(found.has_value(), "read_fma", "the table has no column '{}, {}'", group, name);
  return *found;
}

/// What is used of a row; the last three may lack.
struct Columns {
  std::size_t genre, subset, split, artist;
  Column title, artist_name, album;

  explicit Columns(const Rows& table)
      : genre(column_of(table, "track", "genre_top")),
        subset(column_of(table, "set", "subset")),
        split(column_of(table, "set", "split")),
        artist(column_of(table, "artist", "id")),
        title(find_column(table, "track", "title")),
        artist_name(find_column(table, "artist", "name")),
        album(find_column(table, "album", "title")) {}

  std::size_t width() const { return std::max({genre, subset, split, artist}) + 1; }
};

bool belongs(const std::string& subset, const std::string& wanted) {
  if (subset == wanted) return true;
  if (wanted == "medium") return subset == "small";
  return wanted == "large" && (subset == "small" || subset == "medium");
}

std::string text_of(const std::vector<std::string>& row, Column column) {
  return column && *column < row.size() ? row[*column] : "";
}

FmaTrack track_of(const std::vector<std::string>& row, const Columns& columns) {
  return {text_of(row, columns.title), text_of(row, columns.artist_name),
          text_of(row, columns.album), row[columns.split]};
}

std::string first_reason(const std::vector<Skipped>& skipped) {
  if (skipped.empty()) return {};
  return format("; the first, {}: {}", skipped.front().path, skipped.front().reason);
}

std::filesystem::path path_of(const std::filesystem::path& audio, std::string id) {
  id.insert(0, id.size() < 6 ? 6 - id.size() : 0, '0');
  return audio / id.substr(0, 3) / (id + ".mp3");
}

class Reader {
 public:
  Reader(const std::filesystem::path& audio, const Rows& table, const std::string& subset)
      : audio_(audio), table_(table), columns_(table), subset_(subset) {}

  Fma read() {
    std::set<std::string> genres;
    for (std::size_t i = 3; i < table_.size(); ++i)
      if (is_wanted(table_[i])) genres.insert(table_[i][columns_.genre]);
    fma_.collection.classes.assign(genres.begin(), genres.end());
    for (std::size_t i = 3; i < table_.size(); ++i)
      if (is_wanted(table_[i])) add(table_[i]);
    check(!fma_.collection.examples.empty(), "read_fma",
          "no readable track of subset '{}' under {} ({} skipped{})", subset_, audio_,
          fma_.collection.skipped.size(), first_reason(fma_.collection.skipped));
    skip_other_files();
    sort_by_class();
    return std::move(fma_);
  }

 private:
  bool is_wanted(const std::vector<std::string>& row) const {
    return row.size() >= columns_.width() && belongs(row[columns_.subset], subset_) &&
           !row[columns_.genre].empty();
  }

  void add(const std::vector<std::string>& row) {
    std::filesystem::path path = path_of(audio_, row[0]);
    Collection& collection = fma_.collection;
    known_.insert(path.lexically_normal());
    try {
      check(audio_info(path).frames > 0, "read_fma", "the file has no samples");
    } catch (const std::exception& problem) {
      collection.skipped.push_back({path, problem.what()});
      return;
    }
    FmaTrack track = track_of(row, columns_);
    const std::string& part = track.part;
    check(part == "training" || part == "validation" || part == "test", "read_fma",
          "track {} is in '{}' of the split, which is none of training, validation and test",
          row[0], part);
    const auto& classes = collection.classes;
    auto genre = std::lower_bound(classes.begin(), classes.end(), row[columns_.genre]);
    std::string artist = "artist " + row[columns_.artist];
    collection.has_albums |= !artists_.insert(artist).second;
    collection.examples.push_back({path, genre - classes.begin(), artist});
    fma_.tracks.emplace(path.stem().string(), std::move(track));
  }

  void skip_other_files() {
    std::vector<std::filesystem::path> others;
    for (const std::filesystem::path& path : files_below(audio_).sounds)
      if (!known_.contains(path.lexically_normal())) others.push_back(path);
    if (others.empty()) return;
    std::string reason = format("is no track of subset '{}'", subset_);
    if (others.size() > 1) reason += format(": this and {} more", others.size() - 1);
    fma_.collection.skipped.push_back({others.front(), reason});
  }

  void sort_by_class() {
    auto key = [](const Example& example) { return std::tie(example.label, example.path); };
    std::sort(fma_.collection.examples.begin(), fma_.collection.examples.end(),
              [&](const Example& a, const Example& b) { return key(a) < key(b); });
  }

  const std::filesystem::path& audio_;
  const Rows& table_;
  Columns columns_;
  std::string subset_;
  std::set<std::filesystem::path> known_;
  std::set<std::string> artists_;
  Fma fma_;
};

}  // namespace

Fma read_fma(const std::filesystem::path& audio, const std::filesystem::path& tracks,
             const std::string& subset) {
  check(subset == "small" || subset == "medium" || subset == "large", "read_fma",
        "no subset '{}': small, medium, large", subset);
  Rows table = read_csv(tracks);
  check(table.size() > 3, "read_fma", "{}: too short for a heading of three lines", tracks);
  return Reader(audio, table, subset).read();
}

Split official_split(const Fma& fma, const Collection& collection) {
  Split split;
  for (std::size_t i = 0; i < collection.examples.size(); ++i) {
    auto track = fma.tracks.find(collection.examples[i].path.stem().string());
    check(track != fma.tracks.end(), "official_split", "{} is no track of the table",
          collection.examples[i].path);
    const std::string& part = track->second.part;
    auto& list = part == "training" ? split.train : part == "validation" ? split.valid : split.test;
    list.push_back(static_cast<i64>(i));
  }
  return split;
}

}  // namespace melgrad
