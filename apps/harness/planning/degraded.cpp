#include "apps/harness/planning/degraded.h"

#include <algorithm>
#include <set>

#include "apps/harness/console/progress.h"
#include "apps/harness/report/numbers.h"
#include "audio/files/decode.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

std::set<i64> tested(const std::vector<RuleSplits>& rules) {
  std::set<i64> clips;
  for (const RuleSplits& rule : rules)
    for (const Split& split : rule.splits) clips.insert(split.test.begin(), split.test.end());
  return clips;
}

void check_sounds(const Collection& clips) {
  for (const Example& example : clips.examples)
    check(is_audio_file(example.path), "test",
          "--test-noise and --test-mp3 degrade sound, and {} has none", example.path);
}

}  // namespace

std::vector<Degradation> degradations_of(const Options& options) {
  std::vector<Degradation> all;
  for (double db : options.test_noise) {
    double snr = db == 0 ? 1e-9 : db;  // both bounds 0 are no noise
    all.push_back(
        {format("noise {} dB", decimal(db, 3)), {.least_snr_db = snr, .most_snr_db = snr}});
  }
  for (i64 kbps : options.test_mp3)
    all.push_back({format("MP3 {} kbit/s", kbps), {.mp3_kbps = kbps}});
  for (auto each = all.begin(); each != all.end(); ++each)
    check(std::none_of(all.begin(), each,
                       [&](const Degradation& other) { return other.name == each->name; }),
          "test", "{} is listed twice", each->name);
  return all;
}

void check_degradable(const Options& options, const std::vector<const Input*>& inputs) {
  if (degradations_of(options).empty()) return;
  for (const Input* input : inputs)
    check(input->hears(), "test",
          "--test-noise and --test-mp3 degrade sound, and '{}' is not made of sound", input->name);
}

std::vector<i64> DegradedClips::places(const std::vector<i64>& clips) const {
  std::vector<i64> all;
  all.reserve(clips.size());
  for (i64 clip : clips) all.push_back(place_of.at(clip));
  return all;
}

std::vector<DegradedClips> degraded(const Options& options, const StudyData& data,
                                    const std::vector<const Input*>& inputs,
                                    const std::vector<RuleSplits>& rules,
                                    const std::filesystem::path& out) {
  std::vector<DegradedClips> all;
  std::vector<Degradation> degradations = degradations_of(options);
  if (degradations.empty()) return all;
  Collection clips = data.collection();
  clips.examples.clear();
  clips.skipped.clear();
  std::map<i64, i64> place_of;
  for (i64 clip : tested(rules)) {
    place_of[clip] = static_cast<i64>(clips.examples.size());
    clips.examples.push_back(data.collection().examples.at(static_cast<std::size_t>(clip)));
  }
  check_sounds(clips);
  FeatureCache cache(out / "features");
  for (const auto& [name, distortion] : degradations) {
    DegradedClips& made = all.emplace_back(DegradedClips{name, {}, place_of});
    say(format("test clips with {}", name));
    for (const Input* input : inputs) {
      Input through = *input;
      through.heard_through = distortion;
      Examples examples = load_examples(clips, through, cache);
      const std::vector<Skipped>& lost = examples.collection().skipped;
      check(lost.empty(), "test", "{}: {}", name, lost.empty() ? "" : lost.front().reason);
      made.examples.emplace(input->name, std::move(examples));
    }
  }
  return all;
}

}  // namespace melgrad
