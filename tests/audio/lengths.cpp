// Headers that say something else than the file has: what is decoded, all of it or an excerpt, is what
// is there, or there is an Error.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <functional>

#include "audio/files/containers/mpeg_frame.h"
#include "audio/files/decode.h"
#include "tensor/ops.h"
#include "tests/audio/sound_files.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

constexpr i64 frames = 20000;

/// All of it at once, in blocks, and excerpts, above all near the end.
void expect_sound(const fs::path& path, const Tensor& expected, const std::string& what) {
  SCOPED_TRACE(what);
  i64 count = expected.numel();
  EXPECT_EQ(audio_info(path).frames, count);
  Tensor whole = decode(path).samples;
  ASSERT_EQ(whole.numel(), count);
  // mp3: in a stream that begins elsewhere the decoder's filter state differs in the last bits.
  EXPECT_LE(max(abs(whole - expected)).item(), 1e-6);
  AudioReader reader(path);
  for (i64 done = 0; done < count; done += 7001)
    ASSERT_EQ(reader.read(7001).dim(0), std::min<i64>(7001, count - done)) << done;
  EXPECT_EQ(reader.read(1).dim(0), 0);
  for (i64 begin :
       {i64{1}, count / 3, count / 2, count - 9000, count - 2205, count - 100, count - 1}) {
    reader.seek(begin);
    Tensor part = mean(reader.read(3000), {1});
    ASSERT_EQ(part.numel(), std::min<i64>(3000, count - begin)) << begin;
    EXPECT_LE(max(abs(part - whole.slice(0, begin, begin + part.numel()))).item(), 1e-6) << begin;
  }
}

void expect_error(const fs::path& path, const std::string& words, const std::string& what) {
  std::string error = error_of([&] { decode(path); });
  EXPECT_TRUE(contains(error, words)) << what << ": " << error;
  EXPECT_TRUE(contains(error, path.filename().string())) << what << ": " << error;
}

/// A file, what becomes of its bytes, and then the words of the Error; without, it sounds as before.
struct Case {
  const char* what;
  std::function<std::string(std::string)> changed;
  const char* error = nullptr;
};

void expect_cases(const fs::path& path, const std::vector<Case>& cases) {
  std::string bytes = bytes_of(path);
  Tensor honest = decode(path).samples;
  expect_sound(path, honest, "honest");
  for (const Case& row : cases) {
    write_bytes(path, row.changed(bytes));
    if (row.error == nullptr)
      expect_sound(path, honest, row.what);
    else
      expect_error(path, row.error, row.what);
  }
}

