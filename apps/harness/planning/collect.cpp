#include "apps/harness/planning/collect.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "apps/harness/data/copies.h"
#include "apps/harness/planning/notes.h"
#include "apps/harness/planning/splitting.h"
#include "audio/collections/gtzan.h"
#include "audio/collections/walk.h"
#include "audio/files/decode.h"
#include "audio/synth/synth.h"
#include "tensor/files/image.h"
#include "tensor/files/utf8.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

// Music of another seed or number of clips is another collection.
fs::path music_folder(const Options& options, const fs::path& out) {
  return out / "music" / format("{}_clips_seed_{}", options.clips, options.seed);
}

Collection synthesised(const Study& study, const Options& options, double wanted,
                       const fs::path& out) {
  double seconds = std::isfinite(wanted) ? wanted : 30;  // as long as GTZAN's clips

  fs::path music = music_folder(options, out);
  const std::vector<std::string>& known = synthetic_genres();
  std::vector<std::string> genres =
      options.classes.empty() ? genres_made_up(study) : options.classes;
  for (const std::string& genre : genres)
    check(std::find(known.begin(), known.end(), genre) != known.end(), "classes",
          "no music can be synthesised for '{}': give a collection with --data", genre);
  Progress progress("music", options.clips * static_cast<i64>(known.size()));
  progress.line(format("synthesising {} clips of {} s", options.clips * known.size(), seconds));
  write_collection(music, options.clips, seconds, options.seed, [&](i64 done, i64 total) {
    if (interrupted()) throw Interrupted("stopped while music was synthesised");
    progress.show(done, format("{} of {}", done, total));
  });
  return scan_folder(music, genres);
}

std::string name_of_folder(const std::string& folder) {
  std::string name = fs::path(folder).lexically_normal().filename().string();
  return name.empty() ? folder : name;
}

/// A clip's part, by which it is the same in all inputs' collections.
std::pair<std::string, double> part_of(const Example& example) {
  return {example.path.string(), example.offset};
}

// One input may fail on a clip that another can be made of.
void keep_common(StudyData& data) {
  std::map<std::pair<std::string, double>, std::size_t> inputs_with;
  for (const auto& [name, examples] : data.examples)
    for (const Example& example : examples.collection().examples) ++inputs_with[part_of(example)];
  for (auto& [name, examples] : data.examples) {
    std::vector<i64> common;
    for (i64 i = 0; i < examples.size(); ++i) {
      const Example& example = examples.collection().examples[static_cast<std::size_t>(i)];
      if (inputs_with.at(part_of(example)) == data.examples.size()) common.push_back(i);
    }
    if (static_cast<i64>(common.size()) < examples.size()) examples = examples.keep(common);
  }
}

void make_rows(StudyData& data, const Collection& clips, const std::vector<const Input*>& inputs,
               const fs::path& out) {
  FeatureCache cache(out / "features");
  for (const Input* input : inputs)
    data.examples.emplace(input->name, load_examples(clips, *input, cache));
  if (interrupted()) throw Interrupted("stopped before the training");
  keep_common(data);
  data.of_sounds = std::any_of(clips.examples.begin(), clips.examples.end(),
                               [](const Example& e) { return !is_image_file(e.path); });
}

// The shortest part that an input looks at; infinity if all look at whole clips.
double seconds_of(const std::vector<const Input*>& inputs) {
  double seconds = std::numeric_limits<double>::infinity();
  for (const Input* input : inputs) seconds = std::min(seconds, input->seconds());
  return seconds;
}

void add(Notes& notes, const Notes& more) { notes.insert(notes.end(), more.begin(), more.end()); }

void drop_copies(StudyData& data) {
  for (auto& [name, examples] : data.examples) examples = without_copies(examples);
}

void trim(StudyData& data, u64 seed) {
  std::vector<i64> kept = trimmed(data.collection(), seed);
  if (kept.size() == data.collection().examples.size()) return;
  for (auto& [name, examples] : data.examples) examples = examples.keep(kept);
}

