#include "apps/harness/weights/tested_weights.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/harness/fitting.h"
#include "apps/harness/lists.h"
#include "apps/trained/trained_net.h"
#include "kernels/error.h"
#include "layers/models/weights_file.h"

namespace melgrad {
namespace {

std::string name_of(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

// Those that save_trained() wrote into the file.
std::vector<std::string> classes_in(const WeightsFile& file) {
  auto found = file.metadata().find("melgrad");
  if (found == file.metadata().end()) return {};
  auto json = nlohmann::json::parse(found->second, nullptr, false);
  if (!json.is_object() || !json.contains("classes")) return {};
  return json["classes"].get<std::vector<std::string>>();
}

// "lacks a, b, c and 5 more; d is (10, 64), not (64, 128)": empty where the net can load it.
std::string misfit(const Module& net, const StateDict& weights) {
  std::vector<std::string> lacks, others;
  for (const auto& [name, value] : net.state_dict()) {
    auto found = weights.find(name);
    if (name.ends_with(".num_batches_tracked")) continue;  // Keras has none
    if (found == weights.end())
      lacks.push_back(name);
    else if (found->second.shape() != value.shape())
      others.push_back(format("{} is {}, not {}", name, found->second.shape(), value.shape()));
  }
  std::string text = lacks.empty() ? "" : "it lacks " + first_of(lacks, 1);
  if (!others.empty()) text += (text.empty() ? "" : "; ") + first_of(others, 1);
  return text;
}

// An error of several lines as one sentence.
std::string in_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::pair<const Row*, std::string> testable_row(const Study& study, const std::string& given) {
  std::size_t equals = given.find('=');
  if (equals == std::string::npos) return {nullptr, given};
  for (const Row& row : study.rows)
    if (row.variant.testable && row.name == given.substr(0, equals))
      return {&row, given.substr(equals + 1)};
  return {nullptr, given};
}

TestedWeights::TestedWeights(const Study& study, const std::vector<const Row*>& rows,
                             const Options& options) {
  for (const std::string& given : options.weights) {
    auto [row, path] = testable_row(study, given);
    if (row == nullptr) continue;
    check(std::find(rows.begin(), rows.end(), row) != rows.end(), "weights",
          "{} is of a net that --nets does not name", given);
    std::string problem;
    try {
      WeightsFile file(path);
      i64 outputs = file.outputs(find_net(row->net()));
      auto net = net_of(study, *row, outputs);
      problem = misfit(*net, file.tensors_for(*net));
      files_[row->name] = {path, outputs, classes_in(file)};
    } catch (const Error& error) {
      problem = in_one_line(error.what());
    }
    check(problem.empty(), "weights", "{} does not fit {}, which sees {}: {}", path, row->name,
          find_input(study, *row).shape(), problem);
  }
}

void TestedWeights::check_classes(const std::vector<std::string>& classes) const {
  for (const auto& [row, file] : files_) {
    check(file.outputs == static_cast<i64>(classes.size()), "weights",
          "{} tells {} classes apart, and the data have {}: {}", file.path, file.outputs,
          classes.size(), in_words(classes));
    check(file.classes.empty() || file.classes == classes, "weights",
          "{} tells apart {}, in this order, and the data have {}: --classes gives another order",
          file.path, in_words(file.classes), in_words(classes));
  }
}

std::string TestedWeights::load(const Row& row, Module& net) const {
  const File& file = files_.at(row.name);
  net.load_state_dict(WeightsFile(file.path).tensors_for(net));
  return name_of(file.path);
}

}  // namespace melgrad
