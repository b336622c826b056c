#include <CLI/CLI.hpp>

#include "apps/transfer_learning/study.h"

using namespace melgrad;

// A student's re-implementation of Mehta et al., "Music Genre Classification using Transfer Learning on
// log-based MEL Spectrogram" (ICCMC 2021); README.md has the table.
int main(int argc, char** argv) {
  TransferFlags flags;
  auto add_flags = [&](CLI::App& app) {
    app.add_option("--size", flags.size,
                   "height and width of the pictures (224; of made-up music 64)")
        ->option_text("N")
        ->group("Data")
        ->check(CLI::Range(32, 1024));  // VGG16 needs 32, AlexNet 63
    app.add_option("--normalise", flags.normalise,
                   "by the training part's mean and deviation as a whole, or\nof bands (whole)")
        ->option_text("WHICH")
        ->group("Data")
        ->check(CLI::IsMember({"whole", "bands"}));
    app.add_option("--recipe", flags.recipe,
                   "fastai: a frozen epoch, then one cycle with rates by depth;\n"
                   "plain: all of the net by Adam at one rate (fastai)")
        ->option_text("WHICH")
        ->group("Training")
        ->check(CLI::IsMember({"fastai", "plain"}));
    app.add_option("--pretrain-epochs", flags.pretrain_epochs,
                   "on --pretrain, whatever --epochs says (3; of made-up music 6)")
        ->option_text("N")
        ->group("Training")
        ->check(CLI::Range(1, 1000));
    app.add_option(
           "--tta", flags.copies,
           "augmented copies of a test clip, of nets that are augmented\nin training (8); 0: none")
        ->option_text("N")
        ->group("Training")
        ->check(CLI::Range(0, 64));
    app.add_flag("--fastai-tta", flags.fastai_tta,
                 "a quarter of the clip as it is beside the copies' mean,\nas fastai has it")
        ->group("Training");
    app.add_flag(
           "--ablate", flags.ablate,
           "ResNet-RS50 once more without mixup, and without each\naugmentation in turn; one table")
        ->group("Training");
  };
  return run([&](const Options& options) { return transfer_study(flags, options); }, add_flags,
             argc, argv);
}
