#include <CLI/CLI.hpp>

#include "apps/harness/planning/splitting.h"
#include "apps/harness/study.h"
#include "apps/spotify_tabular/made_up.h"
#include "apps/spotify_tabular/sections.h"

using namespace melgrad;

namespace {

/// Flags of this study alone.
struct Flags {
  SongColumns columns;
  std::vector<std::string> names;  // tempo=bpm
  std::optional<i64> fewest;
  bool standardise = false;
  i64 passes = 1000;
  double tolerance = 1e-4;
};

std::string is_renaming(const std::string& text) {
  std::size_t at = text.find('=');
  bool ok = at != std::string::npos && at > 0 && at + 1 < text.size();
  return ok ? "" : text + " is not INPUT=COLUMN";
}

void add_flags(CLI::App& app, Flags& flags) {
  auto option = [&](const char* name, auto& variable, const char* value, const char* text) {
    return app.add_option(name, variable, text)->option_text(value)->group("Table");
  };
  option("--genre-column", flags.columns.genre, "NAME",
         "by default the first of music_genre, track_genre,\nplaylist_genre and genre");
  option("--id-column", flags.columns.id, "NAME",
         "by which tracks are told apart; by default track_id or id,\nor nothing");
  option("--group-column", flags.columns.group, "NAME",
         "rows alike in it are not torn apart by the honest split:\nartists");
  option("--columns", flags.columns.inputs, "A,B,C",
         "the inputs; by default those of Spotify's that are there")
      ->delimiter(',')
      ->allow_extra_args(false);
  option("--rename", flags.names, "INPUT=COLUMN,..",
         "what the file calls an input otherwise: tempo=bpm")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(is_renaming);
  option("--fewest", flags.fewest, "N", "songs of a genre: smaller ones are left out (500)")
      ->check(CLI::Range(1, 1000000));
  app.add_flag("--standardise", flags.standardise,
               "every column by the training part's mean and deviation")
      ->group("Table");
  option("--passes", flags.passes, "N", "of SAGA and L-BFGS, at most (1000)")
      ->check(CLI::Range(1, 1000000));
  option("--tolerance", flags.tolerance, "T",
         "SAGA's largest change of a weight in a pass, relative to\n"
         "the largest weight; L-BFGS's largest gradient (1e-4)")
      ->check(CLI::NonNegativeNumber);
}

SongTable read_or_make_up(const Flags& flags, const Options& options,
                          const std::filesystem::path& out) {
  SongColumns columns = flags.columns;
  columns.genres = options.classes;
  for (const std::string& text : flags.names)
    columns.names[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  if (!options.data.empty()) {
    columns.fewest = flags.fewest.value_or(500);
    return read_spotify(options.data, columns);
  }
  columns.fewest = flags.fewest.value_or(1);
  if (columns.inputs.empty()) columns.inputs = measured_columns();
  std::filesystem::path csv =
      out / "songs" / format("{}_songs_seed_{}.csv", options.clips, options.seed);
  write_made_up_songs(csv, options.clips, options.seed);
  SongTable table = read_spotify(csv, columns);
  table.notes.insert(table.notes.begin(),
                     format("the table is made up: the program measured music that it "
                            "synthesised, and wrote {}",
                            csv));
  return table;
}

// "Random" as published: songs that stand twice are on both sides, and the score is looked at while
// the net trains.
SplitRule published() {
  SplitRule rule;
  rule.name = "published";
  rule.title = "75 % train, 25 % test";
  rule.note =
      "As published, the validation part is the test part: whoever picks an epoch by it picks by "
      "the score. Rows of one track, or with the same numbers, may be on both sides.";
  rule.leaks = true;
  rule.splits = [](const Collection& songs, u64 seed) {
    Split split =
        stratified_split(songs, {.train = .75, .valid = 0, .test = .25}, seed, Leak::allow);
    split.valid = split.test;
    return std::vector{split};
  };
  return rule;
}

}  // namespace

// "Music Genre Classification Using Convolutional Neural Networks" (2023), the part on Spotify's
// features; README.md has the whole table.
int main(int argc, char** argv) {
  Flags flags;
  auto make = [&](const Options& options) {
    Study study;
    study.title = "Genres by Spotify's features";
    study.genres = {"classical", "jazz", "metal", "techno"};  // that can be made up
    study.published_of = "8 576 songs of 8 genres, of which the largest has 29.3 %";
    study.inputs = {{.name = "songs", .recipe = Columns{measured_columns()}}};
    study.trims = false;
    auto table = std::make_shared<SongTable>();
    study.table = [=](const Options& given, const std::filesystem::path& out) {
      return *table = read_or_make_up(flags, given, out);
    };
    study.rules = {published(), split_over_groups("honest", "recordings whole, 70/15/15 %",
                                                  "Rows of one track, or with the same numbers, "
                                                  "are on one side, and nothing is chosen by the "
                                                  "test part.")};
    study.training = Recipe{.optimizer = RMSpropSettings{.lr = 1e-3, .alpha = .9, .eps = 1e-7},
                            .batch = 64,
                            .stages = {{.epochs = 100}},
                            .tested = Tested::last};
    SolverSettings saga{.iterations = flags.passes, .tolerance = flags.tolerance}, lbfgs = saga;
    lbfgs.by = SolverSettings::By::lbfgs;
    View view{.normalise = flags.standardise ? NormaliseBy::training_bands : NormaliseBy::nothing};
    // clang-format off
    study.rows = {
      // name    title                            layers                          published
      {"saga",  "logistic regression, SAGA",   "inputs → genres",                {{"accuracy", .479}}, {.net = "spotify_logistic", .view = view, .training = saga}},
      {"lbfgs", "logistic regression, L-BFGS", "inputs → genres",                {{"accuracy", .532}}, {.net = "spotify_logistic", .view = view, .training = lbfgs}},
      {"dense", "dense net",                   "inputs → 30 → 30 → genres, ReLU", {{"accuracy", .508}}, {.net = "spotify_dense", .view = view}},
    };
    study.sources = {
      // setting                mark   note
      {About::genres,          "src", "which eight is not known here"},
      {About::input,           "src", "eleven features, a column for each key but the first"},
      {About::normalisation,   "src", ""},
      {About::split,           "src", "that of 75 and 25 %; that the parts are stratified is inferred"},
      {About::class_sizes,     "src", "genres with fewer than 500 songs were dropped"},
      {About::layers,          "src", ""},
      {About::optimiser,       "src", "SAGA and RMSprop; L-BFGS is of a later revision, and its settings are inferred"},
      {About::learning_rate,   "src", ""},
      {About::batch,           "src", ""},
      {About::loss,            "inf", "usual for classes"},
      {About::early_stopping,  "src", ""},
      {About::tested_weights,  "src", ""},
      {About::epochs,          "src", ""},
    };
    // clang-format on
    study.sections = sections_of_table(table, options.out, flags.standardise);
    return study;
  };
  return run(
      make, [&](CLI::App& app) { add_flags(app, flags); }, argc, argv);
}
