#include "apps/trained/input.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "audio/augment.h"
#include "audio/drawing/picture.h"
#include "audio/files/decode.h"
#include "audio/files/resample.h"
#include "kernels/error.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

i64 rows_of(const Feature& feature) {
  const std::string& kind = feature.kind;
  const auto& kinds = feature_kinds();
  check(std::find(kinds.begin(), kinds.end(), kind) != kinds.end(), "input", "no feature '{}'",
        kind);
  check(kind != "stft", "input", "a net takes real numbers; those of 'stft' are complex");
  if (kind == "spectrogram") return feature.stft.bins();
  if (kind == "mel" || kind == "logmel") return feature.mel.n_mels;
  if (kind == "mfcc" || kind == "delta") {
    return std::min(feature.mfcc.n_mfcc, feature.mel.n_mels);
  }
  return 1;
}

Shape shape_of(const Picture& picture) { return {3, picture.height, picture.width}; }

Shape shape_of(const Spectrum& spectrum) {
  i64 rows = rows_of(spectrum.feature);
  return spectrum.frames_first ? Shape{1, spectrum.frames, rows} : Shape{1, rows, spectrum.frames};
}

Shape shape_of(const MelImage& image) { return {1, image.height, image.width}; }

Shape shape_of(const LogMelPicture& picture) { return shape_of_picture(picture); }

Shape shape_of(const Columns& columns) { return {static_cast<i64>(columns.names.size())}; }

// --- from samples at the recipe's rate to a row

double rate_of(const Picture& picture, double) { return picture.sample_rate; }
double rate_of(const Spectrum& spectrum, double of_file) {
  return spectrum.feature.sr > 0 ? spectrum.feature.sr : of_file;
}
double rate_of(const MelImage& image, double) { return image.sample_rate; }
// Of what is not made of sound there is nothing to compute.
template <class Recipe>
constexpr bool hears = std::is_same_v<Recipe, Picture> || std::is_same_v<Recipe, Spectrum> ||
                       std::is_same_v<Recipe, MelImage>;
template <class Recipe>
concept Deaf = !hears<Recipe>;

double rate_of(const Deaf auto&, double of_file) { return of_file; }

constexpr i64 all_samples = std::numeric_limits<i64>::max();

i64 window_of_seconds(double seconds, double rate) {
  double samples = seconds * rate;
  return samples < 0x1p62 ? std::max<i64>(1, static_cast<i64>(samples)) : all_samples;
}
i64 window_of(const Picture& picture, double rate) {
  return window_of_seconds(picture.seconds, rate);
}
i64 window_of(const MelImage& image, double rate) { return window_of_seconds(image.seconds, rate); }
// All samples that the frames look at: a centred one as many as others, half of them before it.
i64 window_of(const Spectrum& spectrum, double) {
  const StftOptions& stft = spectrum.feature.stft;
  if (spectrum.feature.kind == "waveform") return spectrum.frames;
  return (spectrum.frames - 1) * stft.hop() + stft.n_fft - (stft.center ? stft.n_fft / 2 : 0);
}
i64 window_of(const Deaf auto&, double) { return all_samples; }

std::optional<StftOptions> framing_of(const Picture& picture) {
  return StftOptions{.n_fft = picture.n_fft, .hop_length = picture.hop};
}
std::optional<StftOptions> framing_of(const Spectrum& spectrum) {
  if (!has_spectra(spectrum.feature)) return std::nullopt;
  return spectrum.feature.stft;
}
// Its samples are normalised all at once: sounds that overlap have no frames in common.
std::optional<StftOptions> framing_of(const MelImage&) { return std::nullopt; }
std::optional<StftOptions> framing_of(const Deaf auto&) { return std::nullopt; }

Tensor frames_of(const Picture& picture, const Tensor& x, double) {
  return picture_frames(picture, x);
}
Tensor frames_of(const Spectrum& spectrum, const Tensor& x, double rate) {
  return spectra(spectrum.feature, x, rate).transpose(-2, -1);
}
Tensor frames_of(const MelImage&, const Tensor&, double) {
  fail("input", "a sound whose samples are normalised has no frames of its own");
}
Tensor frames_of(const Columns&, const Tensor&, double) {
  fail("input", "columns of a table are not made from sound");
}
Tensor frames_of(const LogMelPicture&, const Tensor&, double) {
  fail("input", "what is read off pictures of log-mel spectrograms is not made from sound");
}

// A feature (rows, frames), or a waveform, as long as a row of it is.
Tensor fitted(const Spectrum& spectrum, const Tensor& feature) {
  Tensor x = feature.to(Dtype::f32);
  if (x.rank() == 1) x = x.unsqueeze(0);  // a waveform
  i64 missing = spectrum.frames - x.dim(1);
  if (missing > 0) x = cat({x, full({x.dim(0), missing}, min(x).item())}, 1);
  x = x.slice(1, 0, spectrum.frames);
  return (spectrum.frames_first ? x.transpose(0, 1) : x).unsqueeze(0).contiguous();
}

