#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tensor/ops.h"

namespace melgrad {

namespace {

constexpr i64 all_elements = 1000;  // up to here every element is printed
constexpr i64 edge = 3;             // beyond, so many at each end of an axis
constexpr std::size_t line_width = 96;

template <class... Args>
std::string printed(const char* pattern, Args... args) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, args...);
  return text;
}

// Whole numbers as 3., numbers of similar size as 0.1250, others as 1.2500e-05.
std::vector<std::string> floating_texts(const std::vector<double>& values) {
  double smallest = INFINITY, largest = 0;
  bool whole = true;
  for (double value : values) {
    if (!std::isfinite(value)) continue;
    whole &= value == std::floor(value);
    if (value == 0) continue;
    smallest = std::min(smallest, std::abs(value));
    largest = std::max(largest, std::abs(value));
  }
  bool scientific = largest >= 1e8 || (!whole && (smallest < 1e-4 || largest > 1e3 * smallest));
  std::vector<std::string> texts;
  for (double value : values) {
    if (std::isnan(value)) {
      texts.emplace_back("nan");
    } else if (std::isinf(value)) {
      texts.emplace_back(value > 0 ? "inf" : "-inf");
    } else {
      texts.push_back(printed(scientific ? "%.4e" : whole ? "%.0f." : "%.4f", value));
    }
  }
  return texts;
}

std::vector<std::string> texts_of(const Tensor& x) {
  if (is_floating(x.dtype())) return floating_texts(x.to_vector<double>());
  std::vector<std::string> texts;
  for (i64 value : x.to_vector<i64>()) texts.push_back(std::to_string(value));
  return texts;
}

/// Nested brackets around texts of one width, row by row.
struct Printer {
  Shape shape;                     // of what is shown
  std::array<bool, max_rank> cut;  // whether an axis' middle is left out
  std::vector<std::string> texts;
  std::size_t width = 0, next = 0;
  std::string out;

  void row(int indent) {
    std::size_t column = static_cast<std::size_t>(indent);
    for (i64 i = 0; i < shape.back(); ++i) {
      bool dots = cut[static_cast<std::size_t>(shape.rank() - 1)] && i == edge;
      std::size_t needed = width + 1 + (dots ? 4 : 0);
      if (i > 0 && column + needed > line_width) {
        out += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
        column = static_cast<std::size_t>(indent);
      } else if (i > 0) {
        out += " ";
      }
      if (dots) out += "... ";
      const std::string& text = texts[next++];
      out += std::string(width - text.size(), ' ') + text;
      column += needed;
    }
  }

  void block(int axis) {
    out += "[";
    if (axis == shape.rank() - 1) {
      row(axis + 1);
    } else {
      // One line break between rows, one more for every axis above.
      std::string gap = std::string(static_cast<std::size_t>(shape.rank() - 1 - axis), '\n') +
                        std::string(static_cast<std::size_t>(axis + 1), ' ');
      for (i64 i = 0; i < shape[axis]; ++i) {
        if (i > 0) out += gap;
        if (cut[static_cast<std::size_t>(axis)] && i == edge) out += "..." + gap;
        block(axis + 1);
      }
    }
    out += "]";
  }
};

}  // namespace

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  if (tensor.numel() == 0) return "[] " + describe(tensor);
  Tensor shown = tensor.to(Device::cpu());
  Printer printer{};
  for (int i = 0; i < tensor.rank(); ++i) {
    i64 size = tensor.shape()[i];
    bool cut = tensor.numel() > all_elements && size > 2 * edge;
    printer.cut[static_cast<std::size_t>(i)] = cut;
    if (cut) shown = cat({shown.slice(i, 0, edge), shown.slice(i, size - edge, size)}, i);
  }
  printer.shape = shown.shape();
  printer.texts = texts_of(shown);
  for (const std::string& text : printer.texts) {
    printer.width = std::max(printer.width, text.size());
  }
  if (tensor.rank() == 0) return printer.texts.front() + " " + describe(tensor);
  printer.block(0);
  return printer.out + " " + describe(tensor);
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  return out << to_string(tensor);
}

}  // namespace melgrad
