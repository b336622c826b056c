#include <CLI/CLI.hpp>

#include "apps/harness/console/tool.h"
#include "apps/harness/planning/splitting.h"
#include "apps/harness/study.h"
#include "apps/mfcc_vs_mel/inputs.h"
#include "apps/mfcc_vs_mel/sections.h"
#include "audio/collections/gtzan.h"

using namespace melgrad;

namespace {

/// What the study is of.
struct Size {
  double seconds = 29;  // of each clip
  i64 epochs = 100;     // at most
  i64 min_steps = 0;    // before early stopping counts
};
// Made-up music, to show the page in minutes. Of so few clips an epoch is a few steps, and batch
// norm's running statistics, by Keras's momentum of .99, lag for a hundred.
constexpr Size small = {.seconds = 5, .epochs = 30, .min_steps = 100};

Recipe in_batches_of(i64 batch, const Size& size) {
  return {.optimizer = AdamSettings{.lr = 1e-3, .eps = 1e-7},
          .batch = batch,
          .stages = {{.epochs = size.epochs}},
          .early_stopping = EarlyStoppingSettings{.patience = 5, .min_steps = size.min_steps},
          .tested = Tested::last};
}

std::vector<SplitRule> rules() {
  return {
      folds_over_clips("published", "five folds, stopped by the fold that scores",
                       "As published: the fold that is held out is validation part and score, "
                       "so the training stops where it is scored well.",
                       true, 5, true),
      folds_over_groups("honest", "five folds, stopped by a part of what is learnt",
                        "An eighth of what a fold learns from is its validation part; files of "
                        "the same bytes are on one side. The fold that scores is looked at once.",
                        5, .125)};
}

std::vector<Row> rows(const Size& size) {
  const char* basic = "3 × [conv, pool, batch norm] with 32 filters; 64 → classes";
  const char* deeper = "5 × [conv, pool, batch norm], 32 and 64 filters; 128 → classes";
  Recipe by_16 = in_batches_of(16, size), by_32 = in_batches_of(32, size);
  // clang-format off
  return {
    // name             title                    layers   published
    {"mfcc_basic_16",   "MFCC, basic, batch 16",  basic,  {{"accuracy", .513}}, {.net = "mfcc_basic",  .input = "mfcc", .training = by_16}},
    {"mfcc_basic_32",   "MFCC, basic, batch 32",  basic,  {{"accuracy", .532}}, {.net = "mfcc_basic",  .input = "mfcc", .training = by_32}},
    {"mfcc_deeper_16",  "MFCC, deeper, batch 16", deeper, {{"accuracy", .467}}, {.net = "mfcc_deeper", .input = "mfcc", .training = by_16}},
    {"mfcc_deeper_32",  "MFCC, deeper, batch 32", deeper, {{"accuracy", .484}}, {.net = "mfcc_deeper", .input = "mfcc", .training = by_32}},
    {"mel_basic_16",    "mel, basic, batch 16",   basic,  {{"accuracy", .318}}, {.net = "mfcc_basic",  .input = "mel",  .training = by_16}},
    {"mel_basic_32",    "mel, basic, batch 32",   basic,  {{"accuracy", .323}}, {.net = "mfcc_basic",  .input = "mel",  .training = by_32}},
    {"mel_deeper_16",   "mel, deeper, batch 16",  deeper, {{"accuracy", .243}}, {.net = "mfcc_deeper", .input = "mel",  .training = by_16}},
    {"mel_deeper_32",   "mel, deeper, batch 32",  deeper, {{"accuracy", .262}}, {.net = "mfcc_deeper", .input = "mel",  .training = by_32}},
  };
  // clang-format on
}

// mel of pictures at other factors: rows of ours, which nobody published.
void add_factors(std::vector<Row>& rows) {
  for (std::string name : {"mel_basic_32", "mel_deeper_32"})
    for (std::string factor : {"1", "1000"}) {
      Row row =
          *std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.name == name; });
      row.name += "_x" + factor;
      row.title += ", power × " + factor;
      row.published = {};
      row.variant.input = "mel_x" + factor;
      rows.push_back(row);
    }
}

std::vector<Source> sources(bool made_up) {
  // clang-format off
  return {
    {About::genres, "txt", "GTZAN's ten"},
    {About::input, "fig", "13 bands of both and 1249 frames; that mel is power, not decibels, is inferred from the scale of a figure; the factor on the power of pictures is ours"},
    {About::normalisation, "inf", "none is mentioned"},
    {About::sample_rate, "inf", "librosa's default, and GTZAN's"},
    {About::stft, "inf", "librosa's defaults; they give the 1249 frames of 29 s"},
    {About::excerpt, made_up ? "inf" : "fig", made_up ? "of music that is made up; 29 s of recorded" : ""},
    {About::excerpts_of_a_file, "inf", "949 clips; the list of repetitions leaves 950: one more of jazz is missing, which is not said"},
    {About::split, "txt", "stratified five folds; that the fold held out stops the training is inferred from the curves; the honest folds are ours"},
    {About::class_sizes, "fig", "as they are: the matrix has 85 to 100 clips of a genre"},
    {About::layers, "inf", "the write-up says a basic and a deeper CNN"},
    {About::optimiser, "inf", "with Keras's epsilon of 1e-7"},
    {About::learning_rate, "inf", "Adam's default"},
    {About::batch, "txt", "the grid has 16 and 32"},
    {About::loss, "inf", "usual for classes"},
    {About::early_stopping, "inf", "from the curves; of the validation loss"},
    {About::tested_weights, "inf", "Keras's early stopping leaves the last weights unless told otherwise"},
    {About::rules_count_from, "inf", made_up ? "of so few clips batch norm's statistics mislead it for long; of recorded music from the first step" : ""},
    {About::epochs, "inf", made_up ? "of music that is made up; 100 of recorded" : "the curves end long before"},
  };
  // clang-format on
}

Study study_of(const Options& options, const LogMelFlags& flags, double factor) {
  check_log_mel(flags, options.data);
  Study study;
  study.title = "MFCC against mel";
  study.genres = gtzan_genres();
  study.made_up = {"classical", "jazz", "metal", "techno"};
  study.clips = 40;
  bool made_up = options.parsed && options.data.empty();
  Size size = made_up ? small : Size{};
  if (!made_up)
    study.left_out = {gtzan_repetitions(), "an exact repetition of another clip of GTZAN's"};
  study.cut = Cut{.count = 1, .seconds = size.seconds};
  study.trims = false;
  study.inputs = flags.are_given() ? inputs_of_pictures(flags, factor, options.data, size.seconds)
                                   : inputs_of_sounds(size.seconds);
  study.training = in_batches_of(32, size);
  study.rows = rows(size);
  if (flags.are_given()) add_factors(study.rows);
  study.rules = rules();
  study.sources = sources(made_up);
  study.sections = mfcc_vs_mel::sections(factor);
  return study;
}

}  // namespace

// "Using convolutional neural networks to classify music genres" (2024); README.md has the table.
int main(int argc, char** argv) {
  LogMelFlags flags;
  double factor = 100;
  auto add_flags = [&](CLI::App& app) {
    add_log_mel_flags(app, flags);
    app.add_option("--factor", factor,
                   "on the power of mel that is read off pictures (100): it is\nrelative to the "
                   "clip's loudest")
        ->option_text("FACTOR")
        ->group("Data")
        ->check(is_positive);
  };
  return run([&](const Options& options) { return study_of(options, flags, factor); }, add_flags,
             argc, argv);
}
