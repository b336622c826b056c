#include <cmath>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/words.h"
#include "apps/mfcc_vs_mel/sections.h"
#include "kernels/error.h"

namespace melgrad::mfcc_vs_mel {
namespace {

Html score(const Report& report, const std::string& name) {
  const RowResult* row = ran_row(report, name);
  if (row == nullptr) return tag("td", "–");
  return tag("td", sections::with_deviation("accuracy", measured(*row, report.main.name)));
}

Html line(const Report& report, const std::string& net) {
  std::string mel = format("mel_{}_32", net);
  return tag("tr", tag("td", net, ", 32"), score(report, mel + "_x1"), score(report, mel),
             score(report, mel + "_x1000"), score(report, format("mfcc_{}_32", net)));
}

}  // namespace

Html scale(const Report& report, double factor) {
  bool any = false;
  for (const char* name :
       {"mel_basic_32_x1", "mel_basic_32_x1000", "mel_deeper_32_x1", "mel_deeper_32_x1000"})
    any = any || ran_row(report, name) != nullptr;
  if (!any) return {};
  Html head = tag("th", {{"scope", "col"}}, "Net");
  for (const std::string& name : {std::string("mel × 1"), format("mel × {}", factor),
                                  std::string("mel × 1000"), std::string("MFCC")})
    head += tag("th", {{"scope", "col"}}, name);
  return tag("h2", "Scale matters") +
         tag("p.note",
             "Power that is read off log-mel pictures is relative to the clip's loudest moment, at "
             "most about 1, and mostly far below; batch norm adds 0.001 to the variance before it "
             "divides, so that what is small stays small. A factor on the power is no information, "
             "and yet it changes the score. Guessing gives ",
             percent(report.chance, 0), ".") +
         tag("div.scroll", tag("table.scores", tag("thead", tag("tr", head)),
                               tag("tbody", line(report, "basic"), line(report, "deeper"))));
}

}  // namespace melgrad::mfcc_vs_mel
