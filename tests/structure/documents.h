#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace melgrad::testing {

/// A file or folder that a document names in back-quotes, or links to.
struct Mention {
  std::string text;            // as it stands there
  std::filesystem::path path;  // relative to the root; empty if there is no such file
};

/// The mentions of a document that are certainly meant as paths of this repository: links, names with a
/// source's extension, and `folder/…`. What programs write (`x.npy`), patterns (`*`, `NAME.cpp`) and
/// blocks of code are passed over.
///
/// A name is looked for in the folders that the same paragraph named before it, the latest first, then in
/// the document's own (relative to the root) and in the root. `.cpp` after `x.h` is x.cpp.
std::vector<Mention> mentions(const std::vector<std::string>& text,
                              const std::filesystem::path& own_folder);

}  // namespace melgrad::testing
