#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "audio/collections/checked_lines.h"
#include "kernels/dtype.h"

namespace melgrad {

/// How a result in a folder stands to what is asked for now.
enum class Standing : u8 {
  missing,
  done,
  other_parameters,
  other_source,  // the source is not what it was
  edited,        // since it was written
  foreign,       // not from here
};

/// What `features` wrote to a folder, and of what, in a file there to which lines are only added: of
/// each result its bytes, its source's bytes and all parameters, as hashes. A result's line comes
/// before the result, and is believed as far as the bytes agree: so whoever was killed when, and
/// however many write there at once, what is taken for done was done from these bytes with these
/// parameters. A damaged line is as if it were not there.
class WrittenFiles {
 public:
  /// `recipe`: all parameters, as text. Throws Error if the folder cannot be made or written to.
  WrittenFiles(std::filesystem::path folder, const std::string& recipe);

  /// Of the file `name` below the folder, were it made of a file of this content_hash().
  Standing standing(const std::filesystem::path& name, const std::string& source) const;
  /// Whether a line names it, whatever its bytes are.
  bool knows(const std::filesystem::path& name) const;
  /// Writes it, complete or not at all (tensor/files/file.h). For several threads at once.
  void write(const std::filesystem::path& name, const std::string& source,
             const std::string& bytes);

 private:
  struct Record {
    std::string recipe, source, result;
  };

  std::filesystem::path folder_;
  std::string recipe_;  // its hash
  CheckedLines lines_;
  std::multimap<std::string, Record> known_;  // by the hash of the name
};

}  // namespace melgrad
