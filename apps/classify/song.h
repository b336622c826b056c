#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "apps/trained/trained_net.h"

namespace melgrad {

/// Where a song is, and what it is called in every output.
struct Song {
  std::filesystem::path path;  // to read it from
  std::string name;            // as the user wrote it, or "standard input"
};

/// A part of a song, in seconds, and how strong each class is in it.
struct Part {
  double begin = 0, end = 0;
  std::vector<float> strengths = {};
};

/// What there is to say of a song.
struct Heard {
  double seconds = 0;
  int rate = 0;  // Hz, of the file
  std::vector<Part> windows = {};
  std::string picture = {};  // its spectrogram as JPEG in base64, if asked for

  /// The mean of the windows' strengths.
  std::vector<float> average() const;
};

struct Listening {
  double every = 1;  // seconds between the beginnings of two windows
  bool picture = false;
};

/// Decodes the song and asks the net of each of its windows (apps/trained/song_windows.h);
/// `decoding` becomes the seconds that decoding took. For several threads at once. Throws Error.
Heard listen(const TrainedNet& net, const Song& song, const Listening& listening, double& decoding);

/// The classes from the strongest to the weakest, as indices.
std::vector<std::size_t> by_strength(const std::vector<float>& strengths);

/// Of a spectrogram, in points; its vertical axis is FrequencyAxis::mel.
constexpr int picture_height = 168, picture_width = 960;

}  // namespace melgrad
