#include "kernels/cudasim/libraries/rule.h"

namespace melgrad::sim {
namespace {

std::vector<const Rule*>& rules() {
  static std::vector<const Rule*> all;
  return all;
}

}  // namespace

Rule::Rule(std::string_view source, std::string_view sentence)
    : source_(source), sentence_(sentence) {
  rules().push_back(this);
}

const std::vector<const Rule*>& Rule::all() { return rules(); }

void Rule::broken(std::string_view call, const std::string& what) const {
  ++times_broken_;
  fail(call, "{}. {}", what, text());
}

}  // namespace melgrad::sim
