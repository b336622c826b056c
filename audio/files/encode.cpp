#include <sndfile.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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

/// The bytes of a file; `name` is for error messages. `set` says more of how it is encoded.
Memory encoded(const Clip& clip, int format, const std::filesystem::path& name,
               const std::function<void(SNDFILE*)>& set = {}) {
  SF_INFO info{};
  info.samplerate = clip.sample_rate;
  info.channels = clip.samples.rank() == 1 ? 1 : static_cast<int>(clip.samples.dim(0));
  info.format = format;
  Memory bytes;
  SF_VIRTUAL_IO io = memory_io();
  File file(sf_open_virtual(&io, SFM_WRITE, &info, &bytes), sf_close);
  check(file != nullptr, "encode", "{}: {}", name, sf_strerror(nullptr));
  sf_command(file.get(), SFC_SET_CLIPPING, nullptr, SF_TRUE);
  if (set) set(file.get());
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

/// What MPEG-1, 2 and 2.5 layer III have at a sampling rate, and how libsndfile 1.2 spreads its
/// compression level 1 … 0 over them (its src/mpeg_l3_encode.c).
struct Mp3Rates {
  int least, most;  // kbit/s of the levels 1 and 0
  std::vector<i64> kbps;
  i64 frame;  // samples
};
Mp3Rates mp3_rates(int sample_rate) {
  if (sample_rate >= 32000)
    return {32, 320, {32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}, 1152};
  if (sample_rate >= 16000)
    return {8, 160, {8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}, 576};
  return {8, 64, {8, 16, 24, 32, 40, 48, 56, 64}, 576};
}

std::string listed(const std::vector<i64>& numbers) {
  std::string text;
  for (i64 number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return text;
}

bool contains(const std::vector<i64>& numbers, i64 number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

Memory encoded_mp3(const Clip& clip, i64 kbps) {
  // libsndfile refuses other rates, too, but does not free what it set up until then.
  const std::vector<i64> known = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
  check(contains(known, clip.sample_rate), "through_mp3", "MP3 has sample rates of {} Hz, not {}",
        listed(known), clip.sample_rate);
  Mp3Rates rates = mp3_rates(clip.sample_rate);
  check(contains(rates.kbps, kbps), "through_mp3", "MP3 at {} Hz has {} kbit/s, not {}",
        clip.sample_rate, listed(rates.kbps), kbps);
  // A half more, as libsndfile drops the fraction.
  double level = 1 - (static_cast<double>(kbps) + .5 - rates.least) / (rates.most - rates.least);
  auto set = [&](SNDFILE* file) {
    int mode = SF_BITRATE_MODE_CONSTANT;
    level = std::max(level, 0.);
    sf_command(file, SFC_SET_BITRATE_MODE, &mode, sizeof mode);  // says nothing of success
    check(sf_command(file, SFC_SET_COMPRESSION_LEVEL, &level, sizeof level) != 0, "through_mp3",
          "this libsndfile does not set MP3's bit rate");
  };
  Memory memory = encoded(clip, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, "MP3 in memory", set);
  // Whole frames, one for LAME's tag, and up to two for the encoder's delay.
  double frames = static_cast<double>(clip.samples.numel()) / static_cast<double>(rates.frame);
  double bits = static_cast<double>(memory.bytes.size()) * 8;
  double of_frame =
      static_cast<double>(kbps) * 1000 * static_cast<double>(rates.frame) / clip.sample_rate;
  check(bits > .98 * of_frame * frames && bits < 1.02 * of_frame * (frames + 4), "through_mp3",
        "{} bytes came of {} samples: that is not {} kbit/s", memory.bytes.size(),
        clip.samples.numel(), kbps);
  return memory;
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

Tensor through_mp3(const Clip& clip, i64 kbps) {
  check(clip.samples.rank() == 1, "through_mp3", "needs (samples): {}", clip.samples);
  Memory memory = encoded_mp3(clip, kbps);
  memory.at = 0;
  SF_INFO info{};
  SF_VIRTUAL_IO io = memory_io();
  File file(sf_open_virtual(&io, SFM_READ, &info, &memory), sf_close);
  check(file != nullptr, "through_mp3", "{}", sf_strerror(nullptr));
  // LAME's tag says what of the first and last frames is no sound, and libsndfile leaves it out. Of low
  // rates the frames are too small for the tag: then the encoder's 576 samples and the decoder's 529
  // come first.
  i64 count = clip.samples.numel(), delay = info.frames == count ? 0 : 576 + 529;
  Tensor samples = zeros({delay + count});
  i64 got = sf_readf_float(file.get(), samples.data<float>(), delay + count);
  check(got == delay + count, "through_mp3", "{} of {} samples came back: {}", got, delay + count,
        sf_strerror(file.get()));
  return samples.slice(0, delay, delay + count).contiguous();
}

}  // namespace melgrad
