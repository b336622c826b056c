#include "audio/collections/spotify.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "audio/collections/csv.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

using Row = std::vector<std::string>;

std::optional<float> number(const std::string& text) {
  float value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string counted(i64 count, const std::string& thing) {
  return format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Where what is used stands in a row.
struct Places {
  struct Input {
    std::string name;
    std::size_t column = 0;
    bool may_be_negative = false;
  };
  std::size_t genre = 0;
  std::optional<std::size_t> id, group, key;
  std::vector<Input> numbers;        // mode among them, but not key
  std::vector<std::string> missing;  // of Spotify's features
};

std::size_t genre_column(const Row& heading, const std::string& asked) {
  if (!asked.empty()) return column(heading, asked);
  for (const char* name : {"music_genre", "track_genre", "playlist_genre", "genre"})
    if (contains(heading, name)) return column(heading, name);
  fail("csv",
       "no column of genres, which is one of music_genre, track_genre, playlist_genre and "
       "genre unless another is named: there are {}",
       listed(heading));
}

std::optional<std::size_t> id_column(const Row& heading, const std::string& asked) {
  if (!asked.empty()) return column(heading, asked);
  for (const char* name : {"track_id", "id"})
    if (contains(heading, name)) return column(heading, name);
  return std::nullopt;
}

Places places_of(const Row& heading, const SongColumns& asked) {
  Places places;
  places.genre = genre_column(heading, asked.genre);
  places.id = id_column(heading, asked.id);
  if (!asked.group.empty()) places.group = column(heading, asked.group);
  const std::vector<std::string>& known = spotify_features();
  for (const std::string& name : asked.inputs.empty() ? known : asked.inputs) {
    auto renamed = asked.names.find(name);
    bool is_asked = !asked.inputs.empty() || renamed != asked.names.end();
    std::string called = renamed == asked.names.end() ? name : renamed->second;
    if (!is_asked && !contains(heading, called)) {
      places.missing.push_back(name);
      continue;
    }
    std::size_t at = column(heading, called);
    if (name == "key")
      places.key = at;
    else
      places.numbers.push_back({name, at, name == "loudness" || !contains(known, name)});
  }
  check(places.numbers.size() >= 2, "csv",
        "{} of the inputs {} are there, two are needed: the columns are {}", places.numbers.size(),
        listed(asked.inputs.empty() ? known : asked.inputs), listed(heading));
  return places;
}

/// A row that can be used.
struct Song {
  std::size_t row = 0;  // of the file, the heading being the first
  std::string genre, id, group, key;
  std::vector<float> numbers;
};

/// What rows were left out for: what they lack -> how many.
using Reasons = std::map<std::string, i64>;

std::optional<float> value_of(const Places::Input& input, const std::string& text) {
  if (input.name == "mode" && text == "Major") return 1.F;
  if (input.name == "mode" && text == "Minor") return 0.F;
  std::optional<float> value = number(text);
  return value && (*value >= 0 || input.may_be_negative) ? value : std::nullopt;
}

std::optional<Song> song_of(const Row& row, std::size_t fields, const Places& places,
                            Reasons& reasons) {
  auto without = [&](const std::string& what) {
    ++reasons[what];
    return std::nullopt;
  };
  if (row.size() != fields) return without("with another number of fields");
  Song song;
  song.genre = row[places.genre];
  if (song.genre.empty()) return without("without a genre");
  if (places.id) song.id = row[*places.id];
  if (places.group) song.group = row[*places.group];
  for (const Places::Input& input : places.numbers) {
    std::optional<float> value = value_of(input, row[input.column]);
    if (!value) return without("without " + input.name);
    song.numbers.push_back(*value);
  }
  if (!places.key) return song;
  song.key = row[*places.key];
  std::optional<float> key = number(song.key);
  if (song.key.empty() || song.key == "?" || (key && *key < 0)) return without("without key");
  return song;
}

/// Genres with their songs; those that are asked for, or that have enough.
std::vector<std::string> genres_of(const std::vector<Song>& songs, const SongColumns& asked,
                                   std::vector<std::string>& notes) {
  std::map<std::string, i64> counts;
  for (const Song& song : songs) ++counts[song.genre];
  std::vector<std::string> kept, rare, all;
  for (const auto& [name, count] : counts) {
    all.push_back(name);
    bool wanted = asked.genres.empty() || contains(asked.genres, name);
    if (wanted && count < asked.fewest) rare.push_back(format("{} ({})", name, count));
    if (wanted && count >= asked.fewest) kept.push_back(name);
  }
  for (const std::string& name : asked.genres)
    check(contains(all, name), "songs", "there is no genre '{}': there are {}", name, listed(all));
  if (!rare.empty())
    notes.push_back(
        format("genres with fewer than {} songs are left out: {}", asked.fewest, listed(rare)));
  check(kept.size() > 1, "songs", "{} genres have at least {} songs; needs two", kept.size(),
        asked.fewest);
  if (asked.genres.empty()) return kept;
  std::vector<std::string> in_order;
  for (const std::string& name : asked.genres)
    if (contains(kept, name)) in_order.push_back(name);
  return in_order;
}

/// Numbers by size, else by name.
std::vector<std::string> keys_of(const std::vector<Song>& songs) {
  std::set<std::string> names;
  for (const Song& song : songs) names.insert(song.key);
  std::vector<std::string> keys(names.begin(), names.end());
  bool numbers = std::all_of(keys.begin(), keys.end(), [](const auto& k) { return !!number(k); });
  if (numbers)
    std::sort(keys.begin(), keys.end(),
              [](const auto& a, const auto& b) { return *number(a) < *number(b); });
  return keys;
}

/// Sets that are joined where two of their members meet under one name.
class Groups {
 public:
  explicit Groups(std::size_t count) : first_(count) {
    std::iota(first_.begin(), first_.end(), std::size_t{0});
  }
  void meet(std::size_t member, const std::string& name) {
    std::size_t a = of(member), b = of(by_name_.emplace(name, member).first->second);
    first_[std::max(a, b)] = std::min(a, b);
  }
  std::size_t of(std::size_t member) const {
    while (first_[member] != member) member = first_[member];
    return member;
  }

 private:
  std::vector<std::size_t> first_;  // an earlier member, or itself
  std::map<std::string, std::size_t> by_name_;
};

std::string bytes_of(const Song& song) {
  std::string bytes(reinterpret_cast<const char*>(song.numbers.data()),
                    song.numbers.size() * sizeof(float));
  return song.key + "\n" + bytes;
}

void group(SongTable& table, const std::vector<Song>& songs, const std::string& column) {
  Groups groups(songs.size());
  std::map<std::string, std::set<std::string>> genres_of_id;
  for (std::size_t i = 0; i < songs.size(); ++i) {
    groups.meet(i, "numbers " + bytes_of(songs[i]));
    if (!songs[i].group.empty()) groups.meet(i, "group " + songs[i].group);
    if (songs[i].id.empty()) continue;
    groups.meet(i, "id " + songs[i].id);
    genres_of_id[songs[i].id].insert(songs[i].genre);
  }
  std::set<std::size_t> recordings;
  for (std::size_t i = 0; i < songs.size(); ++i) {
    recordings.insert(groups.of(i));
    table.groups.push_back(table.names[groups.of(i)]);
  }
  auto several = std::count_if(genres_of_id.begin(), genres_of_id.end(),
                               [](const auto& entry) { return entry.second.size() > 1; });
  if (several > 0)
    table.notes.push_back(
        counted(several, "track") +
        " in several genres, of which nobody knows the right one: one song in each");
  if (recordings.size() == songs.size()) return;
  std::string what = column.empty()
                         ? "the same id or the same numbers"
                         : format("the same id, the same numbers or the same {}", column);
  table.notes.push_back(format("the {} songs are {} {}, if rows with {} are one", songs.size(),
                               recordings.size(), column.empty() ? "recordings" : "groups", what));
}

void note_reasons(SongTable& table, const Reasons& reasons) {
  std::vector<std::string> words;
  for (const auto& [what, count] : reasons) words.push_back(format("{} {}", count, what));
  if (!words.empty()) table.notes.push_back("rows that cannot be used: " + listed(words));
}

/// The first of those with one id and genre, or with the same fields.
void drop_repeated(SongTable& table, std::vector<Song>& songs, const std::vector<Row>& rows,
                   bool has_ids) {
  std::set<std::string> known;
  std::size_t before = songs.size();
  std::erase_if(songs, [&](const Song& song) {
    std::string all = song.genre + "\n" + song.id;
    if (song.id.empty()) all = listed(rows[song.row]);
    return !known.insert(all).second;
  });
  auto repeated = static_cast<i64>(before - songs.size());
  table.dropped += repeated;
  if (repeated > 0)
    table.notes.push_back(format("{} with {} of an earlier one left out", counted(repeated, "row"),
                                 has_ids ? "the id and the genre" : "all fields"));
}

void fill(SongTable& table, const std::vector<Song>& songs, const Places& places) {
  for (const Places::Input& input : places.numbers) table.features.push_back(input.name);
  std::vector<std::string> keys = places.key ? keys_of(songs) : std::vector<std::string>();
  if (!keys.empty()) {
    table.first_key = keys.front();
    keys.erase(keys.begin());
  }
  for (const std::string& key : keys) table.features.push_back("key=" + key);
  std::vector<float> values;
  std::vector<i64> labels;
  for (const Song& song : songs) {
    values.insert(values.end(), song.numbers.begin(), song.numbers.end());
    for (const std::string& key : keys) values.push_back(song.key == key ? 1.F : 0.F);
    auto genre = std::find(table.classes.begin(), table.classes.end(), song.genre);
    labels.push_back(genre - table.classes.begin());
    std::string what = song.id.empty() ? format("row {}", song.row + 1) : song.id;
    table.names.push_back(song.genre + "/" + what);
  }
  table.x = from_vector(values,
                        {static_cast<i64>(labels.size()), static_cast<i64>(table.features.size())});
  table.labels = from_vector(labels);
}

SongTable table_of(const std::vector<Row>& rows, const SongColumns& asked) {
  check(!rows.empty(), "songs", "the file is empty");
  check(rows.size() > 1, "songs", "there are no rows below the heading");
  Places places = places_of(rows.front(), asked);
  SongTable table;
  if (!places.missing.empty())
    table.notes.push_back(
        format("there are no columns {}: the other inputs are used", listed(places.missing)));
  std::vector<Song> songs;
  Reasons reasons;
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (std::optional<Song> song = song_of(rows[i], rows.front().size(), places, reasons)) {
      song->row = i;
      songs.push_back(std::move(*song));
    }
  table.dropped = static_cast<i64>(rows.size() - 1 - songs.size());
  note_reasons(table, reasons);
  if (songs.empty())
    fail("songs", "no row is complete: {}",
         table.notes.empty() ? "there is none" : table.notes.back());
  drop_repeated(table, songs, rows, places.id.has_value());
  table.classes = genres_of(songs, asked, table.notes);
  std::erase_if(songs, [&](const Song& song) { return !contains(table.classes, song.genre); });
  fill(table, songs, places);
  group(table, songs, asked.group);
  return table;
}

}  // namespace

const std::vector<std::string>& spotify_features() {
  static const std::vector<std::string> names = {
      "danceability", "energy",           "key",      "loudness", "mode", "speechiness",
      "acousticness", "instrumentalness", "liveness", "valence",  "tempo"};
  return names;
}

SongTable read_spotify(const std::filesystem::path& csv, const SongColumns& columns) {
  try {
    return table_of(read_csv(csv), columns);
  } catch (const Error& error) {
    std::string text = error.what();
    if (text.find(csv.string()) != std::string::npos) throw;
    fail("songs", "{}: {}", csv, text.substr(text.find(']') + 2));
  }
}

}  // namespace melgrad