bool trims(const Study& study, const Options& options) {
  return study.trims && options.split.empty() && !options.keep_all;
}

StudyData collect_table(const Study& study, const Options& options, const fs::path& out) {
  check(!options.drop_duplicates && options.segments == 1 && options.pretrain.empty(), "data",
        "--drop-duplicates, --segments and --pretrain are of files; the songs are of a table");
  SongTable table = study.table(options, out);
  StudyData data;
  data.examples.emplace(study.inputs.front().name, Examples(table));
  data.source = options.data.empty() ? "synthesised music" : name_of_folder(options.data);
  add(data.notes, notes_of_songs(data.collection()));
  add(data.notes, table.notes);
  check_splits(study, options, data.collection());
  Collection before = data.collection();
  if (trims(study, options)) trim(data, options.seed);
  add(data.notes, notes_of_sizes(before, data.collection(), options));
  return data;
}

// Parts of which the sound ends before they have so many seconds.
void leave_out_short(Collection& clips, double least) {
  std::map<fs::path, double> seconds;
  std::erase_if(clips.examples, [&](const Example& part) {
    if (!is_audio_file(part.path)) return false;
    auto [known, is_new] = seconds.emplace(part.path, 0);
    if (is_new) known->second = audio_info(part.path).seconds();
    constexpr double rounding = 1e-6;  // less than a sample
    return std::min(known->second - part.offset, part.duration) < least - rounding;
  });
}

// The clips that rows are made of.
Collection cut(const Study& study, const Options& options, const Collection& files,
               const std::vector<const Input*>& inputs) {
  if (!study.cut) return excerpts(files, options.segments, seconds_of(inputs));
  Collection clips = segmented(files, options.segments, study.cut->seconds);
  if (study.cut->least > 0) leave_out_short(clips, study.cut->least);
  return clips;
}

// Without what the study leaves out, which is named as skipped.
Collection those_that_take_part(const Study& study, Collection files) {
  const auto& [stems, reason] = study.left_out;
  Collection kept = without(files, stems);
  for (Example& example : files.examples)
    if (stems.contains(example.path.stem().string()))
      kept.skipped.push_back({std::move(example.path), reason});
  return kept;
}

// From files, and the clips that are parts of them, to rows; and all that is to be said of it.
void use_files(StudyData& data, const Study& study, const Collection& files,
               const Collection& clips, const Options& options,
               const std::vector<const Input*>& inputs, const fs::path& out) {
  make_rows(data, clips, inputs, out);
  if (options.drop_duplicates) drop_copies(data);
  for (auto& [name, examples] : data.examples) examples = with_copies_together(examples);
  add(data.notes, notes_of_classes(files, data.folder));
  add(data.notes, notes_of_skipped(data.skipped(), data.folder));
  if (data.of_sounds || study.cut)
    add(data.notes, notes_of_parts(study, options.segments, seconds_of(inputs)));
  if (study.cut) add(data.notes, notes_of_short_files(*study.cut, files, clips, options.segments));
  if (!options.drop_duplicates) add(data.notes, notes_of_copies(data.any(), data.folder));
}

// What may lie in --data and is not of it: --out, unless it is the data that lies there, and what
// earlier runs left.
std::vector<fs::path> folders_of_runs(const fs::path& data, const fs::path& out) {
  std::vector<fs::path> folders;
  if (!is_in(out, data)) folders.push_back(out);
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(data, error))
    if (fs::exists(entry.path() / "results.json") && fs::exists(entry.path() / "checkpoints"))
      folders.push_back(entry.path());
  return folders;
}

Collection scan(const fs::path& folder, const std::vector<std::string>& classes,
                const fs::path& out) {
  Collection collection = scan_folder(folder, classes, folders_of_runs(folder, out));
  for (const std::string& name : collection.classes)
    check(is_utf8(name), "data",
          "the class folder {} has a name that is not UTF-8, and weights files hold its name: "
          "rename it",
          folder / name);
  return collection;
}

Collection own_files(const Study& study, const Options& options, const fs::path& out) {
  if (study.files) return study.files(options.data, options.classes);
  return scan(options.data, options.classes, out);
}

}  // namespace

