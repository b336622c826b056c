// The report's figures, number by number: what stands where, and that nothing is turned round.
#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <sstream>

#include "apps/harness/report/plot.h"

namespace melgrad {
namespace {

using Point = std::pair<double, double>;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The points of the n-th polyline of a class.
std::vector<Point> points(const std::string& svg, const std::string& style, int n) {
  std::regex line("<polyline class='" + style + "' points='([^']*)'");
  std::sregex_iterator at(svg.begin(), svg.end(), line), end;
  for (; n > 0 && at != end; --n) ++at;
  if (at == end) return {};
  std::vector<Point> found;
  std::istringstream in((*at)[1].str());
  char comma = 0;
  for (double x = 0, y = 0; in >> x >> comma >> y;) found.emplace_back(x, y);
  return found;
}

Fit fit_of(const std::vector<Epoch>& history, i64 best) {
  Fit fit;
  fit.history = history;
  fit.best_epoch = best;
  return fit;
}

const std::vector<Epoch> five = {{2, .2, 1.8, .3, 1, 1},
                                 {1.5, .4, 1.2, .5, 1, 1},
                                 {1, .6, 1, .6, 1, 1},
                                 {.8, .7, 1.3, .55, 1, 1},
                                 {.5, .9, 1.6, .5, 1, 1}};

/// Five epochs from pixel 38 to 308; the loss' panel from 10 to 114, the accuracy's from 130 to 214.
double x_of(std::size_t epoch) { return 38 + 270. / 4 * static_cast<double>(epoch); }

void expect_points(const std::vector<Point>& drawn, const std::vector<double>& values, double top,
                   double height, double highest) {
  ASSERT_EQ(drawn.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(drawn[i].first, x_of(i), .051);  // written to a tenth
    EXPECT_NEAR(drawn[i].second, top + height * (1 - values[i] / highest), .051);
  }
}

TEST(LearningCurves, EachValueIsInItsPlace) {
  std::string svg = learning_curves(fit_of(five, 2));
  double highest = 2 * 1.04;
  expect_points(points(svg, "train", 0), {2, 1.5, 1, .8, .5}, 10, 104, highest);
  expect_points(points(svg, "valid", 0), {1.8, 1.2, 1, 1.3, 1.6}, 10, 104, highest);
  expect_points(points(svg, "train", 1), {.2, .4, .6, .7, .9}, 130, 84, 1);
  expect_points(points(svg, "valid", 1), {.3, .5, .6, .55, .5}, 130, 84, 1);
  EXPECT_TRUE(has(svg, "over 5 epochs"));
}

TEST(LearningCurves, MarkTheBestEpochAndOverfitting) {
  std::string svg = learning_curves(fit_of(five, 2));
  EXPECT_TRUE(has(svg, "<line class='best' x1='173' y1='10' x2='173' y2='214'/>"));
  EXPECT_TRUE(
      has(svg, "<circle class='best' cx='173' cy='64' r='3.4'/>"));  // 10 + 104 (1 − 1/2.08)
  EXPECT_TRUE(has(svg, "<circle class='best' cx='173' cy='163.6' r='3.4'/>"));  // 130 + 84 · .4
  EXPECT_TRUE(has(svg, "<rect class='overfit' x='240.5' y='10' width='67.5' height='204'/>"));
  EXPECT_FALSE(has(learning_curves(fit_of(five, 4)), "overfit"));
}

TEST(LearningCurves, WithoutValidationOrHistory) {
  std::string svg = learning_curves(fit_of(five, -1));
  EXPECT_TRUE(points(svg, "valid", 0).empty());
  EXPECT_EQ(points(svg, "train", 0).size(), 5U);
  EXPECT_EQ(points(svg, "train", 1).size(), 5U);
  EXPECT_FALSE(has(svg, "best"));
  EXPECT_EQ(learning_curves(fit_of({}, -1)), "");
  std::vector<Epoch> one = {five[0]};
  EXPECT_EQ(points(learning_curves(fit_of(one, 0)), "train", 0).size(), 1U);
  std::vector<Epoch> lost = five;
  lost[1].train_loss = std::nan("");
  EXPECT_EQ(points(learning_curves(fit_of(lost, 2)), "train", 0).size(), 4U);
}

TEST(LearningCurves, OneWildValueDoesNotFlattenTheRest) {
  std::vector<Epoch> history = five;
  history[3].valid_loss = 1e6;
  // The losses' median is 1.5, hence up to 6.
  expect_points(points(learning_curves(fit_of(history, 2)), "train", 0), {2, 1.5, 1, .8, .5}, 10,
                104, 6 * 1.04);
  history[0].train_loss = 9;  // what it began with is always shown
  expect_points(points(learning_curves(fit_of(history, 2)), "train", 0), {9, 1.5, 1, .8, .5}, 10,
                104, 9 * 1.04);
}

/// "0.5 1 1.5": the axis' words of a class.
std::string words(const std::string& svg, const std::string& style) {
  std::regex text("<text class='" + style + "'[^>]*>([^<]*)<");
  std::string all;
  for (std::sregex_iterator at(svg.begin(), svg.end(), text), end; at != end; ++at)
    all += (all.empty() ? "" : " ") + (*at)[1].str();
  return all;
}

TEST(LearningCurves, AxesHaveRoundSteps) {
  std::string svg = learning_curves(fit_of(five, 2));
  EXPECT_EQ(words(svg, "tick end"), "0 1 2 0\u202F% 50\u202F% 100\u202F%");
  EXPECT_EQ(words(svg, "tick middle"), "1 2 3 4 5");
  for (const char* mark :
       {"<text class='tick end' x='33' y='17.5'>2</text>",  // 14 and a little down
        "<line class='grid' x1='38' y1='64' x2='308' y2='64'/>",
        "<text class='tick end' x='33' y='175.5'>50\u202F%</text>",
        "<line class='grid' x1='38' y1='172' x2='308' y2='172'/>",
        "<text class='tick middle' x='105.5' y='228'>2</text>"})
    EXPECT_TRUE(has(svg, mark)) << mark;
  EXPECT_TRUE(has(learning_curves(fit_of(five, 1)),
                  "<line class='best' x1='105.5' y1='10' x2='105.5' y2='214'/>"));
}

/// The number of an attribute of the first element of a class.
double number_of(const std::string& svg, const std::string& style, const std::string& attribute) {
  std::smatch found;
  std::regex pattern("class='" + style + "'[^>]* " + attribute + "='([^']*)'");
  return std::regex_search(svg, found, pattern) ? std::stod(found[1]) : std::nan("");
}

TEST(AccuracyStrip, EachMarkIsInItsPlace) {
  std::string svg = accuracy_strip(.9, .75, .1, .25);
  auto x = [](double share) { return 6 + 208 * share; };
  EXPECT_NEAR(number_of(svg, "published", "cx"), x(.9), .051);
  EXPECT_NEAR(number_of(svg, "measured", "cx"), x(.75), .051);
  EXPECT_NEAR(number_of(svg, "chance", "x1"), x(.25), .051);
  EXPECT_NEAR(number_of(svg, "spread", "x1"), x(.65), .051);
  EXPECT_NEAR(number_of(svg, "spread", "x2"), x(.85), .051);
  EXPECT_NEAR(number_of(svg, "link", "x1"), x(.9), .051);
  EXPECT_NEAR(number_of(svg, "link", "x2"), x(.75), .051);
  EXPECT_NEAR(number_of(svg, "grid", "x1"), x(0), .051);
  EXPECT_NEAR(number_of(svg, "grid", "x2"), x(1), .051);
  EXPECT_TRUE(has(svg, "published 90.0\u202F%, measured 75.0\u202F%"));
  std::string edges = accuracy_strip(.9, .95, .1, .25), low = accuracy_strip(.9, .05, .1, .25);
  EXPECT_NEAR(number_of(edges, "spread", "x2"), x(1), .051);
  EXPECT_NEAR(number_of(low, "spread", "x1"), x(0), .051);
}

TEST(AccuracyStrip, LeavesOutWhatIsNotKnown) {
  double none = std::nan("");
  std::string published = accuracy_strip(.9, none, .1, .25),
              measured = accuracy_strip(none, .75, 0, .25);
  for (const char* mark : {"measured' cx", "link", "spread"})
    EXPECT_FALSE(has(published, mark)) << mark;
  for (const char* mark : {"published' cx", "link", "spread"})
    EXPECT_FALSE(has(measured, mark)) << mark;
  EXPECT_TRUE(has(published, "published' cx"));
  EXPECT_TRUE(has(measured, "measured' cx"));
}

/// The texts of the cells of a kind, "a|b|c".
std::string cells(const std::string& html, const std::string& pattern) {
  std::string all;
  std::regex cell(pattern);
  for (std::sregex_iterator at(html.begin(), html.end(), cell), end; at != end; ++at)
    all += (*at)[1].str() + "|";
  return all;
}

TEST(ConfusionTable, RowsAreTrueAndColumnsPredicted) {
  std::string html = confusion_table(Confusion({7, 2, 1, 0, 20, 5, 0, 3, 0}), {"a", "b<", "c"});
  EXPECT_EQ(cells(html, "<th scope='col'><span>([^<]*)</span>"), "a|b&lt;|c|");
  EXPECT_EQ(cells(html, "<tr><th scope='row'>([^<]*)</th>"), "a|b&lt;|c|");
  EXPECT_EQ(cells(html, "<td class='[^>]*>([^<]*)</td>"), "7|2|1|·|20|5|·|3|·|");
  EXPECT_EQ(cells(html, "<td class='([a-z ]*)'"),
            "hit mid|miss|miss|miss|hit mid|miss|miss|miss deep|hit|");
  EXPECT_EQ(cells(html, "--v:([0-9.]*)"), "0.7|0.2|0.1|0|0.8|0.2|0|1|0|");
  // A class without examples has no shares.
  EXPECT_EQ(cells(confusion_table(Confusion({1, 1, 0, 0}), {"a", "b"}), "--v:([0-9.–]*)"),
            "0.5|0.5|0|0|");
  EXPECT_FALSE(has(html, "many"));
  EXPECT_FALSE(has(confusion_table(Confusion(6), {"1", "2", "3", "4", "5", "6"}), "many"));
  EXPECT_TRUE(has(confusion_table(Confusion(7), {"1", "2", "3", "4", "5", "6", "7"}), "many"));
}

TEST(Text, EscapesMarkupAndWhatIsNotUtf8) {
  EXPECT_EQ(escape_html("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
  for (const char* good : {"é", "—", "𝄞", "\u07ff", "\u0800", "\U0010ffff"})
    EXPECT_EQ(escape_html(good), good);
  const std::pair<std::string, std::string> cases[] = {
      {"\xff", "\uFFFD"},
      {"a\x80z", "a\uFFFDz"},
      {"\xc3", "\uFFFD"},
      {"\xc3(", "\uFFFD("},
      {"\xc0\xaf", "\uFFFD\uFFFD"},
      {"\xe2\x82", "\uFFFD\uFFFD"},
      {"\xf0\x9d\x84", "\uFFFD\uFFFD\uFFFD"},
      {"\xf5\x80\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"}};
  for (const auto& [bytes, text] : cases) EXPECT_EQ(escape_html(bytes), text) << text;
}

TEST(Text, Numbers) {
  EXPECT_EQ(fixed_point(.28, 3), "0.280");
  EXPECT_EQ(fixed_point(INFINITY, 3), "–");
  EXPECT_EQ(decimal(3, 2), "3");
  EXPECT_EQ(decimal(.8543, 6), "0.8543");
  EXPECT_EQ(decimal(-1.5, 1), "-1.5");
  EXPECT_EQ(decimal(1200, 2), "1200");
  EXPECT_EQ(percent(.125, 0), "12\u202F%");
  EXPECT_EQ(percent(1), "100.0\u202F%");
  EXPECT_EQ(percent(std::nan("")), "–");
  EXPECT_EQ(thousands(0), "0");
  EXPECT_EQ(thousands(1000), "1\u202F000");
  EXPECT_EQ(thousands(123456), "123\u202F456");
}

TEST(OverfittingStart, NeedsBothLossesAndTheNeighbours) {
  auto at = [](const std::vector<double>& valid, const std::vector<double>& train, i64 best) {
    std::vector<Epoch> history;
    for (std::size_t i = 0; i < valid.size(); ++i)
      history.push_back({train[i], 0, valid[i], 0, 0, 0});
    return overfitting_start(history, best);
  };
  // The mean of three must be 5 % above the best: 1.06 is, 1.04 is not.
  EXPECT_EQ(at({1, 1.06, 1.06, 1.06, 1.06}, {1, .9, .8, .7, .6}, 0), 2);
  EXPECT_EQ(at({1, 1.1, 1.1, 1.1}, {1, .9, .8, .7}, 0), 1);
  EXPECT_EQ(at({1, 1.04, 1.04, 1.04, 1.04}, {1, .9, .8, .7, .6}, 0), -1);
  EXPECT_EQ(at({1, 1, 1.4, 1, 1}, {1, .9, .8, .7, .6}, 0), 1);
  EXPECT_EQ(at({1, 1.3, 1.3, 1.3}, {1, 1.1, .9, .8}, 0), 2) << "training's must be below its best";
  EXPECT_EQ(at({1, 1.3}, {1, .9}, 0), -1) << "the last epoch has one neighbour";
  EXPECT_EQ(at({1, 1.3, 1.3}, {1, .9, .8}, 3), -1);
}

}  // namespace
}  // namespace melgrad
