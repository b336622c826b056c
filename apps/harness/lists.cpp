#include "apps/harness/lists.h"

#include "kernels/error.h"

namespace melgrad {

std::string joined(const std::vector<std::string>& texts, const std::string& separator) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : separator) + text;
  return all;
}

std::string in_words(const std::vector<std::string>& names) {
  if (names.size() < 2) return joined(names);
  return joined({names.begin(), names.end() - 1}) + " and " + names.back();
}

std::string first_of(const std::vector<std::string>& names, std::size_t most) {
  if (names.size() <= most + 1) return in_words(names);  // "and 1 more" is no shorter
  auto shown = names.begin() + static_cast<std::ptrdiff_t>(most);
  return format("{} and {} more", joined({names.begin(), shown}), names.size() - most);
}

}  // namespace melgrad
