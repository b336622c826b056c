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

/// How much sound a file has.
struct AudioInfo {
  i64 frames = 0;  // samples per channel
  int channels = 0, sample_rate = 0;
  double seconds() const { return static_cast<double>(frames) / sample_rate; }
};

/// Reads wav, w64, aiff, au, caf, flac, ogg, opus and mp3 through libsndfile, whatever the file's
/// name says. The excerpt is exact to the sample in every format, and what decoding all of the file
/// gives there; an offset past the end gives no samples. No header is believed that says how long the
/// file is: mp3 frames, ogg pages and so on are counted. Joined mp3 and chained ogg files are read to
/// their end. Throws Error "[decode] …" that names the file: not there, no audio, none of a format that
/// is decoded (with the command that converts it), without samples, damaged, cut short, NaN inside.
/// Half of an ogg file is taken for a shorter piece: it is a stream.
Clip decode(const std::filesystem::path& path, const DecodeOptions& options = {});
/// As many samples as decode() gives. Throws Error for what decode() cannot read, but for damage and
/// NaN inside, which is seen by decoding only.
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
  /// The next read() begins with this frame, exactly.
  void seek(i64 frame);
  /// Up to `frames` frames, interleaved (frames, channels); fewer only at the end of the file. Throws
  /// Error where the file is damaged.
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
/// The same through MP3 at a constant bit rate, in their places. Throws Error on a rate that MP3 does
/// not have at the clip's sampling rate, with those it has.
Tensor through_mp3(const Clip& clip, i64 kbps);

}  // namespace melgrad
