#include <algorithm>
#include <array>
#include <cmath>

#include "apps/fma_small/sections.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"

namespace melgrad::fma {
namespace {

/// Of ResNet-50 on 800 clips, a hundred of each genre.
struct PublishedScore {
  const char* genre;
  double precision, recall, f1;
};
constexpr std::array<PublishedScore, 8> published = {{{"Electronic", .51, .65, .57},
                                                      {"Experimental", .35, .47, .40},
                                                      {"Folk", .51, .32, .39},
                                                      {"Hip-Hop", .67, .53, .59},
                                                      {"Instrumental", .66, .43, .52},
                                                      {"International", .50, .58, .54},
                                                      {"Pop", .27, .24, .26},
                                                      {"Rock", .43, .56, .49}}};

// "–" where the genres are others.
PublishedScore published_of(const Report& report, const std::string& genre) {
  double none = std::nan("");
  if (sections::has_published(report))
    for (const PublishedScore& score : published)
      if (score.genre == genre) return score;
  return {"", none, none, none};
}

Html pair(double theirs, double ours) {
  return tag("td", fixed_point(theirs, 2)) + tag("td.strong", fixed_point(ours, 2));
}

Html line(const Report& report, const std::string& genre, const Confusion& confusion, i64 label) {
  PublishedScore theirs = published_of(report, genre);
  ClassScore ours = confusion.score(label);
  return tag("tr", tag("td", genre), pair(theirs.precision, ours.precision),
             pair(theirs.recall, ours.recall), pair(theirs.f1, ours.f1), tag("td", ours.support));
}

Html head() {
  Html groups = tag("th"), columns = tag("th", {{"scope", "col"}}, "Genre");
  for (const char* figure : {"precision", "recall", "F1"}) {
    groups += tag("th", {{"colspan", "2"}, {"scope", "colgroup"}}, figure);
    columns +=
        tag("th", {{"scope", "col"}}, "published") + tag("th", {{"scope", "col"}}, "measured");
  }
  return tag("thead", tag("tr", groups, tag("th")),
             tag("tr", columns, tag("th", {{"scope", "col"}}, "clips")));
}

}  // namespace

Html genres(const Report& report) {
  const RowResult* row = tested_row(report);
  if (row == nullptr) return {};
  Confusion confusion = pooled_confusion(*row, report.main.name);
  Html rows;
  for (i64 label = 0; label < confusion.classes(); ++label)
    rows += line(report, sections::class_name(report, label), confusion, label);
  std::string whose = row->name == "resnet50" ? "" : "; the published figures are of ResNet-50";
  Measured mean = measured(*row, report.main.name);
  Html top = mean.figures.contains("top 3")
                 ? tag("p", "Among its first three guesses the true genre is in ",
                       sections::with_deviation("top 3", mean), " of the test clips.")
                 : Html();
  return tag("h2", "Genre by genre") + tag("p.note", "By ", row->title, whose, ".") +
         tag("div.scroll", tag("table.scores", head(), tag("tbody", rows))) + top;
}

}  // namespace melgrad::fma
