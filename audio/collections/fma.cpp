#include "audio/collections/fma.h"

#include <algorithm>
#include <set>

#include "audio/collections/csv.h"
#include "audio/files/decode.h"

namespace melgrad {
namespace {

/// Where "track, genre_top" stands in the two upper lines of the heading.
std::size_t column_of(const std::vector<std::vector<std::string>>& table, std::string_view group,
                      std::string_view name) {
  std::size_t width = std::min(table[0].size(), table[1].size());
  for (std::size_t i = 0; i < width; ++i)
    if (table[0][i] == group && table[1][i] == name) return i;
  fail("read_fma", "the table has no column '{}, {}'", group, name);
}

bool belongs(const std::string& subset, const std::string& wanted) {
  if (subset == wanted) return true;
  if (wanted == "medium") return subset == "small";
  return wanted == "large" && (subset == "small" || subset == "medium");
}

std::string first_reason(const std::vector<Skipped>& skipped) {
  if (skipped.empty()) return {};
  return format("; the first, {}: {}", skipped.front().path, skipped.front().reason);
}

}  // namespace

Fma read_fma(const std::filesystem::path& audio, const std::filesystem::path& tracks,
             const std::string& subset) {
  check(subset == "small" || subset == "medium" || subset == "large", "read_fma",
        "no subset '{}': small, medium, large", subset);
  auto table = read_csv(tracks);
  check(table.size() > 3, "read_fma", "{}: too short for a heading of three lines", tracks);
  std::size_t genre = column_of(table, "track", "genre_top");
  std::size_t part = column_of(table, "set", "subset"), split = column_of(table, "set", "split");
  std::size_t artist = column_of(table, "artist", "id");
  std::size_t width = std::max({genre, part, split, artist}) + 1;

  Fma fma;
  std::set<std::string> genres;
  auto is_wanted = [&](const std::vector<std::string>& row) {
    return row.size() >= width && belongs(row[part], subset) && !row[genre].empty();
  };
  for (std::size_t i = 3; i < table.size(); ++i)
    if (is_wanted(table[i])) genres.insert(table[i][genre]);
  fma.collection.classes.assign(genres.begin(), genres.end());
  for (std::size_t i = 3; i < table.size(); ++i) {
    const auto& row = table[i];
    if (!is_wanted(row)) continue;
    std::string id = row[0];
    id.insert(0, id.size() < 6 ? 6 - id.size() : 0, '0');
    std::filesystem::path path = audio / id.substr(0, 3) / (id + ".mp3");
    try {
      check(audio_info(path).frames > 0, "read_fma", "the file has no samples");
    } catch (const std::exception& problem) {
      fma.collection.skipped.push_back({path, problem.what()});
      continue;
    }
    auto label = std::distance(genres.begin(), genres.find(row[genre]));
    auto number = static_cast<i64>(fma.collection.examples.size());
    fma.collection.examples.push_back({path, label, "artist " + row[artist]});
    auto& list = row[split] == "training"     ? fma.official.train
                 : row[split] == "validation" ? fma.official.valid
                                              : fma.official.test;
    list.push_back(number);
  }
  check(!fma.collection.examples.empty(), "read_fma",
        "no readable track of subset '{}' under {} ({} skipped{})", subset, audio,
        fma.collection.skipped.size(), first_reason(fma.collection.skipped));
  return fma;
}

}  // namespace melgrad
