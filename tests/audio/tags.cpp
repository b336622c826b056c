// What files say of themselves.
#include "audio/files/tags.h"

#include <gtest/gtest.h>
#include <sndfile.h>

#include <fstream>
#include <vector>

#include "tests/temporary_folder.h"

namespace melgrad {
namespace {

void write_tagged(const std::filesystem::path& path, int format, const Tags& tags) {
  SF_INFO info{};
  info.samplerate = 22050;
  info.channels = 1;
  info.format = format;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr) << path;
  auto set = [&](int which, const std::string& text) {
    if (!text.empty()) sf_set_string(file, which, text.c_str());
  };
  set(SF_STR_TITLE, tags.title);
  set(SF_STR_ARTIST, tags.artist);
  set(SF_STR_ALBUM, tags.album);
  set(SF_STR_DATE, tags.date);
  std::vector<float> samples(22050, .1F);
  sf_writef_float(file, samples.data(), 22050);
  sf_close(file);
}

void expect_tags(const Tags& tags, const Tags& expected, const std::string& what) {
  EXPECT_EQ(tags.title, expected.title) << what;
  EXPECT_EQ(tags.artist, expected.artist) << what;
  EXPECT_EQ(tags.album, expected.album) << what;
  EXPECT_EQ(tags.date, expected.date) << what;
}

TEST(Tags, OfEveryFormatThatHasThem) {
  TemporaryFolder folder;
  const std::vector<std::pair<std::string, int>> formats = {
      {"wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16},
      {"flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
      {"ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS},
      {"mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}};
  for (const auto& [name, format] : formats) {
    Tags tags{.title = "Käse <b>", .artist = "Who", .album = "Of \"it\"", .date = "2011-05-03"};
    if (name == "mp3") tags.date = "2011";  // ID3 has years
    write_tagged(folder / ("all." + name), format, tags);
    expect_tags(read_tags(folder / ("all." + name)), tags, name);
    write_tagged(folder / ("title." + name), format, {.title = "Alone"});
    expect_tags(read_tags(folder / ("title." + name)), {.title = "Alone"}, name);
  }
}

TEST(Tags, OfWhatIsNoSoundThereAreNone) {
  TemporaryFolder folder;
  std::ofstream(folder / "text.mp3") << "no sound";
  expect_tags(read_tags(folder / "text.mp3"), {}, "text");
  expect_tags(read_tags(folder / "none.ogg"), {}, "not there");
}

}  // namespace
}  // namespace melgrad
