#include "apps/harness/splitting.h"

#include <set>

#include "audio/collections/dataset.h"
#include "tensor/files/image.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

// The files' lists name clips, of which each may have given several pictures.
Split split_of_pictures(const Collection& pictures, const std::vector<std::string>& files,
                        std::vector<std::string>& absent) {
  Collection clips{pictures.classes, {}, pictures.skipped};
  std::vector<std::vector<i64>> pictures_of;
  for (std::size_t i = 0; i < pictures.examples.size(); ++i) {
    const Example& example = pictures.examples[i];  // sorted: a file's pictures are neighbours
    if (clips.examples.empty() || clips.examples.back().path != example.path) {
      clips.examples.push_back(example);
      pictures_of.emplace_back();
    }
    pictures_of.back().push_back(static_cast<i64>(i));
  }
  Split of_clips = split_from_files(clips, files[0], files[1], files[2], &absent), split;
  auto expand = [&](const std::vector<i64>& from, std::vector<i64>& to) {
    for (i64 clip : from)
      for (i64 picture : pictures_of[static_cast<std::size_t>(clip)]) to.push_back(picture);
  };
  expand(of_clips.train, split.train);
  expand(of_clips.valid, split.valid);
  expand(of_clips.test, split.test);
  return split;
}

bool files_give_several(const Collection& pictures) {
  std::set<fs::path> files;
  for (const Example& example : pictures.examples) files.insert(example.path);
  return files.size() < pictures.examples.size();
}

TestClip test_clip(const Study& study, const Options& options, const StudyData& data, i64 index) {
  const Example& example = data.collection.examples[static_cast<std::size_t>(index)];
  TestClip clip;
  clip.name = (example.path.parent_path().filename() / example.path.filename()).string();
  clip.label = example.label;
  clip.index = index;
  if (!is_image_file(example.path)) {
    fs::path inside = fs::relative(example.path, options.out);
    bool below = !inside.empty() && *inside.begin() != "..";
    clip.sound = (below ? inside : fs::absolute(example.path)).string();
    clip.begin = data.offsets[static_cast<std::size_t>(index)];
    clip.end = clip.begin + study.features.seconds;
  }
  return clip;
}

}  // namespace

std::vector<Splitting> splittings(const Study& study, const Options& options, const StudyData& data,
                                  std::vector<std::string>& absent) {
  std::vector<Splitting> all;
  auto add = [&](const char* name, const char* title, const std::string& note, Split split) {
    Protocol protocol;
    protocol.name = name;
    protocol.title = title;
    protocol.note = note;
    protocol.train = static_cast<i64>(split.train.size());
    protocol.valid = static_cast<i64>(split.valid.size());
    for (i64 i : split.test) protocol.test.push_back(test_clip(study, options, data, i));
    all.push_back({std::move(protocol), std::move(split)});
  };
  const Collection& pictures = data.collection;
  if (const auto& files = options.split; !files.empty()) {
    add("files", "split from files",
        format("The split comes from {}, {} and {}.", files[0], files[1], files[2]),
        split_of_pictures(pictures, files, absent));
  } else if (files_give_several(pictures)) {
    if (options.protocol != "honest")
      add("published", "split over excerpts",
          "Several excerpts come from one file, and the split is over excerpts: pieces of one "
          "recording are on both sides, which flatters every net. " +
              study.protocol_note,
          stratified_split(pictures, {}, options.seed));
    if (options.protocol != "published")
      add("honest", "split over recordings",
          "All excerpts of a file fall in one part: no recording is on both sides.",
          grouped_split(pictures, {}, options.seed));
  } else {
    add("stratified", "stratified split",
        "Each file gives one picture, so no file is on both sides of the split" +
            (options.data.empty()
                 ? "; every clip of synthesised music is a piece of its own."
                 : ". Whether two files hold the same recording or artist the program cannot know: "
                   "such pairs flatter every net. " +
                       study.protocol_note),
        stratified_split(pictures, {}, options.seed));
  }
  return all;
}

}  // namespace melgrad
