#include "audio/files/decode.h"

#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "audio/files/quiet_mpg123.h"
#include "audio/finite.h"
#include "tensor/files/file.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

constexpr i64 block_frames = 65536;

/// libsndfile would wait for ever on a FIFO and says little about the others.
void check_is_regular_file(const std::filesystem::path& path) {
  std::error_code error;
  auto status = std::filesystem::status(path, error);
  check(std::filesystem::exists(status), "decode", "{}: no such file", path);
  check(std::filesystem::is_regular_file(status), "decode", "{} is not a regular file", path);
  check(std::filesystem::file_size(path, error) > 0 && !error, "decode", "{}: the file is empty",
        path);
}

/// libsndfile says of mp3 files that libmpg123 does not like that they do not exist.
std::string reason_not_opened() {
  std::string reason = sf_strerror(nullptr);
  return reason.find("does not exist") == std::string::npos ? reason
                                                            : "no audio that can be decoded";
}

/// Of a wav or aiff file cut short, libsndfile only notes "data : 123 (should be 45)". A length of
/// 0 or 2³¹ and more is what programs write that do not know it yet: no sign of damage.
bool is_cut_short(SNDFILE* file) {
  std::array<char, 8192> text{};
  sf_command(file, SFC_GET_LOG_INFO, text.data(), static_cast<int>(text.size()) - 1);
  for (const char* chunk : {"\ndata : ", " SSND : "}) {
    const char* at = std::strstr(text.data(), chunk);
    if (at == nullptr) continue;
    char* end = nullptr;
    unsigned long long claimed = std::strtoull(at + std::strlen(chunk), &end, 10);
    constexpr const char* mark = " (should be ";
    if (std::strncmp(end, mark, std::strlen(mark)) != 0) continue;
    unsigned long long present = std::strtoull(end + std::strlen(mark), nullptr, 10);
    if (claimed > 0 && claimed < (1ULL << 31U) && present < claimed - claimed / 20) return true;
  }
  return false;
}

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, Close>;

File open(const std::filesystem::path& path, SF_INFO& info) {
  info = {};
  File file(sf_open(path.c_str(), SFM_READ, &info));
  check(file != nullptr, "decode", "{}: {}", path, reason_not_opened());
  check(info.channels > 0 && info.samplerate > 0 && info.frames >= 0, "decode",
        "{}: the header says {} channels, {} Hz, {} samples", path, info.channels, info.samplerate,
        info.frames);
  return file;
}

/// Of an ogg file without an end libsndfile does not know the length.
i64 counted_frames(SNDFILE* file, int channels) {
  std::vector<float> block(static_cast<std::size_t>(block_frames * channels));
  i64 count = 0;
  while (i64 got = sf_readf_float(file, block.data(), block_frames)) count += got;
  return count;
}

}  // namespace

struct AudioReader::State {
  File file;
  std::filesystem::path path;
  AudioInfo info;
  bool seeks_wrongly = false;
};

AudioReader::AudioReader(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  keep_mpg123_quiet();
  check_is_regular_file(path);
  SF_INFO info{};
  state_->path = path;
  state_->file = open(path, info);
  if (info.frames == SF_COUNT_MAX) {
    i64 frames = counted_frames(state_->file.get(), info.channels);
    state_->file = open(path, info);
    info.frames = frames;
  }
  check(!is_cut_short(state_->file.get()), "decode",
        "{}: cut short: the file ends before its header says", path);
  state_->info = {info.frames, info.channels, info.samplerate};
  int format = info.format & SF_FORMAT_TYPEMASK;
  constexpr int mpeg = 0x230000;  // SF_FORMAT_MPEG, which headers before 1.1 lack
  state_->seeks_wrongly = format == SF_FORMAT_OGG || format == mpeg;
}

AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&&) noexcept = default;
AudioReader::~AudioReader() = default;

const AudioInfo& AudioReader::info() const { return state_->info; }

void AudioReader::seek(i64 frame) {
  frame = std::clamp<i64>(frame, 0, state_->info.frames);
  i64 start = frame;
  // libsndfile 1.2 gives wrong or silent samples for up to 5 000 frames after a seek in ogg and mp3.
  if (state_->seeks_wrongly) start = std::max<i64>(0, frame - 8192);
  check(sf_seek(state_->file.get(), start, SEEK_SET) == start, "decode",
        "{}: cannot go to sample {}: {}", state_->path, start, sf_strerror(state_->file.get()));
  if (start < frame) read(frame - start);
}

Tensor AudioReader::read(i64 frames) {
  check(frames >= 0, "decode", "cannot read {} frames", frames);
  i64 channels = state_->info.channels;
  std::vector<float> values;  // grows with what is there, not with what a header claims
  for (i64 done = 0; done < frames;) {
    i64 wanted = std::min(block_frames, frames - done);
    values.resize(static_cast<std::size_t>((done + wanted) * channels));
    i64 got = sf_readf_float(state_->file.get(), values.data() + done * channels, wanted);
    done += got;
    if (got < wanted) {
      values.resize(static_cast<std::size_t>(done * channels));
      break;
    }
  }
  return from_vector(values, {static_cast<i64>(values.size()) / channels, channels});
}

Clip decode(const std::filesystem::path& path, const DecodeOptions& options) {
  check(options.offset >= 0 && options.duration >= 0, "decode",
        "offset {} s and duration {} s must not be negative", options.offset, options.duration);
  AudioReader reader(path);
  const AudioInfo& info = reader.info();
  double first = std::min(options.offset * info.sample_rate, static_cast<double>(info.frames));
  double most = std::min(options.duration * info.sample_rate, static_cast<double>(info.frames));
  auto begin = static_cast<i64>(first);
  i64 wanted = std::min(static_cast<i64>(most), info.frames - begin);
  if (begin > 0) reader.seek(begin);
  Tensor frames = reader.read(wanted);
  check(frames.dim(0) >= wanted - wanted / 20, "decode",
        "{}: damaged: only {} of {} samples could be read", path, frames.dim(0), wanted);
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
  constexpr std::array known = {".wav", ".flac", ".ogg",  ".oga", ".mp3",
                                ".aif", ".aiff", ".aifc", ".au"};
  return std::find(known.begin(), known.end(), lower_extension(path)) != known.end();
}

}  // namespace melgrad
