#include "apps/harness/report/numbers.h"

#include <cmath>
#include <cstdio>

namespace melgrad {
namespace {

bool is_share(const std::string& figure) {
  return figure.starts_with("accuracy") || figure.ends_with("accuracy") ||
         figure.starts_with("song accuracy") || figure.starts_with("top ");
}

}  // namespace

std::string fixed_point(double value, int digits) {
  if (!std::isfinite(value)) return "–";
  char buffer[400];  // the largest double has 309 digits before its point
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

std::string figure_text(const std::string& name, double value) {
  return is_share(name) ? percent(value) : fixed_point(value, 3);
}

std::string deviation_text(const std::string& name, double deviation) {
  return "± " + (is_share(name) ? fixed_point(deviation * 100, 1) : fixed_point(deviation, 3));
}

std::string counted(i64 count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

std::string ordinal(i64 number) {
  bool teen = number % 100 / 10 == 1;
  const char* ending = teen               ? "th"
                       : number % 10 == 1 ? "st"
                       : number % 10 == 2 ? "nd"
                       : number % 10 == 3 ? "rd"
                                          : "th";
  return std::to_string(number) + ending;
}

}  // namespace melgrad
