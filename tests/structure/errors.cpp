#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

// Whoever passes a check pays for no text: its arguments are the values, not strings made of them.
namespace {

namespace fs = std::filesystem;
const fs::path root = fs::path(MELGRAD_TEST_DATA).parent_path();

// From the place after an opening bracket: the arguments up to its closing one, texts left empty.
std::vector<std::string> arguments(const std::string& code, std::size_t at) {
  std::vector<std::string> found(1);
  for (int depth = 1; at < code.size(); ++at) {
    char c = code[at];
    if (c == '"') {
      while (code[++at] != '"')
        if (code[at] == '\\') ++at;
      found.back() += "\"\"";
      continue;
    }
    depth += c == '(' || c == '{' || c == '[' ? 1 : c == ')' || c == '}' || c == ']' ? -1 : 0;
    if (depth == 0) break;
    if (c == ',' && depth == 1)
      found.emplace_back();
    else
      found.back() += c;
  }
  return found;
}

// The first argument of a check(…) that builds a text, or nothing. One behind a ? is built only where it
// is needed.
std::string built_in_vain(const std::string& code) {
  static const std::regex builds(
      R"(\b(format|to_string|describe|list)\(|\.string\(\)|"" \+|\+ "")");
  const std::string call = "check(";
  for (std::size_t at = code.find(call); at != std::string::npos; at = code.find(call, at + 1)) {
    if (at > 0 && (std::isalnum(static_cast<unsigned char>(code[at - 1])) || code[at - 1] == '_'))
      continue;
    std::vector<std::string> given = arguments(code, at + call.size());
    for (std::size_t i = 1; i < given.size(); ++i)  // the condition may do as it likes
      if (std::regex_search(given[i], builds) && given[i].find('?') == std::string::npos)
        return given[i];
  }
  return {};
}

TEST(Errors, AreNotWordedBeforeTheyHappen) {
  int files = 0;
  for (const char* folder : {"kernels", "tensor", "autograd", "layers", "optim", "audio", "apps"})
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      std::string extension = entry.path().extension().string();
      if (extension != ".cpp" && extension != ".h" && extension != ".cu") continue;
      ++files;
      std::ostringstream code;
      code << std::ifstream(entry.path()).rdbuf();
      EXPECT_EQ(built_in_vain(code.str()), "") << entry.path();
    }
  EXPECT_GT(files, 100);
}

TEST(Errors, TheCheckSeesAText) {
  EXPECT_NE(built_in_vain("check(ok, \"op\", \"{}\", format(\"x {}\", x));"), "");
  EXPECT_NE(built_in_vain("check(f(a, b), \"op: \" + name, \"{}\", x);"), "");
  EXPECT_NE(built_in_vain("check(ok, \"op\", \"{}\", path.string());"), "");
  EXPECT_EQ(built_in_vain("check(a.string() == b, \"op\", \"to_string({})\", x, y + 1);"), "");
  EXPECT_EQ(built_in_vain("must_check(ok, \"op\", \"{}\", format(\"x {}\", x));"), "");
}

}  // namespace
