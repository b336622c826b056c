#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <set>

#include "apps/harness/chapters.h"
#include "apps/harness/command_line.h"
#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "apps/harness/console/tool.h"
#include "apps/harness/describe.h"
#include "apps/harness/fitting.h"
#include "apps/harness/planning/collect.h"
#include "apps/harness/planning/estimate.h"
#include "apps/harness/planning/plan.h"
#include "apps/harness/planning/sweep.h"
#include "apps/harness/session.h"
#include "apps/harness/weights/starting_weights.h"
#include "kernels/backend.h"
#include "kernels/tf32.h"
#include "kernels/winograd.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

Device device_of(const Options& options) {
  set_num_threads(options.threads > 0 ? options.threads : num_threads());
  Device device = Device::parse(options.device);
  backend(device);  // an error now, not after the data
  set_tf32(options.tf32);
  set_winograd(options.winograd && device.is_cpu());
  check(!options.cuda_graph || !device.is_cpu(), "cuda-graph",
        "a GPU repeats recorded steps, the CPU cannot: add --device cuda");
  return device;
}

// What the rows see, each once.
std::vector<const Input*> inputs_of(const Study& study, const std::vector<const Row*>& rows) {
  std::vector<const Input*> inputs;
  std::set<std::string> names;
  for (const Row* row : rows)
    if (const Input& input = find_input(study, *row); names.insert(input.name).second)
      inputs.push_back(&input);
  return inputs;
}

std::vector<const Row*> rows_of(const std::vector<PlannedFit>& fits) {
  std::vector<const Row*> rows;
  for (const PlannedFit& fit : fits)
    if (std::find(rows.begin(), rows.end(), fit.row) == rows.end()) rows.push_back(fit.row);
  return rows;
}

// The picture is what the first input shows that shows pictures.
ClipSource clips_of(const Study& study, const std::vector<const Input*>& inputs,
                    const StudyData& data) {
  std::function<std::string(i64)> picture = [&](i64 clip) {
    std::string bytes;
    for (const Input* input : inputs)
      if (bytes.empty()) bytes = jpeg_of(data.examples.at(input->name), clip);
    return bytes;
  };
  auto row = [&](const std::string& input, i64 clip) {
    Tensor stored = data.examples.at(input).gather({clip}).to(Device::cpu()).select(0, 0);
    return stored.dtype() == Dtype::u8 ? stored.to(Dtype::f32) / 255. : stored;
  };
  if (study.table) picture = nullptr;
  return {picture, row};
}

// The columns of a table are known once it is read.
StudyData collected(Study& study, const Options& options, const std::vector<const Input*>& inputs,
                    const fs::path& out) {
  StudyData data = collect(study, options, inputs, out);
  if (study.table) study.inputs.front() = data.any().input();
  return data;
}

void print_plan(Study& study, const Options& options, Device device,
                const StartingWeights& starting, const TestedWeights& tested,
                std::vector<const Row*> rows) {
  std::erase_if(rows, [&](const Row* row) {
    std::string missing = starting.missing(*row);
    if (!missing.empty()) say(row->title + ": " + missing);
    return !missing.empty();
  });
  std::vector<const Input*> inputs = inputs_of(study, rows);
  bool is_read = study.table && !options.data.empty();
  Collection clips = is_read ? collected(study, options, inputs, options.out).collection()
                             : foresee(study, options, inputs);
  std::vector<std::string> absent;
  std::vector<RuleSplits> rules = rule_splits(study, options, clips, absent);
  std::string text = plan_in_words(study, options, device, clips.classes, rules,
                                   plan(rows, rules, options, &tested));
  std::fputs(text.c_str(), stdout);
}

