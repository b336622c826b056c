#include "apps/harness/command_line.h"

#include <CLI/CLI.hpp>

#include "apps/harness/study.h"

namespace melgrad {
namespace {

// As the shell would take it back: quoted where it must be.
std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789-_./,=:+@%") == std::string::npos)
    return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::string list_of_nets(const Study& study) {
  std::string text = "\nNets:\n";
  for (const NetRow& row : study.nets) {
    std::string name = "  " + row.name;
    name.resize(std::max<std::size_t>(name.size() + 2, 22), ' ');
    text += name + row.title + (row.variant.on_request ? "  (on request)" : "") +
            (row.variant.pretrained ? "  (needs --weights)" : "") + "\n";
  }
  return text;
}

}  // namespace

CommandLine parse_command_line(const Study& study, int argc, char** argv) {
  CommandLine line;
  Options& o = line.options;
  CLI::App app(study.title + ": trains the nets of the study and writes a report.");
  app.footer(list_of_nets(study));
  app.get_formatter()->column_width(34);

  const char* data = "Data";
  app.add_option("--data", o.data,
                 "folder with one folder of audio files or pictures per class; without it the "
                 "program makes up its own music")
      ->group(data);
  app.add_option("--classes", o.classes, "a,b,c: the classes to tell apart, in this order")
      ->delimiter(',')
      ->group(data);
  app.add_option("--split", o.split, "TRAIN VALID TEST: files with one class/clip a line")
      ->expected(3)
      ->group(data);
  app.add_option("--clips", o.clips, "clips of synthesised music per genre (150)")
      ->check(CLI::Range(7, 100000))
      ->group(data);
  app.add_option("--segments", o.segments, "excerpts taken from each audio file (1)")
      ->check(CLI::Range(1, 1000))
      ->group(data);
  app.add_option("--protocol", o.protocol,
                 "what may cross the split: excerpts of one recording (published), nothing "
                 "(honest), or a run of each (both); by default both if there are several "
                 "excerpts of a file")
      ->check(CLI::IsMember({"auto", "published", "honest", "both"}))
      ->group(data);

  const char* training = "Training";
  app.add_option("--nets", o.nets, "a,b,c or all; by default those that take minutes on two cores")
      ->delimiter(',')
      ->group(training);
  app.add_option("--weights", o.weights,
                 "safetensors files with published weights for the pretrained nets")
      ->check(CLI::ExistingFile)
      ->group(training);
  app.add_option("--seed", o.seed, "of initial weights, batches and splits (0)")->group(training);
  app.add_option("--seeds", o.seeds, "train each net with this many seeds: mean and deviation (1)")
      ->check(CLI::Range(1, 1000))
      ->group(training);
  app.add_option("--epochs", o.epochs, format("at most this many ({})", study.training.epochs))
      ->check(CLI::Range(1, 1000000))
      ->group(training);
  app.add_option("--batch", o.batch, format("clips a step ({})", study.training.batch))
      ->check(CLI::Range(1, 1000000))
      ->group(training);
  app.add_option("--lr", o.lr, "learning rate, of every net that is trained from scratch")
      ->check(CLI::PositiveNumber)
      ->group(training);
  app.add_option("--patience-from", o.patience_from,
                 format("step from which early stopping and the plateau rule count ({})",
                        study.training.early_stopping.min_steps))
      ->check(CLI::NonNegativeNumber)
      ->group(training);
  app.add_option("--clip-norm", o.clip_norm, "largest norm of the gradient; longer ones are scaled")
      ->check(CLI::PositiveNumber)
      ->group(training);
  app.add_flag("--bf16", o.bf16, "matrix products and convolutions in bfloat16")->group(training);

  const char* machine = "Machine and output";
  app.add_option("--device", o.device, "cpu, cuda or cuda:1 (cpu)")->group(machine);
  app.add_option("--threads", o.threads, "as many as the machine has cores")
      ->check(CLI::Range(1, 4096))
      ->group(machine);
  app.add_option("--out", o.out, "folder for the report, results.json and checkpoints")
      ->capture_default_str()
      ->group(machine);
  app.add_flag("--resume", o.resume,
               "go on where an earlier run in --out stopped; nets it finished are kept")
      ->group(machine);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11's own codes go up to 116; here every wrong use is 2.
    line.exit_code = app.exit(error) == 0 ? 0 : 2;
    return line;
  }
  for (int i = 0; i < argc; ++i) o.command += (i > 0 ? " " : "") + quoted(argv[i]);
  return line;
}

}  // namespace melgrad
