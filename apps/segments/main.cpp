#include <CLI/CLI.hpp>

#include "apps/harness/console/tool.h"
#include "apps/harness/report/numbers.h"
#include "apps/segments/study.h"
#include "kernels/error.h"

using namespace melgrad;

// "Music Genre Classification Using Convolutional Neural Networks" (2023); README.md has the table.
int main(int argc, char** argv) {
  SegmentFlags flags;
  auto add_flags = [&](CLI::App& app) {
    app.add_option("--segment-seconds", flags.seconds,
                   "length of a segment (3); of several each is a run\nof its own, below --out")
        ->option_text("S,S")
        ->group("Data")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::Range(.6, 30.));  // CNN-1 needs 11 frames
    add_log_mel_flags(app, flags.log_mel);
    app.add_flag(
           "--early-stopping", flags.early_stopping,
           "stop after 20 epochs without a lower validation loss,\nas the text says and the code "
           "does not")
        ->group("Training");
  };
  auto make = [&](const Options& options) { return segments_study(flags, options); };
  auto chapters = [&](const Options&) {
    std::vector<Chapter> all;
    if (flags.seconds.size() < 2) return all;
    for (double seconds : flags.seconds) {
      SegmentFlags one = flags;
      one.seconds = {seconds};
      std::string text = decimal(seconds, 3);
      all.push_back({text + "s", format("segments of {} s", text),
                     [one](const Options& options) { return segments_study(one, options); }});
    }
    return all;
  };
  return run(make, add_flags, chapters, argc, argv);
}
