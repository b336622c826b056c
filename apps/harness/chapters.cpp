#include "apps/harness/chapters.h"

#include <algorithm>

#include "apps/harness/console/progress.h"
#include "apps/harness/lists.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "audio/collections/walk.h"
#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

std::vector<std::optional<Results>> results_of(const std::vector<Chapter>& chapters,
                                               const fs::path& out) {
  std::vector<std::optional<Results>> all;
  for (const Chapter& chapter : chapters) {
    fs::path file = out / chapter.name / "results.json";
    all.push_back(fs::exists(file) ? std::optional(read_json(file.string())) : std::nullopt);
  }
  return all;
}

const RowResult* find_row(const Results& results, const std::string& name) {
  for (const RowResult& row : results.rows)
    if (row.name == name) return &row;
  return nullptr;
}

// "73.1 %", and small "song 80.0 %".
Html cell(const std::optional<Results>& results, const std::string& name, const std::string& rule) {
  const RowResult* row = results ? find_row(*results, name) : nullptr;
  if (row == nullptr) return tag("td", "–");
  Measured mean = measured(*row, rule);
  if (mean.fits == 0) return tag("td", mean.diverged > 0 ? "diverged" : "–");
  Html text = sections::with_deviation("accuracy", mean);
  if (mean.figures.contains("song accuracy"))
    text += tag("small", " song ", figure_text("song accuracy", mean["song accuracy"].mean));
  return tag("td", text);
}

// Titles by name, in the order of the first chapter that has them.
template <class List>
std::vector<std::pair<std::string, std::string>> titles(
    const std::vector<std::optional<Results>>& results, List list) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& chapter : results)
    if (chapter)
      for (const auto& item : list(*chapter))
        if (std::pair entry(item.name, item.title); !contains(all, entry)) all.push_back(entry);
  return all;
}

bool ran(const std::vector<std::optional<Results>>& results, const std::string& name) {
  return std::any_of(results.begin(), results.end(), [&](const auto& chapter) {
    const RowResult* row = chapter ? find_row(*chapter, name) : nullptr;
    return row != nullptr && !row->fits.empty();
  });
}

Html clips_row(const std::vector<std::optional<Results>>& results) {
  return tag("tr", tag("td", "clips"), each(results, [](const auto& chapter) {
               return tag("td", chapter ? thousands(static_cast<i64>(chapter->clips.size())) : "–");
             }));
}

// The folder need not be there yet.
bool would_lie_in(const fs::path& folder, const fs::path& path) {
  fs::path above = fs::absolute(path).lexically_normal();
  while (!fs::exists(above) && above.has_relative_path()) above = above.parent_path();
  return is_in(folder, above);
}

}  // namespace

Html summary_of_chapters(const std::vector<Chapter>& chapters,
                         const std::vector<std::optional<Results>>& results) {
  Html heads = tag("th", {{"scope", "col"}}, "Net");
  for (std::size_t i = 0; i < chapters.size(); ++i) {
    const std::string& title = chapters[i].title;
    Html link = tag("a", {{"href", link_to(chapters[i].name + "/report.html")}}, title);
    heads += tag("th", {{"scope", "col"}}, results[i] ? link : Html() + title);
  }
  auto rows = titles(results, [](const Results& r) { return r.rows; });
  auto rules = titles(results, [](const Results& r) { return r.rules; });
  Html tables = each(rules, [&](const auto& rule) {
    Html lines = each(rows, [&](const auto& row) {
      if (!ran(results, row.first)) return Html();
      return tag("tr", tag("td", row.second), each(results, [&](const auto& chapter) {
                   return cell(chapter, row.first, rule.first);
                 }));
    });
    return tag("h3.apart", rule.second) +
           tag("div.scroll", tag("table.scores", tag("thead", tag("tr", heads)),
                                 tag("tbody", clips_row(results), lines)));
  });
  std::string study;
  for (const auto& chapter : results)
    if (chapter && study.empty()) study = chapter->study;
  Html body = tag("h1", study) +
              tag("p.lead",
                  "The same nets on other clips: each column is a run "
                  "with a report of its own.") +
              tables;
  Html head =
      tag("meta", {{"charset", "utf-8"}}) + tag("title", study) +
      tag("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}) +
      tag("style", Html::markup(report_style));
  return Html::markup("<!doctype html>") +
         tag("html", {{"lang", "en"}}, tag("head", head), tag("body", tag("main", body)));
}

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
    write_file(out / "summary.html",
               summary_of_chapters(chapters, results_of(chapters, out)).code() + "\n");
  }
  if (!options.plan)
    say("\nAll of them side by side: " + fs::absolute(out / "summary.html").string());
}

}  // namespace melgrad
