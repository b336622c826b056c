#include "tests/structure/sources.h"

#include <algorithm>
#include <fstream>

namespace melgrad::testing {

namespace fs = std::filesystem;

const fs::path& root() {
  static const fs::path path = fs::path(MELGRAD_TEST_DATA).parent_path();
  return path;
}

bool is_source(const fs::path& file) {
  return file.extension() == ".cpp" || file.extension() == ".h" || file.extension() == ".cu";
}

std::vector<std::string> lines(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> found;
  for (std::string line; std::getline(in, line);) found.push_back(line);
  return found;
}

template <class Iterator>
static std::vector<fs::path> sources(const std::string& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : Iterator(root() / folder))
    if (is_source(entry.path())) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> sources_below(const std::string& folder) {
  return sources<fs::recursive_directory_iterator>(folder);
}

std::vector<fs::path> sources_in(const std::string& folder) {
  return sources<fs::directory_iterator>(folder);
}

}  // namespace melgrad::testing
