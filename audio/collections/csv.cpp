#include "audio/collections/csv.h"

#include <algorithm>

#include "kernels/error.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

/// Reads one field from `at` on and leaves `at` on the comma, line end or end of text behind it.
std::string field(std::string_view text, std::size_t& at, std::size_t row) {
  std::string value;
  if (at < text.size() && text[at] == '"') {
    for (++at;; ++at) {
      check(at < text.size(), "csv", "row {}: quotes are not closed", row);
      if (text[at] == '"' && (at + 1 == text.size() || text[at + 1] != '"')) break;
      if (text[at] == '"') ++at;  // two quotes stand for one
      value += text[at];
    }
    ++at;
  }
  while (at < text.size() && text[at] != ',' && text[at] != '\n') {
    if (text[at] != '\r') value += text[at];
    ++at;
  }
  return value;
}

}  // namespace

std::string_view plain_text(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  bool is_utf16 = bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff");
  check(!is_utf16, "text", "is UTF-16: save it as UTF-8");
  check(bytes.find('\0') == std::string_view::npos, "text", "is not a text: it has a zero byte");
  return bytes;
}

std::vector<std::vector<std::string>> parse_csv(std::string_view text) {
  text = plain_text(text);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::vector<std::string> row{field(text, at, rows.size() + 1)};
    while (at < text.size() && text[at] == ',') row.push_back(field(text, ++at, rows.size() + 1));
    if (row.size() > 1 || !row.front().empty()) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& path) {
  try {
    return parse_csv(read_file(path, u64{1} << 30U));
  } catch (const Error& problem) {
    fail("csv", "{}: {}", path.string(), problem.what());
  }
}

std::size_t column(const std::vector<std::string>& heading, std::string_view name) {
  auto found = std::find(heading.begin(), heading.end(), name);
  if (found != heading.end()) return static_cast<std::size_t>(found - heading.begin());
  std::string known;
  for (const std::string& other : heading) known += (known.empty() ? "" : ", ") + other;
  fail("csv", "no column '{}': {}", name, known);
}

}  // namespace melgrad
