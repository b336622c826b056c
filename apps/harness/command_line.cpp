#include "apps/harness/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>

#include "apps/harness/console/tool.h"
#include "apps/harness/lists.h"
#include "apps/harness/study.h"
#include "audio/files/formats.h"

namespace melgrad {
namespace {

std::string list_of_nets(const Study& study) {
  std::string text = "\nNets:\n";
  for (const Row& row : study.rows) {
    std::string name = "  " + row.name;
    name.resize(std::max<std::size_t>(name.size() + 2, 22), ' ');
    text += name + row.title + (row.variant.on_request ? "  (on request)" : "") +
            (row.variant.pretrained ? "  (needs --weights or --pretrain)" : "") + "\n";
  }
  return text;
}

bool has_testable(const Study& study) {
  return std::any_of(study.rows.begin(), study.rows.end(),
                     [](const Row& row) { return row.variant.testable; });
}

std::vector<std::string> augmentation_names(const Study& study) {
  std::vector<std::string> names = {"none"};
  for (const NamedAugmentation& each : study.augmentations) names.push_back(each.name);
  return names;
}

std::string is_file_of_weights(const std::string& text) {
  std::string file = text.substr(text.find('=') + 1);  // all of it where there is none
  bool there = std::filesystem::is_regular_file(text) || std::filesystem::is_regular_file(file);
  return there ? "" : file + " is no file";
}

}  // namespace

void add_options(CLI::App& app, const Study& study, Options& o) {
  app.description(study.title + ": trains the nets of the study and writes a report.");
  app.footer(list_of_nets(study));
  app.get_formatter()->column_width(34);

  const auto* given = std::get_if<Recipe>(&study.training);
  Recipe recipe = given != nullptr ? *given : Recipe{};
  i64 min_steps = recipe.early_stopping ? recipe.early_stopping->min_steps : 0;

  const char* group = "Data";
  auto option = [&](const char* name, auto& variable, const char* value, const std::string& text) {
    return app.add_option(name, variable, text)->option_text(value)->group(group);
  };
  auto list = [&](const char* name, auto& values, const char* value, const std::string& text) {
    return option(name, values, value, text)->delimiter(',')->allow_extra_args(false);
  };
  auto count = CLI::Range(1, 1000000);

  option("--data", o.data, study.table ? "FILE" : "FOLDER",
         study.table ? "a CSV file with a song a row; without it the program makes up\n"
                       "its own music and measures it"
                     : "one folder of audio files or pictures per class; without it\n"
                       "the program makes up its own music");
  list("--classes", o.classes, "A,B,C", "the classes to tell apart, in this order");
  option("--split", o.split, "TRAIN VALID TEST", "files with one class/clip a line")->expected(3);
  o.clips = study.clips;
  option("--clips", o.clips, "N", format("clips of synthesised music per genre ({})", study.clips))
      ->check(CLI::Range(7, 100000));
  if (study.cut) o.segments = study.cut->count;
  option("--segments", o.segments, "N",
         study.cut ? format("parts of {} s of each file, from its beginning ({})",
                            study.cut->seconds, study.cut->count)
                   : "excerpts taken from each audio file (1)")
      ->check(count);
  app.add_flag("--keep-all", o.keep_all,
               study.trims ? "keep all clips of every class, and weigh the classes in the\n"
                             "loss; else the larger are trimmed to the smallest"
                           : "weigh the classes in the loss, the larger the less")
      ->group(group);
  app.add_flag("--drop-duplicates", o.drop_duplicates,
               "leave out files that are byte for byte others; all of those\n"
               "that lie in several classes")
      ->group(group);
  option("--protocol", o.protocol, "WHICH",
         "what may cross the split: excerpts of one recording\n"
         "(published), nothing (honest), or a run of each (both); by\n"
         "default both if there are several excerpts of a file. With\n"
         "--split, both is the published one beside the lists")
      ->check(CLI::IsMember({"auto", "published", "honest", "both"}));

  list("--test-noise", o.test_noise, "DB,DB",
       "test every net once more on its test clips with so much\n"
       "less white noise than sound: 30,20,10");
  list("--test-mp3", o.test_mp3, "KBPS,KBPS",
       "the same on clips that went through MP3 of so many kbit/s:\n"
       "128,64,32")
      ->check(CLI::Range(8, 320));

  group = "Training";
  list("--nets", o.nets, "A,B,C", "or all; by default those that take minutes on two cores");
  list("--only", o.only, "A,B", "only fits of these names: 'base_cnn-honest-*'");
  list("--folds", o.folds, "N,N", "of rules with several folds only these, from 1")->check(count);
  option("--weights", o.weights, "NAME=FILE...",
         std::string("published weights for the pretrained net NAME: safetensors,\n"
                     "PyTorch's .pth or Keras's .h5; FILE alone: for all it fits") +
             (has_testable(study) ? ".\nOf other nets NAME is tested with them, not trained" : ""))
      ->check(is_file_of_weights);
  option("--pretrain", o.pretrain, "FOLDER",
         "another collection, on which pretrained nets without\n"
         "--weights are trained first");
  option("--seed", o.seed, "N", "of initial weights, batches and splits (0)")
      ->check(CLI::NonNegativeNumber);
  option("--seeds", o.seeds, "N", "train each net with so many seeds: mean and deviation (1)")
      ->check(count);
  list("--epochs", o.lists.epochs, "N,N",
       format("at most so many, of the last stage ({}); of these four\n"
              "options each of several values makes rows of its own",
              recipe.stages.back().epochs))
      ->check(count);
  list("--batch", o.lists.batch, "N,N", format("clips a step ({})", recipe.batch))->check(count);
  option("--micro-batch", o.micro_batch, "N",
         "so many clips at a time, whose gradients add up to a step's:\n"
         "less memory; batch norm sees no more than these")
      ->check(count);
  list("--lr", o.lists.lr, "RATE,RATE",
       "learning rate; pretrained nets keep theirs, unless the\n"
       "study's README says otherwise")
      ->check(is_positive);
  if (!study.augmentations.empty())
    list("--augment", o.lists.augment, "A,B",
         "what training does to clips: " + joined(augmentation_names(study)))
        ->check(CLI::IsMember(augmentation_names(study)));
  option("--unfreeze", o.unfreeze, "N",
         "train, in the last stage, only the last N layers that have\n"
         "parameters, of every net that is run")
      ->check(count);
  option("--patience-from", o.patience_from, "STEP",
         format("from which early stopping and the plateau rule count ({})", min_steps))
      ->check(CLI::NonNegativeNumber);
  option("--clip-norm", o.clip_norm, "NORM", "longer gradients are scaled to it")
      ->check(is_positive);
  app.add_flag("--bf16", o.bf16, "matrix products and convolutions in bfloat16")->group(group);
  option("--tf32", o.tf32, "[conv]",
         "on a GPU, f32 products with 10 bits of the fractions: faster;\n"
         "conv: convolutions and recurrent layers only")
      ->expected(0, 1)
      ->default_str("all")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Tf32>{{"conv", Tf32::conv}, {"all", Tf32::all}}));
  option("--winograd", o.winograd, "on|off",
         "on a CPU, convolutions by Winograd's method where it is\n"
         "faster, with errors of 1e-5 (on)")
      ->check(CLI::IsMember({"on", "off"}));
  app.add_flag("--cuda-graph", o.cuda_graph,
               "record the training step and let the GPU repeat it by\n"
               "itself: the same numbers")
      ->group(group);

  group = "Machine and output";
  option("--device", o.device, "DEVICE", "cpu, cuda or cuda:1 (cpu)");
  app.add_flag("--inputs-on-host", o.inputs_on_host,
               "if they do not fit in the GPU's memory: a batch is copied\n"
               "there while the GPU works with the one before")
      ->group(group);
  option("--threads", o.threads, "N", "as many as the machine has cores")
      ->check(CLI::Range(1, 4096));
  app.add_flag("--plan", o.plan,
               "only say which fits there would be: parameters, steps, and\n"
               "time and memory as two steps of each net tell")
      ->group(group);
  option("--out", o.out, "FOLDER", "for the report, results.json and checkpoints (report)");
  app.add_flag("--resume", o.resume,
               "go on where an earlier run in --out stopped; fits it\n"
               "finished are kept, and go on if --epochs says more")
      ->group(group);
}

void take_single_values(Options& options) {
  auto take = [](auto& values, auto& single) {
    if (values.size() != 1) return;
    single = values.front();
    values.clear();
  };
  take(options.lists.lr, options.lr);
  take(options.lists.batch, options.batch);
  take(options.lists.epochs, options.epochs);
  take(options.lists.augment, options.augment);
}

std::string command_of(int argc, char** argv) {
  std::vector<std::string> words(argv, argv + argc);
  for (std::string& word : words) word = shell_word(word);
  return joined(words, " ");
}

}  // namespace melgrad
