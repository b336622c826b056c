#pragma once
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>

#include "kernels/dtype.h"

/// Files, read and written so that a failure is an Error with the file's name and never half a
/// file.
namespace melgrad {

/// A file open for reading.
class InputFile {
 public:
  /// Throws Error where there is no such file, or it is a folder.
  explicit InputFile(std::filesystem::path path);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  const std::filesystem::path& path() const { return path_; }
  u64 size() const { return size_; }
  /// Fills `target` from byte `begin` on; throws Error where the file is shorter.
  void read(u64 begin, void* target, std::size_t bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  u64 size_ = 0;
};

/// ".wav" of "A.WAV"
std::string lower_extension(const std::filesystem::path& path);

/// The whole file; throws Error if it is larger than `most` bytes.
std::string read_file(const std::filesystem::path& path,
                      u64 most = std::numeric_limits<u64>::max());

/// A file that appears under its name when it is complete: written beside it, brought to the disk
/// by commit(), then renamed. Without commit() (an exception, say) what was there before stays.
/// A full disk is an Error of write() or commit(). Devices and pipes are written to directly.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();

 private:
  std::filesystem::path path_;     // where it will be; a link is followed
  std::filesystem::path partial_;  // where it is until then; empty for devices
  int descriptor_ = -1;
};

/// Throws Error, as writing to the file would, where its folder is missing or read-only, or it is
/// itself a folder: before the work whose result it is to take. Changes nothing.
void check_writable(const std::filesystem::path& path);

void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace melgrad
