#include "apps/harness/report/plot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "tests/harness/report/html_tree.h"

namespace melgrad {
namespace {

const double nan = std::nan("");

double number(const HtmlNode& node, const std::string& key) {
  return std::stod(node.attribute(key));
}

HtmlNode parsed(const Html& html) { return HtmlParser(html.code()).page(); }

std::vector<std::pair<double, double>> points_of(const HtmlNode& polyline) {
  std::string text = polyline.attribute("points");
  std::replace(text.begin(), text.end(), ',', ' ');
  std::istringstream numbers(text);
  std::vector<std::pair<double, double>> points;
  for (double x = 0, y = 0; numbers >> x >> y;) points.emplace_back(x, y);
  return points;
}

/// What an axis says of pixels: linear between its first tick and its last.
struct Axis {
  double pixel[2], value[2];
  double per_pixel() const { return (value[1] - value[0]) / (pixel[1] - pixel[0]); }
  double operator()(double at) const { return value[0] + (at - pixel[0]) * per_pixel(); }
};

// Ticks of one kind: "loss" has plain numbers, "accuracy" percentages, both at the left.
Axis axis_of(const HtmlNode& svg, const std::string& kind) {
  std::vector<std::pair<double, double>> ticks;
  for (const HtmlNode* tick : svg.all("text", kind == "epochs" ? "middle" : "end")) {
    std::string words = tick->text();
    bool share = words.find('%') != std::string::npos;
    if (kind != "epochs" && share != (kind == "accuracy")) continue;
    double value = std::stod(words) / (share ? 100 : 1);
    // A number stands 3.5 pixels below its line: in the middle of its height.
    ticks.emplace_back(kind == "epochs" ? number(*tick, "x") : number(*tick, "y") - 3.5, value);
  }
  EXPECT_GE(ticks.size(), 2u) << kind;
  return {{ticks.front().first, ticks.back().first}, {ticks.front().second, ticks.back().second}};
}

std::vector<Epoch> history() {
  return {{1.4, .3, 1.2, .2, .1, 1, 0},  {.9, .6, 1, .75, .1, 1, 0},
          {.5, .8, .7, .7, .1, 1, 0},    {.4, .85, .8, .65, .1, 1, 0},
          {.3, .9, 1.1, .5, .1, 1, 0},   {.2, .95, 1.2, .4, .1, 1, 0},
          {.15, .96, 1.3, .3, .1, 1, 0}, {.1, .97, 1.39, .25, .1, 1, 0}};
}

Fit fit_of(std::vector<Epoch> epochs, i64 best) {
  Fit fit;
  fit.history = std::move(epochs);
  fit.best_epoch = best;
  return fit;
}

// A pixel has one digit: half a tenth, over 104 or 84 pixels for at most 1.5.
constexpr double loss_step = .05 / 104 * 1.5, accuracy_step = .05 / 84;

TEST(LearningCurves, AreTheHistory) {
  Fit fit = fit_of(history(), 2);
  HtmlNode svg = parsed(learning_curves(fit));
  Axis epochs = axis_of(svg, "epochs"), loss = axis_of(svg, "loss"),
       accuracy = axis_of(svg, "accuracy");
  EXPECT_GT(epochs.per_pixel(), 0);  // to the right
  EXPECT_LT(loss.per_pixel(), 0);    // upwards
  EXPECT_LT(accuracy.per_pixel(), 0);
  auto train = svg.all("polyline", "train"), valid = svg.all("polyline", "valid");
  ASSERT_EQ(train.size(), 2u);
  ASSERT_EQ(valid.size(), 2u);
  auto expect = [&](const HtmlNode& line, const Axis& axis, double Epoch::*member, double step) {
    auto points = points_of(line);
    ASSERT_EQ(points.size(), fit.history.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      EXPECT_NEAR(epochs(points[i].first), static_cast<double>(i + 1), .01);
      EXPECT_NEAR(axis(points[i].second), fit.history[i].*member, 2 * step) << i;
    }
  };
  expect(*train[0], loss, &Epoch::train_loss, loss_step);
  expect(*valid[0], loss, &Epoch::valid_loss, loss_step);
  expect(*train[1], accuracy, &Epoch::train_accuracy, accuracy_step);
  expect(*valid[1], accuracy, &Epoch::valid_accuracy, accuracy_step);
}

TEST(LearningCurves, MarkTheBestEpochAndTheOverfitting) {
  HtmlNode svg = parsed(learning_curves(fit_of(history(), 2)));
  Axis epochs = axis_of(svg, "epochs"), loss = axis_of(svg, "loss"),
       accuracy = axis_of(svg, "accuracy");
  EXPECT_NEAR(epochs(number(svg.first("line", "best"), "x1")), 3, .01);
  EXPECT_EQ(number(svg.first("line", "best"), "x1"), number(svg.first("line", "best"), "x2"));
  auto circles = svg.all("circle", "best");
  ASSERT_EQ(circles.size(), 2u);
  for (const HtmlNode* circle : circles) EXPECT_NEAR(epochs(number(*circle, "cx")), 3, .01);
  EXPECT_NEAR(loss(number(*circles[0], "cy")), .7, 2 * loss_step);
  EXPECT_NEAR(accuracy(number(*circles[1], "cy")), .7, 2 * accuracy_step);
  const HtmlNode& shade = svg.first("rect", "overfit");
  i64 start = overfitting_start(history(), 2);
  ASSERT_EQ(start, 3);  // (.7 + .8 + 1.1) / 3 > 1.05 · .7
  EXPECT_NEAR(epochs(number(shade, "x")), static_cast<double>(start + 1), .01);
  EXPECT_NEAR(epochs(number(shade, "x") + number(shade, "width")), 8, .02);
  EXPECT_TRUE(parsed(learning_curves(fit_of(history(), 7))).all("rect").empty());
}

TEST(LearningCurves, LeaveOutWhatIsNotThere) {
  std::vector<Epoch> epochs = history();
  for (Epoch& epoch : epochs) epoch.valid_loss = epoch.valid_accuracy = nan;
  HtmlNode svg = parsed(learning_curves(fit_of(epochs, 2)));
  EXPECT_EQ(svg.all("polyline", "train").size(), 2u);
  EXPECT_TRUE(svg.all("polyline", "valid").empty());
  EXPECT_TRUE(svg.all("circle").empty());
  EXPECT_EQ(svg.all("line", "best").size(), 1u);

  svg = parsed(learning_curves(fit_of(history(), -1)));  // no best: a fit that diverged
  EXPECT_EQ(svg.all("polyline", "valid").size(), 2u);
  EXPECT_TRUE(svg.all("line", "best").empty());
  EXPECT_TRUE(learning_curves(fit_of({}, -1)).empty());
  EXPECT_FALSE(learning_curves(fit_of({history()[0]}, 0)).empty());
  for (const auto& [x, y] : points_of(*svg.all("polyline")[0])) EXPECT_TRUE(x > 0 && y > 0);
  EXPECT_EQ(learning_curves(fit_of({history()[0]}, 7)).code().find("nan"), std::string::npos);
}

TEST(LearningCurves, StayInsideTheirFrame) {
  Fit fit = fit_of(history(), 2);
  fit.history[0].valid_loss = 1e9;  // one wild value must not flatten the rest
  fit.history[1].train_loss = nan;
  HtmlNode svg = parsed(learning_curves(fit));
  std::size_t seen = 0;
  for (const HtmlNode* line : svg.all("polyline"))
    for (const auto& [x, y] : points_of(*line)) {
      EXPECT_TRUE(x >= 38 && x <= 308 && y >= 10 && y <= 214) << x << " " << y;
      ++seen;
    }
  EXPECT_EQ(seen, 4 * 8 - 1u);
  Axis loss = axis_of(svg, "loss");
  EXPECT_GT(loss(10), 1.39);
  EXPECT_LT(loss(10), 10);
}

std::vector<Epoch> losses(const std::vector<double>& valid, const std::vector<double>& train) {
  std::vector<Epoch> epochs;
  for (std::size_t i = 0; i < valid.size(); ++i)
    epochs.push_back({train[i], 0, valid[i], 0, 0, 0, 0});
  return epochs;
}

TEST(OverfittingStart, IsWhereValidationRisesWhileTrainingFalls) {
  auto overfits = losses({1, .8, .79, .8, .85, 1, 1.2}, {1, .8, .7, .6, .5, .4, .3});
  EXPECT_EQ(overfitting_start(overfits, 2), 4);
  auto learns = losses({1, .9, .8, .7}, {1, .9, .8, .7});
  EXPECT_EQ(overfitting_start(learns, 3), -1);
  // Both losses rise: that is no overfitting.
  auto breaks = losses({1, .8, 1, 1.2, 1.4}, {1, .8, 1, 1.2, 1.4});
  EXPECT_EQ(overfitting_start(breaks, 1), -1);
  EXPECT_EQ(overfitting_start({}, -1), -1);
}

// From 0 % to 100 % is the line behind all others.
TEST(AccuracyStrip, IsDrawnFromItsNumbers) {
  HtmlNode svg = parsed(accuracy_strip(.9, .4, .1, .25));
  const HtmlNode& scale = svg.first("line", "grid");
  double zero = number(scale, "x1"), width = number(scale, "x2") - zero;
  ASSERT_GT(width, 100);
  auto share = [&](const char* element, const char* style, const char* key) {
    return (number(svg.first(element, style), key) - zero) / width;
  };
  double step = .1 / width;
  EXPECT_NEAR(share("circle", "published", "cx"), .9, step);
  EXPECT_NEAR(share("circle", "measured", "cx"), .4, step);
  EXPECT_NEAR(share("line", "chance", "x1"), .25, step);
  EXPECT_NEAR(share("line", "chance", "x2"), .25, step);
  EXPECT_NEAR(share("line", "link", "x1"), .9, step);
  EXPECT_NEAR(share("line", "link", "x2"), .4, step);
  EXPECT_NEAR(share("line", "spread", "x1"), .3, step);
  EXPECT_NEAR(share("line", "spread", "x2"), .5, step);
  EXPECT_EQ(svg.first("svg").attribute("aria-label"),
            "published 90.0\u202F%, measured 40.0\u202F%");

  svg = parsed(accuracy_strip(.9, .95, .1, .25));  // no further than 100 %
  EXPECT_NEAR(share("line", "spread", "x2"), 1, step);
  svg = parsed(accuracy_strip(.9, .05, .1, .25));
  EXPECT_NEAR(share("line", "spread", "x1"), 0, step);
}

TEST(AccuracyStrip, DrawsNothingForNaN) {
  struct Case {
    double published, measured, deviation;
    std::vector<std::string> drawn;
  };
  for (const Case& each : {Case{.5, .6, .1, {"link", "spread", "published", "measured"}},
                           Case{.5, .6, 0, {"link", "published", "measured"}},
                           Case{nan, .6, .1, {"spread", "measured"}},
                           Case{.5, nan, nan, {"published"}}, Case{nan, nan, nan, {}}}) {
    HtmlNode svg = parsed(accuracy_strip(each.published, each.measured, each.deviation, .25));
    std::vector<std::string> drawn;
    svg.visit([&](const HtmlNode& node) {
      std::string style = node.attribute("class");
      if (style != "" && style != "grid" && style != "chance" && style != "strip")
        drawn.push_back(style);
    });
    EXPECT_EQ(drawn, each.drawn);
  }
}

TEST(AccuracyPoints, StandWhereTheirNumbersSay) {
  HtmlNode svg =
      parsed(accuracy_points({{"slow", 8, .9}, {"fast", 2, .5}, {"<b>", 4, .1}}, "seconds"));
  std::vector<const HtmlNode*> points = svg.all("circle", "measured");
  ASSERT_EQ(points.size(), 3u);
  auto x = [&](std::size_t i) { return std::stod(points[i]->attribute("cx")); };
  auto y = [&](std::size_t i) { return std::stod(points[i]->attribute("cy")); };
  EXPECT_NEAR(x(0) - 38, 4 * (x(1) - 38), .3);
  EXPECT_NEAR(x(2) - 38, 2 * (x(1) - 38), .3);
  EXPECT_NEAR(y(0), 10 + .1 * 190, .06);
  EXPECT_NEAR(y(1), 10 + .5 * 190, .06);
  EXPECT_NEAR(y(2), 10 + .9 * 190, .06);
  for (const char* word : {"slow", "fast", "<b>", "seconds"})
    EXPECT_NE(svg.text().find(word), std::string::npos) << word;
  EXPECT_TRUE(accuracy_points({}, "seconds").empty());
}

TEST(ConfusionTable, HasTheTruthInItsRows) {
  Confusion confusion({8, 2, 0, 1, 7, 2, 0, 0, 0});
  HtmlNode html = parsed(confusion_table(confusion, {"rock", "r&b", "jazz"}));
  std::vector<std::string> columns, rows;
  for (const HtmlNode* head : html.all("th"))
    (head->attribute("scope") == "col" ? columns : rows).push_back(head->text());
  EXPECT_EQ(columns, (std::vector<std::string>{"rock", "r&b", "jazz"}));
  EXPECT_EQ(rows, columns);

  auto lines = html.first("tbody").all("tr");
  ASSERT_EQ(lines.size(), 3u);
  const char* shares[3][3] = {{"0.8", "0.2", "0"}, {"0.1", "0.7", "0.2"}, {"0", "0", "0"}};
  for (i64 truth = 0; truth < 3; ++truth) {
    auto cells = lines[static_cast<std::size_t>(truth)]->all("td");
    ASSERT_EQ(cells.size(), 3u);
    i64 sum = 0;
    for (i64 said = 0; said < 3; ++said) {
      const HtmlNode& cell = *cells[static_cast<std::size_t>(said)];
      i64 count = cell.text() == "·" ? 0 : std::stoll(cell.text());
      EXPECT_EQ(count, confusion(truth, said));
      EXPECT_EQ(cell.attribute("style"), std::string("--v:") + shares[truth][said]);
      EXPECT_TRUE(cell.is("td", truth == said ? "hit" : "miss"));
      EXPECT_FALSE(cell.is("td", truth == said ? "miss" : "hit"));
      sum += count;
    }
    EXPECT_EQ(sum, confusion.score(truth).support);
  }
  EXPECT_TRUE(lines[1]->all("td")[1]->is("td", "mid"));  // white on dark from two thirds on
  EXPECT_FALSE(lines[0]->all("td")[0]->is("td", "deep"));
  EXPECT_TRUE(parsed(confusion_table(Confusion({9, 1, 0, 1}), {"a", "b"}))
                  .first("td", "deep")
                  .is("td", "hit"));
}

TEST(ConfusionTable, TurnsItsNamesWhereThereAreMany) {
  auto of = [](std::size_t classes) {
    return parsed(confusion_table(Confusion(static_cast<i64>(classes)),
                                  std::vector<std::string>(classes, "x")));
  };
  EXPECT_TRUE(of(4).all("table", "many").empty());
  EXPECT_EQ(of(5).all("table", "many").size(), 1u);
}

}  // namespace
}  // namespace melgrad
