#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>

#include "audio/collections/cache.h"
#include "audio/collections/loader.h"
#include "audio/feature.h"
#include "audio/files/resample.h"
#include "audio/finite.h"
#include "kernels/backend.h"
#include "kernels/cpu/fft/real_fft.h"
#include "tensor/ops.h"
#include "tensor/random.h"

// Times features of a clip in memory: 30 s at 22 050 Hz, n_fft 2048, hop 512, 128 mel bands, f32.
// Or, with --folder, of all audio files below a folder, from the files to a fresh cache.
namespace melgrad {
namespace {

struct Settings {
  std::vector<std::string> what = {"logmel", "mfcc",    "check", "pad",  "fft",
                                   "bands",  "filters", "db",    "stft", "resample"};
  double clip_seconds = 30, seconds = 2;
  i64 batch = 1;
  std::string device = "cpu";
  int threads = 0;
  bool json = false;
  std::string folder;
};

double now_ms() {
  auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(time).count();
}

Tensor music_like(double seconds, double sr) {
  Generator generator(1);
  auto n = static_cast<i64>(seconds * sr);
  Tensor time = arange(n, Dtype::f32) / sr;
  return sin(time * (2 * 3.14159265 * 440)) * .3 + randn({n}, generator, 0, .1);
}

/// A feature, or one stage of log-mels: fft (of one thread), stft, filters, bands, check, pad, db.
std::function<void()> task(const std::string& what, const Settings& settings) {
  Device device = Device::parse(settings.device);
  Tensor x = music_like(settings.clip_seconds, 22050).to(device);
  if (settings.batch > 1) x = x.expand({settings.batch, x.dim(0)}).contiguous();
  StftOptions options;
  Tensor padded = pad_signal(x.reshape({settings.batch, -1}), options.n_fft / 2, options.pad_mode);
  Tensor window = stft_window(options, Dtype::f32).to(device);
  Tensor filters = mel_filters(options.n_fft, {}).to(device);
  if (what == "fft") {
    return [=, blocks = (options.frames(x.dim(-1)) + fft_lanes - 1) / fft_lanes] {
      for (i64 i = 0; i < blocks; ++i) RealFft::of_this_thread(options.n_fft).power();
    };
  }
  if (what == "stft") return [=] { stft(padded, window, options.hop()); };
  if (what == "filters") return [=] { mel_filters(options.n_fft, {}); };
  if (what == "bands") return [=] { band_power(padded, window, options.hop(), filters, 2); };
  if (what == "check") return [=] { check_finite(x, "bench"); };
  if (what == "pad") return [=] { pad_signal(x.unsqueeze(0), 1024, PadMode::constant); };
  if (what == "db") return [mel = melspectrogram(x)] { power_to_db(mel); };
  if (what == "resample") {
    Tensor twice = music_like(settings.clip_seconds, 44100);
    return [=] { resample(twice, 44100, 22050); };
  }
  Feature feature;
  feature.kind = what;
  feature.mfcc.n_mfcc = 20;
  return [=] { extract(feature, x, 22050); };
}

std::vector<double> measure(const std::function<void()>& task, const Settings& settings) {
  auto f = [&] {
    task();
    backend(Device::parse(settings.device)).synchronize();
  };
  for (int i = 0; i < 3; ++i) f();
  std::vector<double> times;
  for (double begin = now_ms(); times.size() < 5 || now_ms() - begin < settings.seconds * 1000;) {
    double start = now_ms();
    f();
    times.push_back(now_ms() - start);
  }
  std::sort(times.begin(), times.end());
  return times;
}

/// Microseconds a frame that plain loops reached on one core with 230 GFLOP/s: the transform in f32,
/// which is not exact enough (docs/librosa.md), and about what all stages would take with it.
const std::map<std::string, double> limits = {{"fft", .6}, {"logmel", 1.2}};

void report(const Settings& settings, const std::string& what, const std::vector<double>& times,
            double frames) {
  double median = times[times.size() / 2], least = times.front();
  if (settings.json)
    std::printf("{\"what\": \"%s\", \"threads\": %d, \"ms_median\": %.4f, \"ms_min\": %.4f}\n",
                what.c_str(), num_threads(), median, least);
  else
    std::printf("%-10s %d threads  median %8.3f ms  minimum %8.3f ms  %6.3f us a frame%s\n",
                what.c_str(), num_threads(), median, least, least * 1000 / frames,
                limits.contains(what) ? format(" (limit {})", limits.at(what)).c_str() : "");
  std::fflush(stdout);
}

void time_folder(const Settings& settings) {
  namespace fs = std::filesystem;
  std::vector<Example> examples;
  for (const auto& entry : fs::recursive_directory_iterator(settings.folder))
    if (entry.is_regular_file())
      examples.push_back({entry.path(), 0, "", 0, settings.clip_seconds});
  fs::path folder = fs::temp_directory_path() / ("melgrad_bench_" + std::to_string(now_ms()));
  double start = now_ms();
  Feature feature;
  FeatureCache cache(folder);
  Shape shape{feature.mel.n_mels,
              1 + static_cast<i64>(settings.clip_seconds * feature.sr) / feature.stft.hop()};
  FeatureRows rows = cache.rows("log-mel", shape, feature.dtype);
  Loaded loaded = load_all(examples, [&](const Example& example) {
    Tensor y = extract(feature, example);
    y = pad(y, {0, 0}, {0, shape[1] - y.dim(1)});  // or cut
    rows.put(cache.hash(example.path), y);
    return scalar(0);
  });
  rows.flush();
  double total = now_ms() - start;
  rows = {};
  fs::remove_all(folder);
  report(settings, "folder", {total}, static_cast<double>(loaded.items.size()));
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  melgrad::Settings settings;
  CLI::App app("Times audio features; tests/bench/compare.py --features runs it next to librosa");
  app.add_option("--what", settings.what,
                 "logmel, mfcc, fft, stft, filters, bands, check, pad, db, resample, …");
  app.add_option("--device", settings.device, "cpu, cuda or cuda:1: of all but fft and resample");
  app.add_option("--batch", settings.batch, "clips at once");
  app.add_option("--threads", settings.threads, "default: all");
  app.add_option("--clip", settings.clip_seconds, "length of the clip in s");
  app.add_option("--seconds", settings.seconds, "of measuring each");
  app.add_option("--folder", settings.folder, "time files to cached log-mel instead");
  app.add_flag("--json", settings.json, "one JSON object a line");
  CLI11_PARSE(app, argc, argv);
  try {
    if (settings.threads > 0) melgrad::set_num_threads(settings.threads);
    if (!settings.folder.empty()) {
      melgrad::time_folder(settings);
      return 0;
    }
    double frames = 1 + std::floor(settings.clip_seconds * 22050 / 512);
    frames *= static_cast<double>(settings.batch);
    for (const std::string& what : settings.what)
      melgrad::report(settings, what, melgrad::measure(melgrad::task(what, settings), settings),
                      frames);
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bench_features: %s\n", problem.what());
    return 1;
  }
}
