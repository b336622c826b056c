#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/harness/metrics.h"

namespace melgrad {

struct Scores {
  double test_loss = 0, test_accuracy = 0, macro_f1 = 0;
};

/// What a write-up reports; NaN where it does not say.
struct Published {
  double loss, accuracy;
};

/// One line of a learning curve.
struct Epoch {
  double train_loss = 0, train_accuracy = 0, valid_loss = 0, valid_accuracy = 0;
  double lr = 0, seconds = 0;
};

/// What a net said of one test clip.
struct Prediction {
  i64 label = 0;
  double confidence = 0;  // softmax of that label
};

/// One training of one net, from a seed to its score on the test set.
struct Fit {
  u64 seed = 0;
  std::string protocol;  // how the clips were split: key of Results::protocols
  std::string ended;     // "early stopping after epoch 31", "all 60 epochs", "diverged: …"
  bool diverged = false;
  std::vector<Epoch> history;
  i64 best_epoch = -1;  // counted from 0; its weights were tested
  Scores scores;
  Confusion confusion;
  std::vector<Prediction> predictions;  // one for each test clip of the protocol
  double seconds = 0;
};

struct NetResult {
  std::string name, title, layers;  // "base_cnn", "base CNN", "3 × [Conv k3 p1 …"
  i64 parameters = 0, trained_parameters = 0;
  Published published;
  std::string not_run;  // why, for a net without fits
  std::vector<Fit> fits;
};

/// A setting of the study and where it comes from: [src], [fig], [txt] or [inf] (README.md).
struct Setting {
  std::string name, value, mark, note;
};

struct TestClip {
  std::string name;   // "jazz/jazz_012.wav"
  std::string sound;  // path of an audio file to listen to, empty if there is none
  i64 label = 0;
  i64 index = 0;              // among the study's pictures
  double begin = 0, end = 0;  // seconds: the excerpt of `sound`
};

/// One way to split the clips into train, validation and test.
struct Protocol {
  std::string name, title, note;
  i64 train = 0, valid = 0;
  std::vector<TestClip> test;
};

/// Everything a run knows: results.json is this, the report is made from this.
struct Results {
  std::string study, data_set, device, command, date, compute;
  int threads = 0;
  u64 seed = 0;
  std::string fingerprint;  // settings that must be equal for --resume
  std::vector<std::string> classes, skipped, notes;
  std::vector<Setting> settings;
  std::vector<Protocol> protocols;  // the first one is compared with the published figures
  std::vector<NetResult> nets;
};

/// The mean over the fits of one protocol that did not diverge.
struct Measured {
  i64 fits = 0, diverged = 0;
  MeanDeviation loss, accuracy, macro_f1, seconds;
};
Measured measured(const NetResult& net, const std::string& protocol);

/// The first fit of a protocol that did not diverge, or null.
const Fit* first_fit(const NetResult& net, const std::string& protocol);

/// A number that is not finite is null in the file and NaN when read back.
void write_json(const Results& results, const std::string& path);
/// Throws Error naming the file if it is not what write_json wrote.
Results read_json(const std::string& path);

}  // namespace melgrad
