#include "apps/harness/describe.h"

#include <cmath>
#include <ctime>

#include "apps/harness/lists.h"
#include "apps/harness/planning/notes.h"
#include "apps/harness/report/numbers.h"
#include "kernels/backend.h"
#include "tensor/files/image.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

std::string today() {
  std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", std::localtime(&now));
  return text;
}

ClipInfo clip_of(const Example& example, const StudyData& data, const Options& options) {
  ClipInfo clip;
  clip.name = name_in(data.folder, example.path);
  clip.label = example.label;
  if (!data.of_sounds || is_image_file(example.path)) return clip;
  fs::path inside = fs::relative(example.path, options.out);
  bool below = !inside.empty() && *inside.begin() != "..";
  clip.sound = (below ? inside : fs::absolute(example.path)).string();
  clip.begin = example.offset;
  clip.end = example.offset + (std::isfinite(example.duration) ? example.duration : 0);
  return clip;
}

RuleUsed used(const RuleSplits& made) {
  return {made.rule.name, made.rule.title, made.rule.note, made.rule.leaks, made.splits};
}

RowResult empty_result(const Study& study, const Row& row, bool is_published) {
  RowResult result;
  result.name = row.name;
  result.title = row.title;
  result.layers = row.layers;
  result.input = find_input(study, row).name;
  if (is_published) result.published = row.published;
  result.not_run = "not run";
  return result;
}

std::string compute_in_words(const Options& options) {
  std::string text = options.bf16 ? "bf16, weights in f32" : "f32";
  return options.cuda_graph ? text + ", steps recorded as a CUDA graph" : text;
}

// Of the files, as they were collected, and of what became of them.
std::vector<std::string> notes_of_run(const StudyData& data, const std::vector<RuleSplits>& rules,
                                      const std::vector<std::string>& absent) {
  std::vector<std::string> notes = data.notes;
  if (!absent.empty())
    notes.push_back(format("{} of the lists cannot be used: {}",
                           counted(static_cast<i64>(absent.size()), "clip"), first_of(absent)));
  for (const std::string& note : notes_of_splits(data.any(), rules)) notes.push_back(note);
  return notes;
}

}  // namespace

Results describe(const Study& study, const Options& options, const StudyData& data,
                 const std::vector<RuleSplits>& rules, const std::vector<std::string>& absent) {
  const Collection& collection = data.collection();
  bool of_made_up = options.data.empty() && options.classes.empty() && !study.made_up.empty();
  bool is_published =
      of_made_up || !study.published_of.empty() || is_published_task(study, collection.classes);
  Results results;
  results.study = is_published ? study.title : "Genres: " + first_of(collection.classes, 8);
  const auto& recipe = study.inputs.front().recipe;
  const char* what =
      std::holds_alternative<Columns>(recipe) ? "songs"
      : std::holds_alternative<Spectrum>(recipe) || std::holds_alternative<MelImage>(recipe)
          ? "clips"
          : "pictures";
  if (std::holds_alternative<Columns>(recipe)) results.unit = "song";
  results.data_set = format("{} {} of {}: {}", collection.examples.size(), what, data.source,
                            in_words(collection.classes));
  results.device = to_string(Device::parse(options.device));
  results.compute = compute_in_words(options);
  results.threads = num_threads();
  results.seed = options.seed;
  results.command = options.command;
  results.date = today();
  results.classes = collection.classes;
  results.data_fingerprints = data.fingerprints();
  for (const Skipped& file : data.skipped())
    results.skipped.push_back(format("{}: {}", file.path, file.reason));
  for (const std::string& name : absent)
    results.skipped.push_back(name + ": named by the split, not in the collection");
  results.notes = notes_of_run(data, rules, absent);
  results.settings = settings_of(study, options, data.of_sounds);
  for (const Example& example : collection.examples)
    results.clips.push_back(clip_of(example, data, options));
  for (const RuleSplits& made : rules) results.rules.push_back(used(made));
  for (const Row& row : study.rows) results.rows.push_back(empty_result(study, row, is_published));
  if (!study.published_of.empty())
    results.published_note = format(
        "The published figures are of {}. Here are other songs and genres: the two columns show "
        "different tasks, not a failed or bettered reproduction.",
        study.published_of);
  else if (of_made_up)
    results.published_note = format(
        "The published figures are of {} classes of recorded music, the measured ones of {} that "
        "the program made up: they stand side by side to show the page, not to be compared.",
        study.genres.size(), collection.classes.size());
  else if (is_published && !options.data.empty())
    results.published_note =
        "The published figures are of the authors' own clips. This is another collection: the two "
        "columns show different tasks, not a failed or bettered reproduction.";
  return results;
}

}  // namespace melgrad
