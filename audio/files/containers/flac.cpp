#include "audio/files/containers/flac.h"

#include <algorithm>
#include <array>

#include "audio/files/containers/checksum.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

// Behind "fLaC" and the four bytes before every block of metadata is STREAMINFO.
constexpr u64 block_size_at = 10, samples_at = 21;

i64 samples_in_header(ByteSource& stream) {
  return static_cast<i64>(big_endian(stream.peek(samples_at, 5)) & 0xfffffffff);
}

std::string with_samples(ByteSource& stream, i64 samples) {
  std::string field(stream.peek(samples_at, 5));
  field[0] = static_cast<char>((field[0] & 0xf0) | (samples >> 32 & 0xf));
  for (std::size_t i = 1; i < 5; ++i) field[i] = static_cast<char>(samples >> (32 - 8 * i) & 0xff);
  return field;
}

/// Reads numbers from the front of a few bytes; zeros behind them.
struct Bytes {
  std::array<char, 16> bytes{};
  std::size_t at = 0;

  u64 next(std::size_t count = 1) {
    u64 value = big_endian(std::string_view(bytes.data() + at, count));
    at += count;
    return value;
  }
  /// Written as UTF-8 writes characters, in up to seven bytes; −1 where it is not.
  i64 coded() {
    u64 first = next();
    int more = 0;
    while (more < 8 && (first << more & 0x80U) != 0) ++more;
    if (more == 0) return static_cast<i64>(first);
    if (more == 1 || more == 8) return -1;
    u64 number = first & (0x7fU >> more);
    while (--more > 0) {
      u64 byte = next();
      if ((byte & 0xc0U) != 0x80U) return -1;
      number = number << 6U | (byte & 0x3fU);
    }
    return static_cast<i64>(number);
  }
};

/// A block's header (FRAME_HEADER): the number of the sample behind the block, −1 where `from` does not
/// begin with one. `fixed`: how many samples the blocks have that have numbers themselves.
i64 end_of_block(std::string_view from, i64 fixed) {
  Bytes header;
  from.copy(header.bytes.data(), header.bytes.size());
  u64 sync = header.next(2), sizes = header.next(), channels = header.next();
  u64 size_code = sizes >> 4U, rate_code = sizes & 15U;
  bool is_one = sync >> 1U == 0x7ffc && size_code != 0 && rate_code != 15 && channels >> 4U < 11 &&
                (channels >> 1U & 7U) != 3 && (channels & 1U) == 0;
  if (!is_one) return -1;
  i64 number = header.coded();
  auto samples = static_cast<i64>(size_code == 1  ? 192
                                  : size_code < 6 ? 576U << (size_code - 2)
                                  : size_code < 8 ? header.next(size_code - 5) + 1
                                                  : 256U << (size_code - 8));
  if (rate_code >= 12) header.next(rate_code == 12 ? 1 : 2);
  std::string_view all(header.bytes.data(), header.at + 1);
  if (number < 0 || checksum<u8, 0x07>(all) != 0) return -1;
  bool places_samples = (sync & 1U) != 0;
  return samples + (places_samples ? number : number * fixed);
}

/// Where the blocks of metadata end.
u64 begin_of_sound(ByteSource& stream) {
  for (u64 at = 4; at < stream.size();) {
    u64 head = big_endian(stream.peek(at, 4));
    at += 4 + (head & 0xffffff);
    if (head >> 31U != 0) return std::min(at, stream.size());
  }
  return stream.size();
}

/// The number of samples that the last block ends with, whose checksum has to fit. −1: that block is
/// not whole, and no other ends where the header says, with something else behind it.
i64 counted_samples(ByteSource& stream) {
  i64 claimed = samples_in_header(stream), as_claimed = -1;
  auto fixed = static_cast<i64>(big_endian(stream.peek(block_size_at, 2)));
  u64 sound = begin_of_sound(stream), size = stream.size();
  if (stream.peek(size - 128, 3) == "TAG") size -= 128;  // ID3v1
  if (sound >= size) return 0;
  constexpr u64 most = 1U << 24U;  // more than any block has
  for (u64 window = 1U << 15U; window <= most && as_claimed < 0; window *= 8) {
    u64 begin = std::max(sound, size - std::min(window, size));
    std::string_view bytes = stream.peek(begin, size - begin);
    for (std::size_t i = bytes.size(); i-- > 0;) {
      i64 end = bytes[i] == '\xff' ? end_of_block(bytes.substr(i), fixed) : -1;
      if (end < 0) continue;
      if (checksum<std::uint16_t, 0x8005>(bytes.substr(i)) == 0) return end;
      if (end == claimed) as_claimed = end;
    }
    if (begin == sound) break;
  }
  return as_claimed;
}

}  // namespace

Link link_of_flac(ByteSource& stream) {
  check(stream.size() > samples_at + 5, "decode", "{}: cut short in its header", stream.path());
  i64 claimed = samples_in_header(stream), counted = counted_samples(stream);
  check(counted >= 0, "decode", "{}: cut short: the last block is not whole", stream.path());
  check(counted >= claimed, "decode", "{}: cut short: {} of {} samples are there", stream.path(),
        counted, claimed);
  Link link{.pieces = stream.pieces(), .frames = counted};
  if (counted != claimed)
    link.pieces = replaced(link.pieces, samples_at, with_samples(stream, counted));
  return link;
}

}  // namespace melgrad
