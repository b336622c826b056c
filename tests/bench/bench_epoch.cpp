// How long an epoch takes on rows that are read from the disk, and on the same rows in memory, in
// turns: bench_epoch [--net base_cnn] [--clips 640] [--rounds 5] [--threads 2]
// Or of study B on made-up pictures of 128 × 1024, with the most anonymous memory that the process had
// meanwhile: bench_epoch --wide [--net convpool] [--clips 8000] [--steps 40] [--rounds 3]
// Or the epochs of a fold of studies C and D, on noise as 13 MFCCs in memory, for compare.py --fold:
// bench_epoch --fold --net mfcc_basic --batch 16 [--clips 950] [--rounds 5]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "apps/harness/console/progress.h"
#include "apps/harness/training/trainer.h"
#include "kernels/backend.h"
#include "kernels/winograd.h"
#include "layers/models/registry.h"
#include "tensor/files/file.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

struct Arguments {
  std::string net = "base_cnn";
  i64 clips = 640, rounds = 5, batch = 64, steps = 40;
  int threads = 2;
  bool fold = false, wide = false;
};

/// How a net is trained, in what it sees.
struct Way {
  View view = {};
  Recipe recipe = {.stages = {{.epochs = 2}}};
};

/// Noise as pictures of 64 × 64: files of four classes.
Collection write_pictures(const Arguments& arguments, const std::filesystem::path& folder) {
  Generator generator(1);
  for (i64 i = 0; i < arguments.clips; ++i) {
    std::filesystem::path path = folder / std::to_string(i % 4) / (std::to_string(i) + ".png");
    std::filesystem::create_directories(path.parent_path());
    write_file(path, encode_png(randint(0, 256, {64, 64, 3}, generator).to(Dtype::u8)));
  }
  return scan_folder(folder);
}

/// Seconds of the second of two epochs, and those waited for rows.
std::pair<double, double> second_epoch(const Arguments& arguments, const Examples& examples,
                                       const Way& way = {}) {
  Shape seen = examples.input().shape();
  if (way.view.channels > 0) seen[0] = way.view.channels;
  auto net = make_net(arguments.net, seen, 4);
  Generator generator(0);
  net->reset(generator);
  Split split;
  for (i64 i = 0; i < examples.size(); ++i) (i < 1 ? split.test : split.train).push_back(i);
  FittedView view(examples, way.view, split.train);
  Trainer trainer(*net, generator, {examples, view, split}, way.recipe, 0);
  Progress silent = Progress::silent();
  Epoch last = trainer.run({}, silent).history.back();
  return {last.seconds, last.waited};
}

/// Noise of the net's own shape, (1, frames, bands), in ten classes.
Examples noise(const Arguments& arguments) {
  const Shape& shape = find_net(arguments.net).input;
  check(shape.rank() == 3 && shape[0] == 1, "bench_epoch", "{} sees {}, which are no MFCCs",
        arguments.net, shape);
  Spectrum spectrum{.frames = shape[1], .frames_first = true};
  spectrum.feature.kind = "mfcc";
  spectrum.feature.mfcc.n_mfcc = shape[2];
  Collection collection;
  for (i64 c = 0; c < 10; ++c) collection.classes.push_back(std::to_string(c));
  for (i64 i = 0; i < arguments.clips; ++i)
    collection.examples.push_back({std::to_string(i) + ".wav", i % 10, ""});
  Generator generator(1);
  Tensor rows = randn({arguments.clips, shape[1], shape[2], 1}, generator);
  return Examples(collection, {.name = "noise", .recipe = spectrum}, rows);
}

/// Seconds of each epoch but the first, which warms up: four fifths of the clips to learn from, one to
/// validate.
std::vector<double> epochs_of_a_fold(const Arguments& arguments) {
  Examples examples = noise(arguments);
  auto net = make_net(arguments.net, 10);
  Generator generator(0);
  net->reset(generator);
  Split split;
  for (i64 i = 0; i < examples.size(); ++i) (i % 5 == 0 ? split.valid : split.train).push_back(i);
  split.test = split.valid;
  FittedView view(examples, {}, split.train);
  Recipe recipe{.batch = arguments.batch, .stages = {{.epochs = 1 + arguments.rounds}}};
  Trainer trainer(*net, generator, {examples, view, split}, recipe, 0);
  Progress silent = Progress::silent();
  std::vector<double> seconds;
  for (const Epoch& epoch : trainer.run({}, silent).history) seconds.push_back(epoch.seconds);
  seconds.erase(seconds.begin());
  return seconds;
}

