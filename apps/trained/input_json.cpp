#include "apps/trained/input.h"
#include "apps/trained/json_fields.h"

/// Input as JSON and back: the members of each struct of a recipe.
namespace melgrad {

using json::Is;
using json::Json;

template <Is<WindowOptions> T, class Visit>
void fields(T& options, Visit visit) {
  auto& [periodic, beta] = options;
  visit("periodic", periodic);
  visit("beta", beta);
}

template <Is<StftOptions> T, class Visit>
void fields(T& options, Visit visit) {
  auto& [n_fft, hop_length, win_length, window, window_options, center, pad_mode] = options;
  visit("n_fft", n_fft);
  visit("hop_length", hop_length);
  visit("win_length", win_length);
  visit("window", window);
  visit("window_options", window_options);
  visit("center", center);
  visit("pad_mode", pad_mode);
}

template <Is<MelOptions> T, class Visit>
void fields(T& options, Visit visit) {
  auto& [sr, n_mels, fmin, fmax, htk, slaney_norm] = options;
  visit("sr", sr);
  visit("n_mels", n_mels);
  visit("fmin", fmin);
  visit("fmax", fmax);
  visit("htk", htk);
  visit("slaney_norm", slaney_norm);
}

template <Is<DecibelOptions> T, class Visit>
void fields(T& options, Visit visit) {
  auto& [ref, amin, top_db] = options;
  visit("ref", ref);
  visit("amin", amin);
  visit("top_db", top_db);
}

template <Is<MfccOptions> T, class Visit>
void fields(T& options, Visit visit) {
  auto& [n_mfcc, dct_type, orthonormal, lifter] = options;
  visit("n_mfcc", n_mfcc);
  visit("dct_type", dct_type);
  visit("orthonormal", orthonormal);
  visit("lifter", lifter);
}

template <Is<Feature> T, class Visit>
void fields(T& feature, Visit visit) {
  auto& [kind, sr, stft, power, mel, decibel, mfcc, delta_width, delta_order, roll_percent, dtype] =
      feature;
  visit("kind", kind);
  visit("sr", sr);
  visit("stft", stft);
  visit("power", power);
  visit("mel", mel);
  visit("decibel", decibel);
  visit("mfcc", mfcc);
  visit("delta_width", delta_width);
  visit("delta_order", delta_order);
  visit("roll_percent", roll_percent);
  visit("dtype", dtype);
}

template <Is<Picture> T, class Visit>
void fields(T& picture, Visit visit) {
  auto& [sample_rate, n_fft, hop, height, width, colours, axis, seconds, mean, std] = picture;
  visit("sample_rate", sample_rate);
  visit("n_fft", n_fft);
  visit("hop", hop);
  visit("height", height);
  visit("width", width);
  visit("colours", colours);
  visit("axis", axis);
  visit("seconds", seconds);
  visit("mean", mean);
  visit("std", std);
}

template <Is<Spectrum> T, class Visit>
void fields(T& spectrum, Visit visit) {
  auto& [feature, frames, frames_first] = spectrum;
  visit("feature", feature);
  visit("frames", frames);
  visit("frames_first", frames_first);
}

template <Is<MelImage> T, class Visit>
void fields(T& image, Visit visit) {
  auto& [sample_rate, n_fft, hop, bands, height, width, seconds] = image;
  visit("sample_rate", sample_rate);
  visit("n_fft", n_fft);
  visit("hop", hop);
  visit("bands", bands);
  visit("height", height);
  visit("width", width);
  visit("seconds", seconds);
}

template <Is<LogMelPicture> T, class Visit>
void fields(T& picture, Visit visit) {
  auto& [kind, rows, frames, frames_first, seconds, low_db, high_db, factor, bands, sample_rate,
         n_fft] = picture;
  visit("kind", kind);
  visit("rows", rows);
  visit("frames", frames);
  visit("frames_first", frames_first);
  visit("seconds", seconds);
  visit("low_db", low_db);
  visit("high_db", high_db);
  visit("factor", factor);
  visit("bands", bands);
  visit("sample_rate", sample_rate);
  visit("n_fft", n_fft);
}

template <Is<Columns> T, class Visit>
void fields(T& columns, Visit visit) {
  auto& [names] = columns;
  visit("names", names);
}

template <Is<Distortion> T, class Visit>
void fields(T& distortion, Visit visit) {
  auto& [least_snr_db, most_snr_db, cuts, least_cut, most_cut, compressed, mp3_kbps] = distortion;
  visit("least_snr_db", least_snr_db);
  visit("most_snr_db", most_snr_db);
  visit("cuts", cuts);
  visit("least_cut", least_cut);
  visit("most_cut", most_cut);
  visit("compressed", compressed);
  visit("mp3_kbps", mp3_kbps);
}

template <Is<ScaledFrames> T, class Visit>
void fields(T& scaled, Visit visit) {
  auto& [jpeg_quality, rows, columns] = scaled;
  visit("jpeg_quality", jpeg_quality);
  visit("rows", rows);
  visit("columns", columns);
}

// --- enumerators by the names that audio's parse functions know

constexpr std::string_view spelling(WindowKind window) {
  switch (window) {
    case WindowKind::hann: return "hann";
    case WindowKind::hamming: return "hamming";
    case WindowKind::blackman: return "blackman";
    case WindowKind::bartlett: return "bartlett";
    case WindowKind::kaiser: return "kaiser";
    case WindowKind::rectangular: return "rectangular";
  }
  return "?";
}
constexpr std::string_view spelling(PadMode mode) {
  switch (mode) {
    case PadMode::constant: return "constant";
    case PadMode::reflect: return "reflect";
    case PadMode::edge: return "edge";
  }
  return "?";
}
constexpr std::string_view spelling(Colours colours) {
  switch (colours) {
    case Colours::specshow: return "specshow";
    case Colours::magma: return "magma";
    case Colours::viridis: return "viridis";
    case Colours::coolwarm: return "coolwarm";
    case Colours::grey: return "grey";
  }
  return "?";
}
constexpr std::string_view spelling(FrequencyAxis axis) {
  switch (axis) {
    case FrequencyAxis::linear: return "linear";
    case FrequencyAxis::log: return "log";
    case FrequencyAxis::mel: return "mel";
    case FrequencyAxis::htk: return "htk";
  }
  return "?";
}
constexpr std::string_view spelling(Dtype dtype) { return name_of(dtype); }

static void parse(std::string_view text, WindowKind& window) { window = parse_window(text); }
static void parse(std::string_view text, PadMode& mode) { mode = parse_pad_mode(text); }
static void parse(std::string_view text, Colours& colours) { colours = parse_colours(text); }
static void parse(std::string_view text, FrequencyAxis& axis) { axis = parse_frequency_axis(text); }
static void parse(std::string_view text, Dtype& dtype) {
  for (Dtype each : {Dtype::f32, Dtype::f64, Dtype::bf16, Dtype::i64, Dtype::u8})
    if (name_of(each) == text) {
      dtype = each;
      return;
    }
  fail("input", "no number type '{}'", text);
}

namespace {

template <class Recipe>
constexpr std::string_view kind_of{};
template <>
constexpr std::string_view kind_of<Picture> = "picture";
template <>
constexpr std::string_view kind_of<Spectrum> = "spectrum";
template <>
constexpr std::string_view kind_of<MelImage> = "mel image";
template <>
constexpr std::string_view kind_of<LogMelPicture> = "log-mel picture";
template <>
constexpr std::string_view kind_of<Columns> = "columns";

template <class Recipe>
bool read_recipe(const Json& json, Input& input) {
  if (json::get<std::string>(json, "", "kind") != kind_of<Recipe>) return false;
  input.recipe = json::get<Recipe>(json, "", "parameters");
  return true;
}

Input read_input(const Json& json) {
  Input input;
  bool known = read_recipe<Picture>(json, input) || read_recipe<Spectrum>(json, input) ||
               read_recipe<MelImage>(json, input) || read_recipe<LogMelPicture>(json, input) ||
               read_recipe<Columns>(json, input);
  check(known, "input",
        "kind is {}: picture, spectrum, mel image, log-mel picture and columns are known",
        json["kind"].dump());
  input.stored = json::get<Dtype>(json, "", "stored");
  input.variants = json::get<std::vector<Distortion>>(json, "", "variants");
  bool changed = json.contains("heard_through");
  if (changed) input.heard_through = json::get<Distortion>(json, "", "heard_through");
  bool scaled = json.contains("scaled");
  if (scaled) input.scaled = json::get<ScaledFrames>(json, "", "scaled");
  check(json.size() == 4U + (changed ? 1 : 0) + (scaled ? 1 : 0), "input",
        "has keys that are not known here: {}", json.dump());
  return input;
}

}  // namespace

std::string Input::json() const {
  const auto& [unwritten_name, the_recipe, the_dtype, the_variants, heard_through_or_not,
               scaled_or_not] = *this;
  try {
    Json json;
    std::visit(
        [&]<class Recipe>(const Recipe& each) {
          json["kind"] = kind_of<Recipe>;
          json["parameters"] = json::written(each);
        },
        the_recipe);
    json["stored"] = json::written(the_dtype);
    json["variants"] = json::written(the_variants);
    if (heard_through_or_not) json["heard_through"] = json::written(*heard_through_or_not);
    if (scaled_or_not) json["scaled"] = json::written(*scaled_or_not);
    return json.dump();
  } catch (const nlohmann::json::exception& error) {
    fail("input", "'{}' cannot be written: {}", unwritten_name, error.what());
  }
}

Input Input::from_json(const std::string& text) {
  try {
    return read_input(Json::parse(text));
  } catch (const nlohmann::json::exception& error) {
    fail("input", "{}", error.what());
  }
}

}  // namespace melgrad
