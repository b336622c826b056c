#include "audio/collections/gtzan.h"

#include <map>
#include <vector>

namespace melgrad {

const std::vector<std::string>& gtzan_genres() {
  static const std::vector<std::string> names = {
      "blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"};
  return names;
}

const std::set<std::string>& gtzan_corrupt() {
  static const std::set<std::string> names = {"jazz.00054"};
  return names;
}

const std::set<std::string>& gtzan_repetitions() {
  static const std::set<std::string> names = [] {
    const std::map<std::string, std::vector<int>> numbers = {
        {"disco", {51, 70, 60, 89, 74, 99}},
        {"hiphop", {45, 78}},
        {"jazz", {51, 53, 54, 55, 58, 60, 62, 65, 67, 68, 69, 70, 71, 72}},
        {"metal", {13, 94, 61, 62, 63, 64, 65, 66}},
        {"pop", {22, 31, 46, 80, 57, 60, 59, 71, 90}},
        {"reggae", {54, 56, 57, 60, 58, 69, 74, 81, 82, 91, 92}}};
    std::set<std::string> all;
    for (const auto& [genre, list] : numbers)
      for (int number : list)
        all.insert(genre + (number < 10 ? ".0000" : ".000") + std::to_string(number));
    return all;
  }();
  return names;
}

Collection without(const Collection& collection, const std::set<std::string>& stems) {
  Collection kept = collection;
  std::erase_if(kept.examples, [&](const Example& example) {
    return stems.contains(example.path.stem().string());
  });
  return kept;
}

}  // namespace melgrad