void print_fold(const Arguments& arguments) {
  std::vector<double> seconds = epochs_of_a_fold(arguments);
  std::printf("{\"net\": \"%s\", \"batch\": %lld, \"clips\": %lld, \"seconds\": [",
              arguments.net.c_str(), static_cast<long long>(arguments.batch),
              static_cast<long long>(arguments.clips));
  for (std::size_t i = 0; i < seconds.size(); ++i)
    std::printf("%s%.4f", i == 0 ? "" : ", ", seconds[i]);
  std::printf("]}\n");
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// In turns from the disk and from memory.
void print_both(const Arguments& arguments, const Examples& disk, const Way& way) {
  Examples memory = disk;
  memory.to(Device::cpu());
  std::vector<double> by_disk, by_memory;
  double waited = 0;
  for (i64 round = 0; round < arguments.rounds; ++round) {
    auto [seconds, waiting] = second_epoch(arguments, disk, way);
    by_disk.push_back(seconds);
    waited += waiting / static_cast<double>(arguments.rounds);
    by_memory.push_back(second_epoch(arguments, memory, way).first);
  }
  double d = median(by_disk), m = median(by_memory);
  std::printf(
      "%s, %lld clips: %.3f s from the disk (%.3f s of it waited), %.3f s from memory: "
      "%.3f (minima %.3f)\n",
      arguments.net.c_str(), static_cast<long long>(arguments.clips), d, waited, m, d / m,
      *std::min_element(by_disk.begin(), by_disk.end()) /
          *std::min_element(by_memory.begin(), by_memory.end()));
}

void measure(const Arguments& arguments) {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / "melgrad_bench_epoch";
  FeatureCache cache(folder / "features");
  Input input{.name = "picture", .recipe = Picture{}};
  Examples disk = load_examples(write_pictures(arguments, folder / "pictures"), input, cache);
  print_both(arguments, disk, {});
  std::filesystem::remove_all(folder);
}

/// Grey pictures of 128 × 1024 in four classes, of blocks of 16 × 16, so that they are written quickly.
Collection write_wide_pictures(const Arguments& arguments, const std::filesystem::path& folder) {
  Generator generator(1);
  for (i64 i = 0; i < arguments.clips; ++i) {
    std::filesystem::path path = folder / std::to_string(i % 4) / (std::to_string(i) + ".png");
    std::filesystem::create_directories(path.parent_path());
    Tensor blocks = randint(0, 256, {8, 1, 64, 1}, generator).expand({8, 16, 64, 16});
    write_file(path, encode_png(blocks.contiguous().reshape({128, 1024, 1}).to(Dtype::u8)));
  }
  return scan_folder(folder);
}

/// MiB of memory that is of no file.
double anonymous_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::stod(line.substr(8)) / 1024;
  return 0;
}

/// The most that the process has while it lives.
class Watch {
 public:
  double most() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return most_;
  }
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { most(); }

 private:
  std::atomic<bool> stop_ = false;
  double most_ = 0;
  std::thread thread_ = std::thread([this] {
    for (; !stop_; std::this_thread::sleep_for(std::chrono::milliseconds(20)))
      most_ = std::max(most_, anonymous_memory());
  });
};

void measure_wide(const Arguments& arguments) {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / "melgrad_bench_wide";
  FeatureCache cache(folder / "features");
  Input input{.name = "mel",
              .recipe = LogMelPicture{.kind = "logmel", .rows = 128, .frames = 1024},
              .stored = Dtype::u8,
              .scaled = ScaledFrames{.jpeg_quality = 75}};
  Way way{.view = {.channels = 3, .augmentation = {.zoom = .3}},
          .recipe = {.optimizer = AdamSettings{.lr = 1e-3},
                     .batch = 20,
                     .stages = {{.epochs = 2, .steps = arguments.steps}}}};
  Watch watch;
  Examples disk = load_examples(write_wide_pictures(arguments, folder / "pictures"), input, cache);
  second_epoch(arguments, disk, way);
  std::printf("%s, %lld rows of 128 x 1024: at most %.0f MiB of anonymous memory\n",
              arguments.net.c_str(), static_cast<long long>(arguments.clips), watch.most());
  print_both(arguments, disk, way);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  melgrad::Arguments arguments;
  CLI::App app("An epoch on rows from the disk, and from memory");
  app.add_option("--net", arguments.net);
  app.add_option("--clips", arguments.clips);
  app.add_option("--rounds", arguments.rounds);
  app.add_option("--threads", arguments.threads);
  app.add_option("--batch", arguments.batch, "of a fold");
  app.add_option("--steps", arguments.steps, "an epoch of wide pictures");
  app.add_flag("--wide", arguments.wide, "pictures of 128 x 1024, and the memory that they take");
  app.add_flag("--fold", arguments.fold, "epochs of a fold, as JSON");
  CLI11_PARSE(app, argc, argv);
  melgrad::set_num_threads(arguments.threads);
  melgrad::set_winograd(true);  // as training does
  try {
    if (arguments.fold)
      melgrad::print_fold(arguments);
    else
      arguments.wide ? melgrad::measure_wide(arguments) : melgrad::measure(arguments);
  } catch (const melgrad::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
