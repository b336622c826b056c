#include <algorithm>
#include <cmath>
#include <set>

#include "apps/harness/console/progress.h"
#include "apps/harness/report/plot.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"
#include "kernels/error.h"

namespace melgrad::sections {
namespace {

// Of what the table shows; other figures have a table of their own.
bool has_published_score(const Report& report) {
  const std::vector<RowResult>& rows = report.results.rows;
  return std::any_of(rows.begin(), rows.end(), [](const RowResult& row) {
    return row.published.contains("accuracy") || row.published.contains("loss");
  });
}

bool several_inputs(const Report& report) {
  std::set<std::string> inputs;
  for (const RowResult& row : report.results.rows) inputs.insert(row.input);
  return inputs.size() > 1;
}

// The first that diverged, and of how many.
Html divergence(const Report& report, const RowResult& row) {
  std::vector<const Fit*> fits = main_fits(report, row);
  auto first = std::find_if(fits.begin(), fits.end(), [](const Fit* fit) { return fit->diverged; });
  if (first == fits.end()) return {};
  auto lost = std::count_if(fits.begin(), fits.end(), [](const Fit* fit) { return fit->diverged; });
  std::string of = fits.size() > 1 ? format("{} of {} fits ", lost, fits.size()) : "";
  return tag("small.wrong", of + (*first)->ended);
}

Html unfinished(const Report& report, const RowResult& row) {
  std::set<i64> folds;
  for (const Fit* fit : main_fits(report, row)) folds.insert(fit->fold);
  std::size_t all = report.main.folds.size();
  if (folds.empty() || folds.size() == all) return {};
  return tag("small", format("{} of {} folds so far", folds.size(), all));
}

// The net's name and, small, what is to be known of it.
Html name_cell(const Report& report, const RowResult& row) {
  Html cell = tag("b", row.title) + tag("small", row.layers);
  if (several_inputs(report) && !row.input.empty()) cell += tag("small", "sees: ", row.input);
  if (!row.started_from.empty()) cell += tag("small", "started from ", row.started_from);
  if (!row.not_run.empty() && row.not_run != "not run") cell += tag("small", row.not_run);
  return tag("td", cell + unfinished(report, row) + divergence(report, row));
}

Html parameters_cell(const RowResult& row) {
  Html cell = Html() + (row.parameters > 0 ? thousands(row.parameters) : "–");
  if (row.parameters > 0 && row.trained_parameters != row.parameters)
    cell += tag("small", thousands(row.trained_parameters), " trained");
  return tag("td.wide", cell);
}

Html accuracy_cell(const Measured& mean) {
  if (mean.fits > 0) return tag("td.strong", with_deviation("accuracy", mean));
  return tag("td.strong",
             mean.diverged > 0 ? tag("span.wrong", "diverged") : tag("span.pm", "not run"));
}

// Waiting is not worth a word below a hundredth of the time.
Html time_cell(const Measured& mean) {
  Html cell = Html() + clock_time(mean.seconds.mean);
  if (mean.waited.mean >= .01 * mean.seconds.mean && mean.waited.mean > 0)
    cell += tag("small", percent(mean.waited.mean / mean.seconds.mean, 0), " waiting");
  return tag("td.wide", cell);
}

Html table_row(const Report& report, const RowResult& row) {
  Measured mean = measured(row, report.main.name);
  bool ran = mean.fits > 0, best = &row == report.best && report.ran.size() > 1;
  Html nothing = tag("td.wide", "–"), said_accuracy, said_loss;
  if (has_published_score(report)) {
    said_accuracy = tag("td", percent(published(row, "accuracy")));
    said_loss = tag("td.wide", fixed_point(published(row, "loss"), 3));
  }
  MeanDeviation accuracy = mean["accuracy"];
  return tag(best  ? "tr.best"
             : ran ? "tr"
                   : "tr.absent",
             name_cell(report, row), parameters_cell(row),
             tag("td.wide", accuracy_strip(published(row, "accuracy"), accuracy.mean,
                                           accuracy.deviation, report.chance)),
             said_accuracy, accuracy_cell(mean), said_loss,
             ran ? tag("td.wide", with_deviation("loss", mean)) : nothing,
             ran ? tag("td.wide", figure_text("macro F1", mean["macro F1"].mean)) : nothing,
             ran ? time_cell(mean) : nothing);
}

// A net that nobody ran is worth one for its published figures.
bool is_worth_a_line(const Report& report, const RowResult& row) {
  return has_published(report) || !row.fits.empty() || row.not_run != "not run";
}

Html column(const char* element, const std::string& words) {
  return tag(element, {{"scope", "col"}}, words);
}

// Of accuracy and loss a column each, or two where there are published figures beside.
Html table_head(const Report& report) {
  Html before =
      column("th", "Net") + column("th.wide", "parameters") + column("th.wide", "0 – 100 %");
  Html after = column("th.wide", "macro F1") + column("th.wide", "time");
  if (!has_published_score(report))
    return tag("thead",
               tag("tr", before, column("th", "accuracy"), column("th.wide", "loss"), after));
  Html blank = tag("th.group.wide");
  Html groups = tag("th.group") + blank + blank + tag("th.group", {{"colspan", "2"}}, "accuracy") +
                tag("th.group.wide", {{"colspan", "2"}}, "loss") + blank + blank;
  Html columns = before + column("th", "published") + column("th", "measured") +
                 column("th.wide", "published") + column("th.wide", "measured") + after;
  return tag("thead", tag("tr", groups), tag("tr", columns));
}

Html legend(const Report& report) {
  Html ring = tag("circle.published", {{"cx", "13"}, {"cy", "6"}, {"r", "4.2"}});
  Html disc = tag("circle.measured", {{"cx", "13"}, {"cy", "6"}, {"r", "4.6"}});
  Html line = tag("line.chance", {{"x1", "13"}, {"y1", "0"}, {"x2", "13"}, {"y2", "12"}});
  return tag("ul.legend",
             has_published_score(report) ? legend_entry(ring, "published accuracy") : Html(),
             legend_entry(disc, "measured here"),
             legend_entry(line, guessing(report) + ", " + percent(report.chance, 0)));
}

// "±" of what, where there is one.
Html deviations(const Report& report) {
  bool several = std::any_of(report.ran.begin(), report.ran.end(), [&](const RowResult* row) {
    return measured(*row, report.main.name).fits > 1;
  });
  if (!several) return {};
  return tag("p.note", "A mean stands with the deviation over its fits",
             has_folds(report) ? ", one a fold and seed." : ", one a seed.");
}

}  // namespace

Html table(const Report& report) {
  auto note = [](const std::string& text) { return text.empty() ? Html() : tag("p.note", text); };
  Html rows = each(report.results.rows, [&](const RowResult& row) {
    return is_worth_a_line(report, row) ? table_row(report, row) : Html();
  });
  if (rows.empty()) return {};
  return tag("h2", has_published_score(report) ? "Published and measured" : "Measured") +
         legend(report) +
         tag("div.scroll", tag("table.nets", table_head(report), tag("tbody", rows))) +
         deviations(report) + note(report.main.note) + note(report.results.published_note);
}

}  // namespace melgrad::sections
