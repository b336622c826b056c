#pragma once
#include <string>
#include <vector>

#include "apps/fma_small/map/names.h"
#include "apps/harness/songs/find_songs.h"
#include "apps/trained/trained_net.h"
#include "optim/tsne.h"

namespace melgrad {

/// What the net says of a song: how strong each class is, the mean over its slices.
struct HeardSong {
  double seconds = 0;
  i64 slices = 0;
  std::vector<float> strengths = {};
  Tags tags = {};
};
/// As JSON and back, with the same bits.
std::string text_of(const HeardSong& heard);
HeardSong heard_song_of(const std::string& text);
/// Decodes a song and asks the net of all its slices (apps/trained/song_slices.h); `decoding` becomes
/// the seconds that decoding took. For several threads at once. Throws Error.
HeardSong listen_to_slices(const TrainedNet& net, const Song& song, double& decoding);

struct Neighbour {
  std::size_t song = 0;
  double distance = 0;  // squared Euclidean, of the strengths
};

/// A song on the map.
struct MapPoint {
  Song song = {};
  std::string hash = {};
  HeardSong heard = {};
  SongNames names = {};
  double x = 0, y = 0;
  std::vector<Neighbour> closest = {};  // the closest first
};

/// Everything that is written.
struct SongMap {
  const TrainedNet& net;
  std::string weights = {}, weights_hash = {}, folder = {};
  TsneOptions options = {};
  Tsne tsne = {};
  std::vector<MapPoint> points = {};
  std::vector<Problem> skipped = {};
};

/// The `count` songs whose strengths are closest to each one's, of equals the first: points[i].closest.
void find_closest(std::vector<MapPoint>& points, std::size_t count);
/// t-SNE of the strengths: x and y of all points.
void lay_out(SongMap& map);

/// {format, version, weights, settings, divergence, songs: [{file, hash, title, artist, album, year,
/// seconds, slices, strengths, x, y, closest: [{song, distance}]}], skipped: [{file, reason}]}, songs
/// counted from 0, strengths in the order of the classes; year null: not known.
std::string json_of(const SongMap& map);

}  // namespace melgrad
