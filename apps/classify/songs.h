#pragma once
#include <memory>
#include <string>
#include <vector>

#include "apps/classify/song.h"

namespace melgrad {

/// A file or folder that was named, or found in one, and is no song to listen to, and why.
struct Problem {
  std::string name, reason;
  bool is_failure = true;  // false: only worth knowing, as of a second name of the same file
};

/// What is on standard input, in a file without a name that goes when this does.
class StandardInput {
 public:
  StandardInput();  // reads all of it
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput();
  std::filesystem::path path() const;

 private:
  int descriptor_;
};

/// The songs that the command line names, each once, in its order; a folder's in the order of their
/// names.
struct Songs {
  std::vector<Song> songs = {};
  std::vector<Problem> problems = {};
  std::unique_ptr<StandardInput> standard_input = {};
};
Songs find_songs(const std::vector<std::string>& arguments);

}  // namespace melgrad
