// Tables of text: fields, and songs that are described by numbers.
#include <gtest/gtest.h>

#include <fstream>

#include "audio/collections/csv.h"
#include "audio/collections/spotify.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

using Rows = std::vector<std::vector<std::string>>;

TEST(Csv, Fields) {
  const std::pair<std::string, Rows> cases[] = {
      {"", {}},
      {"\n\r\n\n", {}},
      {"a", {{"a"}}},
      {"a,b\nc,d", {{"a", "b"}, {"c", "d"}}},
      {"a,b\r\nc,d\r\n", {{"a", "b"}, {"c", "d"}}},
      {",\n,,\n", {{"", ""}, {"", "", ""}}},
      {"a,\n", {{"a", ""}}},
      {"\"a\",\"\"\n", {{"a", ""}}},
      {"\"a,b\",c", {{"a,b", "c"}}},
      {"\"two\nlines\",c\nd", {{"two\nlines", "c"}, {"d"}}},
      {"\"say \"\"hi\"\"\"", {{"say \"hi\""}}},
      {"\"\"\"\"", {{"\""}}},
      {"\"a\"b,c", {{"ab", "c"}}},
      {"a\"b,c", {{"a\"b", "c"}}},
      {"\xef\xbb\xbf"
       "a,b",
       {{"a", "b"}}}};
  for (const auto& [text, rows] : cases) EXPECT_EQ(parse_csv(text), rows) << text;
  EXPECT_EQ(error_of([] { parse_csv("a\nb,\"c"); }), "[csv] row 2: quotes are not closed");
  EXPECT_EQ(error_of([] { parse_csv("\"a"); }), "[csv] row 1: quotes are not closed");
  for (const std::string& text : {std::string("\xff\xfex\0", 4), std::string("\xfe\xff\0x", 4)})
    EXPECT_EQ(error_of([&] { parse_csv(text); }), "[text] is UTF-16: save it as UTF-8");
  EXPECT_EQ(error_of([] { parse_csv({"a,b\0", 4}); }), "[text] is not a text: it has a zero byte");
}

TEST(Csv, Files) {
  TemporaryFolder folder;
  std::ofstream(folder / "good.csv") << "a,b\n1,2\n";
  std::ofstream(folder / "bad.csv") << "a\n\"b";
  EXPECT_EQ(read_csv(folder / "good.csv"), (Rows{{"a", "b"}, {"1", "2"}}));
  std::string error = error_of([&] { read_csv(folder / "bad.csv"); });
  EXPECT_TRUE(contains(error, "bad.csv: ") && contains(error, "row 2")) << error;
  EXPECT_EQ(column({"a", "b", "c", "b"}, "b"), 1U);
  EXPECT_EQ(error_of([] { column({"a", "b"}, "x"); }), "[csv] no column 'x': a, b");
}

/// A table with a song a row: what comes before its key, between, and its genre.
struct Songs {
  TemporaryFolder folder;
  std::string text;

  explicit Songs(const std::string& genre)
      : text(
            "danceability,energy,key,loudness,mode,speechiness,acousticness,instrumentalness,"
            "liveness,valence,tempo," +
            genre + "\n") {}
  Songs& row(const std::string& key, const std::string& mode, const std::string& tempo,
             const std::string& genre) {
    text += format("1,2,{},3,{},4,5,6,7,8,{},{}\n", key, mode, tempo, genre);
    return *this;
  }
  SongTable read(const std::string& genre_column = "", i64 fewest = 1) const {
    std::ofstream(folder / "songs.csv") << text;
    return read_spotify(folder / "songs.csv", genre_column, fewest);
  }
};

