#include "apps/fma_small/sections.h"

#include <memory>
#include <optional>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "audio/drawing/plot.h"
#include "kernels/error.h"
#include "tensor/files/image.h"

namespace melgrad {
namespace fma {

const RowResult* tested_row(const Report& report) {
  for (const RowResult* row : report.ran)
    if (row->name == "resnet50") return row;
  return report.best;
}

Html epochs(const Report& report) {
  if (report.ran.empty()) return {};
  Html rows = each(report.ran, [&](const RowResult* row) {
    Measured mean = measured(*row, report.main.name);
    return tag("tr", tag("td", row->title),
               tag("td.strong", sections::with_deviation("accuracy", mean)),
               tag("td", sections::with_deviation("best epoch: accuracy", mean)));
  });
  return tag("h2", "The last epoch and the best") +
         tag("p.note",
             "Test accuracy with the weights of the last epoch, which are tested as published, and "
             "with those of the lowest validation loss.") +
         sections::score_table({"Net", "last", "best"}, rows);
}

namespace {

// A row (1, bands, frames) of levels, the lowest band first.
Html figure_of(const Report& report, const std::string& input, std::size_t clip) {
  Tensor levels = report.clips.row(input, static_cast<i64>(clip)).select(0, 0).contiguous();
  Tensor rgb = feature_picture(levels, 128, std::max<i64>(128, levels.dim(1) / 2), Colours::magma);
  const ClipInfo& info = report.results.clips[clip];
  std::string genre = sections::class_name(report, info.label);
  Html image =
      tag("img", {{"alt", "mel spectrogram of " + info.name},
                  {"style", "aspect-ratio: auto"},
                  {"src", "data:image/jpeg;base64," + base64(encode_jpeg(to_bytes(rgb)))}});
  return tag("figure", tag("span.picture", image),
             tag("figcaption", genre, tag("span.name", info.name)));
}

}  // namespace

Html examples(const Report& report) {
  const Results& results = report.results;
  if (!report.clips.row || results.rows.empty()) return {};
  std::string input = results.data_fingerprints.contains("mel") ? "mel" : "tall mel";
  Html figures;
  for (std::size_t label = 0; label < results.classes.size(); ++label)
    for (std::size_t clip = 0; clip < results.clips.size(); ++clip)
      if (results.clips[clip].label == static_cast<i64>(label)) {
        figures += figure_of(report, input, clip);
        break;
      }
  return tag("h2", "A clip of each genre, as the nets see it") +
         tag("p.note",
             "Time from left to right, the lowest of the mel bands at the bottom. Every moment is "
             "scaled by itself: how loud the music is from one to the next is not there to be "
             "seen.") +
         tag("div.cards", figures);
}

}  // namespace fma

namespace {

// Pictures of the data are the same each time that a run writes its report.
std::function<Html(const Report&)> once(Html (*section)(const Report&)) {
  return [section, made = std::make_shared<std::optional<Html>>()](const Report& report) {
    if (!*made) *made = section(report);
    return **made;
  };
}

}  // namespace

std::vector<Section> fma_sections(const fma::TitleOf& title_of) {
  return {{"epochs", fma::epochs},
          {"examples", once(fma::examples)},
          {"genres", fma::genres},
          {"taken", [title_of](const Report& report) { return fma::taken(report, title_of); }},
          {"bars", fma::bars}};
}

}  // namespace melgrad
