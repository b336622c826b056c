#include "apps/harness/session.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "apps/harness/console/progress.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

// Everything that a run leaves but what can be made again.
constexpr const char* left_behind[] = {"results.json", "report.html", "checkpoints", "weights"};

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  check(!error, "out", "{} cannot be written to: {}", folder, error.message());
  check(access(folder.c_str(), W_OK | X_OK) == 0, "out", "{} cannot be written to: {}", folder,
        std::strerror(errno));
}

std::string list(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "\n  " + line;
  return text;
}

std::vector<std::string> rule_changes(const Results& then, const Results& now) {
  auto in_words = [](const Results& results) {
    std::string text;
    for (const RuleUsed& rule : results.rules) {
      text += (text.empty() ? "" : ", ") + rule.name;
      for (const Split& fold : rule.folds)
        text += format(" {}/{}/{}", fold.train.size(), fold.valid.size(), fold.test.size());
    }
    return text;
  };
  std::string before = in_words(then), after = in_words(now);
  if (before == after) return {};
  return {"splits: " + before + " → " + after};
}

std::vector<std::string> names_in_both(const Results& then, const Results& now) {
  std::vector<std::string> names;
  for (const RowResult& row : now.rows)
    if (find_row(then.rows, row.name) != nullptr) names.push_back(row.name);
  return names;
}

}  // namespace

Session::Session(const fs::path& out, bool resume) : out_(out), resume_(resume) {
  make_folder(out);
  make_folder(out / "checkpoints");
  make_folder(out / "weights");
  lock_.emplace(out / ".lock");
  check(lock_->try_lock_alone(), "out",
        "another run works in {}: give another --out, or wait for it", out);
}

fs::path Session::checkpoint(const std::string& fit) const {
  return out_ / "checkpoints" / (fit + ".safetensors");
}

fs::path Session::weights(const std::string& name) const {
  return out_ / "weights" / (name + ".safetensors");
}

void Session::begin(Results& results) {
  if (resume_)
    keep_earlier(results);
  else
    set_earlier_aside();
}

void Session::keep_earlier(Results& results) const {
  fs::path file = out_ / "results.json";
  if (!fs::exists(file)) return;
  Results earlier = read_json(file.string());
  std::vector<std::string> differences =
      changes(earlier.settings, results.settings, names_in_both(earlier, results));
  for (std::string& change : rule_changes(earlier, results)) differences.push_back(change);
  if (earlier.seed != results.seed)
    differences.push_back(format("seed: {} → {}", earlier.seed, results.seed));
  if (earlier.classes != results.classes) differences.emplace_back("classes: others than before");
  if (!differences.empty())
    fail("resume", "the run in {} had other settings:{}", out_, list(differences));
  for (const auto& [input, fingerprint] : earlier.data_fingerprints) {
    auto [now, is_new] = results.data_fingerprints.emplace(input, fingerprint);
    check(is_new || now->second == fingerprint, "resume",
          "the run in {} had other data: the clips are not the same, though their names may be",
          out_);
  }

  results.pretraining = earlier.pretraining;
  for (RowResult& row : results.rows) {
    const RowResult* old = find_row(earlier.rows, row.name);
    if (old == nullptr || old->fits.empty()) continue;
    Figures published = row.published;
    row = *old;
    row.published = published;
    say(format("{}: {} finished earlier", row.title,
               row.fits.size() == 1 ? "was" : std::to_string(row.fits.size()) + " fits were"));
  }
  // Rows of values that --lr and the like listed then.
  for (const RowResult& row : earlier.rows)
    if (!row.fits.empty() && find_row(results.rows, row.name) == nullptr)
      results.rows.push_back(row);
}

void Session::set_earlier_aside() const {
  auto is_there = [&](const char* name) {
    return fs::exists(out_ / name) && !fs::is_empty(out_ / name);
  };
  if (std::none_of(std::begin(left_behind), std::end(left_behind), is_there)) return;
  fs::path aside = out_ / "previous";
  bool replaces = fs::exists(aside);
  fs::remove_all(aside);
  make_folder(aside);
  for (const char* name : left_behind)
    if (fs::exists(out_ / name)) fs::rename(out_ / name, aside / name);
  make_folder(out_ / "checkpoints");
  make_folder(out_ / "weights");
  say(format(
      "note: no --resume: results, weights and checkpoints of an earlier run are now in {}{}",
      aside, replaces ? ", in place of those of the run before it" : ""));
}

bool Session::is_done(const RowResult& row, const PlannedFit& fit, const std::string& rule,
                      i64 epochs, const std::vector<std::string>& figures) {
  auto found = std::find_if(row.fits.begin(), row.fits.end(), [&](const Fit& old) {
    return old.seed == fit.seed && old.rule == rule && old.fold == fit.fold;
  });
  if (found == row.fits.end()) return false;
  auto done = static_cast<i64>(found->history.size());
  check(done <= epochs, "resume", "epochs: {} has {} already, more than the {} asked for", fit.name,
        done, epochs);
  for (const std::string& figure : figures)
    if (!found->diverged && !found->measured.contains(figure)) return false;
  bool had_all = found->ended.rfind("all ", 0) == 0;
  return !had_all || done == epochs;
}

void Session::write(const Results& results, const ClipSource& clips,
                    const std::vector<Section>& sections) const {
  write_json(results, (out_ / "results.json").string());
  write_report(results, clips, (out_ / "report.html").string(), sections);
}

}  // namespace melgrad
