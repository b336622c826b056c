// What is this song? The classes' strengths of songs, by a weights file that says all there is to
// know. See README.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <iostream>

#include "apps/classify/page.h"
#include "apps/harness/console/progress.h"
#include "apps/harness/console/tool.h"
#include "apps/harness/report/numbers.h"
#include "apps/harness/songs/hear_songs.h"
#include "apps/harness/songs/song_net.h"
#include "audio/collections/cache.h"
#include "audio/collections/content_hash.h"
#include "kernels/backend.h"
#include "kernels/winograd.h"
#include "tensor/files/file.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string weights, csv, json, html;
  std::vector<std::string> songs;
  double every = 1;
  i64 top = 3;
  int threads = 0;
  bool winograd = true;

  std::vector<std::string> outputs() const {
    std::vector<std::string> all;
    for (const std::string& each : {csv, json, html})
      if (!each.empty()) all.push_back(each);
    return all;
  }
};

bool is_written_beside(const std::string& output) {
  std::error_code ignored;
  fs::file_status status = fs::status(output, ignored);
  return !fs::exists(status) || fs::is_regular_file(status);
}

// What would be in vain, or lost, is refused before any work.
void check_outputs(const Arguments& a, const std::vector<Song>& songs) {
  std::vector<std::string> outputs = a.outputs();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    fs::path folder = fs::absolute(outputs[i]).parent_path();
    check(fs::is_directory(folder), "classify", "{}: there is no folder {}", outputs[i], folder);
    check(!fs::is_directory(outputs[i]), "classify", "{} is a folder", outputs[i]);
    std::error_code ignored;
    auto is_it = [&](const fs::path& other) {
      return fs::absolute(outputs[i]).lexically_normal() ==
                 fs::absolute(other).lexically_normal() ||
             fs::equivalent(outputs[i], other, ignored);
    };
    check(!is_it(a.weights), "classify", "{} would be written over the weights", outputs[i]);
    for (const Song& song : songs)
      check(!is_it(song.path), "classify", "{} would be written over a song", outputs[i]);
    for (std::size_t j = 0; j < i; ++j)
      check(!is_it(outputs[j]) || !is_written_beside(outputs[i]), "classify",
            "{} is to hold two outputs", outputs[i]);
  }
}

// Beside the first output that is a file.
std::unique_ptr<Journal> open_journal(const Arguments& a, const std::string& weights_hash) {
  for (const std::string& output : a.outputs()) {
    if (!is_written_beside(output)) continue;
    std::string key = format("classify {} {} {} {} {}", MELGRAD_VERSION, weights_hash,
                             hexadecimal(std::bit_cast<u64>(a.every)), !a.html.empty(), a.winograd);
    return std::make_unique<Journal>(output + ".unfinished", key);
  }
  return nullptr;
}

void print_song(const Arguments& a, const TrainedNet& net, const Answer& answer) {
  std::vector<float> average = answer.heard.average();
  std::string line = answer.song.name + ":";
  i64 left = a.top;
  for (std::size_t i : by_strength(average)) {
    if (left-- == 0) break;
    line += (left + 1 == a.top ? " " : ", ") + net.classes[i] + " " + fixed_point(average[i], 3);
  }
  std::cout << line << std::endl;
}

// Those that could be heard; the others are added to the problems.
std::vector<Answer> listen_to(const Arguments& a, const TrainedNet& net,
                              const std::vector<Song>& songs, Journal* journal,
                              std::vector<Problem>& problems) {
  std::vector<Answer> answers;
  Hearing hearing{.title = "classify", .journal = journal, .wants_hashes = !a.outputs().empty()};
  hearing.listen = [&](const Song& song, double& decoding) {
    return text_of(listen(net, song, {a.every, !a.html.empty()}, decoding));
  };
  hearing.take = [&](std::size_t i, const std::string& hash, const std::string& heard) {
    answers.push_back({songs[i], hash, heard_of(heard)});
    print_song(a, net, answers.back());
  };
  hear(songs, hearing, problems);
  return answers;
}

int run(const Arguments& a) {
  if (a.threads > 0) set_num_threads(a.threads);
  set_winograd(a.winograd);
  TrainedNet net = load_song_net("classify", a.weights);
  say(description(a.weights, net));
  Songs songs = find_songs(a.songs);
  for (const Problem& problem : songs.problems) say(problem.name + ": " + problem.reason);
  check_outputs(a, songs.songs);

  Answers answers{.net = net, .weights = a.weights, .every = a.every, .winograd = a.winograd};
  if (!a.outputs().empty()) answers.weights_hash = content_hash(a.weights);
  std::unique_ptr<Journal> journal = open_journal(a, answers.weights_hash);
  if (journal && journal->size() > 0) say(format("going on: {} songs were heard", journal->size()));
  answers.problems = std::move(songs.problems);
  answers.songs = listen_to(a, net, songs.songs, journal.get(), answers.problems);

  if (!a.csv.empty()) write_file(a.csv, csv_of(answers));
  if (!a.json.empty()) write_file(a.json, json_of(answers));
  if (!a.html.empty()) write_file(a.html, page_of(answers, a.html));
  if (journal) journal->remove();
  bool failed = std::any_of(answers.problems.begin(), answers.problems.end(),
                            [](const Problem& problem) { return problem.is_failure; });
  return failed ? 1 : 0;
}

int main(int argc, char** argv) {
  Arguments a;
  CLI::App app("What is this song? How strong each class is in songs, by a net's weights file.",
               "classify");
  app.add_option("weights", a.weights, "a safetensors file that says what it is of")->required();
  app.add_option("songs", a.songs, "audio files, folders searched throughout, - standard input")
      ->required();
  app.add_option("--top", a.top, "classes that are printed of a song")
      ->check(CLI::Range(i64{1}, i64{1} << 40))
      ->capture_default_str();
  app.add_option("--every", a.every, "seconds between the beginnings of two windows")
      ->check(is_positive)
      ->capture_default_str();
  app.add_option("--csv", a.csv, "a table to write: a row a song and a row a window");
  app.add_option("--json", a.json, "the same for programs, with what the weights file says");
  app.add_option("--html", a.html, "a page to write, which plays the songs");
  app.add_option("--threads", a.threads, "all cores if not given")->check(CLI::Range(1, 4096));
  app.add_option("--winograd", a.winograd,
                 "convolutions by Winograd's method where it is faster, with errors of 1e-5")
      ->option_text("on|off")
      ->check(CLI::IsMember({"on", "off"}));
  return run_tool(app, argc, argv, [&] { return run(a); });
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) { return melgrad::main(argc, argv); }
