#include "apps/classify/page.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/classify/sound.h"
#include "apps/harness/console/progress.h"
#include "apps/harness/report/category_colour.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/report/report.h"
#include "apps/harness/songs/song_net.h"
#include "apps/trained/json_fields.h"
#include "audio/drawing/ticks.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;
using json::Json;

constexpr u64 most_sound = u64{64} << 20U;  // bytes in the page

// Four digits are more than a page can show.
Json rounded(const std::vector<float>& strengths) {
  Json list = Json::array();
  for (float each : strengths) list.push_back(std::round(each * 1e4) / 1e4);
  return list;
}

u64 size_of(const Answer& answer) {
  std::error_code error;
  u64 size = fs::file_size(answer.song.path, error);
  return error ? 0 : size;
}

bool is_standard_input(const Answer& answer) {
  return answer.song.path.string() != answer.song.name;
}

class Page {
 public:
  Page(const Answers& answers, const fs::path& place)
      : answers_(answers), folder_(fs::absolute(place).parent_path()) {
    u64 total = 0;
    for (const Answer& answer : answers.songs) total += size_of(answer);
    holds_sound_ = total <= most_sound;
    order_.resize(answers.songs.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return answers.songs[a].song.name < answers.songs[b].song.name;
    });
  }

  std::string code() const {
    Html head =
        tag("meta", {{"charset", "utf-8"}}) + tag("title", title()) +
        tag("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}) +
        tag("style", Html::markup(report_style) + Html::markup(page_style));
    Html body = tag("main", header(), listening(), table(), problems()) + data() +
                tag("script", Html::markup(page_script));
    return (Html::markup("<!doctype html>") +
            tag("html", {{"lang", "en"}}, tag("head", head), tag("body", body)))
        .code();
  }

 private:
  const std::vector<std::string>& classes() const { return answers_.net.classes; }
  std::string title() const {
    if (answers_.songs.size() != 1) return format("{} songs", answers_.songs.size());
    return fs::path(answers_.songs.front().song.name).filename().string();
  }

  Html header() const {
    const TrainedNet& net = answers_.net;
    Html facts = tag("div", tag("dt", "Net"), tag("dd", net.name)) +
                 tag("div", tag("dt", "Weights"), tag("dd", answers_.weights)) +
                 tag("div", tag("dt", "Input"), tag("dd", net.input.name));
    if (auto accuracy = net.scores.find("accuracy"); accuracy != net.scores.end())
      facts +=
          tag("div", tag("dt", "Right of its test clips"), tag("dd", percent(accuracy->second, 1)));
    Html head =
        tag("p.eyebrow", "What is this song?") + tag("h1", title()) + tag("dl.facts", facts);
    if (!holds_sound_)
      head += tag("p.note",
                  "The songs are too large to be in this page: it plays the files where "
                  "they are, and needs them to stay there.");
    return head;
  }

  // Filled by the script.
  Html listening() const {
    if (answers_.songs.empty()) return {};
    return tag("section.listening", {{"id", "listening"}, {"hidden", ""}, {"aria-live", "off"}},
               Html()) +
           tag("noscript", tag("p.note", "Sound and spectrogram need JavaScript."));
  }

  Html table() const {
    if (answers_.songs.empty()) return {};
    Html rows;
    for (std::size_t i : order_) rows += row(i);
    Html heading = tag(
        "tr", tag("th", {{"scope", "col"}}, "File"), tag("th", {{"scope", "col"}}, "Genre"),
        tag("th.wide", {{"scope", "col"}}, "Strengths"), tag("th", {{"scope", "col"}}, "Length"));
    return tag("h2", "Songs") +
           tag("p.note", "Pick one to hear it. Strengths are the mean over windows of each song.") +
           tag("div.scroll", tag("table.songs", tag("thead", heading), tag("tbody", rows)));
  }

  Html row(std::size_t i) const {
    const Answer& answer = answers_.songs[i];
    std::vector<float> average = answer.heard.average();
    std::size_t best = by_strength(average).front();
    Html strip;
    for (std::size_t c = 0; c < average.size(); ++c)
      strip += tag("i", {{"style", format("width:{}%;background:{}", decimal(100 * average[c], 2),
                                          category_colour(c, classes().size()))},
                         {"title", classes()[c] + " " + percent(average[c], 0)}});
    return tag("tr",
               tag("td", tag("button", {{"type", "button"}, {"data-song", std::to_string(i)}},
                             answer.song.name)),
               tag("td", tag("b", classes()[best]), " ", percent(average[best], 0)),
               tag("td.wide", tag("span.strip", strip)),
               tag("td", clock_time(answer.heard.seconds)));
  }

  Html problems() const {
    if (answers_.problems.empty()) return {};
    return tag("h2", "Not heard") +
           tag("ul.problems", each(answers_.problems, [](const Problem& p) {
                 return tag("li", tag("b", p.name), ": ", p.reason);
               }));
  }

  Html data() const {
    Json about = {{"classes", classes()}, {"colours", Json::array()}, {"order", order_}};
    for (std::size_t i = 0; i < classes().size(); ++i)
      about["colours"].push_back(category_colour(i, classes().size()));
    Html all = data_script("application/json", "about", about.dump());
    for (std::size_t i = 0; i < answers_.songs.size(); ++i) all += song(i);
    return all;
  }

  // What is seen and heard of a song, in scripts of their own: they wait until it is picked.
  Html song(std::size_t i) const {
    const Answer& answer = answers_.songs[i];
    const Heard& heard = answer.heard;
    Json json = {{"name", printable(answer.song.name)},
                 {"seconds", heard.seconds},
                 {"average", rounded(heard.average())},
                 {"begin", Json::array()},
                 {"end", Json::array()},
                 {"strengths", Json::array()},
                 {"ticks", Json::array()},
                 {"picture", heard.picture}};
    for (const Part& part : heard.windows) {
      json["begin"].push_back(part.begin);
      json["end"].push_back(part.end);
      json["strengths"].push_back(rounded(part.strengths));
    }
    for (const auto& [share, label] : frequency_ticks(heard.rate, FrequencyAxis::mel).marks)
      json["ticks"].push_back({share, label});
    std::string number = std::to_string(i);
    if (holds_sound_) {
      Sound sound = playable(answer.song.path);
      json["type"] = sound.type;
      return data_script("application/json", "song-" + number, json.dump()) +
             data_script("text/plain", "sound-" + number, base64(sound.bytes));
    }
    if (!is_standard_input(answer)) {
      fs::path file = fs::absolute(answer.song.path);
      json["link"] = link_to(file.lexically_proximate(folder_).string());
    }
    return data_script("application/json", "song-" + number, json.dump());
  }

  const Answers& answers_;
  fs::path folder_;
  bool holds_sound_ = true;
  std::vector<std::size_t> order_;
};

}  // namespace

std::string page_of(const Answers& answers, const fs::path& page) {
  return Page(answers, page).code();
}

}  // namespace melgrad