TEST(Spotify, ColumnsOfX) {
  Songs songs("music_genre");
  songs.row("B", "Major", "120", "Rock")
      .row("A", "Minor", "90.5", "Jazz")
      .row("C", "1", "1e2", "Rock");
  SongTable table = songs.read();
  EXPECT_EQ(table.features,
            (std::vector<std::string>{"danceability", "energy", "loudness", "speechiness",
                                      "acousticness", "instrumentalness", "liveness", "valence",
                                      "tempo", "mode", "key=B", "key=C"}));
  EXPECT_EQ(table.classes, (std::vector<std::string>{"Jazz", "Rock"}));
  EXPECT_TRUE(equal(table.x, from_vector<float>({1, 2, 3, 4, 5, 6, 7, 8, 120,   1, 1, 0,  //
                                                 1, 2, 3, 4, 5, 6, 7, 8, 90.5F, 0, 0, 0,  //
                                                 1, 2, 3, 4, 5, 6, 7, 8, 100,   1, 0, 1},
                                                {3, 12})));
  EXPECT_EQ(table.labels.to_vector<i64>(), (std::vector<i64>{1, 0, 1}));
  EXPECT_EQ(table.dropped, 0);
}

TEST(Spotify, DropsRowsThatAreNotComplete) {
  Songs songs("music_genre");
  songs.row("A", "Major", "1", "Jazz").row("A", "Major", "2", "Rock");
  for (const char* tempo : {"?", "", "12x", "inf", "nan", " 3"})
    songs.row("A", "Minor", tempo, "Rock");
  songs.row("A", "Dorian", "3", "Rock").row("A", "Major", "3", "");
  songs.text += "short,row\n";
  songs.row("B", "Major", "4", "Jazz");
  SongTable table = songs.read();
  EXPECT_EQ(table.dropped, 9);
  EXPECT_EQ(table.x.select(1, 8).to_vector<double>(), (std::vector<double>{1, 2, 4}));
  EXPECT_EQ(table.labels.to_vector<i64>(), (std::vector<i64>{0, 1, 0}));
}

TEST(Spotify, LeavesOutRareGenres) {
  Songs songs("music_genre");
  songs.row("A", "Major", "1", "Rare").row("A", "Major", "?", "Rare");
  for (const char* genre : {"Rock", "Jazz", "Rock", "Jazz", "Jazz"})
    songs.row("A", "Major", "2", genre);
  EXPECT_EQ(songs.read("", 1).classes, (std::vector<std::string>{"Jazz", "Rare", "Rock"}));
  SongTable table = songs.read("", 2);
  EXPECT_EQ(table.classes, (std::vector<std::string>{"Jazz", "Rare", "Rock"}));
  EXPECT_EQ(table.dropped, 1);
  songs.row("A", "Major", "2", "Rock");
  table = songs.read("", 3);
  EXPECT_EQ(table.classes, (std::vector<std::string>{"Jazz", "Rock"}));
  EXPECT_EQ(table.labels.to_vector<i64>(), (std::vector<i64>{1, 0, 1, 0, 0, 1}));
  EXPECT_EQ(table.dropped, 0) << "a rare genre's rows are left out, not incomplete";
  EXPECT_TRUE(
      contains(error_of([&] { songs.read("", 4); }), "0 genres have at least 4 songs; needs two"));
  // 500 unless told otherwise.
  EXPECT_TRUE(
      contains(error_of([&] { read_spotify(songs.folder / "songs.csv"); }), "at least 500 songs"));
}

TEST(Spotify, TheGenresColumn) {
  for (const char* name : {"music_genre", "track_genre", "playlist_genre", "genre"})
    EXPECT_EQ(
        Songs(name).row("A", "Major", "1", "a").row("A", "Major", "1", "b").read().classes.size(),
        2U);
  Songs both("genre,music_genre");
  both.row("A", "Major", "1", "x,a").row("A", "Major", "1", "y,b");
  EXPECT_EQ(both.read().classes.front(), "a");
  EXPECT_EQ(both.read("genre").classes.front(), "x");
  EXPECT_TRUE(contains(error_of([&] { both.read("style"); }), "no column 'style'"));
  EXPECT_TRUE(contains(error_of([] { Songs("style").row("A", "Major", "1", "a").read(); }),
                       "no column 'genre'"));
  EXPECT_TRUE(contains(error_of([] { Songs("genre").read(); }), "no rows below the heading"));
  EXPECT_TRUE(
      contains(error_of([] {
                 Songs("genre").row("A", "Major", "?", "a").row("A", "Major", "?", "b").read();
               }),
               "no row is complete"));
}

}  // namespace
}  // namespace melgrad
