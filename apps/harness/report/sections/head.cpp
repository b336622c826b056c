#include <cctype>
#include <cmath>

#include "apps/harness/report/numbers.h"
#include "apps/harness/report/sections/sections.h"
#include "apps/harness/report/sections/words.h"
#include "kernels/error.h"

namespace melgrad::sections {
namespace {

std::string of_folds(const Report& report) {
  std::size_t all = report.main.folds.size();
  std::size_t done = folds_of(*report.best, report.main.name).size();
  return all == 1      ? std::string()
         : done == all ? format(" in {} folds", all)
                       : format(" in {} of {} folds", done, all);
}

std::string heard(const Report& report) {
  return report.main.leaks ? ", by a split that leaks" : " that it never heard in training";
}

std::string capitalised(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

// The counts are of the first seed; what several seeds give is said after them.
std::string lead(const Report& report) {
  if (report.best == nullptr) return "No net has finished yet.";
  Confusion confusion = pooled_confusion(*report.best, report.main.name);
  double right = confusion.accuracy() * static_cast<double>(confusion.total());
  std::string text = format(
      "The best of {}, {}, names the genre of {} of {} test {}s{}{}: {}. {} would get {}.",
      counted(static_cast<i64>(report.ran.size()), "net"), report.best->title, std::llround(right),
      confusion.total(), report.results.unit, of_folds(report), heard(report),
      percent(confusion.accuracy()), capitalised(guessing(report)), percent(report.chance));
  Measured mean = measured(*report.best, report.main.name);
  if (mean.fits > 1)
    text += format(" The mean of its {} fits is {} {}.", mean.fits, percent(mean["accuracy"].mean),
                   deviation_text("accuracy", mean["accuracy"].deviation));
  return text;
}

Html fact(const char* name, const std::string& value) {
  return tag("div", tag("dt", name), tag("dd", value));
}

}  // namespace

Html head(const Report& report) {
  const Results& results = report.results;
  return tag("header", tag("p.eyebrow", "melgrad · ", results.data_set), tag("h1", results.study),
             tag("p.lead", lead(report)),
             tag("dl.facts", fact("Date", results.date), fact("Device", results.device),
                 fact("Threads", std::to_string(results.threads)), fact("Numbers", results.compute),
                 fact("Seed", std::to_string(results.seed))));
}

}  // namespace melgrad::sections
