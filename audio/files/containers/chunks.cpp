#include "audio/files/containers/chunks.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "audio/files/containers/mpeg.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

/// How a family of formats writes its chunks: an id, a size, that many bytes.
struct Layout {
  std::string_view magic;
  u64 first = 12;  // where the first chunk begins
  std::size_t id = 4, size = 4;
  bool is_big_endian = false;
  u64 alignment = 2;
  std::string_view samples = "data";  // the id of the chunk they are in
  u64 before = 0;                     // bytes in that chunk before them
};

constexpr std::array layouts = {
    Layout{"RIFF"},
    Layout{"RF64"},
    Layout{"BW64"},
    Layout{.magic = "RIFX", .is_big_endian = true},
    Layout{.magic = "FORM", .is_big_endian = true, .samples = "SSND", .before = 8},
    Layout{
        .magic = "caff", .first = 8, .size = 8, .is_big_endian = true, .alignment = 1, .before = 4},
    Layout{.magic = "riff", .first = 40, .id = 16, .size = 8, .alignment = 8}};

/// Null for au, which has no chunks but a header of this kind, and for whatever else.
const Layout* layout_of(ByteSource& file) {
  std::string_view magic = file.peek(0, 4);
  const auto* found = std::find_if(layouts.begin(), layouts.end(),
                                   [&](const Layout& layout) { return layout.magic == magic; });
  return found == layouts.end() ? nullptr : found;
}

bool is_au(ByteSource& file) { return file.peek(0, 4) == ".snd" || file.peek(0, 4) == "dns."; }

u64 number(std::string_view bytes, bool is_big_endian) {
  return is_big_endian ? big_endian(bytes) : little_endian(bytes);
}

struct Chunk {
  std::string id;           // empty: there is none
  u64 begin = 0, size = 0;  // of what is in it
  u64 next = 0;             // where another may begin
  bool is_whole = false;
};

u64 aligned(u64 at, u64 alignment) { return (at + alignment - 1) / alignment * alignment; }

Chunk chunk_at(ByteSource& file, const Layout& layout, u64 at) {
  std::size_t header = layout.id + layout.size;
  std::string_view bytes = file.peek(at, header);
  auto is_letter = [](unsigned char c) { return std::isprint(c) != 0; };
  if (bytes.size() < header || !std::all_of(bytes.begin(), bytes.begin() + 4, is_letter)) return {};
  u64 size = number(bytes.substr(layout.id), layout.is_big_endian);
  if (layout.magic == "riff") size = std::max<u64>(size, header) - header;  // counts its header
  u64 begin = at + header, left = file.size() - begin;
  return {.id = std::string(bytes.substr(0, 4)),
          .begin = begin,
          .size = size,
          .next = aligned(begin + std::min(size, left), layout.alignment),
          .is_whole = size <= left};
}

/// Where the samples are, and where the file says how many bytes they have.
struct Samples {
  u64 begin = 0, claimed = 0;
  u64 field = 0;  // where that number stands,
  std::size_t width = 4;
  bool is_big_endian = false;
  u64 extra = 0;  // and what it counts beside them
  bool is_mpeg = false;
};

Samples samples_of_au(ByteSource& file) {
  bool is_big_endian = file.peek(0, 4) == ".snd";
  return {.begin = number(file.peek(4, 4), is_big_endian),
          .claimed = number(file.peek(8, 4), is_big_endian),
          .field = 8,
          .is_big_endian = is_big_endian};
}