void run(Study study, const Options& options) {
  Device device = device_of(options);
  std::vector<const Row*> rows = chosen_rows(study, options.nets);
  StartingWeights starting(study, rows, options);
  TestedWeights tested(study, rows, options);
  for (const Row* row : rows) check_copies(row->variant.view);
  check_out(options);
  check_degradable(options, inputs_of(study, rows));
  if (options.plan) return print_plan(study, options, device, starting, tested, rows);

  Session session(options.out, options.resume);
  std::vector<const Input*> inputs = inputs_of(study, rows);
  StudyData data = collected(study, options, inputs, session.folder());
  StudyData other;
  bool pretrains = std::any_of(rows.begin(), rows.end(),
                               [&](const Row* row) { return starting.wants_pretraining(*row); });
  if (pretrains) other = collect_for_pretraining(study, options, inputs, session.folder());
  std::vector<std::string> absent;
  std::vector<RuleSplits> rules = rule_splits(study, options, data.collection(), absent);
  std::vector<PlannedFit> fits = plan(rows, rules, options, &tested);
  tested.check_classes(data.collection().classes);
  std::vector<DegradedClips> through = degraded(options, data, inputs, rules, session.folder());

  if (!options.inputs_on_host && !device.is_cpu())
    for (StudyData* some : {&data, &other})
      for (auto& [name, examples] : some->examples) examples.to(device);
  Results results = describe(study, options, data, rules, absent);
  for (const auto& [input, fingerprint] : other.fingerprints())
    results.data_fingerprints["pretraining: " + input] = fingerprint;
  for (const std::string& note : other.notes) results.notes.push_back("pretraining: " + note);
  for (const std::string& note : results.notes) say(note);
  session.begin(results);
  ClipSource clips = clips_of(study, inputs, data);
  auto write = [&] { session.write(results, clips, study.sections); };
  write();
  Run all{study, options, device, session, starting, tested, through, write};
  if (pretrains) pretrain(all, rows_of(fits), other, results);
  run_fits(all, fits, data, rules, results);
  write();
  say("\nThe report: " + fs::absolute(session.folder() / "report.html").string());
}

}  // namespace

const Input& find_input(const Study& study, const Row& row) {
  check(!study.inputs.empty(), "study", "'{}' has no inputs", study.title);
  if (row.variant.input.empty()) return study.inputs.front();
  for (const Input& input : study.inputs)
    if (input.name == row.variant.input) return input;
  fail("study", "row {} sees '{}', which is none of the study's inputs", row.name,
       row.variant.input);
}

bool is_published_task(const Study& study, const std::vector<std::string>& classes) {
  return std::is_permutation(classes.begin(), classes.end(), study.genres.begin(),
                             study.genres.end());
}

const std::vector<std::string>& genres_made_up(const Study& study) {
  return study.made_up.empty() ? study.genres : study.made_up;
}

bool can_pretrain(const Study& study, const Options& options) {
  return !options.pretrain.empty() || (options.data.empty() && study.pretraining_clips > 0);
}

int run(const Study& study, int argc, char** argv) {
  return run([&](const Options&) { return study; }, [](CLI::App&) {}, argc, argv);
}

int run(const MakeStudy& make, const std::function<void(CLI::App&)>& add_flags, int argc,
        char** argv) {
  return run(
      make, add_flags, [](const Options&) { return std::vector<Chapter>(); }, argc, argv);
}

int run(const MakeStudy& make, const std::function<void(CLI::App&)>& add_flags,
        const MakeChapters& chapters, int argc, char** argv) {
  CLI::App app("", fs::path(argv[0]).filename().string());
  Options options;
  add_options(app, make(options), options);
  add_flags(app);
  options.command = command_of(argc, argv);
  auto run_one = [&](const MakeStudy& of, Options with) {
    Study study = of(with);
    if (study.cut && app.count("--segments") == 0) with.segments = study.cut->count;
    run(swept(study, with), with);
  };
  return run_tool(app, argc, argv, [&] {
    take_single_values(options);
    try {
      options.parsed = true;
      std::vector<Chapter> all = chapters(options);
      if (all.empty())
        run_one(make, options);
      else
        run_chapters(all, options, run_one);
    } catch (const Interrupted& stop) {
      throw Interrupted(format("{}. To go on: {}{}", stop.what(), options.command,
                               options.resume ? "" : " --resume"));
    }
    return 0;
  });
}

}  // namespace melgrad
