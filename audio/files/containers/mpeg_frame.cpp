#include "audio/files/containers/mpeg_frame.h"

#include <array>

namespace melgrad {
namespace {

using Rates = std::array<u64, 16>;  // kbit/s

constexpr std::array<Rates, 3> mpeg_1 = {
    Rates{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},  // layer I
    Rates{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
    Rates{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}};
constexpr std::array<Rates, 2> mpeg_2 = {
    Rates{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},  // layer I
    Rates{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}};

constexpr std::array<int, 3> sample_rates = {44100, 48000, 32000};  // halved by MPEG-2 and 2.5

}  // namespace

std::optional<MpegFrame> mpeg_frame(std::string_view bytes) {
  u64 head = big_endian(bytes.substr(0, 4));
  u64 version = head >> 19U & 3U, layer_code = head >> 17U & 3U, rate = head >> 10U & 3U;
  u64 bits = head >> 12U & 15U;
  bool is_one = bytes.size() >= 4 && head >> 21U == 0x7ff && version != 1 && layer_code != 0 &&
                bits != 15 && rate != 3;
  if (!is_one) return {};
  MpegFrame frame;
  bool is_first = version == 3;  // of MPEG-1, 2 (coded 2) and 2.5 (coded 0)
  frame.layer = static_cast<int>(4 - layer_code);
  frame.sample_rate = sample_rates[rate] / (is_first ? 1 : version == 2 ? 2 : 4);
  frame.channels = (head >> 6U & 3U) == 3 ? 1 : 2;
  frame.padding = (head >> 9U & 1U) * (frame.layer == 1 ? 4 : 1);
  frame.samples = frame.layer == 1 ? 384 : frame.layer == 3 && !is_first ? 576 : 1152;
  bool is_mono = frame.channels == 1;
  if (frame.layer == 3) frame.side = is_first ? (is_mono ? 17 : 32) : (is_mono ? 9 : 17);
  u64 bit_rate = is_first ? mpeg_1[frame.layer - 1][bits] : mpeg_2[frame.layer == 1 ? 0 : 1][bits];
  if (bit_rate == 0) return frame;
  u64 unit = frame.layer == 1 ? 4 : 1;  // sizes are whole numbers of it
  auto samples = static_cast<u64>(frame.samples), hertz = static_cast<u64>(frame.sample_rate);
  frame.size = bit_rate * samples * 125 / unit / hertz * unit + frame.padding;
  return frame;
}

std::optional<XingHeader> xing_header(ByteSource& file, u64 begin, const MpegFrame& frame) {
  u64 at = 4 + frame.side;
  std::string_view bytes = file.peek(begin, at + 16);
  if (frame.layer != 3 || bytes.size() < at + 16) return {};
  if (bytes.substr(at, 4) != "Xing" && bytes.substr(at, 4) != "Info") return {};
  XingHeader header;
  u64 flags = big_endian(bytes.substr(at + 4, 4));
  at += 8;
  if ((flags & 1U) != 0) {
    header.frames_at = at;
    header.frames = static_cast<i64>(big_endian(bytes.substr(at, 4)));
    at += 4;
  }
  if ((flags & 2U) != 0) header.bytes = big_endian(bytes.substr(at, 4));
  return header;
}

}  // namespace melgrad