/// All zero where no chunk has samples.
Samples samples_of(ByteSource& file, const Layout& layout) {
  Samples samples{.width = layout.size, .is_big_endian = layout.is_big_endian};
  bool is_64 = layout.magic == "RF64" || layout.magic == "BW64";
  for (Chunk chunk = chunk_at(file, layout, layout.first); !chunk.id.empty();
       chunk = chunk_at(file, layout, chunk.next)) {
    if (chunk.id == "fmt ") {
      u64 format = number(file.peek(chunk.begin, 2), layout.is_big_endian);
      samples.is_mpeg = format == 0x50 || format == 0x55;  // layer II and III
    }
    if (chunk.id == "ds64" && is_64) {  // what "data" has no room for
      samples.field = chunk.begin + 8;
      samples.width = 8;
      samples.claimed = little_endian(file.peek(samples.field, 8));
    }
    if (chunk.id != layout.samples) continue;
    samples.begin = chunk.begin;
    if (samples.field != 0) break;
    samples.field = chunk.begin - layout.size;
    samples.claimed = chunk.size;
    samples.extra = layout.magic == "riff" ? layout.id + layout.size : 0;
    break;
  }
  return samples;
}

/// What a program writes that does not know the length yet: the most that a number holds, or 2³¹, or
/// 2³¹ − 2²⁴ (SoX), or a little less or more for what else is in the file.
bool is_unknown(const Samples& samples) {
  if (samples.width == 8) return samples.claimed >= u64{1} << 62U;
  constexpr u64 slack = 1U << 16U;
  constexpr std::array usual = {u64{0xffffffff}, u64{0x80000000}, u64{0x7f000000}};
  return std::any_of(usual.begin(), usual.end(), [&](u64 size) {
    return samples.claimed + slack >= size && samples.claimed <= size + slack;
  });
}

/// How many bytes from `at` on are in no whole chunk.
u64 bytes_in_no_chunk(ByteSource& file, const Layout* layout, u64 at) {
  if (layout == nullptr) return file.size() - at;
  for (at = aligned(at, layout->alignment); at < file.size();) {
    Chunk chunk = chunk_at(file, *layout, at);
    if (!chunk.is_whole) return file.size() - at;
    at = chunk.next;
  }
  return 0;
}

u64 true_size(ByteSource& file, const Samples& samples, const Layout* layout) {
  u64 present = file.size() - std::min(samples.begin, file.size()), claimed = samples.claimed;
  // Some programs write the whole file's size there.
  u64 written = claimed + samples.extra;
  bool is_of_the_file = written == file.size() || written + 8 == file.size();
  if (claimed > present && (is_unknown(samples) || is_of_the_file)) return present;
  check(claimed <= present, "decode",
        "{}: cut short: {} bytes of samples are there, {} in the header", file.path(), present,
        claimed);
  u64 behind = bytes_in_no_chunk(file, layout, samples.begin + claimed);
  bool is_empty = claimed <= (layout == nullptr ? 0 : layout->before);
  if (is_empty) return behind == 0 ? claimed : present;
  constexpr u64 most_junk = 4096;
  check(behind <= most_junk, "decode",
        "{}: {} bytes of samples in the header, and {} more behind them that are nothing else",
        file.path(), claimed, behind);
  return claimed;
}

std::string written(u64 value, std::size_t width, bool is_big_endian) {
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i) bytes += static_cast<char>(value >> 8 * i & 255U);
  if (is_big_endian) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

}  // namespace

bool has_chunks(ByteSource& file) { return layout_of(file) != nullptr || is_au(file); }

std::vector<Link> links_of_chunks(ByteSource& file) {
  const Layout* layout = layout_of(file);
  Samples samples = layout == nullptr ? samples_of_au(file) : samples_of(file, *layout);
  Link link{.pieces = file.pieces()};
  if (layout != nullptr && layout->magic == "BW64") link.pieces = replaced(link.pieces, 0, "RF64");
  if (samples.begin == 0) return {link};  // libsndfile says what is missing
  u64 size = true_size(file, samples, layout);
  if (samples.is_mpeg) {
    ByteSource stream(file.path(), part(file.pieces(), samples.begin, samples.begin + size));
    return links_of_mpeg(stream);
  }
  if (size != samples.claimed) {
    std::string bytes = written(size + samples.extra, samples.width, samples.is_big_endian);
    link.pieces = replaced(link.pieces, samples.field, bytes);
  }
  return {link};
}

}  // namespace melgrad
