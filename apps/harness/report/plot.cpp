#include "apps/harness/report/plot.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/error.h"

namespace melgrad {
namespace {

/// Maps values to pixels inside one panel of a figure.
struct Panel {
  double left, top, width, height;      // pixels
  double first, last, lowest, highest;  // values

  double x(double epoch) const { return left + (epoch - first) / (last - first) * width; }
  double y(double value) const {
    double share = (std::clamp(value, lowest, highest) - lowest) / (highest - lowest);
    return top + height - share * height;
  }
};

Html line(std::string_view element, double x1, double y1, double x2, double y2) {
  return tag(element, {{"x1", decimal(x1, 1)},
                       {"y1", decimal(y1, 1)},
                       {"x2", decimal(x2, 1)},
                       {"y2", decimal(y2, 1)}});
}

Html circle(std::string_view element, double x, double y, double radius) {
  return tag(element, {{"cx", decimal(x, 1)}, {"cy", decimal(y, 1)}, {"r", decimal(radius, 1)}});
}

Html text(std::string_view element, double x, double y, const std::string& words) {
  return tag(element, {{"x", decimal(x, 1)}, {"y", decimal(y, 1)}}, words);
}

Html curve(std::string_view element, const Panel& panel, const std::vector<Epoch>& history,
           double Epoch::*member) {
  std::string points;
  for (std::size_t i = 0; i < history.size(); ++i) {
    double value = history[i].*member;
    if (!std::isfinite(value)) continue;
    points += (points.empty() ? "" : " ") + decimal(panel.x(static_cast<double>(i + 1)), 1) + "," +
              decimal(panel.y(value), 1);
  }
  return points.empty() ? Html() : tag(element, {{"points", points}});
}

// A round step (1, 2 or 5 times a power of ten) that makes at most `count` parts of `range`.
double round_step(double range, int count) {
  double raw = range / count, power = std::pow(10, std::floor(std::log10(raw)));
  for (double factor : {1.0, 2.0, 5.0})
    if (factor * power >= raw) return factor * power;
  return 10 * power;
}

Html values_axis(const Panel& panel, bool shares) {
  Html svg;
  double step = round_step(panel.highest - panel.lowest, 4);
  i64 last = std::llround(std::floor(panel.highest / step + 1e-6));
  for (i64 i = std::llround(std::ceil(panel.lowest / step)); i <= last; ++i) {
    double value = static_cast<double>(i) * step, y = panel.y(value);
    svg += line("line.grid", panel.left, y, panel.left + panel.width, y);
    svg += text("text.tick.end", panel.left - 5, y + 3.5,
                shares ? percent(value, 0) : decimal(value, 2));
  }
  return svg;
}

Html epochs_axis(const Panel& panel) {
  Html svg;
  auto every = static_cast<i64>(std::max(1.0, round_step(panel.last - panel.first, 6)));
  for (i64 epoch = every; static_cast<double>(epoch) <= panel.last; epoch += every)
    svg += text("text.tick.middle", panel.x(static_cast<double>(epoch)),
                panel.top + panel.height + 14, std::to_string(epoch));
  return svg;
}

// The largest finite loss worth showing: one epoch that shoots up would flatten all others. What
// the training began with is always shown.
double highest_loss(const std::vector<Epoch>& history) {
  std::vector<double> losses;
  for (const Epoch& epoch : history)
    for (double loss : {epoch.train_loss, epoch.valid_loss})
      if (std::isfinite(loss)) losses.push_back(loss);
  if (losses.empty()) return 1;
  double most = *std::max_element(losses.begin(), losses.end());
  std::nth_element(losses.begin(), losses.begin() + losses.size() / 2, losses.end());
  double usual = 4 * losses[losses.size() / 2];
  if (std::isfinite(history[0].train_loss)) usual = std::max(usual, history[0].train_loss);
  return std::max(std::min(most, usual), 1e-3) * 1.04;
}

// At its line's end, but below the one above it.
std::vector<double> label_heights(const Panel& panel, const std::vector<NamedLine>& lines) {
  std::vector<std::size_t> order(lines.size());
  std::iota(order.begin(), order.end(), 0);
  auto end_of = [&](std::size_t i) { return lines[i].values.back(); };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return end_of(a) > end_of(b); });
  std::vector<double> heights(lines.size());
  double above = -100;
  for (std::size_t i : order)
    heights[i] = above = std::max(above + 11, panel.y(std::max(0., end_of(i))));
  return heights;
}

}  // namespace

