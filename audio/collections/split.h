#pragma once
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "audio/collections/dataset.h"

namespace melgrad {

/// Indices into Collection::examples.
struct Split {
  std::vector<i64> train, valid, test;
};
struct Fractions {
  double train = .7, valid = .15, test = .15;
};

/// Whether parts of one song may lie in training and test: a score on such a split is 5 to 20 points
/// too good, and some published ones are. See segmented().
enum class Leak : u8 { refuse, allow };

/// Every class is divided by the fractions, at random. Throws Error if the fractions do not add up
/// to 1, if a class (the smallest is named) has too few examples to be in every part, or on a
/// segmented collection.
Split stratified_split(const Collection& collection, const Fractions& fractions, u64 seed,
                       Leak leak = Leak::refuse);
/// The whole collection is divided by the fractions, at random, whatever the classes.
Split random_split(const Collection& collection, const Fractions& fractions, u64 seed,
                   Leak leak = Leak::refuse);
/// As stratified_split, but all examples of a group (song, album, artist) fall in one part. Throws
/// Error if a class has fewer groups than there are parts.
Split grouped_split(const Collection& collection, const Fractions& fractions, u64 seed);

/// k splits; the k test parts are disjoint, stratified, and cover everything; valid is empty.
std::vector<Split> k_fold(const Collection& collection, i64 k, u64 seed, Leak leak = Leak::refuse);
/// As k_fold, but no group crosses two folds. Throws Error if there are fewer groups than folds.
std::vector<Split> grouped_k_fold(const Collection& collection, i64 k, u64 seed);

/// Lists of clips, one a line: class/song.wav, or class/album/song.wav where two albums have the song,
/// in a longer path or a shorter one (song.wav) if that is of one clip only. The extension stands
/// for whatever the clip is stored as, and may lack. Lines end as on any system; what begins with #
/// is a comment unless it names a clip. All parts of a clip (segmented()) fall where its line says.
///
/// Lines of classes that the collection does not have are passed over. So are names that were
/// skipped as unreadable, and up to one name in a hundred that the collection lacks (published lists
/// name clips that are known to be corrupt): `absent`, if not null, gets them all.
///
/// Throws Error, with the list and the line, on what is not UTF-8 text, on a line that may be two
/// clips and a clip that is named twice; with the first names if more are lacking; if a part is
/// empty, or the training has no clip of a class.
Split split_from_files(const Collection& collection, const std::filesystem::path& train,
                       const std::filesystem::path& valid, const std::filesystem::path& test,
                       std::vector<std::string>* absent = nullptr);

}  // namespace melgrad
