#include "apps/harness/songs/song_net.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include "apps/harness/report/numbers.h"
#include "apps/harness/songs/find_songs.h"
#include "apps/trained/json_fields.h"

namespace melgrad {
namespace {

template <class Number>
std::string shortest(Number number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

}  // namespace

TrainedNet load_song_net(const std::string& program, const std::string& file) {
  TrainedNet net = load_trained(file);
  check(net.input.hears(), program, "{} sees '{}', which is not made from sound", file,
        net.input.name);
  return net;
}

std::string description(const std::string& file, const TrainedNet& net) {
  std::string text = format("{}: {} of input '{}'", file, net.name, net.input.name);
  for (const char* name : {"accuracy", "loss"})
    if (auto score = net.scores.find(name); score != net.scores.end())
      text += format(", {} {}", name, fixed_point(score->second, 3));
  text += "\nclasses:";
  for (const std::string& name : net.classes) text += " " + name;
  return text;
}

std::string facts_of(const TrainedNet& net, const std::string& file, const std::string& hash) {
  json::Json facts = {{"file", printable(file)},
                      {"hash", hash},
                      {"net", net.name},
                      {"shape", net.shape.vector()},
                      {"classes", net.classes},
                      {"input", json::Json::parse(net.input.json())},
                      {"scores", json::written(net.scores)}};
  return facts.dump();
}

std::string digits(double number) { return shortest(number); }
std::string digits(float number) { return shortest(number); }

double as_written(float number) {
  std::string text = digits(number);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::size_t> by_strength(const std::vector<float>& strengths) {
  std::vector<std::size_t> order(strengths.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return strengths[a] > strengths[b]; });
  return order;
}

}  // namespace melgrad
