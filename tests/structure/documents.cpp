#include "tests/structure/documents.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>

#include "tests/structure/sources.h"

namespace melgrad::testing {
namespace {

namespace fs = std::filesystem;

// Paragraphs as one line each; a table's row, a heading and an item of a list begin one of their own.
std::vector<std::string> paragraphs(const std::vector<std::string>& text) {
  std::vector<std::string> found{""};
  bool code = false;
  for (const std::string& line : text) {
    if (line.rfind("```", 0) == 0) code = !code;
    if (code || line.empty() || line.rfind("    ", 0) == 0 || line.rfind("```", 0) == 0)
      found.emplace_back();
    else if (line[0] == '|' || line[0] == '#')
      found.push_back(line);
    else
      found.back() += " " + line;
  }
  return found;
}

// In the order in which they stand there: what is in back-quotes, and the targets of links.
std::vector<std::string> quoted(const std::string& paragraph) {
  static const std::regex span("`([^`]+)`|\\]\\(([^)#]+)[^)]*\\)");
  std::vector<std::string> found;
  for (std::sregex_iterator it(paragraph.begin(), paragraph.end(), span), end; it != end; ++it)
    found.push_back((*it)[1].matched ? (*it)[1].str() : (*it)[2].str());
  return found;
}

bool is_capitals(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isupper(c) != 0 || c == '_';
  });
}

// The last of the folders is the first to be looked in.
fs::path find(const std::string& text, const std::vector<fs::path>& looked_in) {
  for (auto folder = looked_in.rbegin(); folder != looked_in.rend(); ++folder) {
    fs::path path = (*folder / text).lexically_normal();
    if (fs::exists(root() / path)) return path;
  }
  return {};
}

bool is_meant_as_a_path(const std::string& text, const fs::path& own_folder) {
  static const std::regex characters("[A-Za-z0-9_./+-]+");
  static const std::set<std::string> extensions = {".h", ".cpp", ".cu", ".py", ".sh", ".md"};
  if (!std::regex_match(text, characters) || text.rfind("build", 0) == 0) return false;
  fs::path path(text);
  for (const fs::path& part : path)
    if (is_capitals(part.stem().string()) && part != "README.md" && part != "LICENSE") return false;
  if (extensions.count(path.extension().string()) != 0) return true;
  // `kernels/cudasim`, but not `train/test`: it begins with a folder that is there.
  return text.find('/') != std::string::npos &&
         !find(path.begin()->string(), {fs::path(), own_folder}).empty();
}

}  // namespace

std::vector<Mention> mentions(const std::vector<std::string>& text, const fs::path& own_folder) {
  std::vector<Mention> found;
  for (const std::string& paragraph : paragraphs(text)) {
    std::vector<fs::path> looked_in{fs::path(), own_folder};
    fs::path previous;
    for (std::string name : quoted(paragraph)) {
      bool only_extension = name == ".h" || name == ".cpp";
      if (only_extension) name.insert(0, previous.stem().string());
      if (!is_meant_as_a_path(name, own_folder)) continue;
      fs::path path = find(name, looked_in);
      found.push_back({name, path});
      if (path.empty()) continue;
      previous = path;
      looked_in.push_back(fs::is_directory(root() / path) ? path : path.parent_path());
    }
  }
  return found;
}

}  // namespace melgrad::testing