/// Where a format writes how many bytes of samples there are.
struct Header {
  const char* extension;
  int format;
  const char* before;  // the number
  std::size_t distance, width;
  bool is_big_endian;
};
const Header headers[] = {
    {"wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, "data", 4, 4, false},
    {"wave", SF_FORMAT_WAV | SF_FORMAT_PCM_24, "data", 4, 4, false},
    {"bwf", SF_FORMAT_WAVEX | SF_FORMAT_FLOAT, "data", 4, 4, false},
    {"wav", SF_FORMAT_WAV | SF_FORMAT_ULAW, "data", 4, 4, false},
    {"wav", SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, "data", 4, 4, false},
    {"wav", SF_FORMAT_WAV | SF_FORMAT_MS_ADPCM, "data", 4, 4, false},
    {"wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16 | SF_ENDIAN_BIG, "data", 4, 4, true},
    {"rf64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, "ds64", 16, 8, false},
    {"w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16, "data", 16, 8, false},
    {"aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_24, "SSND", 4, 4, true},
    {"aifc", SF_FORMAT_AIFF | SF_FORMAT_ULAW, "SSND", 4, 4, true},
    {"caf", SF_FORMAT_CAF | SF_FORMAT_PCM_16, "data", 4, 8, true},
    {"au", SF_FORMAT_AU | SF_FORMAT_PCM_16, ".snd", 8, 4, true},
    {"snd", SF_FORMAT_AU | SF_FORMAT_FLOAT | SF_ENDIAN_LITTLE, "dns.", 8, 4, false}};

TEST(Lengths, OfPipesAndOfHalfFiles) {
  TemporaryFolder folder;
  for (const Header& header : headers) {
    SCOPED_TRACE(format("{} {}", header.extension, header.format));
    fs::path path = folder / (std::string("x.") + header.extension);
    write_sound(path, header.format, frames);
    auto with = [&](u64 size) {
      return [&header, size](std::string bytes) {
        std::size_t at = bytes.find(header.before) + header.distance;
        return bytes.replace(at, header.width, number(size, header.width, header.is_big_endian));
      };
    };
    auto cut = [](std::size_t left_out) {
      return
          [left_out](const std::string& bytes) { return bytes.substr(0, bytes.size() - left_out); };
    };
    u64 all = bytes_of(path).size();
    std::vector<Case> cases = {{"nothing", with(0)},
                               {"the most", with(~u64{0})},
                               {"the file's size", with(all)},
                               {"more", with(all + 1000), "cut short"},
                               {"a quarter", with(all / 4), "more behind them"},
                               {"half a file", cut(all / 2), "cut short"},
                               {"without the last byte", cut(1), "cut short"}};
    if (header.width == 4)
      for (u64 size :
           {0x7ffff000U, 0x7fffffffU, 0x80000000U, 0x7fffffdbU, 0x7f000008U, 0xffffffdbU})
        cases.push_back({"a most", with(size)});
    expect_cases(path, cases);
  }
}

/// A chunk of RIFF's.
std::string chunk(const std::string& id, std::size_t size) {
  return id + number(size, 4, false) + std::string(size + size % 2, 'x');
}

TEST(Lengths, WavWithOtherChunks) {
  TemporaryFolder folder;
  fs::path path = folder / "x.wav";
  write_sound(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, frames);
  std::string before;  // more than libsndfile's log has room for
  for (int i = 0; i < 100; ++i) before += chunk("note", 300) + chunk("LIST", 41);
  auto with = [&](const std::string& front, const std::string& behind) {
    return [=](std::string bytes) { return bytes.insert(36, front) + behind; };
  };
  std::string sound = bytes_of(path).substr(44);
  expect_cases(
      path,
      {{"before", with(before, "")},
       {"behind", with("", before)},
       {"around", with(chunk("bext", 602), chunk("id3 ", 90001))},
       {"a tag in no chunk", with("", "TAG" + std::string(125, ' '))},
       {"half", [&](const std::string& all) { return with(before, "")(all.substr(0, 20000)); },
        "cut short"},
       {"BW64", [](std::string all) { return all.replace(0, 4, "BW64"); }},
       {"no samples", [](std::string all) { return all.substr(0, 36); }, "x.wav"}});
  write_bytes(path, "RIFF" + number(44, 4, false) + bytes_of(path).substr(8, 28) +
                        chunk("data", 0) + chunk("LIST", 10));
  EXPECT_EQ(audio_info(path).frames, 0);
  expect_error(path, "the file has no samples", "no samples");
}

TEST(Lengths, OfMp3WithTheEncodersHeader) {
  TemporaryFolder folder;
  fs::path path = folder / "x.mp3";
  std::string bytes = mp3(path, frames), frame = bytes.substr(0, frame_size(bytes));
  ASSERT_LT(frame.find("Xing"), 40U);
  auto counting = [](double factor) {
    return [factor](std::string all) {
      std::size_t at = all.find("Xing") + 8;
      auto frames_there = static_cast<double>(big_endian(all.substr(at, 4)));
      return all.replace(at, 4, number(static_cast<u64>(frames_there * factor), 4, true));
    };
  };
  auto around = [](const std::string& front, const std::string& behind) {
    return [=](const std::string& all) { return front + all + behind; };
  };
  expect_cases(
      path,
      {{"too few frames", counting(.3)},
       {"too many frames", counting(3)},
       {"a picture", around(id3v2(100000), "")},
       {"tags", around(id3v2(300) + id3v2(20), std::string(5000, 'a') + ape + id3v1)},
       {"junk", around(std::string(3000, '\xff'), std::string(3000, '\0'))},
       {"half", [](const std::string& all) { return all.substr(0, all.size() / 2); }, "cut short"},
       {"a hole", [](std::string all) { return all.replace(all.size() / 2, 2000, 2000, '\0'); },
        "damaged"}});
}

TEST(Lengths, OfMp3WithoutIt) {
  TemporaryFolder folder;
  for (int rate : {44100, 22050, 8000}) {
    fs::path path = folder / "x.mp3", plain = folder / "plain.mp3";
    std::string bytes = mp3(path, frames, rate);
    Tensor sound = decode(path).samples;
    std::string stream = bytes.substr(frame_size(bytes));
    write_bytes(plain, stream);
    Tensor whole = decode(plain).samples;
    // What LAME's header says is not sound: its delay and the decoder's, and what fills the last frame.
    i64 samples = mpeg_frame(stream)->samples;
    EXPECT_EQ(whole.numel() % samples, 0);
    ASSERT_GE(whole.numel(), sound.numel() + 1105);
    EXPECT_LE(max(abs(whole.slice(0, 1105, 1105 + sound.numel()) - sound)).item(), 1e-6);
    auto around = [](const std::string& front, const std::string& behind) {
      return [=](const std::string& all) { return front + all + behind; };
    };
    expect_cases(plain,
                 {{"a picture", around(id3v2(200000), "")},
                  {"tags", around(id3v2(300), std::string(5000, 'a') + ape + id3v1)},
                  {"a piece of a frame", around("", stream.substr(0, 20))},
                  {"half of it zeros", around("", std::string(20000, '\0')), "damaged"},
                  {"a hole", [](std::string all) { return all.erase(3000, 100); }, "damaged"}});
    write_bytes(plain, stream.substr(0, stream.size() / 2));
    i64 half = audio_info(plain).frames;
    EXPECT_EQ(half % samples, 0);
    expect_sound(plain, whole.slice(0, 0, half), "half");
  }
}

TEST(Lengths, OfJoinedFiles) {
  TemporaryFolder folder;
  fs::path joined = folder / "joined";
  auto expect_joined = [&](const std::string& front, const std::string& behind,
                           const std::string& what) {
    fs::path part = folder / "part";
    write_bytes(part, front);
    Tensor first = decode(part).samples;
    write_bytes(part, behind);
    write_bytes(joined, front + behind);
    expect_sound(joined, cat({first, decode(part).samples}, 0), what);
  };
  std::string one = mp3(folder / "x.mp3", frames), two = mp3(folder / "x.mp3", 30000);
  expect_joined(one, two, "mp3");
  expect_joined(id3v2(3000) + one + id3v1, id3v2(500) + two + id3v1, "mp3 with tags");
  std::string plain = one.substr(frame_size(one));
  expect_joined(plain + id3v1, id3v2(100) + plain, "mp3 without headers");
  write_bytes(joined, one + mp3(folder / "x.mp3", frames, 44100));
  expect_error(joined, "joined from 22050 Hz with 1 channels and 44100 Hz with 1", "rates");
  for (int codec : {SF_FORMAT_VORBIS, SF_FORMAT_OPUS}) {
    fs::path path = folder / "x.ogg";
    write_sound(path, SF_FORMAT_OGG | codec, 100000, 1, 24000);
    one = bytes_of(path);
    write_sound(path, SF_FORMAT_OGG | codec, 20000, 1, 24000);
    expect_joined(one, bytes_of(path), "ogg");
    write_sound(path, SF_FORMAT_OGG | codec, 20000, 2, 24000);
    write_bytes(joined, one + bytes_of(path));
    expect_error(joined, "joined from 24000 Hz with 1 channels and 24000 Hz with 2", "channels");
  }
}

/// Where pages begin.
std::vector<std::size_t> pages(const std::string& bytes) {
  std::vector<std::size_t> found;
  for (std::size_t at = 0; (at = bytes.find("OggS", at)) != std::string::npos; at += 4)
    found.push_back(at);
  return found;
}

TEST(Lengths, OfOgg) {
  TemporaryFolder folder;
  for (int codec : {SF_FORMAT_VORBIS, SF_FORMAT_OPUS}) {
    fs::path path = folder / (codec == SF_FORMAT_OPUS ? "x.opus" : "x.ogg");
    write_sound(path, SF_FORMAT_OGG | codec, 200000, 2, 48000);
    std::string bytes = bytes_of(path);
    Tensor whole = decode(path).samples;
    std::size_t page = pages(bytes)[pages(bytes).size() / 2];
    auto cut = [](std::size_t end) {
      return [end](const std::string& all) { return all.substr(0, end); };
    };
    expect_cases(
        path, {{"junk", [](const std::string& all) { return all + std::string(999, 'x'); }},
               {"half of it zeros",
                [&](const std::string& all) {
                  return all.substr(0, page) + std::string(all.size() - page, '\0');
                },
                "damaged"},
               {"a flipped bit",
                [&](std::string all) {
                  all[page + 100] ^= 1;
                  return all;
                },
                "damaged"},
               {"a page less",
                [&](std::string all) { return all.erase(page, all.find("OggS", page + 4) - page); },
                "pages missing"},
               {"the head", cut(60), ""}});
    for (std::size_t end : {page, page + 10, page + 500}) {
      write_bytes(path, cut(end)(bytes));
      i64 left = audio_info(path).frames;
      EXPECT_GT(left, 40000);
      expect_sound(path, whole.slice(0, 0, left), "cut");
    }
  }
}

TEST(Lengths, OfSpeechThatRemembers) {
  TemporaryFolder folder;
  fs::path path = folder / "x.opus";
  SF_INFO info{};
  info.samplerate = 24000;
  info.channels = 1;
  info.format = SF_FORMAT_OGG | SF_FORMAT_OPUS;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  double level = .95;  // of compression, whose codec is SILK, so that no excerpt can begin anywhere
  sf_command(file, SFC_SET_COMPRESSION_LEVEL, &level, sizeof level);
  Tensor x = test_signal(480000).to(Dtype::f32);
  sf_write_float(file, x.data<float>(), x.numel());
  sf_close(file);
  Tensor whole = decode(path).samples;
  for (i64 second = 4; second < 20; ++second) {
    Tensor part = decode(path, {.offset = static_cast<double>(second), .duration = .1}).samples;
    EXPECT_TRUE(equal(part, whole.slice(0, second * 24000, second * 24000 + 2400))) << second;
  }
}

TEST(Lengths, OfFlac) {
  TemporaryFolder folder;
  fs::path path = folder / "x.flac";
  write_sound(path, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, frames);
  std::string bytes = bytes_of(path);
  Tensor whole = decode(path).samples;
  auto claiming = [](u64 samples) {
    return [samples](std::string all) { return all.replace(22, 4, number(samples, 4, true)); };
  };
  expect_cases(path, {{"unknown", claiming(0)},
                      {"too few", claiming(frames / 2)},
                      {"too many", claiming(frames + 1), "cut short"},
                      {"tags", [](const std::string& all) { return id3v2(500) + all + id3v1; }},
                      {"half", [](const std::string& all) { return all.substr(0, all.size() / 2); },
                       "cut short"},
                      {"a flipped bit",
                       [](std::string all) {
                         all[all.size() / 2] ^= 16;
                         return all;
                       },
                       "flac decoder"}});
  AudioReader reader(path);  // damaged in the middle
  EXPECT_LE(max(abs(reader.read(8192).reshape({-1}) - whole.slice(0, 0, 8192))).item(), 0);
}

TEST(Lengths, OfOggWithOtherStreams) {
  TemporaryFolder folder;
  fs::path path = folder / "x.ogg";
  write_sound(path, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, frames);
  Tensor sound = decode(path).samples;
  std::string bytes = bytes_of(path);
  std::string flac =
      page("\177FLAC\1" + std::string("\0\0\1", 3) + bytes.substr(0, 42), 7, 0, 2, 0);
  for (std::size_t at = 42, order = 1; at < bytes.size(); at += 9000, ++order)
    flac += page(bytes.substr(at, 9000), 7, order, 0, static_cast<i64>(order));
  write_bytes(path, flac);
  expect_sound(path, sound, "FLAC");
  write_sound(path, SF_FORMAT_OGG | SF_FORMAT_VORBIS, frames);
  bytes = bytes_of(path);
  sound = decode(path).samples;
  std::size_t second = pages(bytes)[1], third = pages(bytes)[2];
  write_bytes(path, page("fishead", 9, 0, 2, 0) + bytes.substr(0, second) +
                        bytes.substr(second, third - second) + page("words", 9, 1, 0, 5) +
                        bytes.substr(third));
  expect_sound(path, sound, "a skeleton");
  write_bytes(path, page("Speex   1.2", 9, 0, 2, 0) + page("words", 9, 1, 0, 5));
  expect_error(path, "neither Vorbis nor Opus nor FLAC: ffmpeg -i", "Speex");
}

TEST(Lengths, OfWhatIsNotDecoded) {
  TemporaryFolder folder;
  fs::path named = folder / "my song.m4a", lying = folder / "song.flac";
  write_bytes(named, std::string("\0\0\0\x20", 4) + "ftypM4A " + std::string(500, 'x'));
  expect_error(named, "m4a (MPEG-4) is not decoded here: ffmpeg -i '", "m4a");
  write_bytes(named, "what is no sound");
  expect_error(named, "m4a is not decoded here", "by its name only");
  for (const char* start : {"0&\xb2u\x8e\x66\xcf\x11", "MAC \x96\x0f", "wvPk", "\x1a\x45\xdf\xa3",
                            "\xff\xf1\x50\x80", "\xff\xf9\x50\x80"}) {
    write_bytes(lying, start + std::string(500, 'x'));
    expect_error(
        lying,
        "is not decoded here: ffmpeg -i " + lying.string() + " " + (folder / "song.wav").string(),
        start);
    write_bytes(lying, id3v2(100) + start + std::string(500, 'x'));
    expect_error(lying, "is not decoded here", start);
  }
}

TEST(Lengths, OfAFileThatChanges) {
  TemporaryFolder folder;
  fs::path path = folder / "x.wav";
  for (int rate : {22050, 44100, 8000}) {  // of one size
    encode(path, {test_signal(3000), rate});
    EXPECT_EQ(audio_info(path).sample_rate, rate);
    EXPECT_EQ(decode(path).sample_rate, rate);
  }
}

}  // namespace
}  // namespace melgrad
