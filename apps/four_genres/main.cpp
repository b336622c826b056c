#include "apps/harness/study.h"

using namespace melgrad;

// "Unlocking the Power of Music Genre Classification" (2022); README.md has the whole table.
int main(int argc, char** argv) {
  Study study;
  study.title = "Four genres";
  study.genres = {"jazz", "classical", "techno", "metal"};
  study.protocol_note = "How the authors split their clips is unpublished.";
  study.features = {.sample_rate = 22050,
                    .n_fft = 2048,
                    .hop = 512,
                    .height = 64,
                    .width = 64,
                    .colours = specshow,
                    .axis = FrequencyAxis::log,
                    .seconds = 5,
                    .mean = .5,
                    .std = .5};
  // Not before step 200: of some hundred clips an epoch is a few steps, and batch norm's running
  // statistics lag for many epochs.
  study.training = {.optimizer = AdamSettings{.lr = 1e-3},
                    .batch = 64,
                    .epochs = 60,
                    .plateau = {.factor = .5, .patience = 3, .min_steps = 200},
                    .early_stopping = {.patience = 8, .min_steps = 200}};

  const char* base = "3 × [conv 3×3, batch norm, ReLU, pool 2] with 32, 64, 128 filters";
  // clang-format off
  study.nets = {
    // name                title                      layers                                    published loss, accuracy
    {"logistic",           "logistic regression",     "12288 → classes",                                  {.4279, .8543}},
    {"mlp1",               "MLP, 1 hidden layer",     "12288 → 512 → classes",                            {.4654, .8401}},
    {"mlp2",               "MLP, 2 hidden layers",    "12288 → 512 → 128 → classes",                      {.4285, .8369}},
    {"base_cnn",           "base CNN",                std::string(base) + "; dropout; 8192 → 128 → classes", {.2804, .9153}},
    {"deep_cnn",           "deep CNN",                "ten convolutions, no skips",                       {1.2801, .2707}},
    {"cnn_rnn",            "CNN + RNN",               "base CNN's features, a time column a step; RNN 128",  {.2166, .9272}},
    {"cnn_lstm",           "CNN + LSTM",              "base CNN's features, a time column a step; LSTM 128", {.2608, .9131}},
    {"alexnet",            "AlexNet, from scratch",   "torchvision's layout",                             {.4929, .8122}, {.on_request = true}},
    {"alexnet_pretrained", "AlexNet, pretrained",     "torchvision's layout, tuned throughout",           {.4012, .9080}, {.model = "alexnet", .pretrained = true, .lr = 1e-4, .on_request = true}},
    {"vgg11_bn",           "VGG11 (BN), from scratch", "torchvision's layout",                            {.7008, .6594}, {.on_request = true}},
    {"vgg11_bn_frozen",    "VGG11 (BN), frozen",      "torchvision's layout, the classifier is trained",  {.4917, .8080}, {.model = "vgg11_bn", .pretrained = true, .freeze = "features.*", .on_request = true}},
    {"vgg11_bn_finetuned", "VGG11 (BN), fine-tuned",  "torchvision's layout, tuned throughout",           {.2215, .9301}, {.model = "vgg11_bn", .pretrained = true, .lr = 1e-4, .on_request = true}},
  };

  study.sources = {
    // setting                 mark   note
    {"genres",                 "txt", ""},
    {"picture",                "txt", "64 × 64; that they are RGB is seen in a figure"},
    {"colours",                "fig", ""},
    {"frequency axis",         "fig", "it looks logarithmic"},
    {"normalisation",          "txt", ""},
    {"sample rate",            "inf", "librosa's default"},
    {"STFT",                   "inf", "librosa's defaults"},
    {"excerpt",                "inf", ""},
    {"excerpts of a file",     "inf", ""},
    {"split",                  "inf", "the parts are named, their sizes are not"},
    {"class sizes",            "txt", ""},
    {"layers",                 "inf", "unpublished but for the base CNN's batch norm, max-pooling and dropout; AlexNet and VGG11 are torchvision's"},
    {"optimiser",              "inf", "unpublished"},
    {"learning rate",          "inf", "Adam's default"},
    {"learning rate, fine-tuned nets", "inf", "usual when fine-tuning"},
    {"batch",                  "inf", "unpublished"},
    {"loss",                   "inf", "usual for classes"},
    {"plateau rule",           "txt", "that there is one; the factor and the patience are inferred"},
    {"early stopping",         "txt", "that there is one; what it watches and the patience are inferred"},
    {"rules count from",       "inf", "before it batch norm's statistics mislead both rules on small data"},
    {"epochs",                 "inf", "unpublished"},
  };
  // clang-format on
  return run(study, argc, argv);
}
