#include <gtest/gtest.h>

#include <numeric>
#include <regex>
#include <set>

#include "tests/structure/documents.h"
#include "tests/structure/sources.h"

// How much there is to read, and that what the documents send a reader to is there.
namespace melgrad::testing {
namespace {

namespace fs = std::filesystem;

std::size_t count_lines(const std::vector<fs::path>& files) {
  return std::accumulate(
      files.begin(), files.end(), std::size_t{0},
      [](std::size_t sum, const fs::path& file) { return sum + lines(file).size(); });
}

// The tour's text without what can wait: [what is in brackets], a folder's name (audio/synth/), and
// everything from the GPU's weekend on.
std::vector<std::string> to_be_read(const std::vector<std::string>& tour) {
  std::vector<std::string> text;
  int brackets = 0;
  for (const std::string& line : tour) {
    if (line.rfind("## If there is another weekend", 0) == 0) return text;
    text.emplace_back();
    for (char c : line) {
      brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
      if (brackets == 0 && c != ']') text.back() += c;
    }
  }
  return {};  // the heading is gone
}

// The sources among what a document mentions, each once.
std::vector<fs::path> sources_of(const std::vector<Mention>& mentioned) {
  std::set<fs::path> found;
  for (const Mention& mention : mentioned)
    if (is_source(mention.path)) found.insert(root() / mention.path);
  return {found.begin(), found.end()};
}

TEST(Budget, TheTourIsAWeekend) {
  std::vector<fs::path> files =
      sources_of(mentions(to_be_read(lines(root() / "docs/tour.md")), "docs"));
  EXPECT_GE(files.size(), 35U) << "the tour was not understood";
  EXPECT_LE(count_lines(files), 4500U) << "docs/tour.md makes one read too much";
}

// What every program computes with, and its f64 oracle: a student's book. Beside it are the files' formats, the
// tools, the nets and the fast paths.
TEST(Budget, TheCoreStaysSmall) {
  // 3 % above 13 194, of which kernels/reference is a tenth; and 390 for optim's solvers, which are no part
  // of a net's training: logistic, saga, lbfgs; and 530 for t-SNE; and 300 for the loss and a batch norm's running
  // statistics as calls of their own, which took twenty launches of a GPU each step of base_cnn
  constexpr std::size_t most = 14810;
  const std::vector<std::string> core = {"tensor", "autograd",    "layers",
                                         "optim",  "kernels/cpu", "kernels/reference"};
  const std::vector<std::string> beside = {"tensor/files", "autograd/tools", "layers/models",
                                           "layers/keras", "kernels/cpu/fast"};
  std::size_t count = 0;
  for (const std::string& folder : core) {
    if (fs::exists(root() / folder)) count += count_lines(sources_below(folder));
  }
  for (const std::string& folder : beside) count -= count_lines(sources_below(folder));
  EXPECT_LE(count, most) << "the core grew: what can be taken out?";
  EXPECT_GT(count, most / 2) << "the ceiling is too high to keep anything, or files were not found";
}

std::vector<std::string> folders_and_tests() {
  std::vector<std::string> all = folders;
  all.emplace_back("tests");
  return all;
}

TEST(Budget, FilesAreShort) {
  constexpr std::size_t most = 400;
  for (const std::string& folder : folders_and_tests())
    for (const fs::path& file : sources_below(folder)) {
      bool may_be_long = file.filename() == "backend.h" ||  // the contract, in one file
                         file.stem() == "colour_tables";
      EXPECT_TRUE(may_be_long || lines(file).size() <= most) << file << ": " << lines(file).size();
    }
}

std::vector<fs::path> documents() {
  std::vector<fs::path> found{root() / "README.md"};
  for (const auto& entry : fs::directory_iterator(root() / "docs")) found.push_back(entry.path());
  for (const std::string& folder : folders_and_tests())
    for (const auto& entry : fs::recursive_directory_iterator(root() / folder))
      if (entry.path().extension() == ".md") found.push_back(entry.path());
  return found;
}

TEST(Documents, NameFilesThatAreThere) {
  std::size_t count = 0;
  for (const fs::path& document : documents()) {
    fs::path name = fs::relative(document, root());
    for (const Mention& mention : mentions(lines(document), name.parent_path())) {
      ++count;
      EXPECT_FALSE(mention.path.empty()) << name << ": " << mention.text;
    }
  }
  EXPECT_GT(count, 300U) << "the documents were not understood";
}

TEST(Documents, TheCheckSeesAMissingFile) {
  auto missing = [](const std::vector<std::string>& text) {
    std::string names;
    for (const Mention& mention : mentions(text, "tensor"))
      if (mention.path.empty()) names += mention.text + " ";
    return names;
  };
  EXPECT_EQ(missing({"`tensor/shape.h`, `tensor.h` and `.cpp`, `files/npy.h`; `ops/`: `conv.cpp`"}),
            "");
  EXPECT_EQ(missing({"`tensor/shapes.h`, `tensor.hpp`, `tensor/ops/convolution.cpp`"}),
            "tensor/shapes.h tensor/ops/convolution.cpp ");
  EXPECT_EQ(missing({"`files/npy.h`, then `image.cpp`", "", "`image.cpp`"}), "image.cpp ")
      << "a new paragraph does not know the last one's folder";
  EXPECT_EQ(missing({"[the tour](../docs/tour.md#x), [not](there.md), [the net](https://a.b/c.h)"}),
            "there.md ");
  EXPECT_EQ(missing({"```", "`gone.cpp`", "```", "    `gone.cpp`", "`NAME.cpp`, `x.npy`, `w*.h`"}),
            "");
}

TEST(Documents, TheTourIsCountedWithoutBrackets) {
  EXPECT_EQ(
      to_be_read({"`a.h`, [`b.h`", "and] `c.h`", "## If there is another weekend: x", "`d.h`"}),
      (std::vector<std::string>{"`a.h`, ", " `c.h`"}));
}

}  // namespace
}  // namespace melgrad::testing
