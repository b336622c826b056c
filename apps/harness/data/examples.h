#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/trained/input.h"
#include "audio/collections/cache.h"
#include "audio/collections/dataset.h"
#include "audio/collections/spotify.h"

namespace melgrad {

/// The stored rows of one Input over one collection, made once and shared by all fits. They stay on
/// the disk, in the feature cache: a collection larger than memory trains.
class Examples {
 public:
  Examples() = default;
  /// Rows that are in memory already: (examples · variants, H, W, C) or (…, D) of the input's
  /// `stored` dtype; example i's variants are neighbours. Throws Error on any other shape.
  Examples(Collection collection, Input input, const Tensor& rows);
  /// A table of songs.
  explicit Examples(const SongTable& table);

  const Collection& collection() const { return collection_; }
  const Input& input() const { return input_; }
  i64 size() const { return static_cast<i64>(collection_.examples.size()); }
  i64 variants() const { return 1 + static_cast<i64>(input_.variants.size()); }
  std::vector<i64> labels(const std::vector<i64>& indices) const;

  /// Rows `indices`, of each the variant in `variant` (none: 0): (N, H, W, C) in memory, logical
  /// (N, C, H, W), or (N, D); in the dtype they are stored in. For several threads at once.
  Tensor gather(const std::vector<i64>& indices, const std::vector<i64>& variant = {}) const;
  /// All rows into `device`'s memory: gather() is a kernel there from now on.
  void to(Device device);
  Device device() const;

  /// Differs where a clip, its part, its class or the input does: of contents, not of names.
  const std::string& fingerprint() const { return fingerprint_; }
  /// Of each example a hash of its file's bytes, or of its rows where they are in memory.
  const std::vector<std::string>& contents() const { return contents_; }
  /// With other groups, one an example.
  Examples with_groups(const std::vector<std::string>& groups) const;
  /// These examples alone (indices, ascending). `left_out` joins what was skipped.
  Examples keep(const std::vector<i64>& indices, const std::vector<Skipped>& left_out = {}) const;

 private:
  friend Examples load_examples(const Collection&, const Input&, FeatureCache&);
  void take_fingerprint();

  Collection collection_;
  Input input_;
  std::vector<std::string> contents_;
  std::string fingerprint_;
  FeatureRows stored_;       // or
  Tensor rows_;              // in memory
  std::vector<i64> row_of_;  // (examples · variants): in either
};

/// Makes what the cache does not have, in parallel, with progress and an estimate on stderr. What
/// cannot be read is moved to collection().skipped with the reason. Throws Error if a class loses
/// all its examples; Interrupted on Ctrl-C: what is made so far stays in the cache.
Examples load_examples(const Collection& collection, const Input& input, FeatureCache& cache);

/// Up to `count` parts of `seconds` of every audio file, the middles of as many equal parts of it; a
/// file that is too short gives one. Pictures stay whole. Says that the collection is segmented.
Collection excerpts(const Collection& collection, i64 count, double seconds);

/// Which examples stay when every class is cut to the size of the smallest: files at random, one of
/// each group before a second of any, so that of a class's albums as many stay as can; the parts of a
/// file together. Ascending; all of them where the classes are equal.
std::vector<i64> trimmed(const Collection& collection, u64 seed);

/// Example `index` as a small JPEG file for people; empty where it is of a table.
std::string jpeg_of(const Examples& examples, i64 index);

}  // namespace melgrad
