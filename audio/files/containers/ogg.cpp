#include "audio/files/containers/ogg.h"

#include <optional>

#include "audio/files/containers/checksum.h"
#include "audio/files/containers/flac.h"
#include "audio/files/formats.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

/// What is before a page's bytes (RFC 3533, 6).
struct Page {
  bool continues = false;  // a packet of the page before
  bool begins = false;     // a stream
  i64 granule = 0;         // where it ends, in the stream's own count; −1: no packet ends in it
  u64 serial = 0, number = 0, checksum = 0;
  u64 begin = 0, body = 0, end = 0;
};

std::optional<Page> page_at(ByteSource& file, u64 at) {
  std::string_view head = file.peek(at, 27);
  if (head.size() < 27 || head.substr(0, 5) != std::string_view("OggS\0", 5)) return {};
  Page page{.continues = (head[5] & 1) != 0,
            .begins = (head[5] & 2) != 0,
            .granule = static_cast<i64>(little_endian(head.substr(6, 8))),
            .serial = little_endian(head.substr(14, 4)),
            .number = little_endian(head.substr(18, 4)),
            .checksum = little_endian(head.substr(22, 4)),
            .begin = at};
  auto segments = static_cast<unsigned char>(head[26]);
  page.body = page.end = at + 27 + segments;
  for (char size : file.peek(at + 27, segments)) page.end += static_cast<unsigned char>(size);
  return page;
}

enum class Codec : u8 { none, vorbis, opus, flac };

Codec codec_of(std::string_view packet) {
  if (packet.substr(0, 7) == "\1vorbis") return Codec::vorbis;
  if (packet.substr(0, 8) == "OpusHead") return Codec::opus;
  return packet.substr(0, 5) == "\177FLAC" ? Codec::flac : Codec::none;
}

constexpr std::size_t checksum_at = 22;

/// That of the page with zeros in its place.
u64 checksum_of(std::string_view page) {
  auto sum = [](std::string_view bytes, std::uint32_t before) {
    return checksum<std::uint32_t, 0x04c11db7>(bytes, before);
  };
  std::uint32_t before = sum(page.substr(0, checksum_at), 0);
  before = sum(std::string_view("\0\0\0\0", 4), before);
  return sum(page.substr(checksum_at + 4), before);
}

/// FLAC's blocks have checksums of their own.
bool is_intact(ByteSource& file, const Page& page, Codec codec) {
  if (page.end > file.size()) return false;
  std::string_view bytes = file.peek(page.begin, page.end - page.begin);
  return codec == Codec::flac || checksum_of(bytes) == page.checksum;
}

/// Whether nothing more comes but a page's beginning, or something else that is short.
bool is_end(ByteSource& file, u64 at, const std::optional<Page>& page) {
  constexpr u64 most_junk = 4096, largest_page = 65307;
  u64 left = file.size() - at;
  if (!page) return left <= most_junk;
  return page->end > file.size() && left < largest_page &&
         file.peek(at + 4, left).find("OggS") == std::string_view::npos;
}

/// Whether a packet of Opus in this page has SILK in it (RFC 6716, 3.1), whose decoder never quite
/// forgets where it began.
bool has_silk(ByteSource& file, const Page& page) {
  u64 packet = page.body;
  bool begins = !page.continues;
  for (u64 i = page.begin + 27; i < page.body; ++i) {
    auto size = static_cast<unsigned char>(file.peek(i, 1)[0]);
    if (begins && size > 0 && static_cast<unsigned char>(file.peek(packet, 1)[0]) < 0x80)
      return true;
    begins = size < 255;
    packet += size;
  }
  return false;
}

/// A stream of sound, as its pages come.
struct Sound {
  Codec codec = Codec::none;
  u64 serial = 0;
  bool has_samples = false, can_restart = true;
  u64 size = 0, last_page = 0;  // bytes; where the last page begins
  u64 number = 0;               // of the last page
  Link link;