using Parts = std::vector<Tensor>;
Tensor row_of_frames(const Picture& picture, const Parts& parts, double) {
  return picture_of_frames(picture, parts);
}
Tensor row_of_frames(const Spectrum& spectrum, const Parts& parts, double rate) {
  return fitted(spectrum, of_spectra(spectrum.feature, cat(parts).transpose(0, 1), rate));
}
Tensor row_of_frames(const auto& recipe, const Parts& parts, double rate) {
  return frames_of(recipe, parts.front(), rate);
}

Tensor row_of(const Picture& picture, const Tensor& x, double) { return picture_of(picture, x); }
Tensor row_of(const Spectrum& spectrum, const Tensor& x, double rate) {
  return fitted(spectrum, extract(spectrum.feature, x, rate));
}
Tensor row_of(const MelImage& image, const Tensor& x, double) { return mel_image(image, x); }
Tensor row_of(const Deaf auto& recipe, const Tensor& x, double rate) {
  return frames_of(recipe, x, rate);
}

Dtype resampled_as(const Input& input) {
  const auto* spectrum = std::get_if<Spectrum>(&input.recipe);
  return spectrum ? spectrum->feature.dtype : Dtype::f32;
}

// --- distortions

// FNV-1a, 64 bit.
u64 hash_of(const Tensor& samples) {
  u64 hash = 14695981039346656037ULL;
  const auto* values = samples.data<float>();
  for (i64 i = 0; i < samples.numel(); ++i)
    hash = (hash ^ std::bit_cast<std::uint32_t>(values[i])) * 1099511628211ULL;
  return hash;
}

// A piece is never longer than what remains: a sample is left.
Tensor without_pieces(const Distortion& d, Tensor x, double rate, Generator& generator) {
  for (i64 i = 0; i < d.cuts; ++i) {
    double seconds = generator.uniform(d.least_cut, d.most_cut);
    double most = static_cast<double>(x.numel() - 1) / rate;
    x = cut_segments(x, 1, std::min(seconds, most), rate, generator);
  }
  return x;
}

// What is drawn follows from the samples and the variant's number: every clip has noise and cuts of
// its own, and the same ones whenever it is loaded.
Clip distorted(const Distortion& d, Clip clip, i64 variant) {
  check(d.least_snr_db <= d.most_snr_db && 0 <= d.least_cut && d.least_cut <= d.most_cut, "input",
        "a distortion's bounds are in the wrong order: noise {} … {} dB, cuts {} … {} s",
        d.least_snr_db, d.most_snr_db, d.least_cut, d.most_cut);
  Generator generator = Generator(hash_of(clip.samples)).fork(static_cast<u64>(variant));
  clip.samples = without_pieces(d, clip.samples, clip.sample_rate, generator);
  if (d.least_snr_db != 0 || d.most_snr_db != 0) {
    double snr_db = generator.uniform(d.least_snr_db, d.most_snr_db);
    clip.samples = add_white_noise(clip.samples, snr_db, generator);
  }
  if (d.compressed) clip.samples = through_vorbis(clip);
  if (d.mp3_kbps > 0) clip.samples = through_mp3(clip, d.mp3_kbps);
  return clip;
}

Tensor as_stored(const Input& input, const Tensor& row) {
  if (input.stored == Dtype::f32) return row;
  return round(clamp(row, 0, 1) * 255.).to(Dtype::u8);
}

// The kind of a feature that there is in decibels.
const std::string* kind_of(const Input& input) {
  if (const auto* spectrum = std::get_if<Spectrum>(&input.recipe)) return &spectrum->feature.kind;
  if (const auto* picture = std::get_if<LogMelPicture>(&input.recipe)) return &picture->kind;
  return nullptr;
}

void check_scaled(const Input& input) {
  const std::string* kind = kind_of(input);
  check(kind != nullptr && *kind == "logmel" && !input.frames_first(), "input",
        "'{}': frames are scaled of logmel, bands first", input.name);
}

// A row (1, bands, frames) of decibels.
Tensor scaled_row(const Input& input, const Tensor& row) {
  return scaled_frames(row.select(0, 0), *input.scaled).unsqueeze(0).contiguous();
}

// Frames of power (frames, bands): the row's alone, so that decibels are relative to what is seen.
Tensor scaled_row_of_power(const Input& input, const Tensor& power, double rate) {
  check_scaled(input);
  const auto& spectrum = std::get<Spectrum>(input.recipe);
  check(power.dim(0) >= spectrum.frames, "input", "has {} frames, fewer than {}", power.dim(0),
        spectrum.frames);
  Tensor seen = power.slice(0, 0, spectrum.frames).transpose(0, 1).contiguous();
  return scaled_row(input, of_spectra(spectrum.feature, seen, rate).unsqueeze(0));
}

// u8 has no room for what is below 0.
void check_dtype(const Input& input) {
  check(input.stored == Dtype::f32 || input.stored == Dtype::u8, "input",
        "rows are stored as f32 or u8, not {}", name_of(input.stored));
  const auto* picture = std::get_if<Picture>(&input.recipe);
  check(!picture || input.stored != Dtype::u8 || (picture->mean == 0 && picture->std == 1), "input",
        "a picture that is stored as u8 has mean 0 and std 1, not {} and {}",
        picture ? picture->mean : 0, picture ? picture->std : 1);
}

}  // namespace

