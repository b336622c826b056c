#pragma once
#include <string>
#include <vector>

#include "apps/harness/results.h"
#include "apps/harness/trainer.h"
#include "audio/drawing/picture.h"

namespace melgrad {

/// How a net of the study differs from "built by its name, trained from scratch, by default".
struct Variant {
  std::string model = {};   // name in the registry of nets; empty: the row's own
  bool pretrained = false;  // starts from a file given by --weights
  std::string freeze = {};  // glob of the parameters that keep their pretrained values
  double lr = 0;            // 0: the study's
  bool on_request = false;  // trained only if --nets names it or says all
};

/// One row of the published table.
struct NetRow {
  std::string name, title, layers;
  Published published;
  Variant variant = {};

  const std::string& model() const { return variant.model.empty() ? name : variant.model; }
};

/// Where a setting comes from: src, fig, txt or inf, as in the report.
struct Source {
  std::string setting, mark, note;
};

/// An experiment on pictures of sounds: what goes in, how it is trained, what was published.
struct Study {
  std::string title;
  std::vector<std::string> genres;  // by default; --classes and --data change them
  std::string protocol_note;        // what is known of how the authors split their clips
  Picture features;
  Training training;
  std::vector<NetRow> nets;
  std::vector<Source> sources;
};

/// The whole program: parses the command line, gets the data, trains, writes results.json and
/// report.html. Returns the exit code: 0, 1 after an error, 130 after Ctrl-C.
int run(const Study& study, int argc, char** argv);

}  // namespace melgrad
