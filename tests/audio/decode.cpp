// Reading files: every format, excerpts exact to the sample, and whatever a file can be that is no
// music.
#include "audio/files/decode.h"

#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>

#include "audio/files/containers/mpeg_frame.h"
#include "audio/files/resample.h"
#include "tensor/ops.h"
#include "tests/audio/signal.h"
#include "tests/audio/sound_files.h"
#include "tests/error_of.h"
#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

struct Format {
  const char* extension;
  int code;
};
const Format formats[] = {{"wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16},
                          {"flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
                          {"aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_24},
                          {"ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS},
                          {"mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}};

TEST(Decode, ExcerptsAreExactToTheSample) {
  TemporaryFolder folder;
  for (const Format& format : formats) {
    fs::path path = folder.path / (std::string("x.") + format.extension);
    write_sound(path, format.code, 120000);
    Tensor whole = decode(path).samples;
    EXPECT_GE(whole.numel(), 120000) << path;
    u64 random = 7;
    for (int i = 0; i < 50; ++i) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      i64 begin = static_cast<i64>(random >> 33U) % 119000, length = 500;
      // half a sample more, so that the truncated product is `begin`
      Clip part = decode(path, {.offset = (static_cast<double>(begin) + .5) / 22050,
                                .duration = (static_cast<double>(length) + .5) / 22050});
      ASSERT_EQ(part.samples.numel(), length);
      double error = max(abs(part.samples - whole.slice(0, begin, begin + length))).item();
      // mp3: after a seek the decoder's filter state differs in the last bits of a float.
      ASSERT_LE(error, 1e-6) << path << " at " << begin;
    }
  }
}

TEST(Decode, SamplesAreTheFilesOwn) {
  TemporaryFolder folder;
  fs::path path = folder.path / "x.wav";
  Tensor x = test_signal(3000).to(Dtype::f32);
  encode(path, {x, 22050});
  Clip clip = decode(path);
  EXPECT_EQ(clip.sample_rate, 22050);
  EXPECT_LE(max(abs(clip.samples - x)).item(), 1. / 32768);
  EXPECT_EQ(decode(path, {.offset = 5}).samples.numel(), 0);
  EXPECT_EQ(decode(path, {.duration = 0}).samples.numel(), 0);
  EXPECT_EQ(audio_info(path).frames, 3000);
}

TEST(Decode, OffsetsAndDurations) {
  TemporaryFolder folder;
  fs::path path = folder.path / "x.wav";
  encode(path, {test_signal(1000), 100});
  Tensor whole = decode(path).samples;
  struct Case {
    double offset, duration;
    i64 begin, end;
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (auto [offset, duration, begin, end] :
       {Case{0, infinity, 0, 1000}, Case{0, 2, 0, 200}, Case{3, 2, 300, 500}, Case{9, 5, 900, 1000},
        Case{2.505, 1.019, 250, 351}, Case{10, 1, 1000, 1000}, Case{1e300, 1e300, 1000, 1000}}) {
    Tensor part = decode(path, {.offset = offset, .duration = duration}).samples;
    ASSERT_EQ(part.numel(), end - begin) << offset;
    EXPECT_TRUE(part.numel() == 0 || equal(part, whole.slice(0, begin, end))) << offset;
  }
  for (DecodeOptions bad : {DecodeOptions{.offset = -1}, DecodeOptions{.duration = -1}})
    EXPECT_TRUE(contains(error_of([&] { decode(path, bad); }), "must not be negative"));
}

TEST(Decode, AReaderGoesToAnySample) {
  TemporaryFolder folder;
  for (const Format& format : formats) {
    fs::path path = folder.path / (std::string("x.") + format.extension);
    write_sound(path, format.code, 30000, 2);
    AudioReader reader(path);
    EXPECT_EQ(reader.info().channels, 2);
    EXPECT_EQ(reader.info().sample_rate, 22050);
    Tensor whole = reader.read(1000000);
    i64 frames = whole.dim(0);
    for (i64 begin :
         {i64{0}, i64{1}, i64{8191}, i64{8193}, i64{29000}, i64{-5}, frames, frames + 9}) {
      reader.seek(begin);
      begin = std::clamp<i64>(begin, 0, frames);
      Tensor part = reader.read(700);
      i64 expected = std::min<i64>(700, frames - begin);
      ASSERT_EQ(part.shape(), (Shape{expected, 2})) << path << " at " << begin;
      // mp3: as in ExcerptsAreExactToTheSample.
      EXPECT_TRUE(expected == 0 || allclose(part, whole.slice(0, begin, begin + expected), 0, 1e-6))
          << path << " at " << begin;
    }
    EXPECT_EQ(reader.read(0).dim(0), 0);
    EXPECT_TRUE(contains(error_of([&] { reader.read(-1); }), "cannot read -1 frames"));
  }
}

TEST(Decode, FilesByTheirExtension) {
  for (const char* name : {"a.wav", "a.flac", "a.ogg", "a.oga", "a.mp3", "a.aif", "a.aiff",
                           "a.aifc", "a.au", "a.opus", "a.caf", "a.w64", "A.WAV", "a.b.Mp3"})
    EXPECT_TRUE(is_audio_file(name)) << name;
  for (const char* name : {"a.png", "a", "wav", ".wav", "a.wav.txt", "a.m4a"})
    EXPECT_FALSE(is_audio_file(name)) << name;
}

TEST(Decode, MixDownIsTheMeanOfTheChannels) {
  TemporaryFolder folder;
  fs::path path = folder.path / "x.wav";
  write_sound(path, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 1000, 8);
  Clip all = decode(path, {.mono = false}), mono = decode(path);
  EXPECT_EQ(all.samples.shape(), (Shape{8, 1000}));
  EXPECT_TRUE(allclose(mono.samples, mean(all.samples, {0}), 1e-6, 1e-7));
}

TEST(Decode, BlocksAreTheWholeFile) {
  TemporaryFolder folder;
  for (const Format& format : formats) {
    fs::path path = folder.path / (std::string("x.") + format.extension);
    write_sound(path, format.code, 50000);
    AudioReader reader(path);
    std::vector<Tensor> blocks;
    while (true) {
      Tensor block = reader.read(7001);
      if (block.dim(0) == 0) break;
      blocks.push_back(block);
    }
    EXPECT_TRUE(equal(cat(blocks, 0).reshape({-1}), decode(path).samples)) << path;
  }
}

TEST(Decode, OddRates) {
  TemporaryFolder folder;
  for (int rate : {1, 768000}) {
    fs::path path = folder.path / "x.wav";
    write_sound(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1000, 1, rate);
    Clip clip = decode(path);
    EXPECT_EQ(clip.sample_rate, rate);
    Tensor x = resample(clip.samples.slice(0, 0, 100), rate, 22050);
    EXPECT_EQ(x.numel(), rate == 1 ? 2205000 : 3);
    EXPECT_EQ(min(isfinite(x)).item(), 1);
  }
}

TEST(Decode, WhatIsNoAudioFile) {
  TemporaryFolder folder;
  auto error = [](const fs::path& path) { return error_of([&] { decode(path); }); };
  EXPECT_TRUE(contains(error(folder.path / "none.wav"), "none.wav: no such file"));
  EXPECT_TRUE(contains(error(folder.path), "is not a regular file"));
  fs::path pipe = folder.path / "pipe.wav";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(contains(error(pipe), "is not a regular file"));  // and does not wait for a writer
  for (const Format& format : formats) {
    fs::path empty = folder.path / (std::string("empty.") + format.extension);
    write_bytes(empty, "");
    EXPECT_TRUE(contains(error(empty), "the file is empty"));
    fs::path text = folder.path / (std::string("text.") + format.extension);
    write_bytes(text, "This is no music, whatever its name says.\n");
    EXPECT_TRUE(contains(error(text), "text.")) << error(text);
    EXPECT_NE(error(text), "no error") << text;
  }
}

TEST(Decode, AWrongExtensionDoesNotMatter) {
  TemporaryFolder folder;
  fs::path path = folder.path / "x.mp3";
  write_sound(path, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1000);
  EXPECT_EQ(decode(path).samples.numel(), 1000);
}

TEST(Decode, CutShort) {
  TemporaryFolder folder;
  for (const Format& format : formats) {
    fs::path path = folder.path / (std::string("x.") + format.extension);
    write_sound(path, format.code, 60000);
    std::string bytes = bytes_of(path);
    write_bytes(path, bytes.substr(0, bytes.size() / 2));
    std::string error = error_of([&] { decode(path); });
    // An ogg file is a stream: half of one is a shorter piece, as every player takes it.
    if (std::string(format.extension) == "ogg")
      EXPECT_LT(decode(path).samples.numel(), 40000) << path;
    else
      EXPECT_NE(error, "no error") << path;
    write_bytes(path, bytes.substr(0, 20));
    EXPECT_NE(error_of([&] { decode(path); }), "no error") << path;
  }
}

TEST(Decode, Mpg123KeepsQuiet) {
  TemporaryFolder folder;
  fs::path path = folder.path / "x.mp3";
  write_sound(path, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 60000);
  std::string bytes = bytes_of(path);
  std::size_t count = 0, at = 0;
  while (auto frame = mpeg_frame(std::string_view(bytes).substr(at))) {
    if (++count > 10) bytes.replace(at + 4, 17, 17, '\xff');  // a frame that cannot be
    at += frame->size;
  }
  EXPECT_GT(count, 100U);
  write_bytes(path, bytes);
  testing::internal::CaptureStderr();
  EXPECT_EQ(error_of([&] { decode(path); }), "no error");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Decode, FlippedBitsAreAnErrorOrNumbers) {
  TemporaryFolder folder;
  u64 random = 3;
  for (const Format& format : formats) {
    fs::path path = folder.path / (std::string("x.") + format.extension);
    write_sound(path, format.code, 20000);
    std::string bytes = bytes_of(path);
    for (int trial = 0; trial < 20; ++trial) {
      std::string damaged = bytes;
      for (int i = 0; i < 20; ++i) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        damaged[(random >> 20U) % damaged.size()] ^= static_cast<char>(1U << (random >> 60U) % 8);
      }
      write_bytes(path, damaged);
      try {
        Tensor x = decode(path).samples;
        EXPECT_LT(x.numel(), 1000000) << path;
        EXPECT_TRUE(x.numel() == 0 || min(isfinite(x)).item() == 1) << path;
      } catch (const Error& error) {
        EXPECT_TRUE(contains(error.what(), path.filename().string())) << error.what();
      }
    }
  }
}

TEST(Decode, AHeaderThatClaimsHoursCostsNoMemory) {
  TemporaryFolder folder;
  fs::path path = folder.path / "x.wav";
  write_sound(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1000);
  std::string bytes = bytes_of(path);
  std::size_t at = bytes.find("data");
  for (std::size_t i = 0; i < 4; ++i) bytes[at + 4 + i] = '\x7e';
  write_bytes(path, bytes);
  EXPECT_TRUE(contains(error_of([&] { decode(path); }), "cut short"));
}

TEST(Decode, NanInAFileIsAnError) {
  TemporaryFolder folder;
  fs::path path = folder.path / "x.wav";
  SF_INFO info{};
  info.samplerate = 22050;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  float values[] = {0, std::numeric_limits<float>::quiet_NaN(), 0};
  sf_write_float(file, values, 3);
  sf_close(file);
  EXPECT_TRUE(contains(error_of([&] { decode(path); }), "not a finite number"));
}

TEST(Resample, Refusals) {
  EXPECT_EQ(error_of([] { resample(zeros({4}), 0, 22050); }),
            "[resample] rates must be positive: from 0 Hz to 22050 Hz");
  EXPECT_EQ(resample(zeros({0}), 44100, 22050).numel(), 0);
  EXPECT_EQ(resample(zeros({2, 3}), 44100, 22050).shape(), (Shape{2, 2}));
  Tensor x = test_signal(100);
  EXPECT_TRUE(equal(resample(x, 8000, 8000), x)) << "not even rounded";
  Tensor rows = resample(x.reshape({2, 1, 50}), 8000, 12000);
  EXPECT_TRUE(equal(rows.select(0, 1).select(0, 0), resample(x.slice(0, 50, 100), 8000, 12000)));
  EXPECT_TRUE(contains(error_of([] { resample(scalar(1), 1, 2); }), "needs samples"));
  EXPECT_TRUE(contains(error_of([] { resample(arange(4), 1, 2); }), "works on f32 and f64"));
}

TEST(Encode, ChannelsAndWhatIsTooLoud) {
  TemporaryFolder folder;
  Tensor x = stack({test_signal(10000), test_signal(10000).flip(0).contiguous()}) * 2.;
  EXPECT_GT(max(abs(x)).item(), 1);
  for (const char* name : {"x.wav", "x.flac", "x.ogg", "X.WAV"}) {
    encode(folder / name, {x, 16000});
    Clip clip = decode(folder / name, {.mono = false});
    EXPECT_EQ(clip.sample_rate, 16000);
    ASSERT_EQ(clip.samples.shape(), (Shape{2, 10000})) << name;
    Tensor difference = abs(clip.samples - clamp(x, -1, 1).to(Dtype::f32));
    // Vorbis keeps what is heard, not the samples: observed .112.
    EXPECT_LE(mean(difference).item(), .13) << name;
    EXPECT_TRUE(contains(name, "ogg") || max(difference).item() <= 1.01 / 32768) << name;
  }
  EXPECT_TRUE(contains(error_of([&] {
                         encode(folder / "x.mp3", {x, 16000});
                       }),
                       "writes .wav, .flac and .ogg"));
}

TEST(Encode, AFullDiskIsAnErrorThatLeavesNothing) {
  TemporaryFolder folder;
  for (const char* name : {"x.wav", "x.flac", "x.ogg"}) {
    FullDisk disk(1000);
    std::string error = error_of([&] { encode(folder / name, {test_signal(50000), 22050}); });
    EXPECT_EQ(error, "[encode] " + (folder / name).string() + ": File too large");
  }
  EXPECT_EQ(folder.entries(), 0U);
}

}  // namespace
}  // namespace melgrad
