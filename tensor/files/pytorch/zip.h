#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "tensor/files/file.h"

namespace melgrad {

/// Where bytes lie in a file, and their CRC-32 (crc32.h); 0 where the file has none.
struct StoredBytes {
  u64 begin = 0, size = 0;
  std::uint32_t crc = 0;
  bool is_packed = false;  // compressed or encrypted: `size` bytes mean others
};

/// The entries of a zip archive, zip64 too, that are not folders, by name. Throws Error that begins
/// "[load_pytorch] FILE: " where the archive is cut off, inconsistent or has a comment, or an entry
/// is there twice or lies over another one: so all entries together are not larger than the file.
/// Its directory may have 32 MB.
std::map<std::string, StoredBytes> zip_entries(const InputFile& file);

/// Reads bytes that are not packed; throws Error that names file and entry if the CRC is another.
void read_stored(const InputFile& file, std::string_view name, const StoredBytes& where,
                 void* target);

/// A zip archive (zip64), not compressed, each entry's bytes beginning at a multiple of 64.
class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file) : file_(file) {}
  void add(std::string_view name, std::string_view bytes);
  void finish();  // what follows the last entry

 private:
  AtomicFile& file_;
  std::string directory_;
  u64 end_ = 0, entries_ = 0;
};

}  // namespace melgrad
