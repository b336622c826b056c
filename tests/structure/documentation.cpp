#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// Code that a page shows is in the file that its first line names: "// autograd/functions.h".
namespace {

namespace fs = std::filesystem;
const fs::path root = fs::path(MELGRAD_TEST_DATA).parent_path();

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// However it is broken into lines.
std::string without_space(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  return text;
}

struct Shown {
  std::string file, code;
};
std::vector<Shown> code_of(const std::string& page) {
  const std::string fence = "```cpp\n// ";
  std::vector<Shown> found;
  for (std::size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at)) {
    at += fence.size();
    std::size_t line = page.find('\n', at), end = page.find("```", at);
    found.push_back({page.substr(at, line - at), page.substr(line, end - line)});
  }
  return found;
}

TEST(Documentation, AddingAnOperationShowsTheCodeAsItIs) {
  std::vector<Shown> shown = code_of(text_of(root / "docs/adding_an_operation.md"));
  EXPECT_GE(shown.size(), 8U) << "the page was not understood";
  for (const auto& [file, code] : shown) {
    std::string source = without_space(text_of(root / file));
    EXPECT_NE(source.find(without_space(code)), std::string::npos) << file << " has not:" << code;
  }
}

}  // namespace
