// Features of audio files as NumPy arrays. See README.md.
#include <CLI/CLI.hpp>
#include <filesystem>

#include "apps/features/folder.h"
#include "apps/harness/console/tool.h"
#include "kernels/backend.h"
#include "tensor/files/file.h"
#include "tensor/files/npy.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

/// Another array may be written over, but not what was named by mistake: the song, say.
void check_output(const Request& request) {
  check_writable(request.output);
  if (request.force || !fs::is_regular_file(request.output)) return;
  InputFile file(request.output);
  constexpr std::string_view magic = "\x93NUMPY";
  std::string start(std::min<u64>(file.size(), magic.size()), '\0');
  file.read(0, start.data(), start.size());
  check(start == magic, "features", "{} is there and is no npy file: --force writes over it",
        request.output);
}

int run(const Request& request) {
  if (request.threads > 0) set_num_threads(request.threads);
  const Feature& feature = request.feature;
  bool is_folder = request.inputs.size() > 1 ||
                   (request.inputs.size() == 1 && fs::is_directory(request.inputs.front()));
  if (is_folder) return write_folder(request, recipe_of(request));
  check_output(request);
  if (request.inputs.empty()) {
    MelOptions mel = feature.mel;
    mel.sr = feature.sr;
    save_npy(request.output, mel_filters(feature.stft.n_fft, mel, feature.dtype));
  } else {
    save_npy(request.output, recipe_of(request).compute(request.inputs.front()));
  }
  return 0;
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  CLI::App app("Features of audio files as NumPy arrays, with librosa's parameters and defaults",
               "features");
  melgrad::Request request;
  melgrad::add_options(app, request);
  return melgrad::run_tool(app, argc, argv, [&] { return melgrad::run(request); });
}