Shape Input::shape() const {
  Shape shape = std::visit([](const auto& each) { return shape_of(each); }, recipe);
  if (scaled) {
    check_scaled(*this);
    if (scaled->rows > 0) shape[1] = scaled->rows;
    if (scaled->columns > 0) shape[2] = scaled->columns;
  }
  for (i64 size : shape)
    check(size >= 1, "input", "'{}' is of shape {}: nothing of it may be empty", name, shape);
  return shape;
}

bool Input::frames_first() const {
  if (const auto* spectrum = std::get_if<Spectrum>(&recipe)) return spectrum->frames_first;
  const auto* picture = std::get_if<LogMelPicture>(&recipe);
  return picture != nullptr && picture->frames_first;
}

bool Input::hears() const {
  return std::visit([]<class Recipe>(const Recipe&) { return !Deaf<Recipe>; }, recipe);
}

double Input::seconds() const {
  if (const auto* picture = std::get_if<Picture>(&recipe)) return picture->seconds;
  const auto* image = std::get_if<MelImage>(&recipe);
  return image ? image->seconds : std::numeric_limits<double>::infinity();
}

Tensor Input::load(const Example& example, i64 variant) const {
  check(0 <= variant && variant <= static_cast<i64>(variants.size()), "input",
        "'{}' has {} variants: there is no number {}", name, variants.size(), variant);
  if (const auto* picture = std::get_if<LogMelPicture>(&recipe)) {
    check(variant == 0, "input", "{} is a picture: it has no sound to distort", example.path);
    check_dtype(*this);
    shape();
    Tensor row = row_of_picture(*picture, example);
    return as_stored(*this, scaled ? scaled_row(*this, row) : row);
  }
  if (is_image_file(example.path)) {
    const auto* picture = std::get_if<Picture>(&recipe);
    check(picture && variant == 0 && !heard_through, "input",
          "{} is a picture: it has no sound to {}", example.path,
          picture ? "distort" : "take a spectrum of");
    check_dtype(*this);
    return as_stored(*this, load_picture(*picture, example.path));
  }
  check(!std::holds_alternative<Columns>(recipe), "input", "{}: columns of a table are not files",
        example.path);
  double duration = std::min(example.duration, seconds());
  Clip clip = decode(example.path, {.offset = example.offset, .duration = duration});
  check(clip.samples.numel() > 0, "input", "{}: there is nothing after {} s", example.path,
        example.offset);
  if (heard_through) clip = distorted(*heard_through, clip, 0);
  if (variant > 0) clip = distorted(variants[static_cast<std::size_t>(variant - 1)], clip, variant);
  try {
    return of_samples(clip.samples, clip.sample_rate);
  } catch (const Error& error) {
    fail("input", "{}: {}", example.path, error.what());
  }
}

Tensor Input::of_samples(const Tensor& samples, double sample_rate) const {
  check(samples.rank() == 1 && samples.numel() > 0 && samples.dtype() == Dtype::f32, "input",
        "needs (samples) f32: {}", samples);
  check(sample_rate >= 1 && sample_rate <= 1e9 && sample_rate == std::floor(sample_rate), "input",
        "the sampling rate is a whole number, not {} Hz", sample_rate);
  check_dtype(*this);
  shape();
  double most = std::min(seconds() * sample_rate, static_cast<double>(samples.numel()));
  Tensor part = samples.slice(0, 0, static_cast<i64>(most)).to(resampled_as(*this));
  double to = rate(sample_rate);
  Tensor x = resample(part, sample_rate, to);
  if (scaled) return of_frames({frames(x, to)}, to);
  return as_stored(*this,
                   std::visit([&](const auto& each) { return row_of(each, x, to); }, recipe));
}

double Input::rate(double sample_rate) const {
  return std::visit([&](const auto& each) { return rate_of(each, sample_rate); }, recipe);
}

i64 Input::window(double sample_rate) const {
  return std::visit([&](const auto& each) { return window_of(each, rate(sample_rate)); }, recipe);
}

std::optional<StftOptions> Input::framing() const {
  return std::visit([](const auto& each) { return framing_of(each); }, recipe);
}

Tensor Input::frames(const Tensor& samples, double rate) const {
  return std::visit([&](const auto& each) { return frames_of(each, samples, rate); }, recipe);
}

Tensor Input::of_frames(const std::vector<Tensor>& parts, double rate) const {
  check_dtype(*this);
  if (scaled) return as_stored(*this, scaled_row_of_power(*this, cat(parts), rate));
  return as_stored(
      *this,
      std::visit([&](const auto& each) { return row_of_frames(each, parts, rate); }, recipe));
}

Tensor Input::of_feature(const Tensor& feature) const {
  const auto* spectrum = std::get_if<Spectrum>(&recipe);
  check(spectrum != nullptr, "input", "'{}' is not of one feature", name);
  check_dtype(*this);
  if (scaled) check_scaled(*this);
  Tensor row = fitted(*spectrum, feature);
  return as_stored(*this, scaled ? scaled_row(*this, row) : row);
}

}  // namespace melgrad
