#include "apps/fma_small/study.h"

#include "apps/fma_small/files.h"
#include "apps/fma_small/inputs.h"
#include "apps/fma_small/sections.h"

namespace melgrad {
namespace {

/// Steps an epoch and epochs.
struct Length {
  i64 steps, epochs;
};

/// Made-up music, to show the page in minutes. Batch norm's running statistics, by Keras's momentum of .99,
/// lag for hundreds of steps behind nets that learn so few clips quickly: an epoch is several times through.
struct Lengths {
  Length published, made_up;
};
constexpr Lengths short_run = {{319, 20}, {30, 20}}, long_run = {{500, 80}, {40, 25}},
                  of_resnet = {{200, 20}, {4, 3}};

Recipe adam(i64 batch, const Lengths& lengths, const FmaFlags& flags, bool made_up) {
  const Length& length = made_up ? lengths.made_up : lengths.published;
  return {.optimizer = AdamSettings{.lr = 1e-3, .eps = 1e-8},
          .batch = batch,
          .stages = {{.epochs = length.epochs, .steps = flags.steps.value_or(length.steps)}},
          .tested = Tested::last,
          .frozen_batch_norms = FrozenBatchNorm::batch_statistics};
}

View zoomed(double zoom) { return {.channels = 3, .augmentation = {.zoom = zoom}}; }

Figures validated(double accuracy, double loss, double best) {
  return {{"final validation accuracy", accuracy},
          {"final validation loss", loss},
          {"best validation accuracy", best}};
}

std::vector<Row> rows(const FmaFlags& flags, bool made_up) {
  const char* four =
      "4 × [conv, ReLU, batch norm, pool], 32, 32, 64 and 128 filters; 1024 → classes";
  const char* two = "2 × [2 convs with ReLU, batch norm, pool], 32 and 64 filters; 1024 → classes";
  Recipe many_epochs = adam(20, long_run, flags, made_up);
  // "Top 8 layers" as Keras counts them, with sums and ReLUs: the last block's 3×3 and 1×1 with their
  // batch norms; and the head's three.
  Recipe top = adam(50, of_resnet, flags, made_up);
  top.stages.front().last_layers = 7;
  Figures resnet = validated(.4790, 1.891, .5075);
  resnet["accuracy"] = .4725;
  resnet["top 3"] = .77375;
  // clang-format off
  return {
    // name                title                      layers  published: final validation accuracy, loss, best accuracy
    {"convpool",           "convpool",                  four, validated(.2188, 3.048, .4175), {.view = zoomed(0)}},
    {"convpool_zoom",      "convpool, zoom .3",         four, validated(.3000, 1.963, .3588), {.net = "convpool", .view = zoomed(.3)}},
    {"convconvpool",       "convconvpool",              two,  validated(.4313, 3.087, .4663), {.view = zoomed(0)}},
    {"convconvpool_zoom",  "convconvpool, zoom .3",     two,  validated(.3988, 1.858, .4363), {.net = "convconvpool", .view = zoomed(.3)}},
    {"convconvpool_long",  "convconvpool, zoom .5, 80 epochs", two, validated(.4875, 1.877, .5288),
     {.net = "convconvpool", .view = zoomed(.5), .training = many_epochs}},
    {"resnet50",           "ResNet-50, zoom .4",        "ResNet-50 of 2017; its last block's last two convs are trained, and 2048 · 4 → 1024 → classes",
     resnet, {.net = "resnet50_keras", .input = "tall mel", .view = zoomed(.4), .training = top, .pretrained = true}},
  };
  // clang-format on
}

// clang-format off
std::vector<Source> sources(const FmaFlags& flags, bool made_up) {
  const char* pictures = flags.log_mel.are_given() ? "published: of sound; here read off log-mel pictures" : "";
  const char* fewer = made_up ? "of music that is made up fewer, to end within minutes" : "";
  const char* mark = made_up ? "inf" : "src";
  return {
    // setting                    mark   note
    {About::genres,               "src", "published: the eight of FMA-small"},
    {About::input,                mark,  made_up ? "published: 1024 frames; of music that is made up 128" : pictures},
    {About::normalisation,        "src", "stored as JPEG; the quality is that of the authors' library by default"},
    {About::sample_rate,          "src", ""},
    {About::stft,                 "src", ""},
    {About::excerpt,              "src", "what the frames look at, and a little more; clips with fewer frames are left out"},
    {About::excerpts_of_a_file,   "src", ""},
    {About::split,                "src", "6394/800/800 at random, not the archive's own; the others are ours"},
    {About::class_sizes,          "src", "997 to 1000 clips a genre"},
    {About::layers,               "src", ""},
    {About::optimiser,            "src", "ε 1e-8"},
    {About::learning_rate,        "src", ""},
    {About::trained_parameters,   "src", "of ResNet-50 what Keras calls its top 8 layers"},
    {About::batch,                "src", ""},
    {About::loss,                 "src", ""},
    {About::augmentation,         "src", "by the code; the text says .3 of all"},
    {About::early_stopping,       "src", ""},
    {About::tested_weights,       "src", "the best epoch's beside"},
    {About::epochs,               mark,  fewer},
  };
}
// clang-format on

}  // namespace

Study fma_study(const FmaFlags& flags, const Options& options) {
  check_files(flags, options.data);
  bool made_up = options.parsed && options.data.empty();
  FmaFiles files(flags);
  Study study;
  study.title = "FMA-small: mel pictures, zoomed";
  study.genres = {"Electronic",   "Experimental",  "Folk", "Hip-Hop",
                  "Instrumental", "International", "Pop",  "Rock"};
  study.made_up = {"classical", "jazz", "metal", "techno"};
  study.clips = 40;
  study.inputs = fma_inputs(flags, options.data, made_up);
  if (!flags.metadata.empty()) study.files = files.find();
  study.cut = fma_cut(flags, made_up);
  study.trims = false;
  study.training = adam(20, short_run, flags, made_up);
  study.rows = rows(flags, made_up);
  study.augmentations = {{"zoom", {.zoom = .3}}, {"zoom4", {.zoom = .4}}, {"zoom5", {.zoom = .5}}};
  study.rules = fma_rules(flags, options, files);
  study.sources = sources(flags, made_up);
  study.sections = fma_sections([files](const std::string& stem) { return files.title_of(stem); });
  return study;
}

}  // namespace melgrad
