#include "audio/files/decode.h"

#include <algorithm>
#include <array>
#include <vector>

#include "audio/files/containers/chain.h"
#include "audio/finite.h"
#include "tensor/files/file.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

/// One would wait for ever on a FIFO.
void check_is_regular_file(const std::filesystem::path& path) {
  std::error_code error;
  auto status = std::filesystem::status(path, error);
  check(std::filesystem::exists(status), "decode", "{}: no such file", path);
  check(std::filesystem::is_regular_file(status), "decode", "{} is not a regular file", path);
  check(std::filesystem::file_size(path, error) > 0 && !error, "decode", "{}: the file is empty",
        path);
}

}  // namespace

struct AudioReader::State {
  std::filesystem::path path;
  std::shared_ptr<const LinkChain> chain;
  std::size_t link = 0;            // of the next sample,
  i64 frame = 0;                   // which is this one there;
  std::unique_ptr<Stream> stream;  // the link from it on, where it was opened
};

AudioReader::AudioReader(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  check_is_regular_file(path);
  state_->path = path;
  Opened opened = open_chain(path);
  state_->chain = std::move(opened.chain);
  state_->stream = std::move(opened.first);
}

AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&&) noexcept = default;
AudioReader::~AudioReader() = default;

const AudioInfo& AudioReader::info() const { return state_->chain->info; }

void AudioReader::seek(i64 frame) {
  auto& [path, chain, link, next, stream] = *state_;
  next = std::clamp<i64>(frame, 0, info().frames);
  stream.reset();
  for (link = 0; link < chain->links.size() && next >= chain->links[link].frames; ++link)
    next -= chain->links[link].frames;
}

Tensor AudioReader::read(i64 frames) {
  check(frames >= 0, "decode", "cannot read {} frames", frames);
  constexpr i64 block = 65536;
  auto& [path, chain, link, next, stream] = *state_;
  i64 channels = info().channels, done = 0;
  std::vector<float> values;  // grows with what is there
  while (done < frames && link < chain->links.size()) {
    const Link& here = chain->links[link];
    i64 some = std::min({block, frames - done, here.frames - next});
    values.resize(static_cast<std::size_t>((done + some) * channels));
    if (some > 0 && stream == nullptr) stream = stream_at(path, here, next);
    if (some > 0) stream->read(values.data() + done * channels, some);
    done += some;
    next += some;
    if (next < here.frames) continue;
    ++link;
    next = 0;
    stream.reset();
  }
  return from_vector(values, {done, channels});
}

Clip decode(const std::filesystem::path& path, const DecodeOptions& options) {
  check(options.offset >= 0 && options.duration >= 0, "decode",
        "offset {} s and duration {} s must not be negative", options.offset, options.duration);
  AudioReader reader(path);
  const AudioInfo& info = reader.info();
  check(info.frames > 0, "decode", "{}: the file has no samples", path);
  double first = std::min(options.offset * info.sample_rate, static_cast<double>(info.frames));
  double most = std::min(options.duration * info.sample_rate, static_cast<double>(info.frames));
  auto begin = static_cast<i64>(first);
  if (begin > 0) reader.seek(begin);
  Tensor frames = reader.read(static_cast<i64>(most));
  if (!is_finite(frames))
    fail("decode: " + path.string(), "a sample is not a finite number: {}", frames);
  Clip clip;
  clip.sample_rate = info.sample_rate;
  if (options.mono)
    clip.samples = info.channels == 1 ? frames.reshape({frames.dim(0)}) : mean(frames, {1});
  else
    clip.samples = frames.transpose(0, 1).contiguous();
  return clip;
}

AudioInfo audio_info(const std::filesystem::path& path) { return AudioReader(path).info(); }

bool is_audio_file(const std::filesystem::path& path) {
  constexpr std::array known = {".wav", ".wave", ".bwf",  ".rf64", ".w64", ".flac",
                                ".ogg", ".oga",  ".opus", ".mp3",  ".mp2", ".mpga",
                                ".aif", ".aiff", ".aifc", ".au",   ".snd", ".caf"};
  return std::find(known.begin(), known.end(), lower_extension(path)) != known.end();
}

}  // namespace melgrad
