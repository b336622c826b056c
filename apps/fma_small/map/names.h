#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "audio/files/tags.h"
#include "kernels/dtype.h"

namespace melgrad {

/// What a song is called. Empty, or 0: nobody knows.
struct SongNames {
  std::string title = {}, artist = {}, album = {};
  i64 year = 0;
};

/// The first four digits in a row that are a year from 1000 to 2999, or 0: of "2011-05-03" 2011.
i64 year_in(const std::string& text);

/// A table of songs: a column "file" and any of title, artist, album and year.
class NameTable {
 public:
  NameTable() = default;  // of no songs
  /// Throws Error that names the file, and the row where there is one: no column "file", a year that
  /// is none, two rows of one file.
  explicit NameTable(const std::filesystem::path& csv);

  /// What it says of a file in `folder`: of its path there, else of its name; nothing if that is in no row.
  SongNames find(const std::filesystem::path& folder, const std::filesystem::path& file);
  /// The files of rows that find() was not asked for.
  std::vector<std::string> unused() const;

 private:
  struct Row {
    SongNames names;
    bool used = false;
  };
  std::map<std::string, Row> rows_;  // by what stands in "file"
};

/// Each from the file's tags, else from the table, else from its name and that of its folder: title
/// and album; the year from the album's name ("Abbey Road (1969)").
SongNames names_of(const Tags& tags, const SongNames& in_table, const std::filesystem::path& file);

}  // namespace melgrad
