#include "apps/classify/answers.h"

#include "apps/harness/songs/song_net.h"
#include "apps/trained/json_fields.h"

namespace melgrad {
namespace {

using json::Json;

std::string quoted(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string text = "\"";
  for (char c : field) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

void add_row(std::string& csv, const std::string& file, const char* what, const Part& part) {
  csv += quoted(file) + "," + what + "," + digits(part.begin) + "," + digits(part.end);
  for (float strength : part.strengths) csv += "," + digits(strength);
  csv += "\n";
}

// Numbers as they stand in the CSV.
Json numbers(const std::vector<float>& strengths) {
  Json list = Json::array();
  for (float strength : strengths) list.push_back(as_written(strength));
  return list;
}

Json json_of(const Answer& answer) {
  Json windows = Json::array();
  for (const Part& part : answer.heard.windows)
    windows.push_back(
        {{"begin", part.begin}, {"end", part.end}, {"strengths", numbers(part.strengths)}});
  return {{"file", printable(answer.song.name)},
          {"hash", answer.hash},
          {"seconds", answer.heard.seconds},
          {"strengths", numbers(answer.heard.average())},
          {"windows", windows}};
}

}  // namespace

std::string csv_of(const Answers& answers) {
  std::string csv = "file,part,begin,end";
  for (const std::string& name : answers.net.classes) csv += "," + quoted(name);
  csv += "\n";
  for (const Answer& answer : answers.songs) {
    std::string file = printable(answer.song.name);
    add_row(csv, file, "song", {0, answer.heard.seconds, answer.heard.average()});
    for (const Part& part : answer.heard.windows) add_row(csv, file, "window", part);
  }
  return csv;
}

std::string json_of(const Answers& answers) {
  Json songs = Json::array(), problems = Json::array();
  for (const Answer& answer : answers.songs) songs.push_back(json_of(answer));
  for (const Problem& problem : answers.problems)
    problems.push_back({{"file", printable(problem.name)}, {"reason", printable(problem.reason)}});
  Json json = {
      {"format", 1},
      {"version", MELGRAD_VERSION},
      {"weights", Json::parse(facts_of(answers.net, answers.weights, answers.weights_hash))},
      {"every", answers.every},
      {"winograd", answers.winograd},
      {"songs", songs},
      {"problems", problems}};
  return json.dump() + "\n";
}

}  // namespace melgrad
