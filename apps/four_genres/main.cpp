#include "apps/harness/study.h"

using namespace melgrad;

// "Unlocking the Power of Music Genre Classification" (2022); README.md has the whole table.
int main(int argc, char** argv) {
  Study study;
  study.title = "Four genres";
  study.genres = {"jazz", "classical", "techno", "metal"};
  study.protocol_note = "How the authors split their clips is unpublished.";
  study.inputs = {{.name = "picture",
                   .recipe = Picture{.sample_rate = 22050,
                                     .n_fft = 2048,
                                     .hop = 512,
                                     .height = 64,
                                     .width = 64,
                                     .colours = specshow,
                                     .axis = FrequencyAxis::log,
                                     .seconds = 5,
                                     .mean = .5,
                                     .std = .5}}};
  // Not before step 200: of some hundred clips an epoch is a few steps, and batch norm's running
  // statistics lag for many epochs.
  const PlateauSettings plateau{.factor = .5, .patience = 3, .min_steps = 200};
  const Recipe from_scratch{
      .optimizer = AdamSettings{.lr = 1e-3},
      .batch = 64,
      .stages = {{.epochs = 60, .course = plateau}},
      .early_stopping = EarlyStoppingSettings{.patience = 8, .min_steps = 200}};
  Recipe finetuned = from_scratch, frozen = from_scratch;
  finetuned.set_lr(1e-4);
  frozen.stages.front().train = {"classifier.*"};
  study.training = from_scratch;

  const char* base = "3 × [conv 3×3, batch norm, ReLU, pool 2] with 32, 64, 128 filters";
  // clang-format off
  study.rows = {
    // name                title                      layers                                    published figures
    {"logistic",           "logistic regression",     "12288 → classes",                                  {{"loss", .4279}, {"accuracy", .8543}}},
    {"mlp1",               "MLP, 1 hidden layer",     "12288 → 512 → classes",                            {{"loss", .4654}, {"accuracy", .8401}}},
    {"mlp2",               "MLP, 2 hidden layers",    "12288 → 512 → 128 → classes",                      {{"loss", .4285}, {"accuracy", .8369}}},
    {"base_cnn",           "base CNN",                std::string(base) + "; dropout; 8192 → 128 → classes", {{"loss", .2804}, {"accuracy", .9153}}},
    {"deep_cnn",           "deep CNN",                "ten convolutions, no skips",                       {{"loss", 1.2801}, {"accuracy", .2707}}},
    {"cnn_rnn",            "CNN + RNN",               "base CNN's features, a time column a step; RNN 128",  {{"loss", .2166}, {"accuracy", .9272}}},
    {"cnn_lstm",           "CNN + LSTM",              "base CNN's features, a time column a step; LSTM 128", {{"loss", .2608}, {"accuracy", .9131}}},
    {"alexnet",            "AlexNet, from scratch",   "torchvision's layout",                             {{"loss", .4929}, {"accuracy", .8122}}, {.on_request = true}},
    {"alexnet_pretrained", "AlexNet, pretrained",     "torchvision's layout, tuned throughout",           {{"loss", .4012}, {"accuracy", .9080}}, {.net = "alexnet", .training = finetuned, .pretrained = true, .on_request = true}},
    {"vgg11_bn",           "VGG11 (BN), from scratch", "torchvision's layout",                            {{"loss", .7008}, {"accuracy", .6594}}, {.on_request = true}},
    {"vgg11_bn_frozen",    "VGG11 (BN), frozen",      "torchvision's layout, the classifier is trained",  {{"loss", .4917}, {"accuracy", .8080}}, {.net = "vgg11_bn", .training = frozen, .pretrained = true, .on_request = true}},
    {"vgg11_bn_finetuned", "VGG11 (BN), fine-tuned",  "torchvision's layout, tuned throughout",           {{"loss", .2215}, {"accuracy", .9301}}, {.net = "vgg11_bn", .training = finetuned, .pretrained = true, .on_request = true}},
  };

  study.sources = {
    // setting                    mark   note
    {About::genres,               "txt", ""},
    {About::input,                "txt", "64 × 64; that they are RGB is seen in a figure"},
    {About::colours,              "fig", ""},
    {About::frequency_axis,       "fig", "it looks logarithmic"},
    {About::normalisation,        "txt", ""},
    {About::sample_rate,          "inf", "librosa's default"},
    {About::stft,                 "inf", "librosa's defaults"},
    {About::excerpt,              "inf", ""},
    {About::excerpts_of_a_file,   "inf", ""},
    {About::split,                "inf", "the parts are named, their sizes are not"},
    {About::class_sizes,          "txt", ""},
    {About::layers,               "inf", "unpublished but for the base CNN's batch norm, max-pooling and dropout; AlexNet and VGG11 are torchvision's"},
    {About::optimiser,            "inf", "unpublished"},
    {About::learning_rate,        "inf", "Adam's default; a tenth when fine-tuning, as is usual"},
    {About::trained_parameters,   "inf", "the text says that \"only some layers\" were retrained"},
    {About::batch,                "inf", "unpublished"},
    {About::loss,                 "inf", "usual for classes"},
    {About::rate_course,          "txt", "that there is a plateau rule; the factor and the patience are inferred"},
    {About::early_stopping,       "txt", "that there is one; what it watches and the patience are inferred"},
    {About::tested_weights,       "inf", "usual with early stopping"},
    {About::rules_count_from,     "inf", "before it batch norm's statistics mislead both rules on small data"},
    {About::epochs,               "inf", "unpublished"},
  };
  // clang-format on
  return run(study, argc, argv);
}
