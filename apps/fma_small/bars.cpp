#include <algorithm>

#include "apps/fma_small/sections.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "kernels/error.h"

namespace melgrad::fma {
namespace {

/// Clips of a genre that were said to be of another.
struct Mistaken {
  i64 genre = 0, clips = 0;
};

// The most first; `count(other)`: how many.
template <class Count>
std::vector<Mistaken> most_first(i64 classes, i64 of, Count count) {
  std::vector<Mistaken> all;
  for (i64 other = 0; other < classes; ++other)
    if (other != of && count(other) > 0) all.push_back({other, count(other)});
  std::stable_sort(all.begin(), all.end(),
                   [](const Mistaken& a, const Mistaken& b) { return a.clips > b.clips; });
  return all;
}

Html drawn(const Report& report, const std::string& title, const std::vector<Mistaken>& all,
           i64 longest) {
  if (all.empty()) return tag("p", tag("b", title), ": nothing");
  Html lines = each(all, [&](const Mistaken& one) {
    double width = 100. * static_cast<double>(one.clips) / static_cast<double>(longest);
    Html bar =
        tag("span", {{"style", format("display: block; height: .8em; background: var(--blue); "
                                      "width: {}%",
                                      decimal(width, 1))}});
    return tag("tr", tag("td", sections::class_name(report, one.genre)),
               tag("td", {{"style", "width: 60%"}}, bar), tag("td", one.clips));
  });
  return tag("p", tag("b", title)) +
         tag("table.scores", {{"style", "width: 100%"}}, tag("tbody", lines));
}

i64 largest_mistake(const Confusion& confusion) {
  i64 largest = 1;
  for (i64 a = 0; a < confusion.classes(); ++a)
    for (i64 b = 0; b < confusion.classes(); ++b)
      if (a != b) largest = std::max(largest, confusion(a, b));
  return largest;
}

Html card(const Report& report, const Confusion& confusion, i64 genre, i64 longest) {
  i64 classes = confusion.classes();
  std::string name = sections::class_name(report, genre);
  auto taken_for = [&](i64 other) { return confusion(other, genre); };
  auto is_taken_for = [&](i64 other) { return confusion(genre, other); };
  return tag(
      "article.card", tag("h3", name),
      drawn(report, "Taken for " + name, most_first(classes, genre, taken_for), longest),
      drawn(report, name + " is taken for", most_first(classes, genre, is_taken_for), longest));
}

// The published ones first.
std::vector<i64> in_order(const std::vector<std::string>& classes) {
  std::vector<i64> order;
  for (const char* first : {"International", "Folk", "Pop"})
    if (auto found = std::find(classes.begin(), classes.end(), first); found != classes.end())
      order.push_back(found - classes.begin());
  for (i64 label = 0; label < static_cast<i64>(classes.size()); ++label)
    if (std::find(order.begin(), order.end(), label) == order.end()) order.push_back(label);
  return order;
}

}  // namespace

Html bars(const Report& report) {
  const RowResult* row = tested_row(report);
  if (row == nullptr) return {};
  Confusion confusion = pooled_confusion(*row, report.main.name);
  i64 longest = largest_mistake(confusion);
  Html cards = each(in_order(report.results.classes),
                    [&](i64 genre) { return card(report, confusion, genre, longest); });
  return tag("h2", "What is taken for a genre, and what the genre is taken for") +
         tag("p.note", "Test clips by ", row->title, ".") + tag("div.cards", cards);
}

}  // namespace melgrad::fma
