#pragma once
#include <filesystem>
#include <vector>

#include "audio/collections/dataset.h"

namespace melgrad {

/// The files below a folder, each once, in the order of their names. A file that has several names
/// (links, hard ones, too) goes by its own, or by the first of those.
struct FilesBelow {
  std::vector<std::filesystem::path> sounds, pictures;  // each begins with the folder's own path
  /// What somebody may have expected to be read: sounds and pictures of formats that are not, links
  /// that lead nowhere or back to a folder above, other names of what is known already, folders that
  /// cannot be read, pipes and devices that are called like sounds.
  std::vector<Skipped> skipped;
};

/// Looks into every folder below `folder`, through links, too; opens no file. Names that begin with
/// a dot are passed over ("._song.mp3"), and so are the folders in `except` and all below them;
/// those need not be there, nor below `folder`. Throws Error if `folder` itself cannot be read.
FilesBelow files_below(const std::filesystem::path& folder,
                       const std::vector<std::filesystem::path>& except = {});

/// Whether `path` is `folder` or below it, whatever links lead to them. No if either is not there.
bool is_in(const std::filesystem::path& folder, const std::filesystem::path& path);

}  // namespace melgrad
