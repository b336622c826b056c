// Pictures of sound. See README.md.
#include <CLI/CLI.hpp>
#include <filesystem>

#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "apps/harness/console/tool.h"
#include "apps/trained/trained_net.h"
#include "audio/collections/loader.h"
#include "audio/drawing/plot.h"
#include "audio/drawing/tones.h"
#include "audio/feature.h"
#include "audio/files/decode.h"
#include "audio/files/resample.h"
#include "tensor/files/file.h"
#include "tensor/files/image.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string input, output, like, kind = "stft", axis = "log", colours = "specshow";
  i64 height = 256, width = 640, n_fft = 2048, hop_length = 512, n_mels = 128, n_mfcc = 13;
  double sr = 22050, offset = 0, duration = 0;
  std::vector<double> tones;  // Hz
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

Tensor finished(const Arguments& a, const Tensor& picture, const PlotAxes& axes) {
  return a.no_axes ? picture : with_axes(picture, axes);
}

/// Samples x at `sr` Hz as a spectrogram, mel-spectrogram, MFCCs, waveform or spectrum.
Tensor picture_of_samples(const Arguments& a, const Tensor& x, double sr) {
  PlotAxes axes{fs::path(a.input).filename().string(), {}, {}};
  if (a.kind == "spectrum") {
    axes.below = linear_ticks("Hz", 0, sr / 2, 6);
    axes.left = linear_ticks("dB", -80, 0, 8);
    return finished(a, spectrum_picture(x, a.height, a.width), axes);
  }
  axes.below = time_ticks(a, static_cast<double>(x.numel()) / sr);
  if (a.kind == "waveform") {
    axes.left = linear_ticks("", -1, 1, 4);
    return finished(a, waveform_picture(x, a.height, a.width), axes);
  }
  axes.left = row_ticks(a, sr);
  Tensor values = extract(feature_of(a), x, sr);
  Colours colours = parse_colours(a.colours);
  Tensor rgb = a.kind == "stft" ? spectrogram_picture(power_to_db(values), sr, a.height, a.width,
                                                      colours, parse_frequency_axis(a.axis))
                                : feature_picture(values, a.height, a.width, colours);
  return finished(a, to_bytes(rgb), axes);
}

Tensor picture_of_clip(const Arguments& a) {
  Clip clip = decode(a.input, {.offset = a.offset, .duration = excerpt(a, a.input).duration});
  check(clip.samples.numel() > 0, "spectrogram", "{}: no samples{}", a.input,
        a.offset > 0 ? format(" after {} s", a.offset) : "");
  try {
    double sr = a.sr > 0 ? a.sr : clip.sample_rate;
    return picture_of_samples(a, resample(clip.samples, clip.sample_rate, sr), sr);
  } catch (const Error& error) {
    fail("spectrogram", "{}: {}", a.input, error.what());
  }
}

/// A picture that a net sees, before its mean and deviation are taken off; or a feature that it sees,
/// a pixel a value.
Tensor picture_for_a_net(const Arguments& a) {
  Input input = load_trained(a.like).input;
  if (auto* picture = std::get_if<Picture>(&input.recipe)) {
    picture->mean = 0;
    picture->std = 1;
    input.stored = Dtype::f32;
    return to_bytes(input.load(excerpt(a, a.input)));
  }
  Tensor values = input.load(excerpt(a, a.input)).select(0, 0).to(Dtype::f32);
  if (input.frames_first()) values = values.transpose(0, 1).contiguous();
  return to_bytes(feature_picture(values, values.dim(0), values.dim(1)));
}

/// The average feature of every class of a collection, a picture each. Returns the exit code.
int draw_averages(const Arguments& a) {
  check(a.kind == "mel" || a.kind == "mfcc", "spectrogram",
        "{} is a folder: averages are of --kind mel or mfcc, not {}", a.input, a.kind);
  check(a.sr > 0, "spectrogram", "{}: averages need one rate, not --sr 0", a.input);
  Collection collection = scan_folder(a.input);
  std::vector<Skipped> problems = collection.skipped;
  fs::create_directories(a.output);
  check_writable(fs::path(a.output) / (collection.classes.front() + ".png"));
  Feature feature = feature_of(a);
  for (std::size_t label = 0; label < collection.classes.size(); ++label) {
    std::vector<Example> examples;
    for (const Example& example : collection.examples)
      if (example.label == static_cast<i64>(label)) examples.push_back(excerpt(a, example.path));
    Loaded loaded =
        load_all(examples, [&](const Example& example) { return extract(feature, example); });
    if (interrupted()) throw Interrupted("stopped");
    problems.insert(problems.end(), loaded.skipped.begin(), loaded.skipped.end());
    check(!loaded.items.empty(), "spectrogram", "nothing of class '{}' can be read: {}",
          collection.classes[label], problems.back().reason);
    Tensor average = average_feature(loaded.items);
    double seconds = static_cast<double>(average.dim(1) * a.hop_length) / a.sr;
    Tensor rgb = feature_picture(average, a.height, a.width, parse_colours(a.colours));
    save_png(fs::path(a.output) / (collection.classes[label] + ".png"),
             finished(a, to_bytes(rgb),
                      {collection.classes[label], time_ticks(a, seconds), row_ticks(a, a.sr)}));
  }
  for (const Skipped& skipped : problems) say("skipped: " + skipped.reason);
  return problems.empty() ? 0 : 1;
}

