#include <sndfile.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "audio/files/decode.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

/// A file in memory: of a full disk libsndfile says "No Error.", or nothing when it closes a file.
struct Memory {
  std::string bytes;
  std::size_t at = 0;
};

Memory& memory(void* user) { return *static_cast<Memory*>(user); }

sf_count_t length(void* user) { return static_cast<sf_count_t>(memory(user).bytes.size()); }
sf_count_t tell(void* user) { return static_cast<sf_count_t>(memory(user).at); }
sf_count_t seek(sf_count_t offset, int whence, void* user) {
  sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? tell(user) : length(user);
  memory(user).at = static_cast<std::size_t>(from + offset);
  return from + offset;
}
sf_count_t read(void* target, sf_count_t count, void* user) {
  auto& [bytes, at] = memory(user);
  std::size_t some = std::min(static_cast<std::size_t>(count), bytes.size() - at);
  bytes.copy(static_cast<char*>(target), some, at);
  at += some;
  return static_cast<sf_count_t>(some);
}
sf_count_t write(const void* source, sf_count_t count, void* user) {
  auto& [bytes, at] = memory(user);
  auto all = static_cast<std::size_t>(count);
  bytes.resize(std::max(bytes.size(), at + all));
  std::memcpy(bytes.data() + at, source, all);
  at += all;
  return count;
}

int format_of(const std::filesystem::path& path) {
  std::string extension = lower_extension(path);
  if (extension == ".wav") return SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  if (extension == ".flac") return SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
  check(extension == ".ogg", "encode", "{}: writes .wav, .flac and .ogg", path);
  return SF_FORMAT_OGG | SF_FORMAT_VORBIS;
}

using File = std::unique_ptr<SNDFILE, decltype(&sf_close)>;

SF_VIRTUAL_IO memory_io() { return {length, seek, read, write, tell}; }

/// The bytes of a file; `name` is for error messages.
Memory encoded(const Clip& clip, int format, const std::filesystem::path& name) {
  SF_INFO info{};
  info.samplerate = clip.sample_rate;
  info.channels = clip.samples.rank() == 1 ? 1 : static_cast<int>(clip.samples.dim(0));
  info.format = format;
  Memory bytes;
  SF_VIRTUAL_IO io = memory_io();
  File file(sf_open_virtual(&io, SFM_WRITE, &info, &bytes), sf_close);
  check(file != nullptr, "encode", "{}: {}", name, sf_strerror(nullptr));
  sf_command(file.get(), SFC_SET_CLIPPING, nullptr, SF_TRUE);
  Tensor frames = clip.samples.rank() == 1
                      ? clip.samples.to(Dtype::f32).contiguous()
                      : clip.samples.to(Dtype::f32).transpose(0, 1).contiguous();
  i64 count = frames.dim(0);
  constexpr i64 step =
      4096;  // libsndfile's Vorbis encoder puts a whole call's samples on the stack
  for (i64 done = 0; done < count; done += step) {
    i64 wanted = std::min(step, count - done);
    check(
        sf_writef_float(file.get(), frames.data<float>() + done * info.channels, wanted) == wanted,
        "encode", "{}: {}", name, sf_strerror(file.get()));
  }
  file.reset();  // writes the rest
  return bytes;
}

}  // namespace

void encode(const std::filesystem::path& path, const Clip& clip) {
  Memory memory = encoded(clip, format_of(path), path);
  std::ofstream out(path, std::ios::binary);
  out << memory.bytes;
  out.close();
  if (!out) {
    int reason = errno;
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    fail("encode", "{}: {}", path.string(), std::strerror(reason));
  }
}

Tensor through_vorbis(const Clip& clip) {
  check(clip.samples.rank() == 1, "through_vorbis", "needs (samples): {}", clip.samples);
  Memory memory = encoded(clip, SF_FORMAT_OGG | SF_FORMAT_VORBIS, "Ogg Vorbis in memory");
  memory.at = 0;
  SF_INFO info{};
  SF_VIRTUAL_IO io = memory_io();
  File file(sf_open_virtual(&io, SFM_READ, &info, &memory), sf_close);
  check(file != nullptr, "through_vorbis", "{}", sf_strerror(nullptr));
  Tensor samples = zeros(clip.samples.shape());
  i64 got = sf_readf_float(file.get(), samples.data<float>(), samples.numel());
  check(got == samples.numel(), "through_vorbis", "{} of {} samples came back: {}", got,
        samples.numel(), sf_strerror(file.get()));
  return samples;
}

}  // namespace melgrad
