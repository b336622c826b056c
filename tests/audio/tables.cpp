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
    return read(SongColumns{.genre = genre_column, .fewest = fewest});
  }
  SongTable read(const SongColumns& columns) const {
    std::ofstream(folder / "songs.csv") << text;
    return read_spotify(folder / "songs.csv", columns);
  }
};

TEST(Spotify, ColumnsOfX) {
  Songs songs("music_genre");
  songs.row("B", "Major", "120", "Rock")
      .row("A", "Minor", "90.5", "Jazz")
      .row("C", "1", "1e2", "Rock");
  SongTable table = songs.read();
  EXPECT_EQ(table.features,
            (std::vector<std::string>{"danceability", "energy", "loudness", "mode", "speechiness",
                                      "acousticness", "instrumentalness", "liveness", "valence",
                                      "tempo", "key=B", "key=C"}));
  EXPECT_EQ(table.first_key, "A");
  EXPECT_EQ(table.classes, (std::vector<std::string>{"Jazz", "Rock"}));
  EXPECT_TRUE(equal(table.x, from_vector<float>({1, 2, 3, 1, 4, 5, 6, 7, 8, 120,   1, 0,  //
                                                 1, 2, 3, 0, 4, 5, 6, 7, 8, 90.5F, 0, 0,  //
                                                 1, 2, 3, 1, 4, 5, 6, 7, 8, 100,   0, 1},
                                                {3, 12})));
  EXPECT_EQ(table.labels.to_vector<i64>(), (std::vector<i64>{1, 0, 1}));
  EXPECT_EQ(table.dropped, 0);
}

TEST(Spotify, DropsRowsThatAreNotComplete) {
  Songs songs("music_genre");
  songs.row("A", "Major", "1", "Jazz").row("A", "Major", "2", "Rock");
  for (const char* tempo : {"?", "", "12x", "inf", "nan", " 3", "-1"})
    songs.row("A", "Minor", tempo, "Rock");
  songs.row("A", "Dorian", "3", "Rock").row("A", "-1", "3", "Rock").row("A", "Major", "3", "");
  for (const char* key : {"?", "", "-1"}) songs.row(key, "Minor", "3", "Rock");
  songs.text += "short,row\n";
  songs.row("B", "Major", "4", "Jazz");
  SongTable table = songs.read();
  EXPECT_EQ(table.dropped, 14);
  EXPECT_EQ(table.notes, (std::vector<std::string>{
                             "rows that cannot be used: 1 with another number of fields, 1 without "
                             "a genre, 3 without key, 2 without mode, 7 without tempo"}));
  EXPECT_EQ(table.x.select(1, 9).to_vector<double>(), (std::vector<double>{1, 2, 4}));
  EXPECT_EQ(table.labels.to_vector<i64>(), (std::vector<i64>{0, 1, 0}));
}

TEST(Spotify, LeavesOutRareGenres) {
  Songs songs("music_genre");
  songs.row("A", "Major", "1", "Rare").row("A", "Major", "?", "Rare");
  int tempo = 2;
  for (const char* genre : {"Rock", "Jazz", "Rock", "Jazz", "Jazz"})
    songs.row("A", "Major", std::to_string(tempo++), genre);
  EXPECT_EQ(songs.read("", 1).classes, (std::vector<std::string>{"Jazz", "Rare", "Rock"}));
  SongTable table = songs.read("", 2);
  EXPECT_EQ(table.classes, (std::vector<std::string>{"Jazz", "Rock"})) << "one of two can be used";
  EXPECT_EQ(table.labels.to_vector<i64>(), (std::vector<i64>{1, 0, 1, 0, 0}));
  EXPECT_EQ(table.dropped, 1) << "a rare genre's rows are left out, not incomplete";
  EXPECT_EQ(table.notes.back(), "genres with fewer than 2 songs are left out: Rare (1)");
  EXPECT_TRUE(contains(error_of([&] { songs.read("", 4); }),
                       "songs.csv: 0 genres have at least 4 songs; needs two"));
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
  std::string error = error_of([] { Songs("style").row("A", "Major", "1", "a").read(); });
  EXPECT_TRUE(contains(error, "songs.csv: no column of genres, which is one of music_genre,") &&
              contains(error, "there are danceability, energy, key, ") &&
              contains(error, "tempo, style"))
      << error;
  EXPECT_TRUE(contains(error_of([] { Songs("genre").read(); }),
                       "songs.csv: there are no rows below the heading"));
  EXPECT_TRUE(
      contains(error_of([] {
                 Songs("genre").row("A", "Major", "?", "a").row("A", "Major", "?", "b").read();
               }),
               "no row is complete: rows that cannot be used: 2 without tempo"));
}

/// A file of which the test writes every column.
struct AnyTable {
  TemporaryFolder folder;
  SongTable read(const std::string& text, SongColumns columns = {}) const {
    columns.fewest = 1;
    std::ofstream(folder / "any.csv") << text;
    return read_spotify(folder / "any.csv", columns);
  }
};

