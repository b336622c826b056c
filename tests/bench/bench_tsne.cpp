// Times t-SNE of points in an npy file and writes where they came to lie: for compare_tsne.py.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "kernels/backend.h"
#include "optim/tsne.h"
#include "tensor/files/npy.h"

namespace melgrad {
namespace {

int run(int argc, char** argv) {
  std::string points, start = "pca", to;
  TsneOptions options;
  int threads = 0;
  CLI::App app("t-SNE of points (n, d) in an npy file", "bench_tsne");
  app.add_option("points", points)->required();
  app.add_option("--output", to, "an npy file (n, 2) to write");
  app.add_option("--perplexity", options.perplexity)->capture_default_str();
  app.add_option("--iterations", options.iterations)->capture_default_str();
  app.add_option("--start", start)->check(CLI::IsMember({"pca", "random"}))->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--threads", threads, "all cores if not given");
  CLI11_PARSE(app, argc, argv);
  if (threads > 0) set_num_threads(threads);
  if (start == "random") options.start = TsneStart::random;
  Tensor x = load_npy(points);
  auto began = std::chrono::steady_clock::now();
  Tsne map = tsne(x, options);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf("%.3f s, divergence %.6f, %lld iterations\n", seconds, map.divergence,
              static_cast<long long>(map.iterations));
  if (!to.empty()) save_npy(to, map.points);
  return 0;
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  try {
    return melgrad::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_tsne: %s\n", error.what());
    return 1;
  }
}
