#include "apps/harness/planning/plan.h"

#include <algorithm>

#include "apps/harness/lists.h"
#include "apps/harness/results/swept_name.h"
#include "apps/harness/weights/tested_weights.h"
#include "kernels/error.h"
#include "layers/module.h"

namespace melgrad {
namespace {

void add_fits(const Row& row, u64 seed, const std::vector<RuleSplits>& rules,
              const Options& options, std::vector<PlannedFit>& fits) {
  for (std::size_t r = 0; r < rules.size(); ++r) {
    auto folds = static_cast<i64>(rules[r].splits.size());
    for (i64 fold = 0; fold < folds; ++fold) {
      if (!options.folds.empty() && folds > 1 && !contains(options.folds, fold + 1)) continue;
      std::string part = folds > 1 ? format(".{}", fold + 1) : "";
      std::string name = format("{}-{}{}-{}", row.name, rules[r].rule.name, part, seed);
      bool wanted = options.only.empty();
      for (const std::string& pattern : options.only)
        wanted = wanted || matches_glob(pattern, name) || matches_glob(pattern, row.name) ||
                 matches_glob(pattern, parse_swept_name(row.name).base);
      if (wanted) fits.push_back({&row, r, fold, seed, name});
    }
  }
}

}  // namespace

std::vector<const Row*> chosen_rows(const Study& study, const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const Row& row : study.rows)
    if (std::string base = parse_swept_name(row.name).base; !contains(known, base))
      known.push_back(base);
  for (const std::string& name : names)
    check(name == "all" || contains(known, name), "nets", "'{}' is none of {}", name,
          joined(known));
  std::vector<const Row*> chosen;
  for (const Row& row : study.rows)
    if (contains(names, "all") || contains(names, parse_swept_name(row.name).base) ||
        (names.empty() && !row.variant.on_request))
      chosen.push_back(&row);
  return chosen;
}

std::vector<PlannedFit> plan(const std::vector<const Row*>& rows,
                             const std::vector<RuleSplits>& rules, const Options& options,
                             const TestedWeights* tested) {
  for (i64 fold : options.folds)
    check(std::any_of(
              rules.begin(), rules.end(),
              [&](const RuleSplits& rule) { return fold <= static_cast<i64>(rule.splits.size()); }),
          "folds", "there is no fold {}", fold);
  std::vector<PlannedFit> fits;
  for (const Row* row : rows)
    for (i64 k = 0; k < options.seeds; ++k)
      add_fits(*row, options.seed + static_cast<u64>(k), rules, options, fits);
  for (PlannedFit& fit : fits) fit.only_tested = tested != nullptr && tested->are_for(*fit.row);
  std::erase_if(fits,
                [&](const PlannedFit& fit) { return fit.only_tested && fit.seed != options.seed; });
  check(!fits.empty(), "plan", "no fit is left: --only {} --folds {} match none",
        options.only.empty() ? "" : options.only.front(),
        options.folds.empty() ? std::string() : std::to_string(options.folds.front()));
  return fits;
}

}  // namespace melgrad
