#include "apps/fma_small/map/points.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <numeric>

#include "apps/harness/songs/song_net.h"
#include "apps/trained/json_fields.h"
#include "apps/trained/song_slices.h"
#include "tensor/ops.h"

namespace melgrad {

template <json::Is<Tags> T, class Visit>
void fields(T& tags, Visit visit) {
  auto& [title, artist, album, date] = tags;
  visit("title", title);
  visit("artist", artist);
  visit("album", album);
  visit("date", date);
}

template <json::Is<HeardSong> T, class Visit>
void fields(T& heard, Visit visit) {
  auto& [seconds, slices, strengths, tags] = heard;
  visit("seconds", seconds);
  visit("slices", slices);
  visit("strengths", strengths);
  visit("tags", tags);
}

namespace {

using json::Json;

// A GPU is asked by one thread at a time.
Tensor ask(const TrainedNet& net, const Tensor& rows) {
  static std::mutex one_at_a_time;
  bool on_gpu = !net.net->parameters().front().second.device().is_cpu();
  std::unique_lock lock(one_at_a_time, std::defer_lock);
  if (on_gpu) lock.lock();
  return net.strengths(rows).to(Device::cpu());
}

double squared_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t c = 0; c < a.size(); ++c) {
    double difference = static_cast<double>(a[c]) - static_cast<double>(b[c]);
    sum += difference * difference;
  }
  return sum;
}

Json json_of(const MapPoint& point) {
  Json strengths = Json::array(), closest = Json::array();
  for (float each : point.heard.strengths) strengths.push_back(as_written(each));
  for (const auto& [song, distance] : point.closest)
    closest.push_back({{"song", song}, {"distance", distance}});
  const SongNames& names = point.names;
  return {{"file", printable(point.song.name)},
          {"hash", point.hash},
          {"title", names.title},
          {"artist", names.artist},
          {"album", names.album},
          {"year", names.year == 0 ? Json() : Json(names.year)},
          {"seconds", point.heard.seconds},
          {"slices", point.heard.slices},
          {"strengths", strengths},
          {"x", point.x},
          {"y", point.y},
          {"closest", closest}};
}

Json settings_of(const SongMap& map) {
  const TsneOptions& o = map.options;
  return {{"songs", printable(map.folder)},
          {"seed", o.seed},
          {"start", o.start == TsneStart::random ? "random" : "pca"},
          {"perplexity", o.perplexity},
          {"perplexity used", map.tsne.perplexity},
          {"exaggeration", o.exaggeration},
          {"exaggerated iterations", o.exaggerated},
          {"iterations", o.iterations},
          {"iterations used", map.tsne.iterations}};
}

}  // namespace

std::string text_of(const HeardSong& heard) {
  HeardSong printed = heard;  // tags may hold anything
  for (std::string* text :
       {&printed.tags.title, &printed.tags.artist, &printed.tags.album, &printed.tags.date})
    *text = printable(*text);
  return json::written(printed).dump();
}

HeardSong heard_song_of(const std::string& text) {
  HeardSong heard;
  json::read(Json::parse(text), "", heard);
  return heard;
}

HeardSong listen_to_slices(const TrainedNet& net, const Song& song, double& decoding) {
  constexpr i64 batch = 8;  // whose activations stay in the cache
  auto started = std::chrono::steady_clock::now();
  Clip clip = decode(song.path);
  decoding = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  Tensor rows = song_slices(net.input, clip);
  std::vector<Tensor> strengths;
  for (const Tensor& some : split(rows, batch)) strengths.push_back(ask(net, some));
  Tensor average = mean(cat(strengths).to(Dtype::f64), {0});
  return {.seconds = static_cast<double>(clip.samples.numel()) / clip.sample_rate,
          .slices = rows.dim(0),
          .strengths = average.to_vector<float>(),
          .tags = read_tags(song.path)};
}

void find_closest(std::vector<MapPoint>& points, std::size_t count) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::vector<Neighbour> others;
    for (std::size_t j = 0; j < points.size(); ++j)
      if (j != i)
        others.push_back(
            {j, squared_distance(points[i].heard.strengths, points[j].heard.strengths)});
    auto end = others.begin() + static_cast<std::ptrdiff_t>(std::min(count, others.size()));
    std::partial_sort(others.begin(), end, others.end(), [](const auto& a, const auto& b) {
      return std::pair(a.distance, a.song) < std::pair(b.distance, b.song);
    });
    points[i].closest.assign(others.begin(), end);
  }
}

void lay_out(SongMap& map) {
  std::vector<float> values;
  for (const MapPoint& point : map.points)
    values.insert(values.end(), point.heard.strengths.begin(), point.heard.strengths.end());
  Shape shape{static_cast<i64>(map.points.size()), static_cast<i64>(map.net.classes.size())};
  map.tsne = tsne(from_vector(values, shape), map.options);
  const auto* places = map.tsne.points.data<float>();
  for (std::size_t i = 0; i < map.points.size(); ++i) {
    map.points[i].x = as_written(places[2 * i]);
    map.points[i].y = as_written(places[2 * i + 1]);
  }
}

std::string json_of(const SongMap& map) {
  Json songs = Json::array(), skipped = Json::array();
  for (const MapPoint& point : map.points) songs.push_back(json_of(point));
  for (const Problem& each : map.skipped)
    skipped.push_back({{"file", printable(each.name)}, {"reason", printable(each.reason)}});
  Json json = {{"format", 1},
               {"version", MELGRAD_VERSION},
               {"weights", Json::parse(facts_of(map.net, map.weights, map.weights_hash))},
               {"settings", settings_of(map)},
               {"divergence", map.tsne.divergence},
               {"songs", songs},
               {"skipped", skipped}};
  return json.dump() + "\n";
}

}  // namespace melgrad
