#include "audio/files/containers/tags.h"

#include <algorithm>

namespace melgrad {
namespace {

/// Numbers of seven bits a byte, so that no tag looks like a frame.
u64 id3v2(std::string_view head) {
  auto is_seven_bits = [](char c) { return static_cast<unsigned char>(c) < 128; };
  bool is_one = head.size() == 10 && head.substr(0, 3) == "ID3" && head[3] != '\xff' &&
                std::all_of(head.begin() + 6, head.end(), is_seven_bits);
  if (!is_one) return 0;
  u64 size = 0;
  for (char byte : head.substr(6)) size = size << 7U | static_cast<unsigned char>(byte);
  bool has_footer = (head[5] & 0x10) != 0;
  return size + (has_footer ? 20 : 10);
}

/// What follows an APEv2 tag's header, which is as long as its footer, or precedes that, and the
/// footer; 0 where there is neither.
u64 ape(std::string_view head, bool is_header) {
  if (head.size() < ape_footer_size || head.substr(0, 8) != "APETAGEX") return 0;
  bool says_header = (little_endian(head.substr(20, 4)) >> 29U & 1U) != 0;
  return says_header == is_header ? little_endian(head.substr(12, 4)) : 0;
}

u64 lyrics3(std::string_view text) {
  if (text.substr(0, 11) != "LYRICSBEGIN") return 0;
  for (std::string_view end : {"LYRICS200", "LYRICSEND"}) {
    std::size_t found = text.find(end);
    if (found != std::string_view::npos) return found + end.size();
  }
  return 0;
}

}  // namespace

u64 tag_at(ByteSource& file, u64 at) {
  std::string_view head = file.peek(at, ape_footer_size);
  if (head.substr(0, 3) == "ID3") return id3v2(head.substr(0, 10));
  if (head.substr(0, 4) == "TAG+") return 227;
  if (head.substr(0, 3) == "TAG") return 128;
  if (u64 size = ape(head, true)) return ape_footer_size + size;
  if (head.substr(0, 6) == "LYRICS") return lyrics3(file.peek(at, 1U << 16U));
  return 0;
}

u64 tag_before(ByteSource& file, u64 at) {
  u64 size = ape(file.peek(at, ape_footer_size), false);  // counts the footer
  return size < ape_footer_size ? 0 : size - ape_footer_size;
}

}  // namespace melgrad
