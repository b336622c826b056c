#pragma once
#include <string>
#include <vector>

#include "apps/harness/planning/collect.h"
#include "apps/harness/planning/splitting.h"

/// What happened to the data between the folder and the training, in sentences: for the console,
/// results.json and the report. Where there is nothing to say there is no sentence.
namespace melgrad {

using Notes = std::vector<std::string>;

/// "jazz/album/song.mp3": a file's name below the collection's folder.
std::string name_in(const std::filesystem::path& folder, const std::filesystem::path& file);

/// How many files each class has; how many lie deeper, as albums.
Notes notes_of_classes(const Collection& files, const std::filesystem::path& folder);
/// How many songs of a table each genre has, and how large a share the largest is.
Notes notes_of_songs(const Collection& songs);
/// A sentence for each reason, with the first names.
Notes notes_of_skipped(const std::vector<Skipped>& skipped, const std::filesystem::path& folder);
/// Of how much of each file rows are made: of excerpts so long, or as the study cuts it.
Notes notes_of_parts(const Study& study, i64 segments, double seconds);
/// Files that end before all their parts: how many parts were left out, of which files.
Notes notes_of_short_files(const Cut& cut, const Collection& files, const Collection& clips,
                           i64 segments);
/// Files that are byte for byte others, in one class and in two.
Notes notes_of_copies(const Examples& examples, const std::filesystem::path& folder);
/// How many clips of which classes were left out, or that the loss weighs classes instead.
Notes notes_of_sizes(const Collection& before, const Collection& kept, const Options& options);
/// Test clips whose bytes were learnt; classes that a part lacks; where most clips are of one class.
Notes notes_of_splits(const Examples& examples, const std::vector<RuleSplits>& rules);

}  // namespace melgrad
