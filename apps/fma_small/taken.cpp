#include <algorithm>
#include <filesystem>

#include "apps/fma_small/sections.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "kernels/error.h"

namespace melgrad::fma {
namespace {

constexpr const char* script = R"js(
const menu = document.querySelector('#taken select');
const show = () => document.querySelectorAll('#taken tbody').forEach(
  body => { body.hidden = body.dataset.genre !== menu.value; });
menu.parentElement.hidden = false;
menu.addEventListener('change', show);
show();
)js";

/// A test clip and what was said of it.
struct Said {
  const ClipInfo* clip;
  Prediction prediction;
};

// The surest first.
std::vector<Said> wrongly_taken_for(const Report& report, const RowResult& row, i64 label) {
  std::vector<Said> wrong;
  for (const auto& [index, prediction] : pooled_predictions(row, report.main)) {
    const ClipInfo& clip = report.results.clips[static_cast<std::size_t>(index)];
    if (prediction.label == label && clip.label != label) wrong.push_back({&clip, prediction});
  }
  std::stable_sort(wrong.begin(), wrong.end(), [](const Said& a, const Said& b) {
    return a.prediction.confidence > b.prediction.confidence;
  });
  return wrong;
}

Html play_button(const ClipInfo& clip) {
  if (clip.sound.empty()) return {};
  std::string part = format("#t={},{}", decimal(clip.begin, 2), decimal(clip.end, 2));
  return tag(
      "button.picture",
      {{"data-sound", link_to(clip.sound) + part},
       {"aria-label", "play " + clip.name},
       {"style", "position: relative; width: 38px; height: 38px; border: 0; background: none"}});
}

const char* yes_or_no(bool yes) { return yes ? "yes" : "no"; }

Html line(const Report& report, const Said& said, const TitleOf& title_of) {
  std::string stem = std::filesystem::path(said.clip->name).stem().string();
  std::string title = title_of(stem);
  Html cells =
      tag("td", play_button(*said.clip), stem, title.empty() ? Html() : tag("small", " ", title));
  for (float strength : said.prediction.strengths)
    cells += tag("td", fixed_point(100 * static_cast<double>(strength), 1));
  i64 rank = rank_of(said.clip->label, said.prediction.strengths);
  return tag("tr", cells, tag("td", sections::class_name(report, said.prediction.label)),
             tag("td", sections::class_name(report, said.clip->label)),
             tag("td", yes_or_no(rank < 1)), tag("td", yes_or_no(rank < 3)));
}

Html head(const Report& report) {
  auto cell = [](const std::string& text) { return tag("th", {{"scope", "col"}}, text); };
  Html cells = cell("Clip");
  for (const std::string& name : report.results.classes) cells += cell(name);
  for (const char* name : {"taken for", "is", "in top 1", "in top 3"}) cells += cell(name);
  return tag("thead", tag("tr", cells));
}

Html body(const Report& report, const RowResult& row, i64 label, const TitleOf& title_of) {
  std::vector<Said> wrong = wrongly_taken_for(report, row, label);
  Html lines = each(wrong, [&](const Said& said) { return line(report, said, title_of); });
  if (wrong.empty())
    lines =
        tag("tr", tag("td", "no clip was wrongly taken for ", sections::class_name(report, label)));
  return tag("tbody", {{"data-genre", std::to_string(label)}}, lines);
}

// As published, of clips that were taken for Rock; of other genres the first is shown.
i64 first_shown(const Report& report) {
  const auto& classes = report.results.classes;
  auto rock = std::find(classes.begin(), classes.end(), "Rock");
  return rock == classes.end() ? 0 : rock - classes.begin();
}

Html menu(const Report& report) {
  Html options;
  for (std::size_t label = 0; label < report.results.classes.size(); ++label) {
    std::string value = std::to_string(label);
    bool chosen = static_cast<i64>(label) == first_shown(report);
    options +=
        chosen ? tag("option", {{"value", value}, {"selected", ""}}, report.results.classes[label])
               : tag("option", {{"value", value}}, report.results.classes[label]);
  }
  return tag("label", {{"hidden", ""}}, "taken for ", tag("select", options));
}

}  // namespace

Html taken(const Report& report, const TitleOf& title_of) {
  const RowResult* row = tested_row(report);
  if (row == nullptr) return {};
  Html bodies;
  for (i64 label = 0; label < static_cast<i64>(report.results.classes.size()); ++label)
    bodies += body(report, *row, label, title_of);
  return tag("h2", "Taken for a genre that it is not") +
         tag("p.note", "Test clips that ", row->title,
             " took for the genre in the menu and that are of another, the surest first: how "
             "strong it found each genre, of 100, and whether the true one is its first guess or "
             "among its first three.") +
         menu(report) + tag("div.scroll", tag("table.scores", head(report), bodies)) +
         tag("script", Html::markup(script));
}

}  // namespace melgrad::fma
