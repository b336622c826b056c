#include "apps/classify/answers.h"

#include <array>
#include <charconv>

#include "apps/trained/json_fields.h"
#include "audio/collections/content_hash.h"
#include "tensor/files/utf8.h"

namespace melgrad {
namespace {

using json::Json;

// As few digits as give the number back.
template <class Number>
std::string digits(Number number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

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

// Numbers as they stand in the CSV: nlohmann writes 0.1F as 0.10000000149011612.
Json numbers(const std::vector<float>& strengths) {
  Json list = Json::array();
  for (float strength : strengths) {
    std::string text = digits(strength);
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    list.push_back(number);
  }
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

Json about(const Answers& answers) {
  const TrainedNet& net = answers.net;
  return {{"file", printable(answers.weights)},
          {"hash", answers.weights_hash},
          {"net", net.name},
          {"shape", net.shape.vector()},
          {"classes", net.classes},
          {"input", Json::parse(net.input.json())},
          {"scores", json::written(net.scores)}};
}

}  // namespace

std::string printable(const std::string& name) {
  if (is_utf8(name)) return name;
  std::string text;
  for (unsigned char byte : name) {
    std::string hex = hexadecimal(byte);
    text +=
        byte < 0x80 ? std::string(1, static_cast<char>(byte)) : "\\x" + hex.substr(hex.size() - 2);
  }
  return text;
}

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
  Json json = {{"format", 1},
               {"version", MELGRAD_VERSION},
               {"weights", about(answers)},
               {"every", answers.every},
               {"winograd", answers.winograd},
               {"songs", songs},
               {"problems", problems}};
  return json.dump() + "\n";
}

}  // namespace melgrad
