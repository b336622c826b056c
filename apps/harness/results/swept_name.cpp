#include "apps/harness/results/swept_name.h"

namespace melgrad {

SweptName parse_swept_name(const std::string& name) {
  SweptName parsed{name.substr(0, name.find('@'))};
  for (std::size_t at = name.find('@'); at != std::string::npos; at = name.find('@', at + 1)) {
    std::string part = name.substr(at + 1, name.find('@', at + 1) - at - 1);
    std::size_t equals = part.find('=');
    parsed.settings.emplace_back(part.substr(0, equals), part.substr(equals + 1));
  }
  return parsed;
}

}  // namespace melgrad
