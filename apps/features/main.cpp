#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>

#include "apps/harness/progress.h"
#include "audio/collections/loader.h"
#include "audio/feature.h"
#include "audio/files/decode.h"
#include "kernels/backend.h"
#include "tensor/files/npy.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  Feature feature;
  std::vector<std::string> inputs;
  std::string output, window = "hann", pad_mode = "constant", norm = "slaney", ref = "1.0",
                      top_db = "80", dct_norm = "ortho", dtype = "f32";
  bool center = true, force = false;
  double offset = 0, duration = 0, fmax = 0, amin = 1e-10;
  i64 hop_length = 512, win_length = 0;
  int threads = 0;
};

void add_flags(CLI::App& app, Arguments& a) {
  Feature& f = a.feature;
  app.add_option("kind", f.kind,
                 "waveform, stft, spectrogram, mel, logmel, mfcc, delta, centroid, "
                 "bandwidth, rolloff, flatness, zero_crossing_rate, rms, or "
                 "mel_filters, which needs no input")
      ->required();
  app.add_option("input", a.inputs, "audio files, or one folder, searched throughout");
  app.add_option("-o,--output", a.output, "a .npy file; of several inputs a folder")->required();
  app.add_option("--sr", f.sr, "sampling rate in Hz; 0: the file's own")->capture_default_str();
  app.add_option("--offset", a.offset, "seconds into the file");
  app.add_option("--duration", a.duration, "seconds; 0: to the end");
  app.add_option("--n_fft", f.stft.n_fft, "samples in a frame")->capture_default_str();
  app.add_option("--hop_length", a.hop_length, "samples between frames")->capture_default_str();
  app.add_option("--win_length", a.win_length, "samples of the window; 0: n_fft");
  app.add_option("--window", a.window, "hann, hamming, blackman, bartlett, kaiser, rectangular");
  app.add_option("--center", a.center, "frames are centred on their time")->capture_default_str();
  app.add_option("--pad_mode", a.pad_mode, "constant, reflect, edge")->capture_default_str();
  app.add_option("--power", f.power, "of the magnitudes: 2 power, 1 amplitude")
      ->capture_default_str();
  app.add_option("--n_mels", f.mel.n_mels, "mel bands")->capture_default_str();
  app.add_option("--fmin", f.mel.fmin, "Hz")->capture_default_str();
  app.add_option("--fmax", a.fmax, "Hz; 0: sr/2");
  app.add_flag("--htk", f.mel.htk, "HTK's mel scale in place of Slaney's");
  app.add_option("--norm", a.norm, "of the mel bands: slaney, none")->capture_default_str();
  app.add_option("--ref", a.ref, "0 dB: a number, or max")->capture_default_str();
  app.add_option("--amin", a.amin, "smallest power")->capture_default_str();
  app.add_option("--top_db", a.top_db, "range in dB, or none")->capture_default_str();
  app.add_option("--n_mfcc", f.mfcc.n_mfcc, "coefficients")->capture_default_str();
  app.add_option("--dct_type", f.mfcc.dct_type, "1, 2 or 3")->capture_default_str();
  app.add_option("--dct_norm", a.dct_norm, "ortho, none")->capture_default_str();
  app.add_option("--lifter", f.mfcc.lifter, "0: none")->capture_default_str();
  app.add_option("--width", f.delta_width, "frames in a delta")->capture_default_str();
  app.add_option("--order", f.delta_order, "of the delta")->capture_default_str();
  app.add_option("--roll_percent", f.roll_percent, "of the roll-off")->capture_default_str();
  app.add_option("--dtype", a.dtype, "f32, f64")->capture_default_str();
  app.add_option("--threads", a.threads, "0: as many as the machine has");
  app.add_flag("--force", a.force, "compute again what is there already");
}

bool is_one_of(const std::string& text, const std::string& yes, const std::string& no) {
  check(text == yes || text == no, "features", "'{}' is neither {} nor {}", text, yes, no);
  return text == yes;
}

