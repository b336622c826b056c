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

}  // namespace

void encode(const std::filesystem::path& path, const Clip& clip) {
  SF_INFO info{};
  info.samplerate = clip.sample_rate;
  info.channels = clip.samples.rank() == 1 ? 1 : static_cast<int>(clip.samples.dim(0));
  info.format = format_of(path);
  Memory encoded;
  SF_VIRTUAL_IO io{length, seek, read, write, tell};
  std::unique_ptr<SNDFILE, decltype(&sf_close)> file(
      sf_open_virtual(&io, SFM_WRITE, &info, &encoded), sf_close);
  check(file != nullptr, "encode", "{}: {}", path, sf_strerror(nullptr));
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
        "encode", "{}: {}", path, sf_strerror(file.get()));
  }
  file.reset();  // writes the rest

  std::ofstream out(path, std::ios::binary);
  out << encoded.bytes;
  out.close();
  if (!out) {
    int reason = errno;
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    fail("encode", "{}: {}", path.string(), std::strerror(reason));
  }
}

}  // namespace melgrad
