#include "apps/harness/planning/collect.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "apps/harness/interrupt.h"
#include "apps/harness/progress.h"
#include "audio/synth/synth.h"
#include "tensor/files/image.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

Collection synthesised(const Study& study, const Options& options, double wanted,
                       const fs::path& out) {
  double seconds = std::isfinite(wanted) ? wanted : 30;  // as long as GTZAN's clips

  // Music of another seed or number of clips is another collection.
  fs::path music = out / "music" / format("{}_clips_seed_{}", options.clips, options.seed);
  const std::vector<std::string>& known = synthetic_genres();
  std::vector<std::string> genres = options.classes.empty() ? study.genres : options.classes;
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

void trim(StudyData& data, u64 seed) {
  std::vector<i64> kept = trimmed(data.collection(), seed);
  if (kept.size() == data.collection().examples.size()) return;
  for (auto& [name, examples] : data.examples) examples = examples.keep(kept);
}

// The shortest part that an input looks at; infinity if all look at whole clips.
double seconds_of(const std::vector<const Input*>& inputs) {
  double seconds = std::numeric_limits<double>::infinity();
  for (const Input* input : inputs) seconds = std::min(seconds, input->seconds());
  return seconds;
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

StudyData collect(const Study& study, const Options& options,
                  const std::vector<const Input*>& inputs, const fs::path& out) {
  StudyData data;
  bool of_table = std::holds_alternative<Columns>(inputs.front()->recipe);
  if (of_table) {
    check(!options.data.empty(), "data", "this study is of a table: give one with --data FILE.csv");
    data.examples.emplace(inputs.front()->name, Examples(read_spotify(options.data)));
    data.source = name_of_folder(options.data);
    return data;
  }
  double seconds = seconds_of(inputs);
  Collection clips = options.data.empty() ? synthesised(study, options, seconds, out)
                                          : scan_folder(options.data, options.classes);
  data.source = options.data.empty() ? "synthesised music" : name_of_folder(options.data);
  make_rows(data, excerpts(clips, options.segments, seconds), inputs, out);
  if (options.split.empty()) trim(data, options.seed);
  return data;
}

Collection foresee(const Study& study, const Options& options,
                   const std::vector<const Input*>& inputs) {
  if (std::holds_alternative<Columns>(inputs.front()->recipe))
    return collect(study, options, inputs, {}).collection();
  Collection clips;
  if (!options.data.empty()) {
    clips =
        excerpts(scan_folder(options.data, options.classes), options.segments, seconds_of(inputs));
  } else {
    clips.classes = options.classes.empty() ? study.genres : options.classes;
    for (std::size_t label = 0; label < clips.classes.size(); ++label)
      for (i64 i = 0; i < options.clips; ++i) {
        std::string name = format("{}{}", clips.classes[label], i);
        clips.examples.push_back({name, static_cast<i64>(label), name});
      }
  }
  if (!options.split.empty()) return clips;
  Collection kept = clips;
  kept.examples.clear();
  for (i64 i : trimmed(clips, options.seed))
    kept.examples.push_back(clips.examples[static_cast<std::size_t>(i)]);
  return kept;
}

std::vector<std::string> skipped_in_words(const StudyData& data) {
  std::vector<std::string> lines;
  for (const Skipped& file : data.skipped())
    lines.push_back(format("{}: {}", file.path, file.reason));
  return lines;
}

StudyData collect_folder(const fs::path& folder, const Options& options,
                         const std::vector<const Input*>& inputs, const fs::path& out) {
  StudyData data;
  data.source = name_of_folder(folder.string());
  Collection clips = scan_folder(folder);
  make_rows(data, excerpts(clips, options.segments, seconds_of(inputs)), inputs, out);
  return data;
}

}  // namespace melgrad
