#include "audio/collections/dataset.h"

#include <algorithm>
#include <fstream>

#include "audio/files/decode.h"
#include "tensor/files/image.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with("."); }

/// Sorted, without hidden names. Throws Error if the folder cannot be listed.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  fs::directory_iterator iterator(folder, error);
  check(!error, "scan_folder", "cannot read the folder {}: {}", folder, error.message());
  for (const fs::directory_entry& entry : iterator)
    if (!is_hidden(entry.path())) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::vector<std::string> class_folders(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::path& entry : entries_of(folder))
    if (fs::is_directory(entry)) names.push_back(entry.filename().string());
  return names;
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

void check_header(const fs::path& path) {
  check(fs::is_regular_file(path), "scan_folder", "not a regular file");
  if (is_image_file(path)) return check_picture_header(path);
  check(audio_info(path).frames > 0, "scan_folder", "the file has no samples");
}

}  // namespace

std::vector<i64> Collection::counts() const {
  std::vector<i64> counts(classes.size(), 0);
  for (const Example& example : examples) ++counts[static_cast<std::size_t>(example.label)];
  return counts;
}

Collection segmented(const Collection& collection, i64 count, double seconds) {
  check(count >= 1 && seconds > 0, "segmented", "{} parts of {} s: both must be positive", count,
        seconds);
  Collection parts = collection;
  parts.is_segmented = count > 1;
  parts.examples.clear();
  for (const Example& example : collection.examples)
    for (i64 i = 0; i < count; ++i) {
      Example part = example;
      part.offset = example.offset + static_cast<double>(i) * seconds;
      part.duration = seconds;
      parts.examples.push_back(std::move(part));
    }
  return parts;
}

Collection scan_folder(const fs::path& folder, const std::vector<std::string>& classes) {
  check(fs::is_directory(folder), "scan_folder", "{} is not a folder", folder);
  Collection collection;
  collection.classes = classes.empty() ? class_folders(folder) : classes;
  check(!collection.classes.empty(), "scan_folder",
        "{} has no class folders: it needs one folder per class", folder);
  check(collection.classes.size() > 1, "scan_folder",
        "{} has only one class, '{}': there is nothing to tell apart", folder,
        collection.classes.front());
  for (std::size_t label = 0; label < collection.classes.size(); ++label) {
    const std::string& name = collection.classes[label];
    check(std::count(collection.classes.begin(), collection.classes.end(), name) == 1,
          "scan_folder", "class '{}' is named twice", name);
    check(fs::is_directory(folder / name), "scan_folder", "{} has no class folder '{}'", folder,
          name);
    std::size_t before = collection.examples.size();
    for (const fs::path& path : entries_of(folder / name)) {
      if (!is_audio_file(path) && !is_image_file(path)) continue;
      try {
        check_header(path);
        collection.examples.push_back({path, static_cast<i64>(label), path.stem().string()});
      } catch (const std::exception& problem) {
        collection.skipped.push_back({path, problem.what()});
      }
    }
    check(collection.examples.size() > before, "scan_folder",
          "class folder {} has no readable audio file or picture ({} skipped so far)",
          folder / name, collection.skipped.size());
  }
  return collection;
}

}  // namespace melgrad
