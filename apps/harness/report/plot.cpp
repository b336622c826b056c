#include "apps/harness/report/plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "kernels/error.h"

namespace melgrad {
namespace {

// Length of the UTF-8 sequence that starts at text[i]; 0 if there is none.
std::size_t utf8_length(const std::string& text, std::size_t i) {
  auto byte = [&](std::size_t j) { return static_cast<unsigned char>(text[j]); };
  std::size_t length = byte(i) < 0x80                      ? 1
                       : byte(i) >= 0xC2 && byte(i) < 0xE0 ? 2
                       : byte(i) >= 0xE0 && byte(i) < 0xF0 ? 3
                       : byte(i) >= 0xF0 && byte(i) < 0xF5 ? 4
                                                           : 0;
  if (i + length > text.size()) return 0;
  for (std::size_t j = 1; j < length; ++j)
    if ((byte(i + j) & 0xC0) != 0x80) return 0;
  return length;
}

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

std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return format("<line class='{}' x1='{}' y1='{}' x2='{}' y2='{}'/>", style, decimal(x1, 1),
                decimal(y1, 1), decimal(x2, 1), decimal(y2, 1));
}

std::string text(double x, double y, const char* style, const std::string& words) {
  return format("<text class='{}' x='{}' y='{}'>{}</text>", style, decimal(x, 1), decimal(y, 1),
                words);
}

std::string curve(const Panel& panel, const std::vector<Epoch>& history, double Epoch::*member,
                  const char* style) {
  std::string points;
  for (std::size_t i = 0; i < history.size(); ++i) {
    double value = history[i].*member;
    if (!std::isfinite(value)) continue;
    points +=
        decimal(panel.x(static_cast<double>(i + 1)), 1) + "," + decimal(panel.y(value), 1) + " ";
  }
  return format("<polyline class='{}' points='{}'/>", style, points);
}

// A round step (1, 2 or 5 times a power of ten) that makes at most `count` parts of `range`.
double round_step(double range, int count) {
  double raw = range / count, power = std::pow(10, std::floor(std::log10(raw)));
  for (double factor : {1.0, 2.0, 5.0})
    if (factor * power >= raw) return factor * power;
  return 10 * power;
}

std::string axes(const Panel& panel, bool shares, bool epochs) {
  std::string svg;
  double step = round_step(panel.highest - panel.lowest, 4);
  i64 last = std::llround(std::floor(panel.highest / step + 1e-6));
  for (i64 i = std::llround(std::ceil(panel.lowest / step)); i <= last; ++i) {
    double value = static_cast<double>(i) * step, y = panel.y(value);
    svg += line(panel.left, y, panel.left + panel.width, y, "grid");
    svg +=
        text(panel.left - 5, y + 3.5, "tick end", shares ? percent(value, 0) : decimal(value, 2));
  }
  if (epochs) {
    auto every = static_cast<i64>(std::max(1.0, round_step(panel.last - panel.first, 6)));
    for (i64 epoch = every; static_cast<double>(epoch) <= panel.last; epoch += every)
      svg += text(panel.x(static_cast<double>(epoch)), panel.top + panel.height + 14, "tick middle",
                  std::to_string(epoch));
  }
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

}  // namespace

std::string escape_html(const std::string& text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = utf8_length(text, i);
    switch (text[i]) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += length > 0 ? text.substr(i, length) : "\uFFFD";
    }
    i += std::max<std::size_t>(length, 1);
  }
  return escaped;
}

std::string fixed_point(double value, int digits) {
  if (!std::isfinite(value)) return "–";
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  return buffer;
}

std::string decimal(double value, int digits) {
  std::string text = fixed_point(value, digits);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

std::string percent(double fraction, int digits) {
  return std::isfinite(fraction) ? fixed_point(fraction * 100, digits) + "\u202F%" : "–";
}

std::string thousands(i64 value) {
  std::string digits = std::to_string(value), text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += "\u202F";
    text += digits[i];
  }
  return text;
}

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

