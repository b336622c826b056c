#include <CLI/CLI.hpp>
#include <string_view>

#include "apps/fma_small/map/map.h"
#include "apps/fma_small/study.h"
#include "apps/harness/console/tool.h"

using namespace melgrad;

namespace {

void add_flags(CLI::App& app, FmaFlags& flags) {
  auto option = [&](const char* name, auto& variable, const char* value, const char* text) {
    return app.add_option(name, variable, text)->option_text(value)->group("Data");
  };
  option("--metadata", flags.metadata, "FILE",
         "fma_metadata/tracks.csv: --data is then the Free Music\n"
         "Archive's folder of 000/000002.mp3 and so on")
      ->check(CLI::ExistingFile);
  option("--subset", flags.subset, "NAME", "of its tracks: small, medium or large (small)")
      ->check(CLI::IsMember({"small", "medium", "large"}));
  add_log_mel_flags(app, flags.log_mel);
  option("--frames", flags.frames, "N",
         "from a sound's beginning (1024; of made-up music 128); shorter\nones are left out")
      ->check(CLI::Range(2, 100000));
  option("--jpeg", flags.jpeg_quality, "QUALITY",
         "that pictures are stored with, and read again (75); 0: none")
      ->check(CLI::Range(0, 100));
  auto size = [&](const char* name, std::vector<i64>& variable, const char* text) {
    option(name, variable, "ROWS,COLUMNS", text)
        ->delimiter(',')
        ->expected(2)
        ->check(CLI::Range(1, 10000));
  };
  size("--size", flags.size, "of the pictures, by nearest neighbour (128 bands by the frames)");
  size("--resnet-size", flags.resnet_size,
       "the same for ResNet-50 (200 by the frames, or by the least\n"
       "multiple of them from 197 on)");
  app.add_option("--steps", flags.steps,
                 "an epoch of all nets (319, 500 and 200); 0: every clip once")
      ->option_text("N")
      ->group("Training")
      ->check(CLI::Range(0, 1000000));
}

}  // namespace

// "Music Genre Analysis" (2017); README.md has the table. `fma_small map`: map/README.md.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "map") return map(argc - 1, argv + 1);
  FmaFlags flags;
  return run([&](const Options& options) { return fma_study(flags, options); },
             [&](CLI::App& app) { add_flags(app, flags); }, argc, argv);
}