std::map<std::string, std::string> StudyData::fingerprints() const {
  std::map<std::string, std::string> all;
  for (const auto& [name, rows] : examples) all[name] = rows.fingerprint();
  return all;
}

std::vector<Skipped> StudyData::skipped() const {
  std::vector<Skipped> all;
  std::set<std::filesystem::path> known;
  for (const auto& [name, rows] : examples)
    for (const Skipped& file : rows.collection().skipped)
      if (known.insert(file.path).second) all.push_back(file);
  return all;
}

void check_out(const Options& options) {
  const fs::path data = options.data, out = options.out;
  if (options.data.empty() || !is_in(data, out)) return;  // or one of them is not there
  check(!fs::equivalent(data, out), "out", "{} is the folder of the data: give another --out", out);
  check(fs::exists(out / ".lock") || fs::is_empty(out), "out",
        "{} lies in the data and holds something that no run made: give another --out", out);
}

StudyData collect(const Study& study, const Options& options,
                  const std::vector<const Input*>& inputs, const fs::path& out) {
  if (study.table) return collect_table(study, options, out);
  StudyData data;
  bool own = !options.data.empty();
  double seconds =
      study.cut ? study.cut->seconds * static_cast<double>(options.segments) : seconds_of(inputs);
  Collection files =
      own ? own_files(study, options, out) : synthesised(study, options, seconds, out);
  data.source = own ? name_of_folder(options.data) : "synthesised music";
  data.folder = own ? fs::path(options.data) : music_folder(options, out);
  files = those_that_take_part(study, files);
  Collection clips = cut(study, options, files, inputs);
  check_splits(study, options, clips);
  use_files(data, study, files, clips, options, inputs, out);
  check_splits(study, options, data.collection());
  Collection before = data.collection();
  if (trims(study, options)) trim(data, options.seed);
  add(data.notes, notes_of_sizes(before, data.collection(), options));
  return data;
}

Collection foresee(const Study& study, const Options& options,
                   const std::vector<const Input*>& inputs) {
  Collection clips;
  if (!options.data.empty()) {
    Collection files = own_files(study, options, options.out);
    clips = cut(study, options, those_that_take_part(study, files), inputs);
  } else {
    clips.classes = options.classes.empty() ? genres_made_up(study) : options.classes;
    for (std::size_t label = 0; label < clips.classes.size(); ++label)
      for (i64 i = 0; i < options.clips; ++i) {
        std::string name = format("{}{}", clips.classes[label], i);
        clips.examples.push_back({name, static_cast<i64>(label), name});
      }
    if (study.cut) clips = segmented(clips, options.segments, study.cut->seconds);
  }
  check_splits(study, options, clips);
  if (!trims(study, options)) return clips;
  Collection kept = clips;
  kept.examples.clear();
  for (i64 i : trimmed(clips, options.seed))
    kept.examples.push_back(clips.examples[static_cast<std::size_t>(i)]);
  return kept;
}

StudyData collect_for_pretraining(const Study& study, const Options& options,
                                  const std::vector<const Input*>& inputs, const fs::path& out) {
  std::vector<Input> plain;
  plain.reserve(inputs.size());
  std::vector<const Input*> those;
  for (const Input* input : inputs) {
    plain.push_back(*input);
    plain.back().variants.clear();
    those.push_back(&plain.back());
  }
  StudyData data;
  Collection files;
  if (options.pretrain.empty()) {
    Options other = options;
    other.clips = study.pretraining_clips;
    other.seed += 1'000'000;  // no song is in both
    files = synthesised(study, other, seconds_of(inputs), out);
    data.source = "other synthesised music";
    data.folder = music_folder(other, out);
  } else {
    data.source = name_of_folder(options.pretrain);
    data.folder = options.pretrain;
    files = scan(options.pretrain, {}, out);
  }
  use_files(data, study, files, cut(study, options, files, those), options, those, out);
  return data;
}

}  // namespace melgrad