i64 overfitting_start(const std::vector<Epoch>& history, i64 best_epoch) {
  auto count = static_cast<i64>(history.size());
  if (best_epoch < 0 || best_epoch >= count) return -1;
  auto at = [&](i64 i) -> const Epoch& { return history[static_cast<std::size_t>(i)]; };
  for (i64 i = best_epoch + 1; i + 1 < count; ++i) {
    double smooth = (at(i - 1).valid_loss + at(i).valid_loss + at(i + 1).valid_loss) / 3;
    if (smooth > 1.05 * at(best_epoch).valid_loss && at(i).train_loss < at(best_epoch).train_loss)
      return i;
  }
  return -1;
}

Html learning_curves(const Fit& fit) {
  const std::vector<Epoch>& history = fit.history;
  if (history.empty()) return {};
  double last = std::max(2.0, static_cast<double>(history.size()));
  Panel loss{38, 10, 270, 104, 1, last, 0, highest_loss(history)};
  Panel accuracy{38, 130, 270, 84, 1, last, 0, 1};

  Html svg;
  i64 overfitting = overfitting_start(history, fit.best_epoch);
  if (overfitting >= 0) {
    double from = loss.x(static_cast<double>(overfitting + 1));
    svg += tag("rect.overfit", {{"x", decimal(from, 1)},
                                {"y", "10"},
                                {"width", decimal(loss.left + loss.width - from, 1)},
                                {"height", "204"}});
  }
  svg += values_axis(loss, false) + values_axis(accuracy, true) + epochs_axis(accuracy);
  bool has_best = fit.best_epoch >= 0 && fit.best_epoch < static_cast<i64>(history.size());
  double best = loss.x(static_cast<double>(fit.best_epoch + 1));
  if (has_best) svg += line("line.best", best, 10, best, 214);
  svg += curve("polyline.train", loss, history, &Epoch::train_loss);
  svg += curve("polyline.valid", loss, history, &Epoch::valid_loss);
  svg += curve("polyline.train", accuracy, history, &Epoch::train_accuracy);
  svg += curve("polyline.valid", accuracy, history, &Epoch::valid_accuracy);
  if (has_best) {
    const Epoch& epoch = history[static_cast<std::size_t>(fit.best_epoch)];
    for (auto [panel, value] :
         {std::pair(loss, epoch.valid_loss), std::pair(accuracy, epoch.valid_accuracy)})
      if (std::isfinite(value)) svg += circle("circle.best", best, panel.y(value), 3.4);
  }
  return tag("svg.curves",
             {{"viewBox", "0 0 316 234"},
              {"role", "img"},
              {"aria-label", format("loss and accuracy over {} epochs", history.size())}},
             svg);
}

Html loss_curves(const std::vector<const Fit*>& fits) {
  double last = 2, highest = 0;
  for (const Fit* fit : fits) {
    if (fit->history.empty()) continue;
    last = std::max(last, static_cast<double>(fit->history.size()));
    highest = std::max(highest, highest_loss(fit->history));
  }
  if (highest == 0) return {};
  Panel panel{38, 10, 270, 160, 1, last, 0, highest};
  Html svg = values_axis(panel, false) + epochs_axis(panel);
  for (const Fit* fit : fits) {
    svg += curve("polyline.train", panel, fit->history, &Epoch::train_loss);
    svg += curve("polyline.valid", panel, fit->history, &Epoch::valid_loss);
  }
  return tag("svg.curves",
             {{"viewBox", "0 0 316 190"},
              {"role", "img"},
              {"aria-label", format("losses of {} fits over the epochs", fits.size())}},
             svg);
}

Html accuracy_strip(double published, double measured, double deviation, double chance) {
  constexpr double left = 6, width = 208, y = 10;
  auto x = [](double share) { return left + std::clamp(share, 0.0, 1.0) * width; };
  bool has_published = std::isfinite(published), has_measured = std::isfinite(measured);
  Html svg = line("line.grid", left, y, left + width, y) +
             line("line.chance", x(chance), 3, x(chance), 17);
  if (has_published && has_measured) svg += line("line.link", x(published), y, x(measured), y);
  if (has_measured && deviation > 0)
    svg += line("line.spread", x(measured - deviation), y, x(measured + deviation), y);
  if (has_published) svg += circle("circle.published", x(published), y, 4.2);
  if (has_measured) svg += circle("circle.measured", x(measured), y, 4.6);
  std::string label = has_published ? format("published {}, ", percent(published)) : "";
  label += format("measured {}", percent(measured));
  return tag("svg.strip", {{"viewBox", "0 0 220 20"}, {"role", "img"}, {"aria-label", label}}, svg);
}

