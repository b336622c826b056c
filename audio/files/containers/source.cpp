#include "audio/files/containers/source.h"

#include <algorithm>
#include <utility>

namespace melgrad {

u64 size_of(const Pieces& pieces) {
  u64 size = 0;
  for (const Piece& piece : pieces) size += piece.size;
  return size;
}

Pieces part(const Pieces& pieces, u64 begin, u64 end) {
  Pieces found;
  u64 at = 0;
  for (const Piece& piece : pieces) {
    u64 from = std::clamp(begin, at, at + piece.size) - at;
    u64 to = std::clamp(end, at, at + piece.size) - at;
    at += piece.size;
    if (from >= to) continue;
    std::string ours = piece.ours.empty() ? "" : piece.ours.substr(from, to - from);
    found.push_back({piece.begin + from, to - from, std::move(ours)});
  }
  return found;
}

Pieces replaced(const Pieces& pieces, u64 begin, std::string bytes) {
  Pieces result = part(pieces, 0, begin);
  u64 size = bytes.size();
  result.push_back({0, size, std::move(bytes)});
  append(result, part(pieces, begin + size, size_of(pieces)));
  return result;
}

void append(Pieces& pieces, Pieces more) {
  for (Piece& piece : more) {
    bool continues = !pieces.empty() && pieces.back().ours.empty() && piece.ours.empty() &&
                     pieces.back().begin + pieces.back().size == piece.begin;
    if (continues)
      pieces.back().size += piece.size;
    else
      pieces.push_back(std::move(piece));
  }
}

ByteSource::ByteSource(const std::filesystem::path& path) : ByteSource(path, {}) {
  size_ = file_.size();
  pieces_ = {{0, size_, ""}};
  ends_ = {size_};
}

ByteSource::ByteSource(const std::filesystem::path& path, Pieces pieces)
    : file_(path), pieces_(std::move(pieces)) {
  for (const Piece& piece : pieces_) ends_.push_back(size_ += piece.size);
}

std::string_view ByteSource::peek(u64 begin, std::size_t count) {
  begin = std::min(begin, size_);
  count = static_cast<std::size_t>(std::min<u64>(count, size_ - begin));
  bool is_there = begin >= buffer_begin_ && begin + count <= buffer_begin_ + buffer_.size();
  if (!is_there) fill(begin, count);
  return std::string_view(buffer_).substr(begin - buffer_begin_, count);
}

void ByteSource::fill(u64 begin, std::size_t count) {
  bool goes_on = begin > buffer_begin_ && begin <= buffer_begin_ + buffer_.size();
  ahead_ = goes_on ? std::min<u64>(2 * ahead_, 1U << 16U) : 1U << 12U;
  u64 end = std::min(begin + std::max<u64>(count, ahead_), size_);
  std::string bytes = std::move(buffer_);
  buffer_.clear();  // stays empty where the file cannot be read
  bytes.resize(end - begin);
  auto index =
      static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), begin) - ends_.begin());
  for (u64 at = begin; at < end; ++index) {
    const Piece& piece = pieces_[index];
    u64 skip = at - (ends_[index] - piece.size);
    u64 some = std::min(piece.size - skip, end - at);
    char* target = bytes.data() + (at - begin);
    if (piece.ours.empty())
      file_.read(piece.begin + skip, target, some);
    else
      piece.ours.copy(target, some, skip);
    at += some;
  }
  buffer_ = std::move(bytes);
  buffer_begin_ = begin;
}

}  // namespace melgrad
