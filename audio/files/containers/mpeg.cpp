#include "audio/files/containers/mpeg.h"

#include <algorithm>
#include <limits>

#include "audio/files/containers/mpeg_frame.h"
#include "audio/files/containers/tags.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

std::optional<MpegFrame> frame_at(ByteSource& file, u64 at) { return mpeg_frame(file.peek(at, 4)); }

/// A frame's bytes in free format: the same for all, but for the padding. 0 where no other follows.
u64 free_size(ByteSource& file, u64 begin, const MpegFrame& first) {
  constexpr u64 most = 4096;
  for (u64 at = begin + 4 + first.side; at < begin + most; ++at) {
    auto next = frame_at(file, at);
    if (next && next->size == 0 && next->goes_with(first)) return at - begin - first.padding;
  }
  return 0;
}

/// The frames that follow each other without a gap.
struct Run {
  u64 begin = 0, end = 0;
  MpegFrame first{};
  i64 frames = 0;
  std::optional<XingHeader> header{};
};

/// From a frame on to the first thing that is none of this stream, but at most `most` of them. A
/// header of the encoder's is a stream's first frame.
Run run_at(ByteSource& file, u64 begin, i64 most = std::numeric_limits<i64>::max()) {
  Run run{.begin = begin, .end = begin};
  u64 free = 0;
  for (auto frame = frame_at(file, begin); frame && run.frames < most;
       frame = frame_at(file, run.end)) {
    if (run.frames == 0) run.first = *frame;
    if (!frame->goes_with(run.first)) break;
    auto header = xing_header(file, run.end, *frame);
    if (header && run.frames > 0) break;
    if (header) run.header = header;
    if (frame->size == 0 && free == 0) free = free_size(file, run.end, *frame);
    u64 size = frame->size == 0 ? free + frame->padding : frame->size;
    if (size <= frame->side || run.end + size > file.size()) break;
    run.end += size;
    ++run.frames;
  }
  return run;
}

/// Any four bytes may look like a frame's; four frames in a row do not come about by chance, nor does
/// a shorter row that ends where the file or a tag says so.
bool is_stream(ByteSource& file, u64 at) {
  if (!frame_at(file, at)) return false;
  Run run = run_at(file, at, 4);
  if (run.frames == 0) return false;
  auto next = frame_at(file, run.end);
  return run.frames == 4 || run.end == file.size() || tag_at(file, run.end) > 0 ||
         (next && next->goes_with(run.first));
}

/// What is before, between and behind streams.
struct Gap {
  u64 end = 0;   // where a stream begins; the file's end where none does
  u64 junk = 0;  // bytes that are no tag's
  bool has_tags = false;
};

/// A tag ends where a stream, a tag or nothing follows: some programs write wrong sizes.
bool ends_well(ByteSource& file, u64 end) {
  return end == file.size() || is_stream(file, end) || tag_at(file, end) > 0;
}

Gap gap_at(ByteSource& file, u64 begin) {
  Gap gap{.end = begin};
  while (gap.end < file.size() && !is_stream(file, gap.end)) {
    u64 tag = tag_at(file, gap.end), before = tag_before(file, gap.end);
    if (tag > 0 && ends_well(file, gap.end + tag)) {
      gap.end += tag;
    } else if (before > 0 && ends_well(file, gap.end + ape_footer_size)) {
      gap.junk -= std::min(before, gap.junk);
      gap.end += ape_footer_size;
    } else {
      ++gap.junk;
      ++gap.end;
      continue;
    }
    gap.has_tags = true;
  }
  return gap;
}

/// How a file cut short is told from one with a wrong number in its header.
void check_is_whole(ByteSource& file, const Run& run, i64 frames, u64 end) {
  if (!run.header || run.header->frames <= frames) return;
  bool has_its_bytes = run.header->bytes && run.begin + *run.header->bytes <= end;
  check(has_its_bytes, "decode", "{}: cut short: {} of the {} frames in its header are there",
        file.path(), frames, run.header->frames);
}

/// The frames as libsndfile is to see them. A header of the encoder's gets their true number: from it
/// libsndfile learns, too, what the encoder added at both ends. `end`: of the gap behind them.
Link link_of(ByteSource& file, const Run& run, u64 end) {
  i64 frames = run.frames - (run.header ? 1 : 0);
  check_is_whole(file, run, frames, end);
  Link link{.pieces = part(file.pieces(), run.begin, run.end), .seek = Link::Seek::early};
  if (run.header && run.header->frames_at > 0) {
    std::string number;
    for (int shift : {24, 16, 8, 0}) number += static_cast<char>(frames >> shift & 255);
    link.pieces = replaced(link.pieces, run.header->frames_at, number);
    return link;
  }
  if (run.header) {
    u64 first = run_at(file, run.begin, 1).end - run.begin;
    link.pieces = part(link.pieces, first, size_of(link.pieces));
  }
  link.frames = frames * run.first.samples;
  // libsndfile divides it by the first frame's size, and must not find too few.
  constexpr u64 largest_frame = 4096;
  link.size_told = static_cast<u64>(frames + 1) * largest_frame;
  return link;
}

/// Where streams were joined, and at a file's end, a piece of a frame may be left over.
void check_gap(ByteSource& file, u64 begin, const Gap& gap) {
  bool is_last = gap.end == file.size();
  bool is_joint = is_last || gap.has_tags || run_at(file, gap.end, 1).header;
  constexpr u64 most_junk = 4096;  // a frame cut off, or a sector filled up
  check(gap.junk <= (is_joint ? most_junk : 0), "decode",
        "{}: damaged: of the {} bytes behind byte {} {} are neither sound nor a tag", file.path(),
        gap.end - begin, begin, gap.junk);
}

}  // namespace

std::vector<Link> links_of_mpeg(ByteSource& file) {
  std::vector<Link> links;
  for (u64 at = gap_at(file, 0).end; at < file.size();) {
    Run run = run_at(file, at);
    Gap gap = gap_at(file, run.end);
    check_gap(file, run.end, gap);
    at = gap.end;
    if (run.frames > (run.header ? 1 : 0)) links.push_back(link_of(file, run, gap.end));
  }
  check(!links.empty(), "decode", "{}: no audio that can be decoded", file.path());
  return links;
}

}  // namespace melgrad
