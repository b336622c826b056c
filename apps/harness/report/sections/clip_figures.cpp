#include "apps/harness/report/sections/clip_figures.h"

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "kernels/error.h"

namespace melgrad::sections {

ClipFigures::ClipFigures(const Report& report)
    : report_(report), said_(pooled_predictions(*report.best, report.main)) {
  for (const RowResult* row : report.ran)
    said_by_all_.push_back(pooled_predictions(*row, report.main));
}

const ClipInfo& ClipFigures::clip(i64 index) const {
  return report_.results.clips.at(static_cast<std::size_t>(index));
}

bool ClipFigures::right(i64 index) const { return said_.at(index).label == clip(index).label; }

Html ClipFigures::operator()(i64 index) const {
  return tag("figure",
             {{"data-truth", std::to_string(clip(index).label)},
              {"data-guess", std::to_string(said_.at(index).label)}},
             picture(index), tag("figcaption", caption(index)));
}

Html ClipFigures::picture(i64 index) const {
  const ClipInfo& of = clip(index);
  std::string bytes = report_.clips.picture(index);
  Html image = bytes.empty() ? Html()
                             : tag("img", {{"alt", "spectrogram"},
                                           {"loading", "lazy"},
                                           {"src", "data:image/jpeg;base64," + base64(bytes)}});
  if (of.sound.empty()) return tag("span.picture", image);
  std::string part = format("#t={},{}", decimal(of.begin, 2), decimal(of.end, 2));
  return tag("button.picture",
             {{"data-sound", link_to(of.sound) + part}, {"aria-label", "play " + of.name}}, image);
}

Html ClipFigures::caption(i64 index) const {
  const Prediction& said = said_.at(index);
  const std::string& name = clip(index).name;
  Html text = right(index) ? tag("span.right", "✓ ", class_name(report_, said.label))
                           : tag("span.wrong", "✗ ", class_name(report_, said.label));
  text += " " + percent(said.confidence, 0);
  if (!right(index)) text += truth(index);
  if (report_.ran.size() > 1) text += tag("br") + tally(index);
  return text + tag("span.name", name.substr(name.find('/') + 1));
}

// With few classes the truth is among the first three nearly always.
Html ClipFigures::truth(i64 index) const {
  const Prediction& said = said_.at(index);
  i64 label = clip(index).label;
  Html text = tag("br") + "is " + class_name(report_, label);
  if (report_.results.classes.size() <= 3 || said.strengths.empty()) return text;
  i64 rank = rank_of(label, said.strengths);
  return text + (rank < 3 ? ", its " + ordinal(rank + 1) + " guess" : ", not in its top 3");
}

// How many of the nets that heard a clip name it rightly.
std::string ClipFigures::tally(i64 index) const {
  i64 right = 0, asked = 0;
  for (const auto& said : said_by_all_) {
    auto found = said.find(index);
    if (found == said.end()) continue;
    ++asked;
    right += found->second.label == clip(index).label;
  }
  return format("{} of {} nets right", right, asked);
}

}  // namespace melgrad::sections
