#include "tests/cudasim/libraries/callers.h"

#include <gtest/gtest.h>

#include "kernels/cudasim/libraries/rule.h"
#include "tests/error_of.h"

namespace melgrad::sim {
namespace {

std::vector<BrokenCaller> all_callers() {
  std::vector<BrokenCaller> all;
  for (const auto& some :
       {cublas_callers(), cufft_callers(), cudnn_callers(), graph_callers(), rnn_callers()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

TEST(BrokenCallers, AreFoundAndEveryRuleHasOne) {
  for (const BrokenCaller& caller : all_callers()) {
    std::string error = error_of(caller.call);
    EXPECT_NE(error.find(caller.words), std::string::npos)
        << caller.name << ": '" << caller.words << "' is not in: " << error;
  }
  EXPECT_GT(Rule::all().size(), 10U);
  for (const Rule* rule : Rule::all())
    EXPECT_GT(rule->times_broken(), 0) << "nobody breaks: " << rule->text();
}

}  // namespace
}  // namespace melgrad::sim
