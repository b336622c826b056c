#pragma once
#include <filesystem>
#include <limits>
#include <memory>

#include "tensor/tensor.h"

namespace melgrad {

/// Sound in memory: samples f32 in [−1, 1] (wav files in floating point may exceed it).
struct Clip {
  Tensor samples;  // (samples) mono, or (channels, samples)
  int sample_rate = 0;
};

struct DecodeOptions {
  double offset = 0;                                          // seconds from the beginning
  double duration = std::numeric_limits<double>::infinity();  // seconds; as much as there is
  bool mono = true;                                           // the mean of the channels
};

/// What a file's header says.
struct AudioInfo {
  i64 frames = 0;  // samples per channel
  int channels = 0, sample_rate = 0;
  double seconds() const { return static_cast<double>(frames) / sample_rate; }
};

/// Reads wav, flac, ogg, mp3 and aiff through libsndfile. The excerpt is exact to the sample in
/// every format; an offset past the end gives no samples. Throws Error "[decode] …" that names the
/// file: not there, no audio, damaged, shorter than its header says by more than 5 %, NaN inside.
Clip decode(const std::filesystem::path& path, const DecodeOptions& options = {});
AudioInfo audio_info(const std::filesystem::path& path);

/// Whether decode() would try the file: by its extension.
bool is_audio_file(const std::filesystem::path& path);

/// A file in blocks, for files longer than memory.
class AudioReader {
 public:
  explicit AudioReader(const std::filesystem::path& path);
  AudioReader(AudioReader&&) noexcept;
  AudioReader& operator=(AudioReader&&) noexcept;
  ~AudioReader();

  const AudioInfo& info() const;
  /// The next read() begins with this frame. Exact in every format: for those that seek wrongly
  /// (ogg, mp3) by decoding from earlier and dropping what was not asked for.
  void seek(i64 frame);
  /// Up to `frames` frames, interleaved (frames, channels); fewer at the end of the file.
  Tensor read(i64 frames);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Writes samples (samples) or (channels, samples) as 16-bit wav or flac, or ogg (Vorbis), by the
/// extension. Values beyond ±1 are clipped. Throws Error if it cannot.
void encode(const std::filesystem::path& path, const Clip& clip);
/// What is left of samples (samples) that went through Ogg Vorbis: as many as before.
Tensor through_vorbis(const Clip& clip);

}  // namespace melgrad