  void add(ByteSource& file, const Page& page) {
    // Of a broadcast that was joined late, the pages behind the head have other numbers.
    check(!has_samples || page.number == number + 1, "decode",
          "{}: damaged: there are pages missing before byte {}", file.path(), page.begin);
    number = page.number;
    if (page.granule > 0) add_samples(page);
    can_restart = can_restart && !(has_samples && codec == Codec::opus && has_silk(file, page));
    // The first packet of FLAC has nine bytes before "fLaC".
    u64 begin = codec != Codec::flac ? page.begin : page.begins ? page.body + 9 : page.body;
    last_page = size;
    size += page.end - begin;
    append(link.pieces, part(file.pieces(), begin, page.end));
  }

  void add_samples(const Page& page) {
    constexpr u64 apart = 1U << 14U;
    u64 before = link.entries.empty() ? size_of(link.head) : link.entries.back().begin;
    if (!has_samples) {
      link.head = link.pieces;
    } else if (!page.continues && size >= before + apart) {
      link.entries.push_back({size, link.last_granule});
    }
    has_samples = true;
    link.last_granule = page.granule;
  }
};

/// Opus says how many samples at the beginning are none (RFC 7845, 5.1). Where it restarts there are
/// no such: libsndfile would count them and not leave them out.
void begin_opus(const std::filesystem::path& path, Link& link) {
  link.granules_per_second = 48000;
  ByteSource head(path, link.head);
  auto page = page_at(head, 0);
  if (!page) return;
  u64 skip_at = page->body + 10;
  link.skipped_granules = static_cast<i64>(little_endian(head.peek(skip_at, 2)));
  std::string changed(head.peek(0, page->end));
  changed.replace(skip_at, 2, 2, '\0');
  u64 sum = checksum_of(changed);
  for (std::size_t i = 0; i < 4; ++i)
    changed[checksum_at + i] = static_cast<char>(sum >> 8 * i & 255U);
  link.head = replaced(link.head, 0, changed);
}

Link link_of(ByteSource& file, Sound& sound) {
  check(sound.codec != Codec::none, "decode", "{}: neither Vorbis nor Opus nor FLAC: {}",
        file.path(), conversion(file.path()));
  if (sound.codec == Codec::flac) {
    ByteSource stream(file.path(), sound.link.pieces);
    return link_of_flac(stream);
  }
  Link& link = sound.link;
  link.seek = Link::Seek::restart;
  if (!sound.has_samples) link.frames = 0;
  if (sound.codec == Codec::opus) begin_opus(file.path(), link);
  if (!sound.can_restart) link.entries.clear();
  // Where the last page's samples begin cannot be known from it alone: it may end before its packets.
  while (!link.entries.empty() && link.entries.back().begin >= sound.last_page)
    link.entries.pop_back();
  return link;
}

}  // namespace

std::vector<Link> links_of_ogg(ByteSource& file) {
  std::vector<Sound> sounds;
  bool is_among_heads = false;  // streams that are side by side begin together
  for (u64 at = 0; at < file.size();) {
    auto page = page_at(file, at);
    if (is_end(file, at, page)) break;
    Codec codec = sounds.empty() ? Codec::none : sounds.back().codec;
    check(page && is_intact(file, *page, codec), "decode",
          "{}: damaged: no page whose checksum fits begins at byte {}", file.path(), at);
    check(page->begins || !sounds.empty(), "decode", "{}: the beginning is missing", file.path());
    if (page->begins && !is_among_heads) sounds.emplace_back();
    is_among_heads = page->begins;
    Sound& sound = sounds.back();
    if (page->begins && sound.codec == Codec::none) {
      sound.codec = codec_of(file.peek(page->body, 8));
      sound.serial = page->serial;
    }
    if (sound.codec != Codec::none && page->serial == sound.serial) sound.add(file, *page);
    at = page->end;
  }
  check(!sounds.empty(), "decode", "{}: no audio that can be decoded", file.path());
  std::vector<Link> links;
  for (Sound& sound : sounds) links.push_back(link_of(file, sound));
  return links;
}

}  // namespace melgrad