double number(const std::string& text) {
  std::size_t end = 0;
  double value = 0;
  try {
    value = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  check(end == text.size() && !text.empty(), "features", "'{}' is not a number", text);
  return value;
}

/// What the flags say as text or by 0.
void complete(Arguments& a) {
  Feature& f = a.feature;
  f.stft.hop_length = a.hop_length;
  if (a.win_length > 0) f.stft.win_length = a.win_length;
  f.stft.window = parse_window(a.window);
  f.stft.center = a.center;
  f.stft.pad_mode = parse_pad_mode(a.pad_mode);
  if (a.fmax > 0) f.mel.fmax = a.fmax;
  f.mel.slaney_norm = is_one_of(a.norm, "slaney", "none");
  f.decibel.ref = a.ref == "max" ? reference_maximum : number(a.ref);
  f.decibel.amin = a.amin;
  f.decibel.top_db.reset();
  if (a.top_db != "none") f.decibel.top_db = number(a.top_db);
  f.mfcc.orthonormal = is_one_of(a.dct_norm, "ortho", "none");
  f.dtype = is_one_of(a.dtype, "f64", "f32") ? Dtype::f64 : Dtype::f32;
  if (a.threads > 0) set_num_threads(a.threads);
}

Example excerpt(const Arguments& a, const fs::path& path) {
  Example example{path, 0, ""};
  example.offset = a.offset;
  if (a.duration > 0) example.duration = a.duration;
  return example;
}

/// A file to read and the .npy to write.
struct Job {
  Example example;
  fs::path target;
};

/// Throws Error where two files would become one, and where a folder holds none.
std::vector<Job> jobs_of(const Arguments& a) {
  std::map<fs::path, fs::path> source_of;
  auto add = [&](const fs::path& source, const fs::path& name) {
    fs::path target = (fs::path(a.output) / name).replace_extension(".npy");
    auto [known, is_new] = source_of.emplace(target, source);
    check(is_new, "features", "{} and {} would both become {}", known->second, source, target);
  };
  for (const std::string& input : a.inputs) {
    if (!fs::is_directory(input)) {
      add(input, fs::path(input).filename());
      continue;
    }
    std::size_t before = source_of.size();
    for (const auto& entry : fs::recursive_directory_iterator(input))
      if (entry.is_regular_file() && is_audio_file(entry.path()))
        add(entry.path(), fs::relative(entry.path(), input));
    check(source_of.size() > before, "features", "there is no audio file in {}", input);
  }
  std::vector<Job> jobs;
  for (const auto& [target, source] : source_of)
    if (a.force || !fs::exists(target)) jobs.push_back({excerpt(a, source), target});
  return jobs;
}

int run_many(const Arguments& a) {
  std::vector<Job> jobs = jobs_of(a);
  auto work = [&](i64 i) {
    const Job& job = jobs[static_cast<std::size_t>(i)];
    Tensor result = extract(a.feature, job.example);
    fs::create_directories(job.target.parent_path());
    save_npy(job.target, result.contiguous());
    return result.slice(0, 0, 0);  // written: only whether it went well is of interest
  };
  Loader loader(static_cast<i64>(jobs.size()), work, num_threads(), 64);
  std::vector<std::string> problems;
  Progress progress(a.feature.kind, static_cast<i64>(jobs.size()));
  while (auto item = loader.next()) {
    if (!item->error.empty()) problems.push_back(item->error);
    progress.show(item->index + 1);
  }
  if (jobs.empty())
    progress.line("nothing to do: all is there already (--force computes it again)");
  else
    progress.line(
        format("{} of {} written to {}", jobs.size() - problems.size(), jobs.size(), a.output));
  for (const std::string& problem : problems) progress.line("skipped: " + problem);
  return !problems.empty() && problems.size() == jobs.size() ? 1 : 0;
}

int run(Arguments& a) {
  complete(a);
  if (a.feature.kind == "mel_filters") {
    MelOptions mel = a.feature.mel;
    mel.sr = a.feature.sr;
    save_npy(a.output, mel_filters(a.feature.stft.n_fft, mel, a.feature.dtype));
    return 0;
  }
  check(!a.inputs.empty(), "features", "no input given");
  const auto& kinds = feature_kinds();
  check(std::find(kinds.begin(), kinds.end(), a.feature.kind) != kinds.end(), "features",
        "no feature '{}': see --help", a.feature.kind);
  bool several = a.inputs.size() > 1 || fs::is_directory(a.inputs.front());
  if (several) return run_many(a);
  save_npy(a.output, extract(a.feature, excerpt(a, a.inputs.front())).contiguous());
  return 0;
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  CLI::App app("Features of audio files as NumPy arrays, with librosa's parameters and defaults");
  melgrad::Arguments arguments;
  melgrad::add_flags(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    return melgrad::run(arguments);
  } catch (const std::exception& problem) {
    std::cerr << "features: " << problem.what() << '\n';
    return 1;
  }
}
