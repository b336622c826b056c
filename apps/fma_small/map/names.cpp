#include "apps/fma_small/map/names.h"

#include <algorithm>
#include <cctype>

#include "apps/harness/songs/find_songs.h"
#include "audio/collections/csv.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

i64 year_of(const fs::path& csv, std::size_t row, const std::string& text) {
  i64 year = year_in(text);
  check(text.empty() || year != 0, "map", "{}: row {}: '{}' is no year", csv, row, text);
  return year;
}

// Tags may hold anything.
std::string first_of(const std::string& tag, const std::string& in_table,
                     const std::string& of_file) {
  return printable(!tag.empty() ? tag : !in_table.empty() ? in_table : of_file);
}

}  // namespace

i64 year_in(const std::string& text) {
  for (std::size_t begin = 0; begin < text.size();) {
    auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
    std::size_t end = begin;
    while (end < text.size() && is_digit(text[end])) ++end;
    // A longer run of digits begins with a year where it is a date: 20110503.
    bool may_be = end - begin == 4 || end - begin == 8;
    if (may_be && (text[begin] == '1' || text[begin] == '2'))
      return std::stoll(text.substr(begin, 4));
    begin = end + 1;
  }
  return 0;
}

NameTable::NameTable(const fs::path& csv) {
  std::vector<std::vector<std::string>> rows = read_csv(csv);
  check(!rows.empty(), "map", "{}: the table is empty", csv);
  const std::vector<std::string>& heading = rows.front();
  std::size_t file = 0;
  try {
    file = column(heading, "file");
  } catch (const Error& error) {
    fail("map", "{}: {}", csv, error.what());
  }
  for (std::size_t i = 1; i < rows.size(); ++i) {
    auto field = [&](const char* name) {
      auto at = static_cast<std::size_t>(std::find(heading.begin(), heading.end(), name) -
                                         heading.begin());
      return at < std::min(heading.size(), rows[i].size()) ? rows[i][at] : std::string();
    };
    check(file < rows[i].size() && !rows[i][file].empty(), "map", "{}: row {} names no file", csv,
          i + 1);
    SongNames names{.title = field("title"),
                    .artist = field("artist"),
                    .album = field("album"),
                    .year = year_of(csv, i + 1, field("year"))};
    bool is_new = rows_.try_emplace(rows[i][file], Row{.names = names}).second;
    check(is_new, "map", "{}: row {}: '{}' is there twice", csv, i + 1, rows[i][file]);
  }
}

SongNames NameTable::find(const fs::path& folder, const fs::path& file) {
  for (const fs::path& name : {file.lexically_relative(folder), file, file.filename()})
    if (auto row = rows_.find(name.string()); row != rows_.end()) {
      row->second.used = true;
      return row->second.names;
    }
  return {};
}

std::vector<std::string> NameTable::unused() const {
  std::vector<std::string> files;
  for (const auto& [file, row] : rows_)
    if (!row.used) files.push_back(file);
  return files;
}

SongNames names_of(const Tags& tags, const SongNames& in_table, const fs::path& file) {
  std::string folder = fs::absolute(file).lexically_normal().parent_path().filename().string();
  SongNames names{.title = first_of(tags.title, in_table.title, file.stem().string()),
                  .artist = first_of(tags.artist, in_table.artist, ""),
                  .album = first_of(tags.album, in_table.album, folder),
                  .year = year_in(tags.date)};
  if (names.year == 0) names.year = in_table.year;
  if (names.year == 0) names.year = year_in(names.album);
  return names;
}

}  // namespace melgrad
