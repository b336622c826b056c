#include "apps/harness/report/sections/sections.h"

namespace melgrad::sections {

Html again(const Report& report) {
  return tag("h2", "Once more") +
         tag("p", "The same command with the same number of threads gives the same numbers:") +
         tag("pre", tag("code", report.results.command)) +
         tag("p.note", "All figures of this page are in results.json beside it.");
}

}  // namespace melgrad::sections
