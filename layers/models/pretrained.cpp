#include "layers/models/pretrained.h"

#include <algorithm>

namespace melgrad {
namespace {

// Whether an entry of a state is of this layer.
auto is_of(const std::string& layer) {
  return [start = layer + "."](const auto& entry) { return entry.first.starts_with(start); };
}

bool has(const StateDict& state, const std::string& layer) {
  return std::any_of(state.begin(), state.end(), is_of(layer));
}

}  // namespace

PretrainedReport load_pretrained(Module& net, const StateDict& weights,
                                 const std::vector<std::string>& heads,
                                 const ReplacedHead& replaced) {
  StateDict own = net.state_dict(), fitting = weights;
  PretrainedReport report;
  auto keep = [&](const std::string& layer) {
    std::erase_if(fitting, is_of(layer));
    for (const auto& entry : own) {
      if (!is_of(layer)(entry)) continue;
      fitting.insert(entry);
      report.kept.push_back(entry.first);
    }
  };
  if (!replaced.own.empty() && !has(weights, replaced.own)) {
    std::erase_if(fitting, is_of(replaced.published));
    keep(replaced.own);
  }
  for (const std::string& head : heads) {
    check(has(own, head), "load_pretrained", "this {} has no layer '{}'", net.type(), head);
    // A head is kept as a whole: a bias that happens to fit belongs to the weight that does not.
    bool fits = std::all_of(own.begin(), own.end(), [&](const auto& entry) {
      auto given = fitting.find(entry.first);
      return !is_of(head)(entry) ||
             (given != fitting.end() && given->second.shape() == entry.second.shape());
    });
    if (!fits) keep(head);
  }
  net.load_state_dict(fitting);
  return report;
}

}  // namespace melgrad
