#include "apps/features/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "apps/harness/console/tool.h"

namespace melgrad {
namespace {

constexpr const char* filters_kind = "mel_filters";

/// What the options say in words, or by 0 where a Feature has nothing.
struct Words {
  std::vector<std::string> kind_and_inputs;
  std::string window = "hann", pad_mode = "constant", norm = "slaney", ref = "1.0", top_db = "80",
              dct_norm = "ortho", dtype = "f32";
  i64 hop_length = 512, win_length = 0;
  double duration = 0, fmax = 0, amin = 1e-10;
};

std::string is_reference(const std::string& text) { return text == "max" ? "" : is_positive(text); }
std::string is_range(const std::string& text) {
  return text == "none" ? "" : is_not_negative(text);
}
std::string is_share(const std::string& text) {
  bool ok = is_positive(text).empty() && std::stod(text) < 1;
  return ok ? "" : text + " does not lie between 0 and 1";
}

std::string kinds() {
  std::string all;
  for (const std::string& kind : feature_kinds()) all += kind + ", ";
  return all + "or " + filters_kind;
}

void check_kind(const std::string& kind) {
  const auto& known = feature_kinds();
  if (kind != filters_kind && std::find(known.begin(), known.end(), kind) == known.end())
    throw CLI::ValidationError("KIND", "no feature '" + kind + "': " + kinds());
}

void complete(const Words& words, Request& r) {
  Feature& f = r.feature;
  r.inputs = words.kind_and_inputs;
  if (r.like.empty()) {
    f.kind = r.inputs.front();
    r.inputs.erase(r.inputs.begin());
    check_kind(f.kind);
  }
  bool are_filters = f.kind == filters_kind;
  if (r.inputs.empty() != are_filters)
    throw CLI::ValidationError("INPUT", are_filters ? "mel_filters needs none" : "no input given");
  if (words.duration > 0) r.duration = words.duration;
  f.stft.hop_length = words.hop_length;
  if (words.win_length > 0) f.stft.win_length = words.win_length;
  f.stft.window = parse_window(words.window);
  f.stft.pad_mode = parse_pad_mode(words.pad_mode);
  if (words.fmax > 0) f.mel.fmax = words.fmax;
  f.mel.slaney_norm = words.norm == "slaney";
  f.decibel.ref = words.ref == "max" ? reference_maximum : std::stod(words.ref);
  f.decibel.amin = words.amin;
  f.decibel.top_db.reset();
  if (words.top_db != "none") f.decibel.top_db = std::stod(words.top_db);
  f.mfcc.orthonormal = words.dct_norm == "ortho";
  f.dtype = words.dtype == "f64" ? Dtype::f64 : Dtype::f32;
}

/// The parameters of a Feature, of which `like` takes none.
void add_parameters(CLI::App& app, Feature& f, Words& w, CLI::Option* like) {
  const char* group = "Parameters, as librosa has them";
  auto option = [&](const char* name, auto& variable, const char* text) {
    CLI::Option* made = app.add_option(name, variable, text)->capture_default_str();
    return made->option_text(made->get_default_str())->group(group)->excludes(like);
  };
  auto count = CLI::Range(1, 1 << 24), count_or_0 = CLI::Range(0, 1 << 24);
  option("--sr", f.sr, "sampling rate in Hz; 0: the file's own")->check(is_not_negative);
  option("--n_fft", f.stft.n_fft, "samples in a frame")->check(count);
  option("--hop_length", w.hop_length, "samples between frames")->check(count);
  option("--win_length", w.win_length, "samples of the window; 0: n_fft")->check(count_or_0);
  option("--window", w.window, "or hamming, blackman, bartlett, kaiser, rectangular")
      ->check(CLI::IsMember({"hann", "hamming", "blackman", "bartlett", "kaiser", "rectangular"}));
  option("--center", f.stft.center, "frames are centred on their time");
  option("--pad_mode", w.pad_mode, "or reflect, edge")
      ->check(CLI::IsMember({"constant", "reflect", "edge"}));
  option("--power", f.power, "of the magnitudes: 2 power, 1 amplitude")->check(is_positive);
  option("--n_mels", f.mel.n_mels, "mel bands")->check(count);
  option("--fmin", f.mel.fmin, "Hz")->check(is_not_negative);
  option("--fmax", w.fmax, "Hz; 0: sr/2")->check(is_not_negative);
  app.add_flag("--htk", f.mel.htk, "HTK's mel scale in place of Slaney's")
      ->group(group)
      ->option_text(" ")
      ->excludes(like);
  option("--norm", w.norm, "of the mel bands, or none")->check(CLI::IsMember({"slaney", "none"}));
  option("--ref", w.ref, "what is 0 dB, or max")->check(is_reference);
  option("--amin", w.amin, "smallest power")->check(is_positive);
  option("--top_db", w.top_db, "range in dB, or none")->check(is_range);
  option("--n_mfcc", f.mfcc.n_mfcc, "coefficients")->check(count);
  option("--dct_type", f.mfcc.dct_type, "or 1, 3")->check(CLI::IsMember({1, 2, 3}));
  option("--dct_norm", w.dct_norm, "or none")->check(CLI::IsMember({"ortho", "none"}));
  option("--lifter", f.mfcc.lifter, "0: none")->check(is_not_negative);
  option("--width", f.delta_width, "frames in a delta: odd")->check(CLI::Range(3, 1 << 24));
  option("--order", f.delta_order, "of the delta")->check(count);
  option("--roll_percent", f.roll_percent, "of the roll-off")->check(is_share);
  option("--dtype", w.dtype, "or f64")->check(CLI::IsMember({"f32", "f64"}));
}

}  // namespace

void add_options(CLI::App& app, Request& r) {
  auto words = std::make_shared<Words>();  // for as long as the options
  app.add_option("KIND", words->kind_and_inputs,
                 "KIND: " + kinds() +
                     ", which needs no input.\n"
                     "INPUT: audio files, or folders, searched throughout.\n"
                     "With --like only INPUT, which may be pictures, too")
      ->option_text("INPUT...")
      ->required();
  app.add_option("-o,--output", r.output, "a .npy file; of several inputs a folder")
      ->option_text("PATH")
      ->required();
  auto* like = app.add_option("--like", r.like,
                              "a weights file (safetensors): what its net sees, in place of a KIND")
                   ->option_text("FILE")
                   ->check(CLI::ExistingFile);
  app.add_option("--offset", r.offset, "seconds into the file")
      ->option_text("SECONDS")
      ->check(is_not_negative);
  app.add_option("--duration", words->duration, "seconds; 0: to the end")
      ->option_text("SECONDS")
      ->check(is_not_negative);
  app.add_option("--threads", r.threads, "0: as many as the machine has")
      ->option_text("N")
      ->check(CLI::Range(0, 4096));
  app.add_flag("--force", r.force, "compute again what is there, and write over what is not ours");
  add_parameters(app, r.feature, *words, like);
  app.callback([words, &r] { complete(*words, r); });
}

}  // namespace melgrad