TEST(Spotify, TheInputsThatAreThere) {
  AnyTable any;
  SongTable table = any.read("tempo,energy,genre\n120,.5,a\n90,.25,b\n");
  EXPECT_EQ(table.features, (std::vector<std::string>{"energy", "tempo"}));
  EXPECT_EQ(table.x.to_vector<float>(), (std::vector<float>{.5, 120, .25, 90}));
  EXPECT_EQ(table.names, (std::vector<std::string>{"a/row 2", "b/row 3"}));
  EXPECT_EQ(table.first_key, "");
  EXPECT_EQ(table.notes.front(),
            "there are no columns danceability, key, loudness, mode, speechiness, acousticness, "
            "instrumentalness, liveness, valence: the other inputs are used");
  EXPECT_TRUE(contains(error_of([&] { any.read("tempo,genre\n120,a\n90,b\n"); }),
                       "any.csv: 1 of the inputs danceability, "));
  EXPECT_TRUE(contains(error_of([&] { any.read("tempo,genre\n120,a\n90,b\n"); }),
                       "two are needed: the columns are tempo, genre"));
  EXPECT_TRUE(contains(error_of([&] { any.read(""); }), "any.csv: the file is empty"));
}

TEST(Spotify, InputsByName) {
  AnyTable any;
  const char* text = "bpm,width,tone,genre\n120,-3,4,a\n90,2,11,b\n100,1,2,b\n";
  SongTable table = any.read(
      text, {.inputs = {"width", "key", "tempo"}, .names = {{"tempo", "bpm"}, {"key", "tone"}}});
  EXPECT_EQ(table.features, (std::vector<std::string>{"width", "tempo", "key=4", "key=11"}));
  EXPECT_EQ(table.first_key, "2") << "keys that are numbers go by size";
  EXPECT_EQ(table.x.to_vector<float>(),
            (std::vector<float>{-3, 120, 1, 0, 2, 90, 0, 1, 1, 100, 0, 0}));
  EXPECT_TRUE(contains(error_of([&] {
                         any.read(text, {.inputs = {"width", "height"}});
                       }),
                       "any.csv: no column 'height': bpm, width, tone, genre"));
  EXPECT_TRUE(contains(error_of([&] {
                         any.read(text, {.names = {{"energy", "nrg"}}});
                       }),
                       "no column 'nrg'"));
}

TEST(Spotify, RepeatedAndSeveralGenres) {
  AnyTable any;
  SongTable table = any.read(
      "track_id,energy,tempo,genre\n"
      "x,1,1,a\n"
      "y,1,1,a\n"  // the numbers of x
      "x,1,1,b\n"  // x in another genre
      "x,9,9,a\n"  // x once more in its genre: left out
      "z,2,2,b\n"
      "y,3,3,b\n"    // another genre and other numbers, but the same track
      "u,3,3,a\n");  // the numbers of that
  EXPECT_EQ(table.dropped, 1);
  EXPECT_EQ(table.names, (std::vector<std::string>{"a/x", "a/y", "b/x", "b/z", "b/y", "a/u"}));
  EXPECT_EQ(table.groups, (std::vector<std::string>{"a/x", "a/x", "a/x", "b/z", "a/x", "a/x"}));
  EXPECT_EQ(table.notes[1], "1 row with the id and the genre of an earlier one left out");
  EXPECT_EQ(table.notes[2],
            "2 tracks in several genres, of which nobody knows the right one: one song in each");
  EXPECT_EQ(table.notes[3],
            "the 6 songs are 2 recordings, if rows with the same id or the same numbers are one");
  // Without ids, rows with the same fields are one.
  table = any.read("energy,tempo,title,genre\n1,1,t,a\n1,1,t,a\n1,1,u,a\n2,2,t,b\n");
  EXPECT_EQ(table.dropped, 1);
  EXPECT_EQ(table.groups, (std::vector<std::string>{"a/row 2", "a/row 2", "b/row 5"}));
  // Whatever else is not to be torn apart can be named.
  table = any.read("energy,tempo,artist,genre\n1,1,t,a\n2,2,t,b\n3,3,u,a\n4,4,,a\n5,5,,a\n",
                   {.group = "artist"});
  EXPECT_EQ(table.groups,
            (std::vector<std::string>{"a/row 2", "a/row 2", "a/row 4", "a/row 5", "a/row 6"}));
  EXPECT_EQ(
      table.notes.back(),
      "the 5 songs are 4 groups, if rows with the same id, the same numbers or the same artist "
      "are one");
}

TEST(Spotify, GenresByName) {
  AnyTable any;
  const char* text = "energy,tempo,genre\n1,1,a\n2,2,b\n3,3,c\n";
  SongTable table = any.read(text, {.genres = {"c", "a"}});
  EXPECT_EQ(table.classes, (std::vector<std::string>{"c", "a"}));
  EXPECT_EQ(table.labels.to_vector<i64>(), (std::vector<i64>{1, 0}));
  EXPECT_TRUE(contains(error_of([&] {
                         any.read(text, {.genres = {"a", "polka"}});
                       }),
                       "any.csv: there is no genre 'polka': there are a, b, c"));
}

}  // namespace
}  // namespace melgrad
