#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/files/bytes.h"
#include "tensor/files/file.h"

namespace melgrad {

/// Bytes of a file, or others of ours.
struct Piece {
  u64 begin = 0, size = 0;  // of the file
  std::string ours;         // where these are not empty, they, and `size` is theirs
};

/// What libsndfile gets to see of a file: the pieces one after the other.
using Pieces = std::vector<Piece>;

u64 size_of(const Pieces& pieces);
/// Bytes begin … end of what the pieces are together; less where they end earlier.
Pieces part(const Pieces& pieces, u64 begin, u64 end);
/// The same with `bytes` in place of as many from `begin` on.
Pieces replaced(const Pieces& pieces, u64 begin, std::string bytes);
/// One after the other; neighbours become one.
void append(Pieces& pieces, Pieces more);

/// Reads pieces of a file at any place, through a buffer.
class ByteSource {
 public:
  explicit ByteSource(const std::filesystem::path& path);  // all of it
  ByteSource(const std::filesystem::path& path, Pieces pieces);

  const std::filesystem::path& path() const { return file_.path(); }
  const Pieces& pieces() const { return pieces_; }
  u64 size() const { return size_; }
  /// Up to `count` bytes from `begin` on, fewer at the end; valid until the next call.
  std::string_view peek(u64 begin, std::size_t count);

 private:
  void fill(u64 begin, std::size_t count);

  InputFile file_;
  Pieces pieces_;
  std::vector<u64> ends_;  // where each piece ends
  u64 size_ = 0;
  std::string buffer_;
  u64 buffer_begin_ = 0;
  u64 ahead_ = 0;  // how much is read at once: the more, the longer it goes straight on
};

}  // namespace melgrad
