#include "apps/harness/songs/find_songs.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "audio/collections/content_hash.h"
#include "audio/collections/walk.h"
#include "audio/files/formats.h"
#include "kernels/error.h"
#include "tensor/files/utf8.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

// Written and unlinked at once: it goes with the process, however that ends.
int file_without_a_name() {
  std::string pattern = (fs::temp_directory_path() / "classify-XXXXXX").string();
  int descriptor = mkostemp(pattern.data(), O_CLOEXEC);
  check(descriptor >= 0, "classify", "cannot keep standard input in {}: {}", pattern,
        std::strerror(errno));
  unlink(pattern.c_str());
  return descriptor;
}

void copy(int from, int to) {
  std::array<char, 65536> block{};
  while (true) {
    ssize_t got = read(from, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    check(got >= 0, "classify", "standard input: {}", std::strerror(errno));
    if (got == 0) return;
    for (ssize_t done = 0; done < got;) {
      ssize_t some = write(to, block.data() + done, static_cast<std::size_t>(got - done));
      if (some < 0 && errno == EINTR) continue;
      check(some > 0, "classify", "cannot keep standard input: {}", std::strerror(errno));
      done += some;
    }
  }
}

class Finder {
 public:
  Songs found;

  void look_at(const std::string& argument) {
    std::error_code ignored;
    if (argument == "-") return read_standard_input();
    if (fs::is_directory(argument, ignored)) return look_into(argument);
    FileKind kind = kind_of(argument);
    if (kind == FileKind::picture)
      problem({argument, "a picture: there is nothing to listen to"});
    else if (std::string why = why_refused(argument); !why.empty())
      problem({argument, why});
    else
      add({argument, argument});
  }

 private:
  void add(Song song) {
    if (known_.insert(fs::absolute(song.path).lexically_normal()).second)
      found.songs.push_back(std::move(song));
  }
  void problem(Problem problem) { found.problems.push_back(std::move(problem)); }

  void read_standard_input() {
    if (found.standard_input) return;
    found.standard_input = std::make_unique<StandardInput>();
    add({found.standard_input->path(), "standard input"});
  }

  void look_into(const fs::path& folder) {
    try {
      FilesBelow below = files_below(folder);
      for (const fs::path& path : below.sounds) add({path, path.string()});
      for (const auto& [path, reason] : below.skipped) {
        FileKind kind = kind_of(path);
        bool unreadable = access(path.c_str(), R_OK) != 0;
        if (kind == FileKind::picture || kind == FileKind::refused_picture) continue;
        problem({path.string(), reason, unreadable || kind == FileKind::refused_sound});
      }
      if (below.sounds.empty()) problem({folder.string(), "there is no sound in this folder"});
    } catch (const Error& error) {
      problem({folder.string(), error.what()});
    }
  }

  std::set<fs::path> known_;
};

}  // namespace

StandardInput::StandardInput() : descriptor_(file_without_a_name()) {
  copy(STDIN_FILENO, descriptor_);
}

StandardInput::~StandardInput() { close(descriptor_); }

fs::path StandardInput::path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

Songs find_songs(const std::vector<std::string>& arguments) {
  Finder finder;
  for (const std::string& argument : arguments) finder.look_at(argument);
  return std::move(finder.found);
}

std::string printable(const std::string& name) {
  if (is_utf8(name)) return name;
  std::string text;
  for (unsigned char byte : name) {
    std::string hex = hexadecimal(byte);
    text +=
        byte < 0x80 ? std::string(1, static_cast<char>(byte)) : "\\x" + hex.substr(hex.size() - 2);
  }
  return text;
}

}  // namespace melgrad