Tensor picture_of_tones(const Arguments& a) {
  return tones_picture(a.tones, {.sample_rate = a.sr,
                                 .n_fft = a.n_fft,
                                 .hop = a.hop_length,
                                 .height = a.height,
                                 .width = a.width / 2,
                                 .colours = parse_colours(a.colours)});
}

int run(const Arguments& a) {
  if (!a.tones.empty()) {
    check_writable(a.output);
    save_png(a.output, picture_of_tones(a));
    return 0;
  }
  if (fs::is_directory(a.input)) return draw_averages(a);
  std::error_code ignored;
  check(!fs::equivalent(a.input, a.output, ignored), "spectrogram",
        "{} would be written over by its own picture", a.input);
  check_writable(a.output);
  save_png(a.output, a.like.empty() ? picture_of_clip(a) : picture_for_a_net(a));
  return 0;
}

void add_options(CLI::App& app, Arguments& a) {
  auto* what = app.add_option_group("what", "what is drawn")->require_option(1);
  what->add_option("input", a.input, "an audio file; or a folder per genre: the average of each");
  auto* tones = what->add_option("--tones", a.tones,
                                 "Hz, as 100,200,900,1000: pure tones on a linear and a mel axis")
                    ->delimiter(',')
                    ->expected(1, 32);
  app.add_option("-o,--output", a.output, "a PNG file; of a folder a folder")->required();
  auto* like = app.add_option("--like", a.like,
                              "a weights file (safetensors): the picture that its net sees")
                   ->check(CLI::ExistingFile)
                   ->excludes(tones);
  app.add_option("--offset", a.offset, "seconds into the file")
      ->check(is_not_negative)
      ->excludes(tones);
  app.add_option("--duration", a.duration, "seconds; 0: to the end")
      ->check(is_not_negative)
      ->excludes(tones);
  auto option = [&](const char* name, auto& variable, const char* text) {
    return app.add_option(name, variable, text)->capture_default_str()->excludes(like);
  };
  auto count = CLI::Range(1, 1 << 24), pixels = CLI::Range(2, 8192);
  option("--kind", a.kind, "what to draw")
      ->check(CLI::IsMember({"stft", "mel", "mfcc", "waveform", "spectrum"}))
      ->excludes(tones);
  option("--axis", a.axis, "frequency axis of stft; htk: a mel scale curved from 0 Hz on")
      ->check(CLI::IsMember({"log", "mel", "htk", "linear"}))
      ->excludes(tones);
  option("--colours", a.colours, "")
      ->check(CLI::IsMember({"specshow", "magma", "viridis", "coolwarm", "grey"}));
  option("--height", a.height, "pixels")->check(pixels);
  option("--width", a.width, "pixels; of tones both pictures together")->check(pixels);
  app.add_flag("--no-axes", a.no_axes, "the picture alone, without ticks")
      ->excludes(like)
      ->excludes(tones);
  option("--sr", a.sr, "Hz; 0: the file's own")->check(is_not_negative);
  option("--n_fft", a.n_fft, "samples in a frame")->check(CLI::Range(2, 1 << 24));
  option("--hop_length", a.hop_length, "samples between frames")->check(count);
  option("--n_mels", a.n_mels, "mel bands")->check(count)->excludes(tones);
  option("--n_mfcc", a.n_mfcc, "coefficients")->check(count)->excludes(tones);
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  CLI::App app("Pictures of sound: spectrogram, mel-spectrogram, MFCCs, waveform, spectrum",
               "spectrogram");
  melgrad::Arguments arguments;
  melgrad::add_options(app, arguments);
  return melgrad::run_tool(app, argc, argv, [&] { return melgrad::run(arguments); });
}
