#pragma once
#include <memory>
#include <vector>

#include "audio/files/containers/stream.h"

namespace melgrad {

/// A stream that libsndfile decodes by itself, as it is to see it: with the length in its header that
/// it has. Most files are one; joined mp3 and chained ogg files are several.
struct Link {
  Pieces pieces;
  i64 frames = -1;    // samples per channel; −1: what libsndfile then reads in the header
  u64 size_told = 0;  // to libsndfile, which guesses a length from it; 0: the true one
  int channels = 0, sample_rate = 0;

  /// How to get to a sample: libsndfile 1.2 gives wrong ones after it sought in mp3 and ogg.
  enum class Seek : u8 {
    exact,   // libsndfile goes there
    early,   // it goes to an earlier one and decodes up to there
    restart  // it sees the stream's head and then what begins at an entry, and decodes up to there
  };
  Seek seek = Seek::exact;

  // For restarts, with positions in the stream's own count.
  struct Entry {
    u64 begin = 0;    // of a page
    i64 granule = 0;  // where the page before ends
  };
  std::vector<Entry> entries{};
  Pieces head{};
  i64 skipped_granules = 0;  // that are not to be heard
  i64 first_granule = 0, last_granule = 0;
  i64 granules_per_second = 0;  // 0: as many as samples
};

/// Fills in what libsndfile says of the link, which it then has open.
std::unique_ptr<Stream> measure(const std::filesystem::path& path, Link& link);

/// The link from a sample on, 0 ≤ frame ≤ link.frames.
std::unique_ptr<Stream> stream_at(const std::filesystem::path& path, const Link& link, i64 frame);

}  // namespace melgrad
