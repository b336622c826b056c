#pragma once
#include <memory>

#include "audio/files/containers/source.h"
#include "audio/files/decode.h"

namespace melgrad {

/// Bytes that libsndfile decodes.
class Stream {
 public:
  /// Throws Error "[decode] …" with the file's name where libsndfile finds no sound. `size_told` is
  /// what it takes for the number of bytes; 0: what it is.
  Stream(const std::filesystem::path& path, Pieces pieces, u64 size_told = 0);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  /// As libsndfile reads it in the header; the most frames that there can be where it does not say.
  AudioInfo info() const;
  /// One of libsndfile's SF_STR_…; empty where the file has none.
  std::string text(int which) const;
  /// Fills target (frames, channels). Throws Error if they are not there, or damaged.
  void read(float* target, i64 frames);
  /// Decodes as many and forgets them.
  void skip(i64 frames);
  /// Whether libsndfile went there.
  bool seek(i64 frame);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace melgrad
