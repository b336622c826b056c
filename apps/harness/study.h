#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/harness/command_line.h"
#include "apps/harness/data/view.h"
#include "apps/harness/report/report.h"
#include "apps/harness/results/results.h"
#include "apps/harness/settings.h"
#include "apps/harness/training/recipe.h"
#include "apps/trained/input.h"
#include "audio/collections/split.h"
#include "audio/collections/spotify.h"

namespace melgrad {

/// How a row differs from "the net of its name, from scratch, as the study trains".
struct Variant {
  std::string net = {};                   // name in the registry of nets; empty: the row's own
  std::string input = {};                 // name of one of the study's inputs; empty: the first
  View view = {};                         // from the stored rows to what the net sees
  std::optional<Training> training = {};  // none: the study's
  bool pretrained = false;                // starts from --weights, or from a fit on --pretrain
  bool on_request = false;                // run only if --nets names it or says all
  /// --weights NAME=FILE may name it: then it is tested with them on every split, and not trained.
  bool testable = false;
};

/// A line of the published table.
struct Row {
  std::string name, title, layers;
  Figures published;
  Variant variant = {};

  const std::string& net() const { return variant.net.empty() ? name : variant.net; }
};

/// What --augment may ask for in the place of what a row's view has.
struct NamedAugmentation {
  std::string name;
  Augmentation augmentation;
};

/// A way to split a collection: into one split, or a fold each.
struct SplitRule {
  std::string name, title, note;
  bool leaks = false;  // pieces of one recording, of one artist may fall on both sides
  std::function<std::vector<Split>(const Collection&, u64 seed)> splits;
};

/// A file's clips: `count` parts of so many seconds, one after the other from its beginning.
struct Cut {
  i64 count = 1;  // --segments changes it
  double seconds = 0;
  double least = 0;  // a part of which the file has fewer seconds than that is left out
};

/// Files that do not take part, by stem ("disco.00051"), and why.
struct LeftOut {
  std::set<std::string> stems = {};
  std::string reason = {};
};

/// Reads the table that --data names; without it makes one up, a file below `out`, and reads that.
using ReadTable = std::function<SongTable(const Options&, const std::filesystem::path& out)>;

/// Finds the files below the folder that --data names, of `classes` alone if there are any.
using FindFiles = std::function<Collection(const std::filesystem::path& folder,
                                           const std::vector<std::string>& classes)>;

/// An experiment: what goes in, how it is trained, what was published.
struct Study {
  std::string title;
  std::vector<std::string> genres;  // that were told apart; --classes and --data change them
  /// Of these music is made up where there is no --data; none: of all `genres`.
  std::vector<std::string> made_up = {};
  i64 clips = 150;  // of made-up music, a genre; --clips changes it
  std::vector<Input> inputs;
  FindFiles files = {};         // none: a folder a class
  std::optional<Cut> cut = {};  // none: as many excerpts as --segments says
  LeftOut left_out = {};
  bool trims = true;  // classes to the size of the smallest; else all stay, and weigh the same
  Training training = Recipe{};  // of rows that do not say otherwise
  /// By which pretrained rows learn --pretrain, whatever --epochs says; none: as `training`.
  std::optional<Recipe> pretraining = {};
  /// Where the music is made up and there is no --pretrain, pretrained rows without --weights learn so
  /// many clips a genre of other made-up music first; 0: they are not run.
  i64 pretraining_clips = 0;
  std::vector<Row> rows;
  std::vector<NamedAugmentation> augmentations = {};  // none: there is no --augment
  /// Empty: 70, 15 and 15 %, stratified; over excerpts ("published", leaks) and over recordings
  /// ("honest") where a file gives several.
  std::vector<SplitRule> rules = {};
  /// A study of a table of songs, not of files: its one input, "songs", has the columns of the table that
  /// would be made up, and gets those of the one that is read.
  ReadTable table = {};
  /// "8 576 songs of 8 genres": what the published figures are of, where the write-up does not name its
  /// genres. They are shown beside any, with that said.
  std::string published_of = {};
  std::string protocol_note = {};  // what is known of how the authors split their clips
  std::vector<Source> sources = {};
  std::vector<Section> sections = {};  // of the report, beside those that all have
};

/// The input that a row sees. Throws Error if it names none of the study's.
const Input& find_input(const Study& study, const Row& row);

/// Whether these are the study's own genres, in any order: then its published figures are of the same
/// task, if of other music.
bool is_published_task(const Study& study, const std::vector<std::string>& classes);
/// The genres of a run without --data and --classes.
const std::vector<std::string>& genres_made_up(const Study& study);

/// Whether there is a collection to pretrain on: --pretrain's, or one that is made up.
bool can_pretrain(const Study& study, const Options& options);

/// The whole program: parses the command line, gets the data, trains what the plan says, writes
/// results.json and report.html. Returns the exit code: 0, 1 after an error, 130 after Ctrl-C.
int run(const Study& study, int argc, char** argv);

/// A study with flags of its own, which `add_flags` adds. `make` is asked for it twice: with everything
/// as it is by default, for --help, and when the command line is known.
using MakeStudy = std::function<Study(const Options&)>;
int run(const MakeStudy& make, const std::function<void(CLI::App&)>& add_flags, int argc,
        char** argv);

/// A run of a study with other clips than the run before it: in the folder `name` below --out, with a
/// report of its own.
struct Chapter {
  std::string name, title;  // "2s", "segments of 2 s"
  MakeStudy make;
};
/// What the command line asks for; none: it is one run, of `make`.
using MakeChapters = std::function<std::vector<Chapter>(const Options&)>;
/// The same, with a summary of all chapters in --out (chapters.h).
int run(const MakeStudy& make, const std::function<void(CLI::App&)>& add_flags,
        const MakeChapters& chapters, int argc, char** argv);

}  // namespace melgrad