Html accuracy_lines(const std::vector<std::string>& places, const std::vector<NamedLine>& lines) {
  Panel panel{38, 10, 250, 150, 0, std::max(1., static_cast<double>(places.size()) - 1), 0, 1};
  Html svg = values_axis(panel, true);
  for (std::size_t i = 0; i < places.size(); ++i)
    svg += text("text.tick.middle", panel.x(static_cast<double>(i)), panel.top + panel.height + 14,
                places[i]);
  std::vector<double> heights = label_heights(panel, lines);
  for (std::size_t l = 0; l < lines.size(); ++l) {
    std::string points;
    for (std::size_t i = 0; i < lines[l].values.size(); ++i) {
      double x = panel.x(static_cast<double>(i)), value = lines[l].values[i];
      if (!std::isfinite(value)) continue;
      points += (points.empty() ? "" : " ") + decimal(x, 1) + "," + decimal(panel.y(value), 1);
      svg += circle("circle.measured", x, panel.y(value), 2.6);
    }
    if (!points.empty()) svg += tag("polyline.valid", {{"points", points}});
    svg += text("text", panel.left + panel.width + 8, heights[l] + 3.5, lines[l].name);
  }
  return tag("svg.curves",
             {{"viewBox", "0 0 400 182"}, {"role", "img"}, {"aria-label", "accuracy"}}, svg);
}

Html accuracy_points(const std::vector<NamedPoint>& points, const std::string& axis) {
  double most = 0;
  for (const NamedPoint& point : points) most = std::max(most, point.x);
  if (most <= 0) return {};
  Panel panel{38, 10, 250, 190, 0, most * 1.05, 0, 1};
  Html svg = values_axis(panel, true);
  double step = round_step(panel.last, 5);
  for (i64 i = 0; static_cast<double>(i) * step <= panel.last; ++i)
    svg += text("text.tick.middle", panel.x(static_cast<double>(i) * step),
                panel.top + panel.height + 14, decimal(static_cast<double>(i) * step, 2));
  svg += text("text.middle", panel.left + panel.width / 2, panel.top + panel.height + 28, axis);
  std::vector<NamedLine> names;
  names.reserve(points.size());
  for (const NamedPoint& point : points) names.push_back({point.name, {point.accuracy}});
  std::vector<double> heights = label_heights(panel, names);
  for (std::size_t i = 0; i < points.size(); ++i) {
    double x = panel.x(points[i].x), y = panel.y(points[i].accuracy),
           beside = panel.left + panel.width;
    svg += line("line.grid", x, y, beside + 6, heights[i]);
    svg += circle("circle.measured", x, y, 3.4);
    svg += text("text", beside + 8, heights[i] + 3.5, points[i].name);
  }
  return tag(
      "svg.curves",
      {{"viewBox", "0 0 440 234"}, {"role", "img"}, {"aria-label", "accuracy against " + axis}},
      svg);
}

Html confusion_table(const Confusion& confusion, const std::vector<std::string>& classes) {
  auto cell = [&](i64 truth, i64 predicted) {
    i64 count = confusion(truth, predicted), support = confusion.score(truth).support;
    double share = static_cast<double>(count) / static_cast<double>(std::max<i64>(1, support));
    std::string depth = share > .8 ? " deep" : share > .65 ? " mid" : "";
    return tag("td",
               {{"class", (truth == predicted ? "hit" : "miss") + depth},
                {"style", "--v:" + decimal(share, 2)}},
               count > 0 ? std::to_string(count) : "·");
  };
  Html head = tag("td") + each(classes, [](const std::string& name) {
                return tag("th", {{"scope", "col"}}, tag("span", name));
              });
  Html body;
  for (i64 truth = 0; truth < confusion.classes(); ++truth) {
    Html row = tag("th", {{"scope", "row"}}, classes.at(static_cast<std::size_t>(truth)));
    for (i64 predicted = 0; predicted < confusion.classes(); ++predicted)
      row += cell(truth, predicted);
    body += tag("tr", row);
  }
  return tag(classes.size() > 4 ? "table.confusion.many" : "table.confusion",
             tag("thead", tag("tr", head)), tag("tbody", body));
}

}  // namespace melgrad
