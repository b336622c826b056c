#pragma once
#include <filesystem>
#include <string>
#include <vector>

/// The repository as its tests see it: files and their lines.
namespace melgrad::testing {

/// Folders of the program, lowest first; tests are not among them.
inline const std::vector<std::string> folders = {"kernels", "tensor", "autograd", "layers",
                                                 "optim",   "audio",  "apps"};

const std::filesystem::path& root();
/// .h, .cpp, .cu
bool is_source(const std::filesystem::path& file);
std::vector<std::string> lines(const std::filesystem::path& file);
/// The sources in a folder of the repository, "kernels/cpu", and in those below it, sorted.
std::vector<std::filesystem::path> sources_below(const std::string& folder);
/// The sources in it, not in those below it.
std::vector<std::filesystem::path> sources_in(const std::string& folder);

}  // namespace melgrad::testing
