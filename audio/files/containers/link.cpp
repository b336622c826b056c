#include "audio/files/containers/link.h"

#include <algorithm>
#include <limits>

#include "kernels/error.h"

namespace melgrad {
namespace {

std::unique_ptr<Stream> whole(const std::filesystem::path& path, const Link& link) {
  return std::make_unique<Stream>(path, link.pieces, link.size_told);
}

i64 granules_of_a_frame(const Link& link) { return link.granules_per_second / link.sample_rate; }

std::unique_ptr<Stream> from_page(const std::filesystem::path& path, const Link& link, u64 begin) {
  Pieces pieces = link.head;
  append(pieces, part(link.pieces, begin, size_of(link.pieces)));
  return std::make_unique<Stream>(path, std::move(pieces));
}

/// Where it begins: how much there is up to the end tells it.
i64 granule_of(const Link& link, const Stream& stream) {
  return link.last_granule - stream.info().frames * granules_of_a_frame(link);
}

/// Decodes from the last entry that is two seconds before the sample: Vorbis needs a block to be right,
/// Opus .7 s until the last bit is.
std::unique_ptr<Stream> restarted(const std::filesystem::path& path, const Link& link, i64 frame) {
  i64 granule = link.first_granule + frame * granules_of_a_frame(link);
  for (std::size_t i = link.entries.size(); i-- > 0;) {
    if (link.entries[i].granule > granule - 2 * link.granules_per_second) continue;
    auto stream = from_page(path, link, link.entries[i].begin);
    i64 before = granule - granule_of(link, *stream);
    if (before < 0) continue;
    stream->skip(before / granules_of_a_frame(link));
    return stream;
  }
  auto stream = whole(path, link);
  stream->skip(frame);
  return stream;
}

}  // namespace

std::unique_ptr<Stream> measure(const std::filesystem::path& path, Link& link) {
  auto stream = whole(path, link);
  AudioInfo info = stream->info();
  link.channels = info.channels;
  link.sample_rate = info.sample_rate;
  if (link.frames < 0) link.frames = info.frames;
  check(link.frames < std::numeric_limits<i64>::max(), "decode",
        "{}: how long it is cannot be told", path);
  if (link.granules_per_second == 0) link.granules_per_second = info.sample_rate;
  i64 begin = link.last_granule - link.frames * granules_of_a_frame(link) - link.skipped_granules;
  link.first_granule = std::max(begin, link.skipped_granules);
  return stream;
}

std::unique_ptr<Stream> stream_at(const std::filesystem::path& path, const Link& link, i64 frame) {
  if (frame > 0 && link.seek == Link::Seek::restart) return restarted(path, link, frame);
  // The reservoir of mp3's bits goes back 511 bytes: 51 frames of 576 samples at the lowest rate.
  constexpr i64 reservoir = 32768;
  i64 start = link.seek == Link::Seek::early ? std::max<i64>(0, frame - reservoir) : frame;
  auto stream = whole(path, link);
  if (start > 0 && !stream->seek(start)) {
    stream = whole(path, link);
    start = 0;
  }
  stream->skip(frame - start);
  return stream;
}

}  // namespace melgrad
