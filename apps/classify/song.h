#pragma once
#include <string>
#include <vector>

#include "apps/harness/songs/find_songs.h"
#include "apps/trained/trained_net.h"

namespace melgrad {

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

/// As JSON and back, with the same bits.
std::string text_of(const Heard& heard);
Heard heard_of(const std::string& text);

struct Listening {
  double every = 1;  // seconds between the beginnings of two windows
  bool picture = false;
};

/// Decodes the song and asks the net of each of its windows (apps/trained/song_windows.h);
/// `decoding` becomes the seconds that decoding took. For several threads at once. Throws Error.
Heard listen(const TrainedNet& net, const Song& song, const Listening& listening, double& decoding);

/// Of a spectrogram, in points; its vertical axis is FrequencyAxis::mel.
constexpr int picture_height = 168, picture_width = 960;

}  // namespace melgrad
