#pragma once
#include <gtest/gtest.h>
#include <sndfile.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "audio/files/containers/checksum.h"
#include "audio/files/containers/mpeg_frame.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"

namespace melgrad {

/// test_signal(frames) in any of libsndfile's formats; each further channel is softer.
inline void write_sound(const std::filesystem::path& path, int format, i64 frames, int channels = 1,
                        int rate = 22050) {
  SF_INFO info{};
  info.samplerate = rate;
  info.channels = channels;
  info.format = format;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr) << path << ": " << sf_strerror(nullptr);
  std::vector<float> x = test_signal(frames).to_vector<float>();
  for (i64 i = 0; i < frames; ++i) {
    std::vector<float> frame(static_cast<std::size_t>(channels), x[static_cast<std::size_t>(i)]);
    for (std::size_t c = 0; c < frame.size(); ++c) frame[c] *= 1 - .1F * static_cast<float>(c);
    sf_writef_float(file, frame.data(), 1);
  }
  sf_close(file);
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// What files are made of.

inline std::string number(u64 value, std::size_t width, bool is_big_endian) {
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i) bytes += static_cast<char>(value >> 8 * i & 255U);
  return is_big_endian ? std::string(bytes.rbegin(), bytes.rend()) : bytes;
}

/// An mp3 of changing bit rates; its first frame is LAME's header.
inline std::string mp3(const std::filesystem::path& path, i64 length, int rate = 22050) {
  SF_INFO info{};
  info.samplerate = rate;
  info.channels = 1;
  info.format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  int mode = SF_BITRATE_MODE_VARIABLE;
  sf_command(file, SFC_SET_BITRATE_MODE, &mode, sizeof mode);
  Tensor x = test_signal(length).to(Dtype::f32);
  x.slice(0, 0, length / 2).mul_(.001);
  sf_write_float(file, x.data<float>(), length);
  sf_close(file);
  return bytes_of(path);
}

inline std::size_t frame_size(const std::string& bytes, std::size_t at = 0) {
  auto frame = mpeg_frame(std::string_view(bytes).substr(at));
  return frame ? frame->size : 0;
}

inline std::string id3v2(std::size_t size) {
  std::string head("ID3\3\0\0", 6);
  for (int shift : {21, 14, 7, 0}) head += static_cast<char>(size >> shift & 127U);
  std::string picture(size, '\0');  // that has what a frame may begin with
  for (std::size_t i = 0; i + 4 < size; i += 97) picture.replace(i, 4, "\xff\xfb\x90\x64");
  return head + picture;
}

inline const std::string id3v1 = "TAG" + std::string(125, ' ');
inline const std::string ape = "APETAGEX" + number(2000, 4, false) + number(5032, 4, false) +
                               std::string(16, '\0');  // the footer

/// A packet in a page of its own.
inline std::string page(const std::string& packet, u64 serial, u64 order, u64 flags, i64 granule) {
  std::string head("OggS\0", 5), sizes(packet.size() / 255, '\xff');
  sizes += static_cast<char>(packet.size() % 255);
  head += static_cast<char>(flags) + number(static_cast<u64>(granule), 8, false) +
          number(serial, 4, false) + number(order, 4, false) + std::string(4, '\0') +
          static_cast<char>(sizes.size()) + sizes;
  std::string all = head + packet;
  return all.replace(22, 4, number(checksum<std::uint32_t, 0x04c11db7>(all), 4, false));
}

}  // namespace melgrad
