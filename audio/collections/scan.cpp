#include <algorithm>
#include <array>
#include <fstream>
#include <map>

#include "audio/collections/dataset.h"
#include "audio/collections/walk.h"
#include "audio/files/decode.h"
#include "audio/files/formats.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// What a class is made of.
struct ClassFolder {
  std::string name;
  fs::path path;
  FilesBelow files;
};

/// The last part of its path, "jazz" of "music/jazz/".
std::string name_of(const fs::path& folder) {
  fs::path normal = folder.lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).filename().string();
}

/// By name. A link back to `folder` or above it is not one: files_below() will name it.
std::vector<fs::path> folders_in(const fs::path& folder, const std::vector<fs::path>& except) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path& path = entry->path();
    std::error_code unknown;
    auto is_excepted = [&](const fs::path& other) { return fs::equivalent(path, other, unknown); };
    if (!path.filename().native().starts_with('.') && fs::is_directory(path, unknown) &&
        !is_in(path, folder) && std::none_of(except.begin(), except.end(), is_excepted))
      folders.push_back(path);
  }
  check(!error, "scan_folder", "cannot read the folder {}: {}", folder, error.message());
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::vector<fs::path> folders_named(const fs::path& folder,
                                    const std::vector<std::string>& classes) {
  std::vector<fs::path> folders;
  for (const std::string& name : classes) {
    fs::path path = folder / name;
    check(fs::is_directory(path), "scan_folder", "{} has no class folder '{}'", folder, name);
    folders.push_back(path.has_filename() ? path : path.parent_path());
  }
  return folders;
}

/// No name and no file is of two classes.
void check_apart(const std::vector<fs::path>& folders) {
  std::map<std::string, fs::path> named;
  std::map<fs::path, fs::path> real;  // without links; what is in a folder follows it
  for (const fs::path& folder : folders) {
    auto [same_name, has_new_name] = named.emplace(name_of(folder), folder);
    check(has_new_name, "scan_folder", "class '{}' is named twice: {} and {}", name_of(folder),
          same_name->second, folder);
    auto [same, is_new] = real.emplace(fs::canonical(folder), folder);
    check(is_new, "scan_folder", "class folders {} and {} are one folder", same->second, folder);
  }
  auto above = std::adjacent_find(real.begin(), real.end(), [](const auto& one, const auto& next) {
    return is_in(one.first, next.first);
  });
  if (above != real.end())
    fail("scan_folder", "class folder {} is in class folder {}: its files would be of both",
         std::next(above)->second, above->second);
}

bool is_picture(const fs::path& path) {
  FileKind kind = kind_of(path);
  return kind == FileKind::picture || kind == FileKind::refused_picture;
}

bool is_sound(const fs::path& path) {
  FileKind kind = kind_of(path);
  return kind == FileKind::sound || kind == FileKind::refused_sound;
}

/// Whether anything is called like a sound, be it one that cannot be read: then covers are no clips.
bool has_sounds(const ClassFolder& folder) {
  const std::vector<Skipped>& skipped = folder.files.skipped;
  return !folder.files.sounds.empty() ||
         std::any_of(skipped.begin(), skipped.end(),
                     [](const Skipped& one) { return is_sound(one.path); });
}

/// One line for all of them; nothing for none.
void skip_all(const std::vector<fs::path>& paths, std::string reason, Collection& collection) {
  if (paths.empty()) return;
  if (paths.size() > 1) reason += format(": this and {} more", paths.size() - 1);
  collection.skipped.push_back({paths.front(), std::move(reason)});
}

/// A picture's first bytes are those of its format; its pixels are read when it is used.
void check_picture_header(const fs::path& path) {
  check(fs::file_size(path) > 0, "scan_folder", "the file is empty");
  std::array<char, 4> head{};
  std::ifstream file(path, std::ios::binary);
  check(static_cast<bool>(file.read(head.data(), head.size())), "scan_folder", "cannot be read");
  std::string_view bytes(head.data(), head.size());
  bool known = bytes == "\x89PNG" || bytes.starts_with("\xff\xd8") || bytes.starts_with("BM");
  check(known, "scan_folder", "its first bytes are not those of a PNG, JPEG or BMP picture");
}

void check_sound_header(const fs::path& path) {
  check(audio_info(path).frames > 0, "scan_folder", "the file has no samples");
}

class Scan {
 public:
  Scan(const fs::path& folder, const std::vector<std::string>& classes,
       const std::vector<fs::path>& except)
      : folder_(folder), except_(except), is_asked_for_(!classes.empty()) {
    auto paths = is_asked_for_ ? folders_named(folder, classes) : folders_in(folder, except);
    check_apart(paths);
    for (const fs::path& path : paths)
      folders_.push_back({name_of(path), path, files_below(path, except)});
    of_sounds_ = std::any_of(folders_.begin(), folders_.end(), has_sounds);
  }

