#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/error.h"
#include "tensor/files/file.h"

/// What the other files here read an HDF5 file through. Section numbers are those of the "HDF5 File
/// Format Specification Version 3.0".
namespace melgrad {

class Hdf5Storage;

/// A block of the file, read from front to back; what goes past its end is an Error.
class Hdf5Cursor {
 public:
  /// `what` the bytes are, and of which object: "the object header of /a".
  Hdf5Cursor(const Hdf5Storage& storage, std::string bytes, std::string what);

  u64 number(std::size_t bytes);  // little-endian, at most 8
  u64 address();                  // as wide as the superblock says; undefined_address if so
  u64 length();
  std::string bytes(u64 count);
  void skip(u64 count) { take(count); }
  /// Skips to a multiple of 8 bytes from the beginning.
  void align();
  void expect(std::string_view signature);
  u64 left() const { return bytes_.size() - at_; }
  const Hdf5Storage& storage() const { return storage_; }

  template <class... Args>
  void require(bool ok, std::string_view text, const Args&... args) const;

 private:
  std::string_view take(u64 count);

  const Hdf5Storage& storage_;
  std::string bytes_, what_;
  std::size_t at_ = 0;
};

/// Where the superblock is: at byte 0, 512, 1024, 2048 …; nothing in a file that is not HDF5.
std::optional<u64> hdf5_begin(const InputFile& file);

/// An HDF5 file's bytes by address, and what its superblock says (II.A).
class Hdf5Storage {
 public:
  static constexpr u64 undefined_address = ~u64{0};

  /// Throws Error unless there is a superblock of version 0 to 3, and the file is as long as it says.
  explicit Hdf5Storage(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  u64 size() const { return file_.size(); }
  u64 root() const { return root_; }  // the address of the root group's header
  std::size_t address_bytes() const { return address_bytes_; }
  std::size_t length_bytes() const { return length_bytes_; }

  /// A block of the file's structure. A damaged file may lead to the same blocks for ever: Error when
  /// all those read from it together are 32 times the file.
  Hdf5Cursor block(u64 address, u64 bytes, const std::string& what) const;
  u64 bytes_from(u64 address) const { return size() - base_ - address; }  // which lies within
  /// Throws Error unless all of it lies in the file.
  void check_lies_within(u64 address, u64 bytes, const std::string& what) const;
  /// Data, which must lie within.
  void read(u64 address, void* target, u64 bytes) const {
    file_.read(base_ + address, target, bytes);
  }

  template <class... Args>
  void require(bool ok, std::string_view text, const Args&... args) const {
    check(ok, "hdf5", "{}: {}", path(), ok ? "" : format(text, args...));
  }

 private:
  InputFile file_;
  u64 base_ = 0;  // what addresses count from
  std::size_t address_bytes_ = 8, length_bytes_ = 8;
  u64 root_ = 0;
  mutable u64 read_ = 0;  // bytes of structure
};

template <class... Args>
void Hdf5Cursor::require(bool ok, std::string_view text, const Args&... args) const {
  storage_.require(ok, "{}: {}", what_, ok ? "" : format(text, args...));
}

}  // namespace melgrad
