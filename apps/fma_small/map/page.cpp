#include "apps/fma_small/map/page.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "apps/harness/report/category_colour.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/report/report.h"
#include "apps/trained/json_fields.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;
using json::Json;

double rounded(double value, double digits) { return std::round(value * digits) / digits; }

// Albums from that with the most songs on, of equals by name.
std::vector<std::string> albums_of(const SongMap& map) {
  std::map<std::string, i64> songs;
  for (const MapPoint& point : map.points) ++songs[point.names.album];
  std::vector<std::pair<i64, std::string>> order;
  order.reserve(songs.size());
  for (const auto& [album, count] : songs) order.emplace_back(-count, album);
  std::sort(order.begin(), order.end());
  std::vector<std::string> albums;
  albums.reserve(order.size());
  for (const auto& [count, album] : order) albums.push_back(album);
  return albums;
}

class Page {
 public:
  Page(const SongMap& map, const fs::path& place)
      : map_(map), folder_(fs::absolute(place).parent_path()), albums_(albums_of(map)) {
    for (const MapPoint& point : map.points) ++titles_[point.names.title];
  }

  std::string code() const {
    Html head =
        tag("meta", {{"charset", "utf-8"}}) + tag("title", title()) +
        tag("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}) +
        tag("style", Html::markup(report_style) + Html::markup(map_style));
    Html body = tag("main", header(), plane(), skipped(), method()) +
                data_script("application/json", "data", data().dump()) +
                tag("script", Html::markup(map_script));
    return (Html::markup("<!doctype html>") +
            tag("html", {{"lang", "en"}}, tag("head", head), tag("body", body)))
        .code();
  }

 private:
  std::string title() const {
    return "Map of " + counted(static_cast<i64>(map_.points.size()), "song");
  }

  static Html fact(const std::string& name, const std::string& value) {
    return tag("div", tag("dt", name), tag("dd", value));
  }

  Html header() const {
    i64 slices = 0;
    for (const MapPoint& point : map_.points) slices += point.heard.slices;
    Html facts = fact("Songs", printable(map_.folder)) + fact("Slices", thousands(slices)) +
                 fact("Net", map_.net.name) + fact("Input", map_.net.input.name);
    if (auto accuracy = map_.net.scores.find("accuracy"); accuracy != map_.net.scores.end())
      facts += fact("Right of its test clips", percent(accuracy->second, 1));
    if (!map_.skipped.empty()) facts += fact("Skipped", std::to_string(map_.skipped.size()));
    return tag("p.eyebrow", "Songs that a net takes for alike") + tag("h1", title()) +
           tag("dl.facts", facts);
  }

  // Filled by the script.
  static Html plane() {
    Html colour =
        tag("label", "Colour ",
            tag("select", {{"id", "colour"}}, tag("option", {{"value", "genre"}}, "genre"),
                tag("option", {{"value", "album"}}, "album"),
                tag("option", {{"value", "time"}}, "time")));
    Html find = tag("label", "Find ",
                    tag("input", {{"id", "find"},
                                  {"list", "titles"},
                                  {"placeholder", "a song"},
                                  {"autocomplete", "off"}})) +
                tag("datalist", {{"id", "titles"}});
    Html zoom = tag("span.zoom", button("in", "+", "closer"), button("out", "−", "wider"),
                    button("all", "all", "the whole map"));
    Html map = tag("div.plane", {{"id", "plane"}},
                   tag("canvas", {{"id", "map"},
                                  {"tabindex", "0"},
                                  {"role", "application"},
                                  {"aria-label",
                                   "map of songs: arrow keys go to the next song, Enter plays it, "
                                   "plus, minus and 0 zoom"}}),
                   tag("div.tip", {{"id", "tip"}, {"hidden", ""}}));
    return tag("div.bar", colour, find, zoom) +
           tag("ul.keys", {{"id", "keys"}, {"aria-label", "colours"}}) +
           tag("div.both", map, tag("section.song", {{"id", "song"}, {"aria-live", "polite"}})) +
           tag("noscript", tag("p.note", "The map needs JavaScript; map.json has its numbers."));
  }

  static Html button(const std::string& id, const std::string& text, const std::string& what) {
    return tag("button", {{"type", "button"}, {"id", id}, {"title", what}, {"aria-label", what}},
               text);
  }

  Html skipped() const {
    if (map_.skipped.empty()) return {};
    return tag("h2", "Skipped") +
           tag("ul.skipped", each(map_.skipped, [](const Problem& p) {
                 return tag("li", tag("b", printable(p.name)), ": ", printable(p.reason));
               }));
  }

  Html method() const {
    const TsneOptions& o = map_.options;
    std::string perplexity = decimal(map_.tsne.perplexity, 2);
    if (map_.tsne.perplexity < o.perplexity)
      perplexity += format(" (in place of {}, as there are few songs)", decimal(o.perplexity, 2));
    return tag("h2", "How it was made") +
           tag("p.note",
               "Each song is scaled over its whole length and cut into slices as long as what the "
               "net sees. Its strengths are the means over the slices; close are songs whose "
               "strengths have a small squared Euclidean distance. The plane is t-SNE's (van der "
               "Maaten & Hinton 2008): who is near whom means something, directions and the size "
               "of gaps do not.") +
           tag("p.note",
               format("Perplexity {}, exaggeration {} in {} of {} iterations, start: {}, seed {}; "
                      "Kullback–Leibler divergence {}.",
                      perplexity, decimal(o.exaggeration, 2), o.exaggerated, map_.tsne.iterations,
                      o.start == TsneStart::random ? "random" : "principal components", o.seed,
                      fixed_point(map_.tsne.divergence, 3)));
  }

  // Songs of one title are told apart by their folder.
  std::string label(const MapPoint& point) const {
    if (titles_.at(point.names.title) == 1) return point.names.title;
    fs::path inside = point.song.path.lexically_relative(map_.folder);
    return point.names.title + " (" + printable(inside.string()) + ")";
  }

  Json data() const {
    Json data = {{"classes", map_.net.classes},
                 {"colours", Json::array()},
                 {"albums", albums_},
                 {"songs", Json::array()}};
    for (std::size_t c = 0; c < map_.net.classes.size(); ++c)
      data["colours"].push_back(category_colour(c, map_.net.classes.size()));
    for (const MapPoint& point : map_.points) data["songs"].push_back(song(point));
    return data;
  }

  Json song(const MapPoint& point) const {
    auto album = std::find(albums_.begin(), albums_.end(), point.names.album) - albums_.begin();
    Json strengths = Json::array(), closest = Json::array();
    for (float each : point.heard.strengths)
      strengths.push_back(rounded(static_cast<double>(each), 1e4));
    for (const auto& [other, distance] : point.closest)
      closest.push_back({other, rounded(distance, 1e4)});
    fs::path file = fs::absolute(point.song.path).lexically_proximate(folder_);
    return {{"title", label(point)},
            {"artist", point.names.artist},
            {"album", album},
            {"year", point.names.year},
            {"file", printable(point.song.name)},
            {"link", link_to(file.string())},
            {"x", point.x},
            {"y", point.y},
            {"strengths", strengths},
            {"closest", closest}};
  }

  const SongMap& map_;
  fs::path folder_;
  std::vector<std::string> albums_;
  std::map<std::string, i64> titles_;  // how many songs have it
};

}  // namespace

std::string page_of(const SongMap& map, const fs::path& page) { return Page(map, page).code(); }

}  // namespace melgrad
