#pragma once
#include <stdexcept>
#include <string>
#include <vector>

#include "apps/harness/report/report.h"
#include "tensor/files/file.h"
#include "tests/harness/report/html_tree.h"
#include "tests/temporary_folder.h"

/// Pages as trees.
namespace melgrad {

using Strings = std::vector<std::string>;
using Table = std::vector<Strings>;

inline const ClipSource no_picture{[](i64) { return std::string(); }, {}};

inline std::string code_of(const Results& results, const ClipSource& clips = no_picture,
                           const std::vector<Section>& own = {}) {
  TemporaryFolder folder;
  write_report(results, clips, (folder / "report.html").string(), own);
  return read_file(folder / "report.html");
}

inline HtmlNode page_of(const Results& results, const ClipSource& clips = no_picture,
                        const std::vector<Section>& own = {}) {
  std::string code = code_of(results, clips, own);
  code.pop_back();  // the line's end
  return HtmlParser(code).page();
}

inline Strings sections_of(const HtmlNode& page) {
  Strings names;
  for (const HtmlNode* section : page.all("section")) names.push_back(section->attribute("id"));
  return names;
}

inline const HtmlNode& section(const HtmlNode& page, const std::string& name) {
  for (const HtmlNode* section : page.all("section"))
    if (section->attribute("id") == name) return *section;
  throw std::runtime_error("no section " + name);
}

// The narrow space before "%" and within numbers as "_".
inline std::string plain(std::string text) {
  for (std::size_t at = 0; (at = text.find("\u202F")) != std::string::npos;)
    text.replace(at, 3, "_");
  return text;
}

inline Strings texts(const std::vector<const HtmlNode*>& nodes) {
  Strings all;
  for (const HtmlNode* node : nodes) all.push_back(plain(node->text()));
  return all;
}

// Cells of a table's body, line by line, headings too.
inline Table cells_of(const HtmlNode& within) {
  Table lines;
  for (const HtmlNode* body : within.all("tbody"))
    for (const HtmlNode* line : body->all("tr")) {
      Strings& cells = lines.emplace_back();
      for (const HtmlNode& cell : line->children) cells.push_back(plain(cell.text()));
    }
  return lines;
}

}  // namespace melgrad
