#include "layers/models/pretrained.h"

#include <algorithm>

namespace melgrad {

PretrainedReport load_pretrained(Module& net, const StateDict& weights,
                                 const std::vector<std::string>& heads) {
  StateDict own = net.state_dict(), fitting = weights;
  PretrainedReport report;
  for (const std::string& head : heads) {
    auto in_head = [&](const auto& entry) { return entry.first.starts_with(head + "."); };
    check(std::any_of(own.begin(), own.end(), in_head), "load_pretrained",
          "this {} has no layer '{}'", net.type(), head);
    // A head is kept as a whole: a bias that happens to fit belongs to the weight that does not.
    bool fits = std::all_of(own.begin(), own.end(), [&](const auto& entry) {
      auto given = weights.find(entry.first);
      return !in_head(entry) ||
             (given != weights.end() && given->second.shape() == entry.second.shape());
    });
    if (fits) continue;
    std::erase_if(fitting, in_head);
    for (const auto& entry : own)
      if (in_head(entry)) {
        fitting.insert(entry);
        report.kept.push_back(entry.first);
      }
  }
  net.load_state_dict(fitting);
  return report;
}

}  // namespace melgrad
