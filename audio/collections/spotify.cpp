#include "audio/collections/spotify.h"

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "audio/collections/csv.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

constexpr std::array numeric = {"danceability", "energy",       "loudness",
                                "speechiness",  "acousticness", "instrumentalness",
                                "liveness",     "valence",      "tempo"};

std::optional<float> number(const std::string& text) {
  float value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::size_t genre_column_of(const std::vector<std::string>& heading, const std::string& asked) {
  if (!asked.empty()) return column(heading, asked);
  for (const char* name : {"music_genre", "track_genre", "playlist_genre", "genre"})
    for (std::size_t i = 0; i < heading.size(); ++i)
      if (heading[i] == name) return i;
  return column(heading, "genre");
}

std::optional<float> mode_value(const std::string& text) {
  if (text == "Major") return 1.F;
  if (text == "Minor") return 0.F;
  return number(text);
}

}  // namespace

SongTable read_spotify(const std::filesystem::path& csv, const std::string& genre_column,
                       i64 fewest) {
  auto rows = read_csv(csv);
  check(rows.size() > 1, "read_spotify", "{}: no rows below the heading", csv);
  const std::vector<std::string> heading = rows.front();
  std::size_t genre = genre_column_of(heading, genre_column);
  std::size_t key = column(heading, "key"), mode = column(heading, "mode");
  std::vector<std::size_t> columns;
  columns.reserve(numeric.size());
  for (const char* name : numeric) columns.push_back(column(heading, name));

  std::map<std::string, i64> songs_of;
  std::set<std::string> keys;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].size() != heading.size() || rows[i][genre].empty()) continue;
    ++songs_of[rows[i][genre]];
    keys.insert(rows[i][key]);
  }
  SongTable table;
  std::map<std::string, i64> label_of;
  for (const auto& [name, count] : songs_of)
    if (count >= fewest) {
      label_of[name] = static_cast<i64>(table.classes.size());
      table.classes.push_back(name);
    }
  check(table.classes.size() > 1, "read_spotify", "{}: {} genres have at least {} songs; needs two",
        csv, table.classes.size(), fewest);
  if (!keys.empty()) keys.erase(keys.begin());  // all other columns 0: the first key
  table.features.assign(numeric.begin(), numeric.end());
  table.features.emplace_back("mode");
  for (const std::string& name : keys) table.features.push_back("key=" + name);

  std::vector<float> values;
  std::vector<i64> labels;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto& row = rows[i];
    if (row.size() == heading.size() && !row[genre].empty() && !label_of.contains(row[genre]))
      continue;  // a genre with too few songs
    std::vector<float> song;
    for (std::size_t at : columns)
      if (auto value = row.size() == heading.size() ? number(row[at]) : std::nullopt)
        song.push_back(*value);
    auto major = row.size() == heading.size() ? mode_value(row[mode]) : std::nullopt;
    if (song.size() < columns.size() || !major || row[genre].empty()) {
      ++table.dropped;
      continue;
    }
    song.push_back(*major);
    for (const std::string& name : keys) song.push_back(row[key] == name ? 1.F : 0.F);
    values.insert(values.end(), song.begin(), song.end());
    labels.push_back(label_of.at(row[genre]));
  }
  check(!labels.empty(), "read_spotify", "{}: no row is complete", csv);
  table.x = from_vector(values,
                        {static_cast<i64>(labels.size()), static_cast<i64>(table.features.size())});
  table.labels = from_vector(labels);
  return table;
}

}  // namespace melgrad
