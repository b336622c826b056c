#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace melgrad {

/// Where a song is, and what it is called in every output.
struct Song {
  std::filesystem::path path;  // to read it from
  std::string name;            // as the user wrote it, or "standard input"
};

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

/// The name of a file as UTF-8: if it is not, its bytes beyond ASCII as \xe9.
std::string printable(const std::string& name);

}  // namespace melgrad
