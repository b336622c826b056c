#include "apps/harness/weights/starting_weights.h"

#include <algorithm>
#include <filesystem>

#include "apps/harness/fitting.h"
#include "apps/harness/weights/tested_weights.h"
#include "kernels/error.h"
#include "layers/models/pretrained.h"
#include "layers/models/registry.h"
#include "layers/models/weights_file.h"

namespace melgrad {
namespace {

// Of a net whose head is another than its body was published with, the head is new, whoever trained
// the body.
void load_all_but_the_head(const Row& row, Module& net, const std::string& path) {
  const NetEntry& entry = find_net(row.net());
  StateDict weights = WeightsFile(path).tensors_for(net);
  if (const std::string& own = entry.replaced.own; !own.empty())
    std::erase_if(weights, [&](const auto& each) { return each.first.starts_with(own + "."); });
  load_pretrained(net, weights, {entry.head}, entry.replaced);
}

// "vgg=w.pth" is for the row vgg alone; a file of which no row is named is for all that it fits.
std::pair<std::string, std::string> name_and_file(const Study& study, const std::string& given) {
  std::size_t equals = given.find('=');
  std::string name = given.substr(0, equals);
  for (const Row& row : study.rows)
    if (equals != std::string::npos && row.name == name) return {name, given.substr(equals + 1)};
  return {"", given};
}

}  // namespace

StartingWeights::StartingWeights(const Study& study, const std::vector<const Row*>& rows,
                                 const Options& options)
    : may_pretrain_(can_pretrain(study, options)) {
  for (const std::string& given : options.weights) {
    if (testable_row(study, given).first != nullptr) continue;
    auto [name, path] = name_and_file(study, given);
    std::string problems;
    bool fits = false;
    for (const Row* row : rows) {
      if (!row->variant.pretrained || (!name.empty() && row->name != name)) continue;
      try {
        load_all_but_the_head(*row, *net_of(study, *row, find_net(row->net()).classes), path);
        Source source{path, std::filesystem::path(path).filename().string()};
        if (name.empty())
          sources_.emplace(row->name, source);
        else
          sources_[row->name] = source;  // what is meant for it goes before what fits by chance
        fits = true;
      } catch (const Error& error) {
        problems += format("\n{}: {}", row->name, error.what());
      }
    }
    bool may_test =
        std::any_of(rows.begin(), rows.end(), [](const Row* row) { return row->variant.testable; });
    check(fits, "weights", "{} is of no pretrained net that is to be trained{}{}", given,
          may_test ? "; to test it say of which net it is, as NAME=FILE" : "", problems);
  }
  for (const std::string& name : options.nets)
    for (const Row* row : rows)
      check(row->name != name || missing(*row).empty(), "weights",
            "{} needs --weights: a file of {}; or --pretrain: a collection to learn from", name,
            row->net());
}

std::string StartingWeights::missing(const Row& row) const {
  bool has = !row.variant.pretrained || sources_.contains(row.name) || may_pretrain_;
  return has ? "" : "not run: needs --weights or --pretrain";
}

bool StartingWeights::wants_pretraining(const Row& row) const {
  return row.variant.pretrained && !sources_.contains(row.name) && may_pretrain_;
}

void StartingWeights::add(const Row& row, const std::string& path, const std::string& in_words) {
  sources_[row.name] = {path, in_words};
}

std::string StartingWeights::load(const Row& row, Module& net) const {
  if (!row.variant.pretrained) return {};
  const Source& source = sources_.at(row.name);
  load_all_but_the_head(row, net, source.path);
  return source.in_words;
}

}  // namespace melgrad
