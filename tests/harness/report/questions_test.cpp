// Song-level scores, rows by setting, degraded clips, and the page of several runs.
#include <gtest/gtest.h>

#include <cmath>

#include "apps/harness/chapters.h"
#include "apps/harness/report/plot.h"
#include "apps/harness/report/summary.h"
#include "tests/error_of.h"
#include "tests/harness/example_results.h"
#include "tests/harness/report/report_page.h"

namespace melgrad {
namespace {

Results with_songs() {
  Results results = example_results();
  double accuracy = .5;
  for (Fit& fit : results.rows[0].fits) fit.measured["song accuracy"] = accuracy += .1;
  return results;
}

TEST(Songs, StandBesideClipsRuleByRule) {
  HtmlNode page = page_of(with_songs());
  EXPECT_EQ(cells_of(section(page, "songs")),
            (Table{{"base CNN", "68.8_% ± 31.5", "75.0_% ± 12.9", "100.0_%", "100.0_%"}}));
  EXPECT_EQ(texts(section(page, "songs").first("thead").all("th")),
            (Strings{"", "two folds", "split over excerpts leaks", "Net", "clips", "songs", "clips",
                     "songs"}));
  Strings sections = sections_of(page_of(example_results()));
  EXPECT_EQ(std::count(sections.begin(), sections.end(), "songs"), 0) << "none were measured";
}

// The rows of two rates, of which the second was tried with two batches.
Results with_sweep() {
  Results results = example_results();
  RowResult row = results.rows[0];
  results.rows.clear();
  double right = .4;
  for (const char* name : {"cnn@lr=0.1@batch=8", "cnn@lr=0.1@batch=16", "cnn@lr=0.01@batch=8"}) {
    row.name = name;
    row.title = format("CNN, lr {}, batch {}", contains(name, "0.01") ? "0.01" : "0.1",
                       contains(name, "16") ? "16" : "8");
    row.fits.resize(1);
    row.fits[0].measured = {{"accuracy", right += .1}, {"loss", 1}};
    results.rows.push_back(row);
  }
  return results;
}

TEST(Sweeps, EachSettingHasATableOfItsValues) {
  HtmlNode page = page_of(with_sweep());
  const HtmlNode& part = section(page, "sweeps");
  EXPECT_EQ(texts(part.all("h3")),
            (Strings{"Learning rate: two folds", "Learning rate: split over excerpts",
                     "Batch: two folds", "Batch: split over excerpts"}));
  std::vector<const HtmlNode*> tables = part.all("table");
  ASSERT_EQ(tables.size(), 4u);
  EXPECT_EQ(texts(tables[0]->first("thead").all("th")), (Strings{"Net", "0.1", "0.01"}));
  EXPECT_EQ(cells_of(*tables[0]),
            (Table{{"CNN, batch 8", "50.0_%", "70.0_%"}, {"CNN, batch 16", "60.0_%", "–"}}));
  EXPECT_EQ(texts(tables[2]->first("thead").all("th")), (Strings{"Net", "8", "16"}));
  EXPECT_EQ(cells_of(*tables[2]),
            (Table{{"CNN, lr 0.1", "50.0_%", "60.0_%"}, {"CNN, lr 0.01", "70.0_%", "–"}}));
  EXPECT_EQ(cells_of(*tables[1]), (Table{{"CNN, batch 8", "–", "–"}, {"CNN, batch 16", "–", "–"}}));
}

Results with_noise() {
  Results results = example_results();
  for (Fit& fit : results.rows[0].fits)
    for (auto [name, value] : {std::pair{"accuracy, noise 5 dB", .25},
                               {"accuracy, noise 20 dB", .5},
                               {"song accuracy, noise 20 dB", .75},
                               {"accuracy, MP3 64 kbit/s", .6}})
      fit.measured[name] = value;
  return results;
}

TEST(DegradedClips, AreATableAndALineFromMildToHeavy) {
  HtmlNode page = page_of(with_noise());
  const HtmlNode& part = section(page, "degraded");
  std::vector<const HtmlNode*> tables = part.all("table");
  ASSERT_EQ(tables.size(), 2u) << "a rule each";
  EXPECT_EQ(texts(tables[0]->first("thead").all("th")),
            (Strings{"Net", "as it is", "MP3 64 kbit/s", "noise 20 dB", "noise 5 dB"}));
  EXPECT_EQ(cells_of(*tables[0]), (Table{{"base CNN", "68.8_% ± 31.5", "60.0_% ± 0.0",
                                          "50.0_% ± 0.0 song 75.0_%", "25.0_% ± 0.0"},
                                         {"MLP <1>", "25.0_%", "–", "–", "–"}}));
  EXPECT_EQ(texts(part.all("h3")),
            (Strings{"MP3, two folds", "noise, two folds", "MP3, split over excerpts",
                     "noise, split over excerpts", "Accuracy on degraded clips, two folds",
                     "Accuracy on degraded clips, split over excerpts"}));
  const HtmlNode& noise = *part.all("svg", "curves")[1];
  Strings words = texts(noise.all("text"));
  for (const char* word : {"as it is", "20 dB", "5 dB", "base CNN", "MLP <1>"})
    EXPECT_EQ(std::count(words.begin(), words.end(), word), 1) << word;
  // 68.75 %, 50 % and 25 % of 150 pixels below the top at 10: three points, at equal distances.
  EXPECT_EQ(noise.all("polyline")[0]->attribute("points"), "38,56.9 163,85 288,122.5");
  EXPECT_EQ(noise.all("polyline")[1]->attribute("points"), "38,122.5") << "was not tested so";
}

TEST(AccuracyLines, NamesDoNotLieOnEachOther) {
  std::vector<double> near = {.5, .5};
  HtmlNode svg =
      HtmlParser(
          accuracy_lines({"a", "b"}, {{"one", near}, {"two", near}, {"low", {.1, .1}}}).code())
          .page();
  std::map<std::string, double> heights;
  for (const HtmlNode* text : svg.all("text"))
    heights[text->text()] = std::stod(text->attribute("y"));
  EXPECT_EQ(heights["two"] - heights["one"], 11);
  EXPECT_GT(heights["low"], heights["two"] + 11);
}

std::vector<Chapter> two_chapters() { return {{"2s", "of 2 s", {}}, {"5s", "of <5> s", {}}}; }

std::vector<ComparedRun> two_columns(const Results& first, const std::optional<Results>& second) {
  return {{"of 2 s", "2s/report.html", first}, {"of <5> s", "5s/report.html", second}};
}

TEST(Chapters, AreColumnsWithLinksToTheirReports) {
  Results first = with_songs(), second = first;
  second.clips.pop_back();
  second.rows[0].fits.erase(second.rows[0].fits.begin() + 1, second.rows[0].fits.end());
  HtmlNode page = HtmlParser(summary(two_columns(first, second)).code()).page();
  EXPECT_EQ(texts(page.all("h3")), (Strings{"two folds", "split over excerpts"}));
  std::vector<const HtmlNode*> tables = page.all("table");
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(cells_of(*tables[0]),
            (Table{{"clips", "8", "7"},
                   {"base CNN", "68.8_% ± 31.5 song 75.0_%", "75.0_% song 60.0_%"},
                   {"MLP <1>", "25.0_%", "25.0_%"},
                   {"deep CNN", "diverged", "diverged"}}));
  Strings links;
  for (const HtmlNode* link : tables[0]->all("a")) links.push_back(link->attribute("href"));
  EXPECT_EQ(links, (Strings{"2s/report.html", "5s/report.html"}));
  // While the second has not begun.
  page = HtmlParser(summary(two_columns(first, std::nullopt)).code()).page();
  EXPECT_EQ(cells_of(*page.all("table")[0])[0], (Strings{"clips", "8", "–"}));
  EXPECT_EQ(page.all("table")[0]->all("a").size(), 1u);
}

TEST(Chapters, RunOneAfterTheOtherEachInItsFolder) {
  TemporaryFolder folder;
  Options options;
  options.out = (folder / "out").string();
  std::string ran;
  auto run = [&](const MakeStudy&, const Options& with) {
    ran += with.out.substr(options.out.size()) + " ";
    std::filesystem::create_directories(with.out);
    write_json(example_results(), with.out + "/results.json");
  };
  run_chapters(two_chapters(), options, run);
  EXPECT_EQ(ran, "/2s /5s ");
  EXPECT_TRUE(contains(read_file(folder / "out/summary.html"), "5s/report.html"));
  std::filesystem::remove(folder / "out/summary.html");
  options.plan = true;
  run_chapters(two_chapters(), options, run);
  EXPECT_FALSE(std::filesystem::exists(folder / "out/summary.html"));
  options.data = folder.path.string();
  options.out = (folder / "not/yet/there").string();
  EXPECT_TRUE(contains(error_of([&] { run_chapters(two_chapters(), options, run); }),
                       "there lies in the data, where the folders of several runs"));
}

}  // namespace
}  // namespace melgrad
