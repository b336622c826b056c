#include "layers/models/pretrained.h"

#include <algorithm>

namespace melgrad {

PretrainedReport load_pretrained(Module& net, const StateDict& weights,
                                 const std::vector<std::string>& heads) {
  StateDict own = net.state_dict(), fitting = weights;
  for (const std::string& head : heads) {
    bool known = std::any_of(own.begin(), own.end(), [&](const auto& entry) {
      return entry.first.starts_with(head + ".");
    });
    check(known, "load_pretrained", "this {} has no layer '{}'", net.type(), head);
    // A head is replaced as a whole: a bias that happens to fit belongs to the weight that does not.
    bool fits = std::all_of(own.begin(), own.end(), [&](const auto& entry) {
      if (!entry.first.starts_with(head + ".")) return true;
      auto given = weights.find(entry.first);
      return given != weights.end() && given->second.shape() == entry.second.shape();
    });
    if (fits) continue;
    std::erase_if(fitting, [&](const auto& entry) { return entry.first.starts_with(head + "."); });
    for (const auto& [name, tensor] : own)
      if (name.starts_with(head + ".")) fitting[name] = tensor;
  }
  net.load_state_dict(fitting);

  PretrainedReport report;
  for (const auto& [name, tensor] : fitting)
    if (own.contains(name) && tensor.shares_storage(own.at(name))) report.kept.push_back(name);
  return report;
}

}  // namespace melgrad
