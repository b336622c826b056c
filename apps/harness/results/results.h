#pragma once
#include <map>
#include <string>
#include <vector>

#include "apps/harness/results/metrics.h"
#include "audio/collections/split.h"

namespace melgrad {

/// One line of a learning curve. Without a validation part its two figures are NaN.
struct Epoch {
  double train_loss = 0, train_accuracy = 0, valid_loss = 0, valid_accuracy = 0;
  double lr = 0, seconds = 0;
  double waited = 0;  // of the seconds: for the loader threads
};

/// What a net said of one test clip.
struct Prediction {
  i64 label = 0;
  double confidence = 0;              // its strength
  std::vector<float> strengths = {};  // softmax, a class each
};

/// One training of one row, from a seed to its score on the test part.
struct Fit {
  u64 seed = 0;
  std::string rule;   // how the clips were split: SplitRule's name
  i64 fold = 0;       // of the rule's splits
  std::string ended;  // "stopped early, after epoch 31", "all 60 epochs", "diverged: …"
  bool diverged = false;
  std::vector<Epoch> history;
  i64 best_epoch = -1;  // counted from 0; its weights were tested, unless the recipe takes the last
  Figures measured;     // on the test part: figures_of()
  Confusion confusion;
  std::vector<Prediction> predictions;  // one for each test clip of the fold
  double seconds = 0, waited = 0;
};

/// A row of the study's table and what came of it.
struct RowResult {
  std::string name, title, layers;  // "base_cnn", "base CNN", "3 × [Conv k3 p1 …"
  std::string input;                // what it sees: Input's name
  i64 parameters = 0, trained_parameters = 0;
  Figures published;
  std::string started_from;  // "imagenet.safetensors", "mlp1 on fma_small"; empty: drawn weights
  std::string not_run;       // why, for a row without fits
  std::vector<Fit> fits;
};

/// A setting and where it comes from: [src], [fig], [txt], [inf] (README.md), or "set" by the
/// command line. `rows`: names of the rows it is of, empty for all.
struct SettingUsed {
  std::string name, value, mark, note;
  std::vector<std::string> rows;
};

struct ClipInfo {
  std::string name;   // "jazz/jazz_012.wav"
  std::string sound;  // path of an audio file to listen to, empty if there is none
  i64 label = 0;
  double begin = 0, end = 0;  // seconds: the part of `sound`
};

/// One way to split the clips into training, validation and test parts.
struct RuleUsed {
  std::string name, title, note;
  bool leaks = false;        // parts of one recording or album may be on both sides
  std::vector<Split> folds;  // indices into Results::clips
};

/// Everything a run knows: results.json is this, the report is made from this.
struct Results {
  std::string unit = "clip";  // that a net names the genre of: a clip, or a song of a table
  std::string study, data_set, device, command, date, compute;
  int threads = 0;
  u64 seed = 0;
  /// Of each input by name: of the clips' contents, parts and classes, and of the input itself.
  std::map<std::string, std::string> data_fingerprints;
  std::vector<std::string> classes, skipped;
  std::vector<std::string> notes;  // what happened to the data on the way to the nets, in sentences
  std::string published_note;      // what is to be known of the published figures
  std::vector<SettingUsed> settings;
  std::vector<ClipInfo> clips;
  std::vector<RuleUsed> rules;  // the first one is compared with the published figures
  std::vector<RowResult> rows;
  std::vector<RowResult> pretraining;  // fits on another collection that rows started from
};

/// The row of that name; null if there is none.
const RowResult* find_row(const std::vector<RowResult>& rows, const std::string& name);
/// As published; NaN if that figure was not.
double published(const RowResult& row, const std::string& figure);
/// Of each class the clips that the rule tests, in all folds.
std::vector<i64> tested_of_classes(const Results& results, const RuleUsed& rule);

/// What a history says of the validation part: "final validation accuracy", "final validation loss" and
/// "best validation accuracy". None where it has no epoch.
Figures validation_figures(const std::vector<Epoch>& history);

/// The mean over the fits of one rule that did not diverge, folds and seeds alike.
struct Measured {
  i64 fits = 0, diverged = 0;
  std::map<std::string, MeanDeviation> figures;
  MeanDeviation seconds, waited;
  /// NaN if the figure was not measured.
  MeanDeviation operator[](const std::string& figure) const;
};
Measured measured(const RowResult& row, const std::string& rule);

/// The fits of one rule and the first seed that has any which did not diverge, by fold.
std::vector<const Fit*> folds_of(const RowResult& row, const std::string& rule);
/// The first of them, or null.
const Fit* first_fit(const RowResult& row, const std::string& rule);
/// Their confusion matrices' sum.
Confusion pooled_confusion(const RowResult& row, const std::string& rule);
/// What they said: clip's number -> prediction.
std::map<i64, Prediction> pooled_predictions(const RowResult& row, const RuleUsed& rule);

/// Lists of epochs and of predictions are a list a member. A number that is not finite is null in the
/// file and NaN when read back. For whoever reads the file, a row's "measured" has what follows from
/// its fits, by rule: means and deviations by the figures' names, the first fit's best epoch, the
/// folds' confusion. The file appears whole or not at all.
void write_json(const Results& results, const std::string& path);
/// Throws Error naming the file if it is not what write_json wrote.
Results read_json(const std::string& path);

}  // namespace melgrad
