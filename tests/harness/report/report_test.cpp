#include "apps/harness/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/error_of.h"
#include "tests/harness/example_results.h"
#include "tests/harness/report/report_page.h"

namespace melgrad {
namespace {

TEST(Report, PartsHaveTheirOrderAndAStudysOwnComeBeforeSingleClips) {
  Strings all = {"head",  "table",    "figures",     "rules",    "folds", "curves", "confusions",
                 "clips", "mistakes", "pretraining", "settings", "data",  "again"};
  EXPECT_EQ(sections_of(page_of(example_results())), all);
  std::vector<Section> own = {
      {"ours",
       [](const Report& report) { return tag("p", report.best->title, report.chance > .2); }},
      {"nothing", [](const Report&) { return Html(); }}};
  HtmlNode page = page_of(example_results(), no_picture, own);
  all.insert(all.begin() + 7, "ours");
  EXPECT_EQ(sections_of(page), all);
  EXPECT_EQ(section(page, "ours").text(), "base CNN1");
}

// The deviation of 3/4, 3/4, 1 and 1/4 is .3146; base CNN's macro F1 is the mean of 2/3, 2/3, 1
// and 1/10.
TEST(Report, TheTableHasTheFiguresOfTheResults) {
  HtmlNode page = page_of(example_results());
  EXPECT_EQ(
      cells_of(section(page, "table")),
      (Table{{"base CNNconv < poolsees: picture", "1_096_772", "", "91.5_%", "68.8_% ± 31.5",
              "0.280", "0.333 ± 0.000", "0.608", "0:046_% waiting"},
             {"MLP <1>onesees: bandsstarted from imagenet.safetensors1 of 2 folds so far",
              "1_23434 trained", "", "60.0_%", "25.0_%", "–", "0.333", "0.100", "0:046_% waiting"},
             {"deep CNNtensees: picture1 of 2 folds so fardiverged: the loss is nan in step 12 "
              "(epoch 2)",
              "2", "", "27.1_%", "diverged", "1.280", "–", "–", "–"},
             {"AlexNeteightsees: picturenot run: needs --weights", "–", "", "81.2_%", "not run",
              "–", "–", "–", "–"}}));
  Strings classes;
  for (const HtmlNode* line : section(page, "table").first("tbody").all("tr"))
    classes.push_back(line->attribute("class"));
  EXPECT_EQ(classes, (Strings{"best", "", "absent", "absent"}));
  EXPECT_EQ(texts(section(page, "table").all("p", "note")),
            (Strings{"A mean stands with the deviation over its fits, one a fold and seed.",
                     "A song is in one fold.", "These are other clips."}));
}

TEST(Report, TheTablesStripsAreOfTheirRows) {
  HtmlNode page = page_of(example_results());
  auto strips = section(page, "table").all("svg", "strip");
  ASSERT_EQ(strips.size(), 4u);
  const char* labels[] = {"published 91.5_%, measured 68.8_%", "published 60.0_%, measured 25.0_%",
                          "published 27.1_%, measured –", "published 81.2_%, measured –"};
  for (std::size_t i = 0; i < strips.size(); ++i)
    EXPECT_EQ(plain(strips[i]->attribute("aria-label")), labels[i]);
  EXPECT_EQ(strips[0]->all("line", "spread").size(), 1u);
  EXPECT_EQ(strips[1]->all("line", "spread").size(), 0u);
}

TEST(Report, TheTableIsQuietAboutWhatIsOne) {
  Results results = example_without_folds();
  for (RowResult& row : results.rows) row.input = "picture";
  for (Fit& fit : results.rows[0].fits) fit.waited = 0;
  Table cells = cells_of(section(page_of(results), "table"));
  EXPECT_EQ(cells[0], (Strings{"base CNNconv < pool", "1_096_772", "", "91.5_%", "75.0_%", "0.280",
                               "0.333", "0.667", "0:04"}));
  results.rows[2].fits.push_back(results.rows[0].fits[0]);
  results.rows[2].fits.back().seed = 8;
  cells = cells_of(section(page_of(results), "table"));
  EXPECT_EQ(cells[2][0], "deep CNNten1 of 2 fits diverged: the loss is nan in step 12 (epoch 2)");
  EXPECT_EQ(cells[2][4], "75.0_%");
}

TEST(Report, FurtherFiguresStandPublishedOverMeasured) {
  HtmlNode page = page_of(example_results());
  const HtmlNode& part = section(page, "figures");
  EXPECT_EQ(texts(part.first("thead").all("th")),
            (Strings{"", "", "F1 r&b", "top 3", "s an epoch"}));
  EXPECT_EQ(cells_of(part), (Table{{"base CNN", "published", "0.500", "98.7_%", "–"},
                                   {"measured", "0.500 ± 0.577", "87.5_% ± 14.4", "1"}}));
  Results results = example_results();
  results.rows[0].published.erase("top 3");
  results.rows[0].published.erase("F1 r&b");
  results.rows[3].published["F1 pop"] = .25;  // a row that was not run
  EXPECT_EQ(cells_of(section(page_of(results), "figures")),
            (Table{{"AlexNet", "published", "0.250", "–"}, {"measured", "–", "–"}}));
  results.rows[3].published.erase("F1 pop");
  Strings names = sections_of(page_of(results));
  EXPECT_EQ(std::count(names.begin(), names.end(), "figures"), 0);
}

// Which of two splits leaks is said by the rule, whatever the splits are called.
TEST(Report, ShowsTheHonestScoreBesideTheLeakyOne) {
  Results results = example_results();
  HtmlNode page = page_of(results);
  const HtmlNode& part = section(page, "rules");
  EXPECT_EQ(texts(part.first("thead").all("th")),
            (Strings{"Net", "two folds", "split over excerpts leaks", "difference"}));
  EXPECT_EQ(cells_of(part), (Table{{"base CNN", "68.8_% ± 31.5", "100.0_%", "31.2 points"}}));
  EXPECT_EQ(texts(part.all("b")), (Strings{"68.8_% ± 31.5"}));
  EXPECT_TRUE(contains(part.text(), "Anyhow."));
  EXPECT_TRUE(contains(section(page, "head").text(), "that it never heard in training"));

  std::swap(results.rules[0].leaks, results.rules[1].leaks);
  page = page_of(results);
  EXPECT_EQ(texts(section(page, "rules").all("b")), (Strings{"100.0_%"}));
  EXPECT_EQ(texts(section(page, "rules").all("span", "mark")), (Strings{"leaks"}));
  EXPECT_TRUE(contains(section(page, "head").text(), "by a split that leaks"));
  EXPECT_FALSE(contains(section(page, "head").text(), "never heard"));

  results.rules[0].leaks = results.rules[1].leaks = false;
  EXPECT_TRUE(section(page_of(results), "rules").all("span", "mark").empty());
  results.rules.pop_back();
  Strings names = sections_of(page_of(results));
  EXPECT_EQ(std::count(names.begin(), names.end(), "rules"), 0);
}

TEST(Report, HasEachFoldsAccuracy) {
  EXPECT_EQ(cells_of(section(page_of(example_results()), "folds")),
            (Table{{"base CNN, seed 7", "75.0_%", "75.0_%"},
                   {"base CNN, seed 8", "100.0_%", "25.0_%"},
                   {"MLP <1>", "25.0_%", "–"},
                   {"deep CNN", "diverged", "–"}}));
  Strings names = sections_of(page_of(example_without_folds()));
  EXPECT_EQ(std::count(names.begin(), names.end(), "folds"), 0);
}

TEST(Report, BeginsWithTheBestNet) {
  auto lead = [](const Results& results) {
    return plain(section(page_of(results), "head").first("p", "lead").text());
  };
  Results results = example_results();
  EXPECT_EQ(lead(results),
            "The best of 2 nets, base CNN, names the genre of 6 of 8 test clips in 2 folds that it "
            "never heard in training: 75.0_%. Guessing would get 25.0_%. The mean of its 4 fits is "
            "68.8_% ± 31.5.");
  results.rows[0].fits.erase(results.rows[0].fits.begin() + 1, results.rows[0].fits.end());
  results.rows[1].fits[0].measured["accuracy"] = .8;
  EXPECT_EQ(
      lead(results),
      "The best of 2 nets, MLP <1>, names the genre of 1 of 4 test clips in 1 of 2 folds that "
      "it never heard in training: 25.0_%. Guessing would get 25.0_%.");
  EXPECT_EQ(
      lead(example_without_folds()),
      "The best of 2 nets, base CNN, names the genre of 3 of 4 test clips that it never heard "
      "in training: 75.0_%. Guessing would get 25.0_%.");
  Results unequal = example_without_folds();
  unequal.clips[static_cast<std::size_t>(unequal.rules[0].folds[0].test[3])].label = 0;
  EXPECT_NE(lead(unequal).find("training: 75.0_%. Always saying rock would get 50.0_%."),
            std::string::npos)
      << lead(unequal);
  HtmlNode page = page_of(results);
  const HtmlNode& head = section(page, "head");
  EXPECT_EQ(head.first("p", "eyebrow").text(), "melgrad · eight clips & more");
  EXPECT_EQ(head.first("h1").text(), "Four <kinds>");
  EXPECT_EQ(page.first("title").text(), "Four <kinds>");
  EXPECT_EQ(texts(head.all("dd")), (Strings{"2022-02-22 22:22", "cpu", "2", "f32", "7"}));
}

TEST(Report, IsWrittenBeforeAnyNetHasFinished) {
  Results results = example_results();
  for (RowResult& row : results.rows) row.fits.clear();
  HtmlNode page = page_of(results);
  EXPECT_EQ(section(page, "head").first("p", "lead").text(), "No net has finished yet.");
  EXPECT_EQ(sections_of(page), (Strings{"head", "table", "figures", "rules", "pretraining",
                                        "settings", "data", "again"}));
  EXPECT_EQ(cells_of(section(page, "table"))[0][4], "not run");
  results.rules.clear();
  EXPECT_TRUE(contains(error_of([&] { page_of(results); }), "nothing to report"));
}

TEST(Report, HasTheCurvesOfEachFit) {
  HtmlNode page = page_of(example_results());
  const HtmlNode& part = section(page, "curves");
  EXPECT_EQ(texts(part.all("h3")), (Strings{"base CNN, fold 1, seed 7", "base CNN, fold 2, seed 7",
                                            "base CNN, fold 1, seed 8", "base CNN, fold 2, seed 8",
                                            "MLP <1>, fold 1", "deep CNN, fold 1"}));
  EXPECT_EQ(part.all("article").size(), 6u);
  EXPECT_EQ(part.all("svg", "curves").size(), 6u);
  EXPECT_TRUE(part.all("details").empty());
  EXPECT_EQ(
      plain(part.first("article").first("p").text()),
      "stopped early, after epoch 4; best: epoch 2; 1.0 s an epoch, 6_% of it waiting for data");
  EXPECT_EQ(part.all("article")[5]->first("p").text(),
            "diverged: the loss is nan in step 12 (epoch 2); 1.0 s an epoch");
  EXPECT_EQ(part.first("ul", "legend").all("li").size(), 4u);
}

TEST(Report, FoldsManyCurvesAway) {
  Results results = example_results();
  std::vector<Fit>& fits = results.rows[0].fits;
  while (fits.size() < 13) {
    fits.push_back(fits[0]);
    fits.back().seed = 20 + fits.size();
  }
  for (RowResult& row : results.rows)
    for (Fit& fit : row.fits)
      for (Epoch& epoch : fit.history) epoch.valid_loss = epoch.valid_accuracy = std::nan("");
  HtmlNode page = page_of(results);
  const HtmlNode& part = section(page, "curves");
  EXPECT_EQ(part.all("article").size(), 3u);
  EXPECT_EQ(part.all("svg", "curves").size(), 14u);
  ASSERT_EQ(part.all("details").size(), 1u);
  EXPECT_EQ(part.first("details").all("svg").size(), 11u);
  EXPECT_EQ(part.first("summary").text(), "11 more fits");
  EXPECT_EQ(texts(part.first("ul", "legend").all("li")), (Strings{"training"}));
}

TEST(Report, AddsTheFoldsConfusionsUp) {
  HtmlNode page = page_of(example_results());
  const HtmlNode& part = section(page, "confusions");
  auto cards = part.all("article");
  ASSERT_EQ(cards.size(), 2u);
  EXPECT_EQ(plain(cards[0]->first("p").text()), "75.0_% right in 2 folds");
  EXPECT_EQ(plain(cards[1]->first("p").text()), "25.0_% right");
  EXPECT_EQ(cells_of(*cards[0]), (Table{{"rock", "2", "·", "·", "·"},
                                        {"r&b", "1", "1", "·", "·"},
                                        {"jazz", "·", "·", "2", "·"},
                                        {"folk", "1", "·", "·", "1"}}));
  EXPECT_EQ(cells_of(part.first("table", "scores")),
            (Table{{"rock", "0.50", "1.00", "0.67", "2"},
                   {"r&b", "1.00", "0.50", "0.67", "2"},
                   {"jazz", "1.00", "1.00", "1.00", "2"},
                   {"folk", "1.00", "0.50", "0.67", "2"}}));
  EXPECT_EQ(part.all("h3").back()->text(), "base CNN, genre by genre");
}

TEST(Report, NamesTheRowsOfASetting) {
  HtmlNode page = page_of(example_results());
  auto lines = section(page, "settings").first("table").all("tr");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(texts(lines[0]->all("td")), (Strings{"batch", "64", "inf", "unpublished"}));
  EXPECT_EQ(texts(lines[1]->all("td")),
            (Strings{"learning rateMLP <1>, AlexNet", "1e-4", "txt", "usual"}));
  EXPECT_TRUE(lines[0]->first("span", "mark").is("span", "inf"));
  EXPECT_TRUE(lines[1]->first("span", "mark").is("span", "txt"));
  EXPECT_EQ(lines[1]->first("small").text(), "MLP <1>, AlexNet");
}

TEST(Report, SaysHowTheClipsWereDivided) {
  Results results = example_results();
  results.rules[1].folds[1].valid = {6, 7};
  HtmlNode page = page_of(results);
  const HtmlNode& part = section(page, "data");
  EXPECT_EQ(
      texts(part.all("p", "note")),
      (Strings{"two folds: 2 folds",
               "split over excerpts: 2 folds, each 2 clips to train, 2 to validate, 4 to test."}));
  EXPECT_EQ(texts(part.first("ul", "notes").all("li")), (Strings{"8 files of rock"}));
  EXPECT_EQ(texts(part.first("ul", "note").all("li")),
            (Strings{"fold 1: 3 clips to train, 1 to validate, 4 to test",
                     "fold 2: 4 clips to train, 0 to validate, 4 to test"}));
  EXPECT_EQ(part.first("summary").text(), "2 files were skipped");
  EXPECT_EQ(part.first("details").all("li")[1]->text(), "rock/\uFFFD.wav: damaged");
  page =
      page_of(example_results());  // the second rule's folds differ in their validation part alone
  EXPECT_EQ(section(page, "data").all("ul", "note").size(), 2u);
  HtmlNode one = page_of(example_without_folds());
  EXPECT_EQ(texts(section(one, "data").all("p", "note")),
            (Strings{"stratified split: 4 clips to train, 2 to validate, 4 to test."}));
}

// Of one's own genres nothing was published: neither columns, nor rows of what was not run.
TEST(Report, IsQuietAboutFiguresThatNobodyPublished) {
  Results results = example_without_folds();
  for (RowResult& row : results.rows) row.published.clear();
  results.rows[2].not_run = "not run: needs --weights";
  results.rows[3].not_run = "not run";
  results.published_note.clear();
  HtmlNode page = page_of(results);
  const HtmlNode& table = section(page, "table");
  EXPECT_EQ(table.first("h2").text(), "Measured");
  EXPECT_EQ(texts(table.first("thead").all("th")),
            (Strings{"Net", "parameters", "0 – 100 %", "accuracy", "loss", "macro F1", "time"}));
  Table cells = cells_of(table);
  ASSERT_EQ(cells.size(), 3u);
  EXPECT_EQ(cells[0], (Strings{"base CNNconv < poolsees: picture", "1_096_772", "", "75.0_%",
                               "0.333", "0.667", "0:046_% waiting"}));
  EXPECT_EQ(table.first("tbody").first("tr").all("td").size(), cells[2].size());
  EXPECT_EQ(plain(table.first("svg", "strip").attribute("aria-label")), "measured 75.0_%");
  EXPECT_FALSE(contains(table.text(), "published"));
  Strings names = sections_of(page);
  EXPECT_EQ(std::count(names.begin(), names.end(), "figures"), 0);
  for (RowResult& row : results.rows) row.fits.clear();
  for (RowResult& row : results.rows) row.not_run = "not run";
  names = sections_of(page_of(results));
  EXPECT_EQ(std::count(names.begin(), names.end(), "table"), 0);
}

TEST(Report, SaysWhatWasTrainedBeforeAndHowToRunItAgain) {
  HtmlNode page = page_of(example_results());
  EXPECT_EQ(cells_of(section(page, "pretraining")),
            (Table{{"MLP on others", "stopped early, after epoch 4", "100.0_%", "0:04"}}));
  EXPECT_EQ(section(page, "again").first("code").text(), "build/bin/four --data 'a b'");
}

TEST(Report, NeedsNoNetwork) {
  std::string page = code_of(example_results());
  for (const char* text : {"http:", "https:", "url(", "<link", "@import", "src='//", "src='h"})
    EXPECT_EQ(page.find(text), std::string::npos) << text;
}

}  // namespace
}  // namespace melgrad
