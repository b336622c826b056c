#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/structure/sources.h"

// The shape of the program, as the source files have it: includes point one way only, headers stay
// light, and every operation has its row in tests/op_cases/.
namespace melgrad::testing {
namespace {

namespace fs = std::filesystem;

// A folder may include itself and these.
const std::map<std::string, std::set<std::string>> allowed = {
    {"kernels", {}},
    {"tensor", {"kernels"}},
    {"autograd", {"kernels", "tensor"}},
    {"layers", {"kernels", "tensor", "autograd"}},
    {"optim", {"kernels", "tensor", "autograd"}},
    {"audio", {"kernels", "tensor", "autograd"}},
    {"apps", {"kernels", "tensor", "autograd", "layers", "optim", "audio"}},
};
// These cost seconds of compile time in every file that sees them.
const std::vector<std::string> heavy = {"iostream", "regex", "nlohmann/",    "CLI/",
                                        "oneapi/",  "dnnl",  "sndfile.h",    "soxr.h",
                                        "stb/",     "stb_",  "gtest/gtest.h"};

// What stands between the quotes or angle brackets of each #include.
std::vector<std::string> includes(const std::vector<std::string>& text) {
  std::vector<std::string> found;
  for (const std::string& line : text) {
    if (line.rfind("#include ", 0) != 0) continue;
    std::size_t begin = line.find_first_of("\"<") + 1;
    found.push_back(line.substr(begin, line.find_first_of("\">", begin) - begin));
  }
  return found;
}

// "tensor/ops.h" of folder "autograd": what is wrong with including it, or nothing.
std::string wrong_include(const std::string& folder, const std::string& include) {
  std::string other = include.substr(0, include.find('/'));
  if (allowed.count(other) == 0 && other != "tests") return {};  // a system header
  if (other == folder || allowed.at(folder).count(other) != 0) return {};
  return folder + " may not include " + include;
}

// Inside a folder, its wings: a file of the first may include the headers of the second, and of its own
// wing. A wing that is not here may include everything of its folder. "kernels" stands for the headers that
// lie there, not for its wings.
struct Wing {
  std::string folder;                // whose includes are looked at
  std::string within;                // only those that begin so are
  std::vector<std::string> may_see;  // folders, not what is below them
};
const std::vector<Wing> wings = {
    {"kernels/reference", "kernels/", {"kernels"}},
    {"kernels/cpu/loops", "kernels/", {"kernels"}},
    {"kernels/cpu/fft", "kernels/", {"kernels", "kernels/cpu/loops"}},
    {"kernels/cpu/fast",
     "kernels/",
     {"kernels", "kernels/reference", "kernels/cpu", "kernels/cpu/loops"}},
    {"kernels/cpu",
     "kernels/",
     {"kernels", "kernels/reference", "kernels/cpu/loops", "kernels/cpu/fft", "kernels/cpu/fast"}},
    {"kernels/cuda/runtime", "kernels/", {"kernels", "kernels/cuda"}},
    {"kernels/cuda/libraries", "kernels/", {"kernels", "kernels/cuda", "kernels/cuda/runtime"}},
    {"kernels/cudasim/libraries",
     "kernels/",
     {"kernels", "kernels/cpu/loops", "kernels/cuda/runtime", "kernels/cudasim",
      "kernels/cudasim/libraries/include", "kernels/cudasim/libraries/graph",
      "kernels/cudasim/libraries/rnn"}},
    {"kernels/cudasim/libraries/graph",
     "kernels/",
     {"kernels", "kernels/cudasim/libraries", "kernels/cudasim/libraries/include"}},
    {"kernels/cudasim/libraries/rnn",
     "kernels/",
     {"kernels", "kernels/cudasim/libraries", "kernels/cudasim/libraries/include"}},
    {"tensor", "tensor/", {"tensor"}},
    {"tensor/ops", "tensor/", {"tensor"}},
    {"tensor/files", "tensor/", {"tensor"}},
    {"tensor/files/hdf5", "tensor/", {"tensor", "tensor/files"}},
    {"tensor/files/pytorch", "tensor/", {"tensor", "tensor/files"}},
    {"autograd/functions", "autograd/", {"autograd"}},
    {"autograd/tools", "autograd/", {"autograd"}},
    {"layers", "layers/", {"layers"}},
    {"layers/keras", "layers/", {"layers"}},
    {"audio/files", "audio/", {"audio", "audio/files/containers"}},
    {"audio/files/containers", "audio/", {"audio/files"}},
    {"audio/spectra", "audio/", {"audio"}},
    {"audio/synth", "audio/", {"audio/files"}},
    {"audio/collections", "audio/", {"audio/files"}},
    {"audio/drawing", "audio/", {"audio/files", "audio/spectra"}},
    {"apps/trained", "apps/", {}},
    {"apps/harness/console", "apps/", {}},
    {"apps/harness/data", "apps/", {"apps/trained", "apps/harness", "apps/harness/console"}},
    {"apps/harness/results", "apps/", {}},
    {"apps/harness/report",
     "apps/",
     {"apps/harness", "apps/harness/console", "apps/harness/results",
      "apps/harness/report/sections"}},
    {"apps/harness/report/sections",
     "apps/",
     {"apps/harness", "apps/harness/console", "apps/harness/results", "apps/harness/report"}},
    {"apps/harness/training",
     "apps/",
     {"apps/harness", "apps/harness/console", "apps/harness/data", "apps/harness/results",
      "apps/harness/report"}},
    {"apps/harness/weights", "apps/", {"apps/trained", "apps/harness"}},
    {"apps/harness/planning",
     "apps/",
     {"apps/trained", "apps/harness", "apps/harness/console", "apps/harness/data",
      "apps/harness/results", "apps/harness/report", "apps/harness/training",
      "apps/harness/weights"}},
    {"apps/harness",
     "apps/",
     {"apps/trained", "apps/harness/console", "apps/harness/data", "apps/harness/results",
      "apps/harness/report", "apps/harness/training", "apps/harness/planning",
      "apps/harness/weights"}},
};

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// The same for a file's wing.
std::string wrong_wing(const Wing& wing, const std::string& include) {
  std::string other = folder_of(include);
  if (include.rfind(wing.within, 0) != 0 || other == wing.folder) return {};
  for (const std::string& seen : wing.may_see)
    if (other == seen) return {};
  return wing.folder + " may not include " + include;
}

TEST(Structure, IncludesPointOneWay) {
  int seen = 0;
  for (const auto& [folder, others] : allowed) {
    for (const fs::path& file : sources_below(folder)) {
      ++seen;
      for (const std::string& include : includes(lines(file)))
        EXPECT_EQ(wrong_include(folder, include), "") << file;
    }
  }
  EXPECT_GT(seen, 50) << "are these the sources? " << root();
}

TEST(Structure, IncludesPointOneWayBetweenWings) {
  for (const Wing& wing : wings) {
    std::vector<fs::path> files = sources_in(wing.folder);
    EXPECT_FALSE(files.empty()) << wing.folder;
    for (const fs::path& file : files)
      for (const std::string& include : includes(lines(file)))
        EXPECT_EQ(wrong_wing(wing, include), "") << file;
  }
}

// What a library's header may be seen by: the folder that wraps it, with its wings.
TEST(Structure, OnlyOneFolderKnowsALibrary) {
  const std::vector<std::pair<std::string, std::string>> homes = {
      {"dnnl", "kernels/cpu/fast"},
      {"kernels/cpu/fast/onednn_operation.h", "kernels/cpu/fast"},
      {"cudnn", "kernels/cuda/libraries"},
      {"cublas", "kernels/cuda/libraries"},
      {"cufft", "kernels/cuda/libraries"},
      {"sndfile", "audio/files"},
      {"soxr", "audio/files"},
      {"stb_", "tensor/files"},
  };
  int seen = 0;
  for (const auto& [folder, others] : allowed) {
    for (const fs::path& file : sources_below(folder)) {
      std::string home = folder_of(fs::relative(file, root()).string());
      for (const std::string& include : includes(lines(file)))
        for (const auto& [library, folder_of_library] : homes)
          if (include.rfind(library, 0) == 0) {
            ++seen;
            EXPECT_EQ((home + "/").rfind(folder_of_library + "/", 0), 0U)
                << file << " includes " << include;
          }
    }
  }
  EXPECT_GT(seen, 8) << "the includes were not understood";
}

// More than can be taken in at a glance. layers/models has an entry a net.
TEST(Structure, FoldersAreSmall) {
  constexpr int most = 28;
  for (const auto& [folder, others] : allowed) {
    std::vector<fs::path> all{root() / folder};
    for (const auto& entry : fs::recursive_directory_iterator(root() / folder))
      if (entry.is_directory() && entry.path() != root() / "layers/models")
        all.push_back(entry.path());
    for (const fs::path& each : all) {
      auto entries = std::distance(fs::directory_iterator(each), fs::directory_iterator());
      EXPECT_LE(entries, most) << each << ": let related files move into a folder of their own";
    }
  }
}

TEST(Structure, TheCheckSeesAWrongInclude) {
  EXPECT_EQ(includes({"#include \"autograd/variable.h\"  // why", "int x;"}),
            std::vector<std::string>{"autograd/variable.h"});
  EXPECT_NE(wrong_include("tensor", "autograd/variable.h"), "");
  EXPECT_NE(wrong_include("optim", "layers/module.h"), "");
  EXPECT_NE(wrong_include("layers", "tests/op_cases.h"), "");
  EXPECT_EQ(wrong_include("autograd", "tensor/ops.h"), "");
  EXPECT_EQ(wrong_include("kernels", "omp.h"), "");
  const Wing fft = {"kernels/cpu/fft", "kernels/", {"kernels", "kernels/cpu/loops"}};
  EXPECT_NE(wrong_wing(fft, "kernels/cpu/cpu_backend.h"), "");
  EXPECT_NE(wrong_wing(fft, "kernels/cpu/fast/onednn.h"), "");
  EXPECT_EQ(wrong_wing(fft, "kernels/cpu/loops/simd.h"), "");
  EXPECT_EQ(wrong_wing(fft, "kernels/cpu/fft/lanes.h"), "");
  EXPECT_EQ(wrong_wing(fft, "vector"), "");
}

// The type whose definition begins on this line, at a file's left edge; else nothing.
std::string defined_type(const std::string& line) {
  static const std::regex definition(
      "(?:struct|class|union|enum class) (\\w+)(?: final)?(?: : .*)? \\{.*");
  std::smatch match;
  return std::regex_match(line, match, definition) ? match[1].str() : std::string();
}

// Two types of one name are one to the linker, which then takes either's destructor for both.
TEST(Structure, ATypesNameIsGivenOnce) {
  std::map<std::string, fs::path> places;
  for (const auto& [folder, others] : allowed)
    for (const fs::path& file : sources_below(folder)) {
      bool is_local = false;
      if (file.string().find("/kernels/cuda") != std::string::npos) continue;  // other namespaces
      for (const std::string& line : lines(file)) {
        if (line == "namespace {" || line == "}  // namespace") is_local = line.back() == '{';
        std::string type = is_local ? "" : defined_type(line);
        if (type.empty()) continue;
        auto [place, is_new] = places.emplace(type, file);
        EXPECT_TRUE(is_new) << type << " is in " << place->second << " and in " << file;
      }
    }
  EXPECT_GT(places.size(), 200U) << "the definitions were not understood";
  EXPECT_EQ(defined_type("class Source {"), "Source");
  EXPECT_EQ(defined_type("struct Softmax final : Function {"), "Softmax");
  EXPECT_EQ(defined_type("struct Source::State {"), "");
  EXPECT_EQ(defined_type("class Module;"), "");
}

TEST(Structure, HeadersAreLight) {
  for (const auto& [folder, others] : allowed) {
    for (const fs::path& file : sources_below(folder)) {
      // A header with a backend's types in it is for that backend's own .cpp files, one with JSON
      // for those that write it.
      if (file.extension() != ".h" || file.string().find("/kernels/cpu/") != std::string::npos ||
          file.filename() == "json_fields.h")
        continue;
      for (const std::string& include : includes(lines(file)))
        for (const std::string& prefix : heavy)
          EXPECT_NE(include.rfind(prefix, 0), 0U) << file << " includes " << include;
    }
  }
}

TEST(Structure, EveryFolderHasAReadme) {
  for (const auto& [folder, others] : allowed) {
    EXPECT_TRUE(fs::exists(root() / folder / "README.md")) << folder;
  }
}

// Names of the functions that a header declares at the beginning of a line: "Variable exp(…".
std::set<std::string> declared(const fs::path& header) {
  std::set<std::string> names;
  for (const std::string& line : lines(header)) {
    std::size_t bracket = line.find('(');
    bool type_first = !line.empty() && (std::isalpha(static_cast<unsigned char>(line[0])) != 0);
    if (!type_first || bracket == std::string::npos) continue;
    std::size_t space = line.rfind(' ', bracket);
    if (space == std::string::npos || line.rfind("using ", 0) == 0) continue;
    names.insert(line.substr(space + 1, bracket - space - 1));
  }
  return names;
}

// What each operator's rows are called.
const std::map<std::string, std::vector<std::string>> operators = {
    {"operator+", {"add"}}, {"operator-", {"sub", "neg"}}, {"operator*", {"mul"}},
    {"operator/", {"div"}}, {"operator==", {"eq"}},        {"operator!=", {"ne"}},
    {"operator<", {"lt"}},  {"operator<=", {"le"}},        {"operator>", {"gt"}},
    {"operator>=", {"ge"}},
};

// Rows are found in the text of tests/op_cases/*.cpp: {"name" or {"name/variant".
bool has_row(const std::string& text, const std::string& name) {
  return text.find("{\"" + name + "\"") != std::string::npos ||
         text.find("{\"" + name + "/") != std::string::npos ||
         text.find("= std::string(\"" + name + "/") != std::string::npos;
}

TEST(Structure, EveryOperationHasARow) {
  std::ostringstream all;
  for (const fs::path& file : sources_below("tests/op_cases")) all << std::ifstream(file).rdbuf();
  std::string text = all.str();
  const std::set<std::string> comparisons = {"allclose", "equal"};  // what tests compare with
  int operations = 0;
  for (const char* header : {"tensor/ops.h", "autograd/functions.h"}) {
    for (const std::string& name : declared(root() / header)) {
      if (comparisons.count(name) != 0) continue;
      ++operations;
      auto found = operators.find(name);
      auto rows = found == operators.end() ? std::vector<std::string>{name} : found->second;
      for (const std::string& row : rows) EXPECT_TRUE(has_row(text, row)) << row << ", " << header;
    }
  }
  EXPECT_GT(operations, 120) << "the headers were not understood";
}

}  // namespace
}  // namespace melgrad::testing
