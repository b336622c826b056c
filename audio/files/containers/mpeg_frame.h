#pragma once
#include <optional>

#include "audio/files/containers/source.h"

namespace melgrad {

/// What the four bytes before an MPEG audio frame say (ISO 11172-3, 2.4.2.3).
struct MpegFrame {
  int layer = 3, sample_rate = 0, channels = 0;
  i64 samples = 0;  // per channel
  u64 size = 0;     // bytes, with these four; 0 in free format, where the next frame tells
  u64 padding = 0;  // of them
  u64 side = 0;     // bytes of layer III's side information

  /// Whether both can be in one stream.
  bool goes_with(const MpegFrame& other) const {
    return layer == other.layer && sample_rate == other.sample_rate && channels == other.channels;
  }
};

/// Nothing where the bytes are no frame's.
std::optional<MpegFrame> mpeg_frame(std::string_view bytes);

/// What encoders write into a first frame instead of sound; Xing's, which LAME extended.
struct XingHeader {
  u64 frames_at = 0;         // bytes from the frame's beginning to the number of frames; 0: none
  i64 frames = 0;            // that are to follow
  std::optional<u64> bytes;  // of all frames, with this one
};
std::optional<XingHeader> xing_header(ByteSource& file, u64 begin, const MpegFrame& frame);

}  // namespace melgrad
