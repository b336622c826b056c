#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apps/harness/report/html.h"
#include "apps/harness/results/results.h"
#include "tensor/tensor.h"

namespace melgrad {

/// What a page may show of clip `index` of Results::clips.
struct ClipSource {
  /// A small JPEG file's bytes; empty: there is none. Null: of songs of a table nothing is shown.
  std::function<std::string(i64 index)> picture;
  /// Its row of one of the study's inputs, that of the clip as it is, f32, as Input::shape() has it.
  std::function<Tensor(const std::string& input, i64 index)> row;
};

/// What the sections of a page are made from. What stands in `results` is text, whatever it holds:
/// html.h escapes it.
struct Report {
  const Results& results;
  const ClipSource& clips;
  const RuleUsed& main;               // the first rule: compared with the published figures
  std::vector<const RowResult*> ran;  // with a fit of it that did not diverge
  const RowResult* best = nullptr;    // of them, by mean accuracy
  double chance = 0;  // accuracy of guessing: of saying what most test clips of the main rule are
  std::string most_frequent = {};  // that class; empty where all are as frequent
};

/// A part of the page, or nothing where there is nothing to show. Those that every study has are in
/// sections/, a file each; a study may have its own.
struct Section {
  std::string name;  // "curves": the part's id, for links
  std::function<Html(const Report&)> html;
};
/// In the order of the page.
const std::vector<Section>& shared_sections();

/// Writes one HTML file that needs nothing else but the audio files it links to. The file appears
/// whole or not at all. `own`: sections of the study, before single clips.
void write_report(const Results& results, const ClipSource& clips, const std::string& path,
                  const std::vector<Section>& own = {});

/// The style sheet of the page, and the few lines of script that play clips and filter them.
extern const char* const report_style;
extern const char* const report_script;

}  // namespace melgrad
