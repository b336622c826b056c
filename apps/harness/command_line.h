#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/tf32.h"

namespace CLI {
class App;
}

namespace melgrad {

struct Study;

/// What --lr, --batch, --epochs and --augment list. Of several values each makes rows of its own
/// (planning/sweep.h), of one it is Options' own.
struct Lists {
  std::vector<double> lr = {};
  std::vector<i64> batch = {}, epochs = {};
  std::vector<std::string> augment = {};
};

/// What the command line of every study can say. Unset: the study's own.
struct Options {
  std::string data;                  // a folder per class; empty: synthesised music
  std::vector<std::string> classes;  // empty: the study's, or with --data all folders
  std::vector<std::string> split;    // three files, or none
  std::vector<std::string> nets;     // names of rows; empty: the study's default; {"all"}
  std::vector<std::string> only;     // patterns of fits' names; empty: all
  std::vector<i64> folds;            // counted from 1; empty: all
  i64 clips = 150, segments = 1;
  bool keep_all = false, drop_duplicates = false;
  std::string protocol = "auto";
  u64 seed = 0;
  i64 seeds = 1;
  std::optional<i64> epochs, batch, micro_batch, patience_from, unfreeze;
  std::optional<double> lr, clip_norm;
  std::optional<std::string> augment;  // of the study's augmentations, by name, or "none"
  Lists lists;
  std::vector<double> test_noise;  // dB: the test clips once more, with white noise
  std::vector<i64> test_mp3;       // kbit/s: the same through MP3
  std::string device = "cpu";
  int threads = 0;  // 0: as many as cores
  std::vector<std::string> weights;
  std::string pretrain;  // a folder per class, for rows that need weights and have none
  bool plan = false;     // say what would be done, and end
  std::string out = "report";
  bool resume = false, bf16 = false, cuda_graph = false, inputs_on_host = false;
  Tf32 tf32 = Tf32::off;
  bool winograd = true;  // kernels/winograd.h
  std::string command;   // as typed
  bool parsed = false;   // not yet where a study is made for --help
};

/// Makes `app` parse them, with this study's defaults and nets in its help.
void add_options(CLI::App& app, const Study& study, Options& options);

/// Lists of one value become the option itself.
void take_single_values(Options& options);

/// As the shell would take it back: quoted where it must be.
std::string command_of(int argc, char** argv);

}  // namespace melgrad
