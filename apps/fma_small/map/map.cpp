#include "apps/fma_small/map/map.h"

#include <CLI/CLI.hpp>

#include "apps/fma_small/map/page.h"
#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "apps/harness/console/tool.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/songs/hear_songs.h"
#include "apps/harness/songs/song_net.h"
#include "audio/collections/cache.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string songs, weights, out = "map", csv, start = "pca", device = "cpu";
  double perplexity = 30;
  u64 seed = 0;
  int threads = 0;
};

Songs songs_in(const Arguments& a) {
  check(fs::is_directory(a.songs), "map", "{} is no folder of songs", a.songs);
  Songs found = find_songs({a.songs});
  for (const Problem& problem : found.problems) say(problem.name + ": " + problem.reason);
  check(!found.songs.empty(), "map", "{}: there are no songs in this folder", a.songs);
  return found;
}

void hear_all(const std::vector<Song>& songs, Journal& journal, SongMap& map) {
  Hearing hearing{.title = "songs", .journal = &journal};
  hearing.listen = [&](const Song& song, double& decoding) {
    return text_of(listen_to_slices(map.net, song, decoding));
  };
  hearing.take = [&](std::size_t i, const std::string& hash, const std::string& heard) {
    map.points.push_back({.song = songs[i], .hash = hash, .heard = heard_song_of(heard)});
  };
  hear(songs, hearing, map.skipped);
  check(!map.points.empty(), "map", "{}: none of the {} songs could be heard", map.folder,
        songs.size());
}

void name_all(const Arguments& a, NameTable& table, SongMap& map) {
  for (MapPoint& point : map.points)
    point.names = names_of(point.heard.tags, table.find(a.songs, point.song.path), point.song.path);
  std::vector<std::string> unused = table.unused();
  if (!unused.empty())
    say(format("{}: {} of files that are not on the map, '{}' the first", a.csv,
               counted(static_cast<i64>(unused.size()), "row"), unused.front()));
}

void draw(SongMap& map) {
  Progress progress("t-SNE", map.options.iterations);
  map.options.each = [&](i64 done) {
    progress.show(done);
    if (interrupted()) throw Interrupted("stopped; the same command goes on");
  };
  lay_out(map);
  map.options.each = {};
  progress.line(format("t-SNE of {} in {}: divergence {}",
                       counted(static_cast<i64>(map.points.size()), "point"),
                       clock_time(progress.seconds()), fixed_point(map.tsne.divergence, 3)));
  if (map.points.size() > 1 && map.tsne.perplexity < map.options.perplexity)
    say(format("perplexity {} in place of {}, as there are {}", decimal(map.tsne.perplexity, 2),
               decimal(map.options.perplexity, 2),
               counted(static_cast<i64>(map.points.size()), "song")));
}

int run(const Arguments& a) {
  if (a.threads > 0) set_num_threads(a.threads);
  Device device = Device::parse(a.device);
  backend(device);  // an error now, not after the songs
  TrainedNet net = load_song_net("map", a.weights);
  net.net->to(device);
  say(description(a.weights, net));
  NameTable table = a.csv.empty() ? NameTable() : NameTable(a.csv);
  Songs songs = songs_in(a);

  fs::path out(a.out);
  fs::create_directories(out);
  SongMap map{.net = net, .weights = a.weights, .folder = a.songs};
  map.weights_hash = content_hash(a.weights);
  map.skipped = std::move(songs.problems);
  map.options = {.perplexity = a.perplexity,
                 .start = a.start == "random" ? TsneStart::random : TsneStart::principal_components,
                 .seed = a.seed,
                 .device = device};
  Journal journal(out / "map.unfinished",
                  format("map {} {} {}", MELGRAD_VERSION, map.weights_hash, to_string(device)));
  if (journal.size() > 0)
    say(format("going on: {} heard before", counted(static_cast<i64>(journal.size()), "song")));

  hear_all(songs.songs, journal, map);
  if (!map.skipped.empty()) say(format("{} skipped", map.skipped.size()));
  name_all(a, table, map);
  draw(map);
  find_closest(map.points, 10);
  write_file(out / "map.json", json_of(map));
  write_file(out / "map.html", page_of(map, out / "map.html"));
  journal.remove();
  say(format("the map: {}", (out / "map.html").string()));
  return 0;
}

}  // namespace

int map(int argc, char** argv) {
  Arguments a;
  CLI::App app(
      "Songs as points of a plane, the alike ones close together, by a net's weights file.",
      "fma_small map");
  app.add_option("--songs", a.songs, "a folder, searched throughout")->required();
  app.add_option("--weights", a.weights, "a safetensors file that says what it is of")->required();
  app.add_option("--out", a.out, "the folder that gets map.html and map.json")
      ->capture_default_str();
  app.add_option("--csv", a.csv, "what songs are called: columns file, title, artist, album, year");
  app.add_option("--perplexity", a.perplexity, "of t-SNE: about as many neighbours count")
      ->check([](const std::string& text) {
        return is_positive(text).empty() && std::stod(text) >= 1
                   ? std::string()
                   : text + " is not a number from 1 on";
      })
      ->capture_default_str();
  app.add_option("--start", a.start, "where t-SNE's points begin: pca or random")
      ->check(CLI::IsMember({"pca", "random"}))
      ->capture_default_str();
  app.add_option("--seed", a.seed, "of what is random")->capture_default_str();
  app.add_option("--device", a.device, "cpu, cuda or cuda:1")->capture_default_str();
  app.add_option("--threads", a.threads, "all cores if not given")->check(CLI::Range(1, 4096));
  return run_tool(app, argc, argv, [&] { return run(a); });
}

}  // namespace melgrad