std::string learning_curves(const Fit& fit) {
  const std::vector<Epoch>& history = fit.history;
  if (history.empty()) return "";
  double last = std::max(2.0, static_cast<double>(history.size()));
  Panel loss{38, 10, 270, 104, 1, last, 0, highest_loss(history)};
  Panel accuracy{38, 130, 270, 84, 1, last, 0, 1};

  std::ostringstream svg;
  svg << "<svg class='curves' viewBox='0 0 316 234' role='img' aria-label='loss and accuracy over "
      << history.size() << " epochs'>";
  i64 overfitting = overfitting_start(history, fit.best_epoch);
  if (overfitting >= 0) {
    double from = loss.x(static_cast<double>(overfitting + 1));
    svg << format("<rect class='overfit' x='{}' y='10' width='{}' height='204'/>", decimal(from, 1),
                  decimal(loss.left + loss.width - from, 1));
  }
  svg << axes(loss, false, false) << axes(accuracy, true, true);
  if (fit.best_epoch >= 0) {
    double best = loss.x(static_cast<double>(fit.best_epoch + 1));
    const Epoch& epoch = history[static_cast<std::size_t>(fit.best_epoch)];
    svg << line(best, 10, best, 214, "best");
    svg << curve(loss, history, &Epoch::train_loss, "train")
        << curve(loss, history, &Epoch::valid_loss, "valid")
        << curve(accuracy, history, &Epoch::train_accuracy, "train")
        << curve(accuracy, history, &Epoch::valid_accuracy, "valid");
    for (auto [panel, value] :
         {std::pair(loss, epoch.valid_loss), std::pair(accuracy, epoch.valid_accuracy)})
      svg << format("<circle class='best' cx='{}' cy='{}' r='3.4'/>", decimal(best, 1),
                    decimal(panel.y(value), 1));
  } else {
    svg << curve(loss, history, &Epoch::train_loss, "train")
        << curve(accuracy, history, &Epoch::train_accuracy, "train");
  }
  svg << "</svg>";
  return std::move(svg).str();
}

std::string accuracy_strip(double published, double measured, double deviation, double chance) {
  constexpr double left = 6, width = 208, y = 10;
  auto x = [](double share) { return left + share * width; };
  std::ostringstream svg;
  svg << "<svg class='strip' viewBox='0 0 220 20' role='img' aria-label='published "
      << percent(published) << ", measured " << percent(measured) << "'>";
  svg << line(left, y, left + width, y, "grid") << line(x(chance), 3, x(chance), 17, "chance");
  bool both = std::isfinite(published) && std::isfinite(measured);
  if (both) svg << line(x(published), y, x(measured), y, "link");
  if (std::isfinite(measured) && deviation > 0)
    svg << line(x(std::max(0.0, measured - deviation)), y, x(std::min(1.0, measured + deviation)),
                y, "spread");
  if (std::isfinite(published))
    svg << format("<circle class='published' cx='{}' cy='{}' r='4.2'/>", decimal(x(published), 1),
                  y);
  if (std::isfinite(measured))
    svg << format("<circle class='measured' cx='{}' cy='{}' r='4.6'/>", decimal(x(measured), 1), y);
  svg << "</svg>";
  return std::move(svg).str();
}

std::string confusion_table(const Confusion& confusion, const std::vector<std::string>& classes) {
  std::ostringstream html;
  html << "<table class='confusion" << (classes.size() > 6 ? " many" : "")
       << "'><thead><tr><td></td>";
  for (const std::string& name : classes)
    html << "<th scope='col'><span>" << escape_html(name) << "</span></th>";
  html << "</tr></thead><tbody>";
  for (i64 truth = 0; truth < confusion.classes(); ++truth) {
    i64 row = std::max<i64>(1, confusion.score(truth).support);
    html << "<tr><th scope='row'>" << escape_html(classes[static_cast<std::size_t>(truth)])
         << "</th>";
    for (i64 predicted = 0; predicted < confusion.classes(); ++predicted) {
      i64 count = confusion(truth, predicted);
      double share = static_cast<double>(count) / static_cast<double>(row);
      html << format("<td class='{}{}' style='--v:{}'>{}</td>", truth == predicted ? "hit" : "miss",
                     share > .8    ? " deep"
                     : share > .65 ? " mid"
                                   : "",
                     decimal(share, 2), count > 0 ? std::to_string(count) : "·");
    }
    html << "</tr>";
  }
  html << "</tbody></table>";
  return std::move(html).str();
}

}  // namespace melgrad
