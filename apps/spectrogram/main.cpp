#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "audio/collections/loader.h"
#include "audio/drawing/plot.h"
#include "audio/feature.h"
#include "audio/files/decode.h"
#include "audio/files/resample.h"
#include "tensor/files/image.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string input, output, kind = "stft", axis = "log", colours = "specshow";
  i64 height = 256, width = 640, n_fft = 2048, hop_length = 512, n_mels = 128, n_mfcc = 13;
  double sr = 22050, offset = 0, duration = 0;
  bool no_axes = false;
};

Feature feature_of(const Arguments& a) {
  Feature feature;
  feature.kind = a.kind == "mel" ? "logmel" : a.kind == "mfcc" ? "mfcc" : "spectrogram";
  feature.sr = a.sr;
  feature.stft.n_fft = a.n_fft;
  feature.stft.hop_length = a.hop_length;
  feature.mel.n_mels = a.n_mels;
  feature.mfcc.n_mfcc = a.n_mfcc;
  return feature;
}

Example excerpt(const Arguments& a, const fs::path& path) {
  Example example{path, 0, ""};
  example.offset = a.offset;
  if (a.duration > 0) example.duration = a.duration;
  return example;
}

Ticks time_ticks(const Arguments& a, double seconds) {
  return linear_ticks("s", 0, seconds, static_cast<int>(std::max<i64>(1, a.width / 60)));
}

/// The rows' frequencies in Hz, or the MFCCs' numbers.
Ticks row_ticks(const Arguments& a, double sr) {
  if (a.kind == "stft") return frequency_ticks(sr, parse_frequency_axis(a.axis));
  if (a.kind == "mel") return mel_ticks({.sr = sr, .n_mels = a.n_mels});
  return linear_ticks("MFCC", -.5, static_cast<double>(a.n_mfcc) - .5,
                      static_cast<int>(std::min<i64>(a.n_mfcc, 8)));
}

void save(const Arguments& a, const fs::path& path, const Tensor& picture, const PlotAxes& axes) {
  save_png(path, a.no_axes ? picture : with_axes(picture, axes));
}

/// One clip's spectrogram, mel-spectrogram, MFCCs, waveform or spectrum.
void draw_clip(const Arguments& a) {
  Clip clip = decode(a.input, {.offset = a.offset, .duration = excerpt(a, a.input).duration});
  double sr = a.sr > 0 ? a.sr : clip.sample_rate;
  Tensor x = resample(clip.samples, clip.sample_rate, sr);
  PlotAxes axes{fs::path(a.input).filename().string(), {}, {}};
  if (a.kind == "spectrum") {
    axes.below = linear_ticks("Hz", 0, sr / 2, 6);
    axes.left = linear_ticks("dB", -80, 0, 8);
    return save(a, a.output, spectrum_picture(x, a.height, a.width), axes);
  }
  axes.below = time_ticks(a, static_cast<double>(x.numel()) / sr);
  if (a.kind == "waveform") {
    axes.left = linear_ticks("", -1, 1, 4);
    return save(a, a.output, waveform_picture(x, a.height, a.width), axes);
  }
  axes.left = row_ticks(a, sr);
  Tensor values = extract(feature_of(a), x, sr);
  Colours colours = parse_colours(a.colours);
  Tensor rgb = a.kind == "stft" ? spectrogram_picture(power_to_db(values), sr, a.height, a.width,
                                                      colours, parse_frequency_axis(a.axis))
                                : feature_picture(values, a.height, a.width, colours);
  save(a, a.output, to_bytes(rgb), axes);
}

/// The average feature of every class of a collection, a picture each.
void draw_averages(const Arguments& a) {
  check(a.kind == "mel" || a.kind == "mfcc", "spectrogram",
        "averages are of --kind mel or mfcc, not {}", a.kind);
  Collection collection = scan_folder(a.input);
  fs::create_directories(a.output);
  Feature feature = feature_of(a);
  for (std::size_t label = 0; label < collection.classes.size(); ++label) {
    std::vector<Example> examples;
    for (const Example& example : collection.examples)
      if (example.label == static_cast<i64>(label)) examples.push_back(excerpt(a, example.path));
    Loaded loaded =
        load_all(examples, [&](const Example& example) { return extract(feature, example); });
    for (const Skipped& skipped : loaded.skipped)
      std::cerr << "skipped: " << skipped.reason << '\n';
    Tensor average = average_feature(loaded.items);
    double seconds = static_cast<double>(average.dim(1) * a.hop_length) / a.sr;
    Tensor rgb = feature_picture(average, a.height, a.width, parse_colours(a.colours));
    save(a, fs::path(a.output) / (collection.classes[label] + ".png"), to_bytes(rgb),
         {collection.classes[label], time_ticks(a, seconds), row_ticks(a, a.sr)});
  }
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  CLI::App app("Pictures of sound: spectrogram, mel-spectrogram, MFCCs, waveform, spectrum");
  melgrad::Arguments a;
  app.add_option("input", a.input, "an audio file; or a folder per genre: the average of each")
      ->required();
  app.add_option("-o,--output", a.output, "a PNG file; of a folder a folder")->required();
  app.add_option("--kind", a.kind, "what to draw")
      ->check(CLI::IsMember({"stft", "mel", "mfcc", "waveform", "spectrum"}))
      ->capture_default_str();
  app.add_option("--axis", a.axis, "frequency axis of stft: log, mel, linear")
      ->capture_default_str();
  app.add_option("--colours", a.colours, "specshow, magma, viridis, coolwarm, grey")
      ->capture_default_str();
  app.add_option("--height", a.height)->check(CLI::Range(2, 8192))->capture_default_str();
  app.add_option("--width", a.width)->check(CLI::Range(2, 8192))->capture_default_str();
  app.add_flag("--no-axes", a.no_axes, "the picture alone, without ticks");
  app.add_option("--sr", a.sr, "Hz; 0: the file's own")->capture_default_str();
  app.add_option("--n_fft", a.n_fft)->capture_default_str();
  app.add_option("--hop_length", a.hop_length)->capture_default_str();
  app.add_option("--n_mels", a.n_mels)->capture_default_str();
  app.add_option("--n_mfcc", a.n_mfcc)->capture_default_str();
  app.add_option("--offset", a.offset, "seconds into the file");
  app.add_option("--duration", a.duration, "seconds; 0: to the end");
  CLI11_PARSE(app, argc, argv);
  try {
    std::filesystem::is_directory(a.input) ? melgrad::draw_averages(a) : melgrad::draw_clip(a);
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << "spectrogram: " << problem.what() << '\n';
    return 1;
  }
}