  Collection collection() {
    if (!is_asked_for_) leave_out_what_is_no_class();
    check_classes();
    for (const ClassFolder& folder : folders_) add(folder);
    skip_all(pictures_, "a picture beside sounds is not a clip", result_);
    return std::move(result_);
  }

 private:
  const std::vector<fs::path>& of_kind(const FilesBelow& files) const {
    return of_sounds_ ? files.sounds : files.pictures;
  }

  /// Folders without anything to be read (results of programs, say), and files beside the folders.
  /// An empty folder stays: somebody wanted a class there.
  void leave_out_what_is_no_class() {
    std::vector<fs::path> known = except_;
    for (const ClassFolder& folder : folders_) known.push_back(folder.path);
    FilesBelow beside = files_below(folder_, known);
    skip_all(of_kind(beside), "lies beside the class folders", result_);
    skip_by_walk(beside);
    std::erase_if(folders_, [&](const ClassFolder& folder) {
      bool is_class = of_sounds_ ? has_sounds(folder)
                                 : !folder.files.pictures.empty() || !folder.files.skipped.empty();
      if (is_class || fs::is_empty(folder.path)) return false;
      skip_by_walk(folder.files);
      result_.skipped.push_back({folder.path, of_sounds_ ? "no sound in it: not a class"
                                                         : "nothing in it is read: not a class"});
      return true;
    });
  }

  void check_classes() {
    std::string why;
    if (!result_.skipped.empty())  // of the folders that were left out, if any was
      why = format("; {}: {}", result_.skipped.back().path, result_.skipped.back().reason);
    check(!folders_.empty(), "scan_folder",
          "{} has no class folders: it needs one folder per class{}", folder_, why);
    const ClassFolder& first = folders_.front();
    const std::vector<fs::path>& files = of_kind(first.files);
    if (!files.empty() && files.front().parent_path() != first.path)
      why += format("; if the folders in it are the classes, give {}", first.path);
    check(folders_.size() > 1, "scan_folder",
          "{} has only one class, '{}': there is nothing to tell apart{}", folder_, first.name,
          why);
  }

  /// What the walk says of sounds; pictures beside them are counted.
  void skip_by_walk(const FilesBelow& files) {
    if (of_sounds_) pictures_.insert(pictures_.end(), files.pictures.begin(), files.pictures.end());
    for (const Skipped& one : files.skipped)
      if (of_sounds_ && is_picture(one.path))
        pictures_.push_back(one.path);
      else
        result_.skipped.push_back(one);
  }

  void add(const ClassFolder& folder) {
    std::size_t examples = result_.examples.size(), skipped = result_.skipped.size();
    result_.classes.push_back(folder.name);
    for (const fs::path& path : of_kind(folder.files)) add(folder, path);
    skip_by_walk(folder.files);
    if (result_.examples.size() > examples) return;
    std::string why;
    if (std::size_t count = result_.skipped.size() - skipped)
      why = format(": {}: {}{}", result_.skipped[skipped].path, result_.skipped[skipped].reason,
                   count > 1 ? format(" (and {} more)", count - 1) : "");
    fail("scan_folder", "class folder {} has no readable {}{}", folder.path,
         of_sounds_ ? "sound" : "sound or picture", why);
  }

  void add(const ClassFolder& folder, const fs::path& path) {
    auto label = static_cast<i64>(result_.classes.size()) - 1;
    try {
      of_sounds_ ? check_sound_header(path) : check_picture_header(path);
    } catch (const std::exception& problem) {
      result_.skipped.push_back({path, problem.what()});
      return;
    }
    Example example{path, label, path.stem().string()};
    if (path.parent_path() != folder.path) {
      fs::path album = *path.lexically_relative(folder.path).begin();
      example.group = (folder.name / album).string();
      if (!result_.examples.empty())  // sorted: an album's songs are neighbours
        result_.has_albums |= result_.examples.back().group == example.group;
    }
    result_.examples.push_back(std::move(example));
  }

  fs::path folder_;
  std::vector<fs::path> except_;
  bool is_asked_for_, of_sounds_ = false;
  std::vector<ClassFolder> folders_;
  std::vector<fs::path> pictures_;  // beside sounds
  Collection result_;
};

}  // namespace

Collection scan_folder(const fs::path& folder, const std::vector<std::string>& classes,
                       const std::vector<fs::path>& except) {
  check(fs::is_directory(folder), "scan_folder", "{} is not a folder", folder);
  return Scan(folder, classes, except).collection();
}

}  // namespace melgrad
