#include "apps/segments/study.h"

#include <cmath>

#include "apps/harness/planning/splitting.h"
#include "apps/harness/report/numbers.h"
#include "audio/collections/gtzan.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

constexpr double sample_rate = 22050;
constexpr i64 hop = 512, coefficients = 13;

// librosa.feature.mfcc(y, sr, n_mfcc=13, n_fft=2048, hop_length=512)
Feature mfcc() {
  Feature feature;
  feature.kind = "mfcc";
  feature.sr = sample_rate;
  feature.stft = {.n_fft = 2048, .hop_length = hop};
  feature.mel.n_mels = 128;
  feature.decibel = {.ref = 1, .top_db = 80};
  feature.mfcc = {.n_mfcc = coefficients, .dct_type = 2, .orthonormal = true};
  return feature;
}

i64 frames_in(double seconds) {
  return 1 + static_cast<i64>(std::floor(seconds * sample_rate / hop + 1e-9));
}

Input input_of(const SegmentFlags& flags, const Options& options) {
  if (flags.log_mel.are_given())
    return {.name = "mfcc",
            .recipe = log_mel_of(flags.log_mel, options.data, flags.seconds.front(), coefficients)};
  return {.name = "mfcc",
          .recipe = Spectrum{
              .feature = mfcc(), .frames = frames_in(flags.seconds.front()), .frames_first = true}};
}

// The authors keep segments with all their frames.
Cut cut_of(const SegmentFlags& flags) {
  double seconds = flags.seconds.front(),
         whole = flags.log_mel.are_given() ? flags.log_mel.seconds : 30;
  auto frames = static_cast<double>(frames_in(seconds) - 1);
  check(seconds <= whole, "segment-seconds", "a clip of {} s has no part of {} s", whole, seconds);
  return {.count = static_cast<i64>(whole / seconds + 1e-9),
          .seconds = seconds,
          .least = frames * hop / sample_rate};
}

Recipe adam(const SegmentFlags& flags, i64 batch, i64 epochs) {
  Recipe recipe{.optimizer = AdamSettings{.lr = 1e-4, .eps = 1e-7},
                .batch = batch,
                .stages = {{.epochs = epochs}},
                .tested = Tested::last};
  if (flags.early_stopping) recipe.early_stopping = EarlyStoppingSettings{.patience = 20};
  return recipe;
}

std::vector<SplitRule> rules() {
  const Fractions fractions{.train = .49, .valid = .21, .test = .3};
  return {
      split_over_clips("published", "split over segments",
                       "As published, the split is over segments: pieces of one song are on both "
                       "sides, which flatters every net.",
                       true, fractions),
      split_over_groups("honest", "split over songs", "No song is on both sides.", fractions)};
}

// What the authors leave open. The amounts are ours; MFCCs are not normalised here, and most deviate by
// 10 to 30.
std::vector<NamedAugmentation> augmentations() {
  return {{"flip", {.time_flip = .5}},
          {"noise", {.noise = 5}},
          {"shift", {.time_shift = 20}},
          {"specaugment",
           {.spec_augment = SpecAugment{
                .frequency_masks = 1, .widest_frequency = 3, .time_masks = 2, .widest_time = 20}}}};
}

// clang-format off
std::vector<Source> sources(const SegmentFlags& flags, bool made_up) {
  const char* pictures = flags.log_mel.are_given() ? "published: of sound; here read off log-mel pictures" : "";
  return {
    // setting                    mark   note
    {About::genres,               "src", "published: GTZAN's ten"},
    {About::input,                "src", pictures},
    {About::normalisation,        "src", ""},
    {About::sample_rate,          "src", ""},
    {About::stft,                 "src", ""},
    {About::excerpt,              "src", ""},
    {About::excerpts_of_a_file,   "src", "ten of 3 s"},
    {About::split,                "src", "4893/2097/2996 of 9986 segments, over segments; by song is ours"},
    {About::class_sizes,          "src", ""},
    {About::layers,               "src", ""},
    {About::optimiser,            "src", "ε 1e-7"},
    {About::learning_rate,        "src", ""},
    {About::batch,                "src", ""},
    {About::loss,                 "src", ""},
    {About::penalty,              "src", "the reported loss includes it"},
    {About::augmentation,         "src", "of other kinds than the flip: ours"},
    {About::early_stopping,       "src", "the text claims one with patience 20, the code disables it: --early-stopping"},
    {About::tested_weights,       "src", ""},
    {About::epochs,               made_up ? "inf" : "src", made_up ? "published: 250 and 400; fewer for made-up music, to end within minutes" : ""},
  };
}
// clang-format on

}  // namespace

Study segments_study(const SegmentFlags& flags, const Options& options) {
  check_log_mel(flags.log_mel, options.data);
  Study study;
  study.title = "Three-second segments of MFCCs";
  study.genres = gtzan_genres();
  study.made_up = {"jazz", "classical", "techno", "metal"};
  study.clips = 30;
  study.inputs = {input_of(flags, options)};
  study.cut = cut_of(flags);
  study.trims = false;
  study.rules = rules();
  study.augmentations = augmentations();

  bool made_up = options.data.empty();
  i64 some = made_up ? 30 : 250, many = made_up ? 45 : 400;
  Recipe base = adam(flags, 64, some), penalised = base, flipped = adam(flags, 32, many);
  for (const char* kernel : {"1.weight", "4.weight", "7.weight"})
    penalised.objective.l2.push_back({kernel, .001});
  study.training = base;
  const View flip{.augmentation = {.time_flip = .5}};

  const char* convolutions = "Conv32 k3, Conv64 k3, Conv64 k2, each → ReLU";
  std::string plain = std::string(convolutions) + " → pool; 64 → classes";
  std::string regular = std::string(convolutions) + " → batch norm → pool → dropout; 128 → classes";
  // clang-format off
  study.rows = {
    // name   title    layers                                               published figures
    {"dnn",  "DNN",   "512 → 256 → 64 → classes, L2 on kernels, dropout",  {{"loss", 2.4151}, {"accuracy", .5778}}, {.training = penalised, .testable = true}},
    {"cnn1", "CNN-1", plain,                                               {{"loss", 1.9595}, {"accuracy", .6919}}, {.testable = true}},
    {"cnn2", "CNN-2", regular,                                             {{"loss", .7806}, {"accuracy", .8007}},  {.testable = true}},
    {"cnn3", "CNN-3", "CNN-2 with time flipped by chance, batches of 32",  {{"loss", .6343}, {"accuracy", .8381}},  {.view = flip, .training = flipped, .testable = true}},
  };
  // clang-format on
  if (flags.seconds.front() != 3) {
    study.title = format("Segments of {} s of MFCCs", decimal(flags.seconds.front(), 3));
    for (Row& row : study.rows) row.published.clear();
  }
  study.sources = sources(flags, made_up);
  study.sections = segment_sections(mfcc(), options.out);
  return study;
}

}  // namespace melgrad
