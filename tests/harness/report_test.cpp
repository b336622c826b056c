#include "apps/harness/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "apps/harness/report/plot.h"
#include "kernels/error.h"
#include "tensor/files/file.h"
#include "tests/harness/example_results.h"

namespace melgrad {
namespace {

std::string report_of(const Results& results) {
  auto path = std::filesystem::path(testing::TempDir()) / "melgrad_report.html";
  write_report(
      results, [](i64 index) { return "jpeg" + std::to_string(index); }, path.string());
  return read_file(path);
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    ++found;
  return found;
}

TEST(Report, ShowsEveryNetBesideItsPublishedFigures) {
  std::string page = report_of(example_results());
  for (const char* text :
       {"base CNN", "91.5\u202F%", "75.0\u202F%", "deep CNN", "27.1\u202F%",
        "diverged: the loss is nan", "AlexNet", "81.2\u202F%", "needs --weights"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
}

TEST(Report, NeedsNoNetwork) {
  std::string page = report_of(example_results());
  for (const char* text : {"http:", "https:", "url(", "<link", "@import", "src='//"})
    EXPECT_EQ(page.find(text), std::string::npos) << text;
}

TEST(Report, EscapesNames) {
  std::string page = report_of(example_results());
  EXPECT_NE(page.find("Two &lt;kinds&gt;"), std::string::npos);
  EXPECT_NE(page.find(">&lt;c&gt;.wav"), std::string::npos);
  EXPECT_NE(page.find("conv &lt; pool"), std::string::npos);
  EXPECT_NE(page.find("rock/\uFFFD.wav: damaged"), std::string::npos);
  EXPECT_NE(page.find("music/rock/a%20b.wav#t=1.5,6.5"), std::string::npos);
  EXPECT_EQ(page.find("<kinds>"), std::string::npos);
}

TEST(Report, ShowsTheMistakeOnceMoreAndMarksSettings) {
  std::string page = report_of(example_results());
  EXPECT_EQ(count(page, "<figure"), 5u);  // four test clips, and the one that is wrong again
  EXPECT_EQ(count(page, "mark inf'>inf</span></td>"), 1u);
  EXPECT_EQ(count(page, "anBlZzI="), 2u);  // "jpeg2", the mistake
}

TEST(Report, ShowsTheHonestScoreBesideTheLeakyOne) {
  Results results = example_results();
  Protocol honest = results.protocols[0];
  honest.name = "honest";
  honest.title = "split over recordings";
  Fit fit = results.nets[0].fits[0];
  fit.protocol = "honest";
  fit.scores.test_accuracy = .625;
  EXPECT_NE(report_of(results).find("never heard in training"), std::string::npos);
  results.protocols[0].name = results.nets[0].fits[0].protocol = "published";
  results.protocols.push_back(honest);
  results.nets[0].fits.push_back(fit);
  std::string page = report_of(results);
  EXPECT_NE(page.find("split over recordings"), std::string::npos);
  EXPECT_NE(page.find("62.5\u202F%"), std::string::npos);
  EXPECT_EQ(page.find("never heard in training"), std::string::npos);
  EXPECT_NE(page.find("-12.5 points"), std::string::npos);
}

TEST(Report, IsWrittenBeforeAnyNetHasFinished) {
  Results results = example_results();
  for (NetResult& net : results.nets) net.fits.clear();
  EXPECT_NE(report_of(results).find("No net has finished"), std::string::npos);
  results.protocols.clear();
  EXPECT_THROW(report_of(results), Error);
}

std::vector<Epoch> curve(const std::vector<double>& valid, const std::vector<double>& train) {
  std::vector<Epoch> history;
  for (std::size_t i = 0; i < valid.size(); ++i)
    history.push_back({train[i], 0, valid[i], 0, 0, 0});
  return history;
}

TEST(OverfittingStart, IsWhereValidationRisesWhileTrainingFalls) {
  auto overfits = curve({1, .8, .79, .8, .85, 1, 1.2}, {1, .8, .7, .6, .5, .4, .3});
  EXPECT_EQ(overfitting_start(overfits, 2), 4);
  auto learns = curve({1, .9, .8, .7}, {1, .9, .8, .7});
  EXPECT_EQ(overfitting_start(learns, 3), -1);
  // Both losses rise: that is no overfitting.
  auto breaks = curve({1, .8, 1, 1.2, 1.4}, {1, .8, 1, 1.2, 1.4});
  EXPECT_EQ(overfitting_start(breaks, 1), -1);
  EXPECT_EQ(overfitting_start({}, -1), -1);
}

TEST(Figures, StayInsideTheirFrame) {
  Fit fit = example_results().nets[0].fits[0];
  fit.history[0].valid_loss = 1e9;  // one wild value must not flatten the rest
  std::string svg = learning_curves(fit);
  for (std::size_t at = svg.find("points='"); at != std::string::npos;
       at = svg.find("points='", at + 1)) {
    std::string points = svg.substr(at + 8, svg.find('\'', at + 8) - at - 8);
    std::replace(points.begin(), points.end(), ',', ' ');
    std::istringstream numbers(points);
    for (double x = 0, y = 0; numbers >> x >> y;) {
      EXPECT_TRUE(x >= 38 && x <= 308) << points;
      EXPECT_TRUE(y >= 10 && y <= 214) << points;
    }
  }
}

TEST(Numbers, ReadWell) {
  EXPECT_EQ(decimal(.1250001, 4), "0.125");
  EXPECT_EQ(decimal(-.00001, 3), "0");
  EXPECT_EQ(decimal(100, 0), "100");
  EXPECT_EQ(decimal(std::nan(""), 3), "–");
  EXPECT_EQ(percent(.8543), "85.4\u202F%");
  EXPECT_EQ(thousands(2032392), "2\u202F032\u202F392");
  EXPECT_EQ(thousands(999), "999");
}

}  // namespace
}  // namespace melgrad
