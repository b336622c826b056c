#include "apps/features/folder.h"

#include <array>
#include <filesystem>
#include <map>

#include "apps/features/written_files.h"
#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "audio/collections/cache.h"
#include "audio/collections/loader.h"
#include "audio/collections/walk.h"
#include "kernels/backend.h"
#include "tensor/files/npy.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// A file to read and the .npy to write, below the folder.
struct Job {
  fs::path source, name;
  bool was_there = false;
  Standing standing = Standing::missing;
};

std::vector<fs::path> files_of(const fs::path& folder, bool takes_pictures) {
  FilesBelow found = files_below(folder);
  for (const auto& [path, reason] : found.skipped) say(format("skipped: {}: {}", path, reason));
  bool are_pictures = takes_pictures && found.sounds.empty();
  const auto& files = are_pictures ? found.pictures : found.sounds;
  check(!files.empty(), "features", "there is no audio file in {}", folder);
  return files;
}

/// Throws Error where two files would become one, and where a folder holds none.
std::vector<Job> jobs_of(const Request& request, bool takes_pictures) {
  fs::path output = request.output;
  std::map<fs::path, fs::path> source_of;  // by name
  auto add = [&](const fs::path& source, fs::path name) {
    name.replace_extension(".npy");
    auto [known, is_new] = source_of.emplace(name, source);
    check(is_new, "features", "{} and {} would both become {}", known->second, source,
          output / name);
  };
  for (const fs::path input : request.inputs) {
    if (!fs::is_directory(input))
      add(input, input.filename());
    else
      for (const fs::path& file : files_of(input, takes_pictures))
        add(file, file.lexically_relative(input));
  }
  std::vector<Job> jobs;
  for (const auto& [name, source] : source_of)
    jobs.push_back({source, name, fs::exists(output / name)});
  return jobs;
}

void refuse_foreign(const std::vector<Job>& jobs, const WrittenFiles& results,
                    const fs::path& folder) {
  fs::path first;
  std::size_t count = 0;
  for (const Job& job : jobs) {
    bool is_ours = results.knows(job.name) && !fs::is_symlink(folder / job.name);
    if (!job.was_there || is_ours) continue;
    if (count++ == 0) first = job.name;
  }
  check(count == 0, "features",
        "{} would be written over, {} in all, and features did not make it: --force does it",
        folder / first, count);
}

/// Says what was done and not.
int report(const std::vector<Job>& jobs, const std::vector<std::string>& problems,
           const fs::path& folder, Progress& progress) {
  std::array<std::size_t, 6> count{};
  for (const Job& job : jobs) ++count.at(static_cast<std::size_t>(job.standing));
  auto of = [&](Standing standing) { return count.at(static_cast<std::size_t>(standing)); };
  std::size_t kept = of(Standing::done), asked = jobs.size() - kept;
  if (asked == 0)
    progress.line("nothing to do: all is there already (--force computes it again)");
  else
    progress.line(format("{} of {} written to {}{}", asked - problems.size(), asked, folder,
                         kept > 0 ? format(", {} were there already", kept) : ""));
  for (auto [standing, why] : {std::pair(Standing::other_parameters, "other parameters"),
                               {Standing::other_source, "the source has changed"},
                               {Standing::edited, "the result had been changed"}})
    if (of(standing) > 0) progress.line(format("{} made again: {}", of(standing), why));
  for (const std::string& problem : problems) progress.line("failed: " + problem);
  return problems.empty() ? 0 : 1;
}

}  // namespace

int write_folder(const Request& request, const FileRecipe& recipe) {
  std::vector<Job> jobs = jobs_of(request, recipe.takes_pictures);
  // Read after it was looked which results are there: lines come before results.
  WrittenFiles results(request.output, recipe.text);
  if (!request.force) refuse_foreign(jobs, results, request.output);
  auto work = [&](i64 i) {
    Job& job = jobs[static_cast<std::size_t>(i)];
    // Before it is read: should it change in between, it counts as changed.
    std::string source = content_hash(job.source);
    Standing standing =
        job.was_there && !request.force ? results.standing(job.name, source) : Standing::missing;
    if (standing != Standing::done)
      results.write(job.name, source, encode_npy(recipe.compute(job.source)));
    job.standing = standing;
    return zeros({0});  // only whether it went well is of interest
  };
  Loader loader(static_cast<i64>(jobs.size()), work, num_threads(), 64);
  std::vector<std::string> problems;
  Progress progress(recipe.title, static_cast<i64>(jobs.size()));
  while (auto item = loader.next()) {
    if (!item->error.empty()) problems.push_back(item->error);
    progress.show(item->index + 1);
    if (interrupted())
      throw Interrupted("stopped: the same command goes on with what is missing in " +
                        request.output);
  }
  return report(jobs, problems, request.output, progress);
}

}  // namespace melgrad
