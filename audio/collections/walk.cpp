#include "audio/collections/walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "audio/files/formats.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// Device and inode: the same for every name and link of a file or folder.
using Identity = std::pair<dev_t, ino_t>;
Identity identity_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

/// Of what a link leads to; nothing where that cannot be said, which errno explains.
std::optional<struct stat> status_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

std::string words_of(int error) { return std::generic_category().message(error); }

std::string why_not_followed(int error) {
  if (error == ELOOP) return "a link that leads in a circle";
  if (error == ENOENT || error == ENOTDIR) return "a link that leads nowhere";
  return "a link that cannot be followed: " + words_of(error);
}

bool is_hidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

/// What is really below the folder comes first, then what links lead to, so that a file goes by its
/// own name where it has one here. No folder is looked into twice: that ends every circle.
class Walk {
 public:
  Walk(const fs::path& folder, const std::vector<fs::path>& except) : folder_(folder) {
    for (const fs::path& path : except)
      if (auto status = status_of(path)) except_.insert(identity_of(*status));
    if (auto status = status_of(folder)) known_.emplace(identity_of(*status), folder);
  }

  FilesBelow all() {
    std::error_code error = look_into(folder_);
    check(!error, "files", "cannot read the folder {}: {}", folder_, error.message());
    for (std::size_t i = 0; i < links_.size(); ++i) follow(fs::path(links_[i]));
    std::sort(found_.sounds.begin(), found_.sounds.end());
    std::sort(found_.pictures.begin(), found_.pictures.end());
    std::sort(found_.skipped.begin(), found_.skipped.end(),
              [](const Skipped& a, const Skipped& b) { return a.path < b.path; });
    return std::move(found_);
  }

 private:
  std::error_code look_into(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error))
      if (!is_hidden(entry->path())) entries.push_back(*entry);
    std::sort(entries.begin(), entries.end());
    for (const fs::directory_entry& entry : entries) {
      std::error_code unknown;
      if (entry.is_symlink(unknown))
        links_.push_back(entry.path());
      else if (auto status = status_of(entry.path()))
        look_at(entry.path(), *status);
      else
        skip(entry.path(), "cannot be read: " + words_of(errno));
    }
    return error;
  }

  void follow(const fs::path& link) {
    auto status = status_of(link);
    if (!status) return skip(link, why_not_followed(errno));
    if (S_ISDIR(status->st_mode) && (is_in(link, link.parent_path()) || is_in(link, folder_)))
      return skip(link, "a link to a folder that it is in");
    look_at(link, *status);
  }

  void look_at(const fs::path& path, const struct stat& status) {
    FileKind kind = kind_of(path);
    bool is_folder = S_ISDIR(status.st_mode);
    if (except_.contains(identity_of(status)) || (!is_folder && kind == FileKind::other)) return;
    auto [known, is_new] = known_.emplace(identity_of(status), path);
    if (!is_new)
      return skip(path, format("the same {} as {}", is_folder ? "folder" : "file", known->second));
    if (is_folder) {
      if (std::error_code error = look_into(path)) skip(path, "cannot be read: " + error.message());
    } else if (!S_ISREG(status.st_mode)) {
      skip(path, "not a regular file");
    } else if (kind == FileKind::sound || kind == FileKind::picture) {
      (kind == FileKind::sound ? found_.sounds : found_.pictures).push_back(path);
    } else {
      skip(path, why_refused(path));
    }
  }

  void skip(const fs::path& path, std::string reason) {
    found_.skipped.push_back({path, std::move(reason)});
  }

  fs::path folder_;
  std::set<Identity> except_;
  std::map<Identity, fs::path> known_;
  std::vector<fs::path> links_;
  FilesBelow found_;
};

}  // namespace

FilesBelow files_below(const fs::path& folder, const std::vector<fs::path>& except) {
  return Walk(folder, except).all();
}

bool is_in(const fs::path& folder, const fs::path& path) {
  std::error_code error, missing;
  fs::path above = fs::canonical(folder, error), below = fs::canonical(path, missing);
  if (error || missing) return false;
  return std::mismatch(above.begin(), above.end(), below.begin(), below.end()).first == above.end();
}

}  // namespace melgrad
