#include "apps/harness/chapters.h"

#include "apps/harness/console/progress.h"
#include "apps/harness/report/summary.h"
#include "audio/collections/walk.h"
#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

std::vector<ComparedRun> columns_of(const std::vector<Chapter>& chapters, const fs::path& out) {
  std::vector<ComparedRun> all;
  for (const Chapter& chapter : chapters) {
    ComparedRun& column =
        all.emplace_back(ComparedRun{chapter.title, chapter.name + "/report.html", {}});
    fs::path file = out / chapter.name / "results.json";
    if (fs::exists(file)) column.results = read_json(file.string());
  }
  return all;
}

// The folder need not be there yet.
bool would_lie_in(const fs::path& folder, const fs::path& path) {
  fs::path above = fs::absolute(path).lexically_normal();
  while (!fs::exists(above) && above.has_relative_path()) above = above.parent_path();
  return is_in(folder, above);
}

}  // namespace

void run_chapters(const std::vector<Chapter>& chapters, const Options& options,
                  const std::function<void(const MakeStudy&, Options)>& run) {
  const fs::path out = options.out;
  check(options.data.empty() || !would_lie_in(options.data, out), "out",
        "{} lies in the data, where the folders of several runs would be taken for music: give "
        "another --out",
        out);
  for (const Chapter& chapter : chapters) {
    Options of_chapter = options;
    of_chapter.out = (out / chapter.name).string();
    say("\n" + chapter.title);
    run(chapter.make, of_chapter);
    if (options.plan) continue;
    write_file(out / "summary.html", summary(columns_of(chapters, out)).code() + "\n");
  }
  if (!options.plan)
    say("\nAll of them side by side: " + fs::absolute(out / "summary.html").string());
}

}  // namespace melgrad
