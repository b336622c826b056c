#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "apps/harness/report/html.h"
#include "apps/harness/results/fields.h"
#include "tests/error_of.h"
#include "tests/harness/example_results.h"
#include "tests/harness/report/report_page.h"

namespace melgrad {
namespace {

// visit(path, string) for every string of the results, names of figures too: "rows.fits.ended".
template <class Value, class Visit>
void visit_strings(const std::string& path, Value& value, Visit visit) {
  if constexpr (std::same_as<Value, std::string>) {
    visit(path, value);
  } else if constexpr (std::same_as<Value, Figures>) {
    Figures renamed;
    for (const auto& [name, figure] : value) {
      std::string other = name;
      visit(path, other);
      renamed[other] = figure;
    }
    value = renamed;
  } else if constexpr (HasFields<Value>) {
    for_each_field(value, [&](const std::string& name, auto& member) {
      visit_strings(path.empty() ? name : path + "." + name, member, visit);
    });
  } else if constexpr (
      requires { value.begin()->size(); } || requires { fields(*value.begin()); }) {
    for (auto& item : value) visit_strings(path, item, visit);
  }
}

// The page asks for these by their names.
bool has_a_meaning(const std::string& path, const std::string& text) {
  const std::set<std::string> figures = {"accuracy", "loss", "macro F1", "top 3"};
  return text.empty() || figures.contains(text) || path == "rows.not_run.not run";
}

// What results.json has and the page does not show.
const std::set<std::string> not_shown = {"data_fingerprints",
                                         "rules.name",
                                         "rows.name",
                                         "rows.fits.rule",
                                         "rows.fits.measured",
                                         "settings.rows",
                                         "pretraining.name",
                                         "pretraining.layers",
                                         "pretraining.input",
                                         "pretraining.not_run",
                                         "pretraining.published",
                                         "pretraining.started_from",
                                         "pretraining.fits.rule",
                                         "pretraining.fits.measured"};

std::string marker(std::size_t number) {
  return "m" + std::to_string(number) + "<&\"'>\xff\xed\xa0\x80.";
}

struct Marked {
  Results results = example_results();
  std::map<std::string, std::size_t> numbers;          // by what stood there
  std::map<std::size_t, std::set<std::string>> paths;  // where a marker stands

  // The same text becomes the same marker everywhere: fits are of rules by name.
  Marked() {
    visit_strings("", results, [&](const std::string& path, std::string& text) {
      if (has_a_meaning(path, text)) return;
      std::size_t number = numbers.emplace(text, numbers.size()).first->second;
      paths[number].insert(path);
      text = marker(number);
    });
  }
};

TEST(Report, NoStringOfTheResultsBecomesMarkup) {
  Marked marked;
  EXPECT_GT(marked.numbers.size(), 60u);
  std::string page = code_of(marked.results);
  EXPECT_FALSE(contains(page, "\xff"));
  EXPECT_FALSE(contains(page, "\xed\xa0"));
  EXPECT_NO_THROW(HtmlParser(page.substr(0, page.size() - 1)).page());
  for (const auto& [number, paths] : marked.paths) {
    std::string name = "m" + std::to_string(number);
    const std::string& first = *paths.begin();
    EXPECT_FALSE(contains(page, name + "<")) << first;
    EXPECT_FALSE(contains(page, name + "%3C&")) << first;
    bool link = paths.contains("clips.sound");
    bool shown = std::any_of(paths.begin(), paths.end(),
                             [](const std::string& path) { return !not_shown.contains(path); });
    std::string escaped = link ? name + "%3C%26%22%27%3E%FF%ED%A0%80."
                               : name + "&lt;&amp;&quot;&#39;&gt;\uFFFD\uFFFD\uFFFD\uFFFD.";
    EXPECT_EQ(contains(page, escaped), shown) << first;
  }
}

// An attribute ends at a quote, an element's text at <: both are tried where text stands.
TEST(Report, TextStandsInElementsAttributesAndLinks) {
  Marked marked;
  std::string code = code_of(marked.results);
  HtmlNode page = HtmlParser(code.substr(0, code.size() - 1)).page();
  std::set<std::string> attributes;
  page.visit([&](const HtmlNode& node) {
    for (const auto& [name, value] : node.attributes)
      if (value.find("<&\"'>") != std::string::npos || value.find("%3C%26") != std::string::npos)
        attributes.insert(name);
  });
  EXPECT_EQ(attributes, (std::set<std::string>{"aria-label", "class", "data-sound"}));
}

}  // namespace
}  // namespace melgrad
