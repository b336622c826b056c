#include "apps/fma_small/files.h"

#include <algorithm>
#include <filesystem>

#include "apps/harness/lists.h"
#include "apps/harness/planning/splitting.h"
#include "audio/collections/walk.h"
#include "kernels/error.h"
#include "tensor/random.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

// In their order; an example's label is its class's place.
Collection of_classes(const Collection& all, const std::vector<std::string>& classes) {
  Collection some = all;
  some.classes = classes;
  some.examples.clear();
  for (std::size_t label = 0; label < classes.size(); ++label) {
    auto known = std::find(all.classes.begin(), all.classes.end(), classes[label]);
    check(known != all.classes.end(), "classes", "the table has no genre '{}': there are {}",
          classes[label], joined(all.classes));
    for (Example example : all.examples) {
      if (example.label != known - all.classes.begin()) continue;
      example.label = static_cast<i64>(label);
      some.examples.push_back(std::move(example));
    }
  }
  return some;
}

std::vector<std::vector<i64>> by_class(const Collection& collection) {
  std::vector<std::vector<i64>> of_class(collection.classes.size());
  for (std::size_t i = 0; i < collection.examples.size(); ++i)
    of_class[static_cast<std::size_t>(collection.examples[i].label)].push_back(static_cast<i64>(i));
  return of_class;
}

Split split_by_count(const Collection& collection, u64 seed) {
  constexpr i64 published = 100;
  Split split;
  std::vector<std::vector<i64>> of_class = by_class(collection);
  for (std::size_t label = 0; label < of_class.size(); ++label) {
    auto count = static_cast<i64>(of_class[label].size());
    check(count >= 3, "split",
          "class '{}' has {} clips that are long enough; three parts need three",
          collection.classes[label], count);
    i64 part = std::clamp<i64>(count * 15 / 100, 1, published);
    std::vector<i64> order = Generator(seed).fork(label).permutation(count);
    for (i64 i = 0; i < count; ++i) {
      auto& list = i < part ? split.valid : i < 2 * part ? split.test : split.train;
      list.push_back(of_class[label][static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
    }
  }
  for (auto* part : {&split.train, &split.valid, &split.test})
    std::sort(part->begin(), part->end());
  return split;
}

bool has_albums(const std::string& data) {
  FilesBelow found = files_below(data);
  auto deep = [&](const fs::path& path) {
    fs::path name = path.lexically_relative(data);
    return std::distance(name.begin(), name.end()) > 2;
  };
  return std::any_of(found.sounds.begin(), found.sounds.end(), deep) ||
         std::any_of(found.pictures.begin(), found.pictures.end(), deep);
}

constexpr Fractions as_large = {.train = .8, .valid = .1, .test = .1};

}  // namespace

FindFiles FmaFiles::find() const {
  return [metadata = metadata_, subset = subset_, fma = fma_](
             const fs::path& folder, const std::vector<std::string>& classes) {
    *fma = read_fma(folder, metadata, subset);
    return classes.empty() ? fma->collection : of_classes(fma->collection, classes);
  };
}

std::string FmaFiles::title_of(const std::string& stem) const {
  auto found = fma_->tracks.find(stem);
  if (found == fma_->tracks.end()) return "";
  const FmaTrack& track = found->second;
  return track.artist.empty() ? track.title : track.artist + ": " + track.title;
}

SplitRule FmaFiles::official() const {
  return {"official", "the archive's own split",
          "The split that is published with the data: no artist is on two sides.", false,
          [fma = fma_](const Collection& collection, u64) {
            Split split = official_split(*fma, collection);
            check(!split.train.empty() && !split.valid.empty() && !split.test.empty(), "split",
                  "a part of the archive's own split has no clip here: {} to train, {} to "
                  "validate, {} to test",
                  split.train.size(), split.valid.size(), split.test.size());
            return std::vector{split};
          }};
}

SplitRule split_as_published(bool leaks, std::string note) {
  return {"published", "100 clips of each genre apart, at random", std::move(note), leaks,
          [](const Collection& collection, u64 seed) {
            return std::vector{split_by_count(collection, seed)};
          }};
}

std::vector<SplitRule> fma_rules(const FmaFlags& flags, const Options& options,
                                 const FmaFiles& files) {
  if (options.data.empty())
    return {split_as_published(false, "Every clip of synthesised music is a piece of its own.")};
  SplitRule published =
      split_as_published(true,
                         "As published, of each genre 100 clips at random are for validation and "
                         "100 for the test (15 % each of a genre with fewer than 667): artists are "
                         "on both sides, which flatters every net.");
  if (!flags.metadata.empty())
    return {published, files.official(),
            split_over_groups("artists", "split over artists",
                              "At random, and no artist is on two sides.", as_large)};
  if (options.segments > 1 || has_albums(options.data))
    return {published, split_over_groups("albums", "split over albums and files",
                                         "No album and no file is on two sides.", as_large)};
  return {published};
}

void check_files(const FmaFlags& flags, const std::string& data) {
  if (!flags.metadata.empty()) {
    check(!data.empty(), "metadata", "is of the folder that --data names");
    check(!flags.log_mel.are_given(), "metadata", "is of sounds, --log-mel of pictures");
  } else if (!data.empty()) {
    check(!fs::is_directory(fs::path(data) / "000"), "data",
          "{} looks like the Free Music Archive's: give its table with --metadata tracks.csv",
          data);
  }
  check_log_mel(flags.log_mel, data);
}

}  // namespace melgrad
