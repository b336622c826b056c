#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <map>

#include "apps/harness/command_line.h"
#include "apps/harness/interrupt.h"
#include "apps/harness/progress.h"
#include "apps/harness/report/plot.h"
#include "apps/harness/report/report.h"
#include "apps/harness/settings.h"
#include "apps/harness/splitting.h"
#include "apps/harness/study.h"
#include "audio/synth/synth.h"
#include "kernels/backend.h"
#include "kernels/tf32.h"
#include "layers/models/pretrained.h"
#include "layers/models/registry.h"
#include "tensor/files/image.h"
#include "tensor/files/safetensors.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

void say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

std::string today() {
  std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", std::localtime(&now));
  return text;
}

// "jazz, rock and blues"
std::string in_words(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

std::vector<const NetRow*> chosen_nets(const Study& study, const std::vector<std::string>& names) {
  bool all = std::find(names.begin(), names.end(), "all") != names.end();
  for (const std::string& name : names) {
    bool known = name == "all" || std::any_of(study.nets.begin(), study.nets.end(),
                                              [&](const NetRow& row) { return row.name == name; });
    std::string list;
    for (const NetRow& row : study.nets) list += (list.empty() ? "" : ", ") + row.name;
    check(known, "nets", "'{}' is none of {}", name, list);
  }
  std::vector<const NetRow*> chosen;
  for (const NetRow& row : study.nets) {
    bool named = std::find(names.begin(), names.end(), row.name) != names.end();
    if (all || named || (names.empty() && !row.variant.on_request)) chosen.push_back(&row);
  }
  return chosen;
}

/// A study on its way from the command line to the report.
class Run {
 public:
  Run(const Study& study, const Options& options)
      : study_(study),
        options_(options),
        training_(training_of(study, options)),
        device_(Device::parse(options.device)),
        out_(options.out) {
    set_num_threads(options.threads > 0 ? options.threads : num_threads());
    backend(device_);  // an error now, not after the data
    set_tf32(options.tf32);
    check(!options.cuda_graph || !device_.is_cpu(), "cuda-graph",
          "a GPU repeats recorded steps, the CPU cannot: add --device cuda");
    chosen_ = chosen_nets(study, options.nets);
    choose_weights();
  }

  void operator()() {
    open_out();
    load_data();
    split();
    describe();
    if (options_.resume)
      keep_earlier();
    else
      set_earlier_aside();
    write();
    for (const NetRow* row : chosen_) train(*row);
    write();
    say("\nThe report: " + fs::absolute(out_ / "report.html").string());
  }

 private:
  // The --weights file that each pretrained net starts from. A file that is none, or of another
  // net, is an error now, not after the nets before it.
  void choose_weights() {
    for (const std::string& path : options_.weights) {
      StateDict weights = load_safetensors(path).tensors;
      std::string problems;
      bool fits = false;
      for (const NetRow* row : chosen_) {
        if (!row->variant.pretrained) continue;
        try {
          load_weights(*row, *make_net(row->model(), find_net(row->model()).classes), weights);
          weights_.emplace(row->name, path);
          fits = true;
        } catch (const Error& error) {
          problems += format("\n{}: {}", row->name, error.what());
        }
      }
      check(fits, "weights", "{} is of no pretrained net that is to be trained{}", path, problems);
    }
    for (const std::string& name : options_.nets)
      for (const NetRow* row : chosen_)
        check(row->name != name || !row->variant.pretrained || weights_.contains(name), "weights",
              "{} needs --weights: a safetensors file of {}", name, row->model());
  }

  // All but the last layer must fit.
  static void load_weights(const NetRow& row, Module& net, const StateDict& weights) {
    load_pretrained(net, weights, {find_net(row.model()).head});
  }

  void open_out() {
    std::error_code error;
    fs::create_directories(out_ / "checkpoints", error);
    if (!error) fs::create_directories(out_ / "weights", error);
    check(!error, "out", "{} cannot be written to: {}", out_, error.message());
    fs::path results = out_ / "results.json";
    if (options_.resume && fs::exists(results)) earlier_ = read_json(results.string());
  }

  Collection collection() {
    if (!options_.data.empty()) return scan_folder(options_.data, options_.classes);
    // Music of another seed or number of clips is another collection.
    fs::path music = out_ / "music" / format("{}_clips_seed_{}", options_.clips, options_.seed);
    const std::vector<std::string>& known = synthetic_genres();
    std::vector<std::string> genres = options_.classes.empty() ? study_.genres : options_.classes;
    for (const std::string& genre : genres)
      check(std::find(known.begin(), known.end(), genre) != known.end(), "classes",
            "no music can be synthesised for '{}': give a collection with --data", genre);
    Progress progress("music", options_.clips * static_cast<i64>(known.size()));
    progress.line(format("synthesising {} clips of {} s", options_.clips * known.size(),
                         study_.features.seconds));
    write_collection(music, options_.clips, study_.features.seconds, options_.seed,
                     [&](i64 done, i64 total) {
                       if (interrupted()) throw Interrupted("stopped while music was synthesised");
                       progress.show(done, format("{} of {}", done, total));
                     });
    return scan_folder(music, genres);
  }

  void load_data() {
    data_ = load_pictures(collection(), study_.features, options_.segments, out_ / "features");
    if (interrupted()) throw Interrupted("stopped before the training");
    for (const Skipped& file : data_.collection.skipped) {
      skipped_.push_back(file.path.string() + ": " + file.reason);
      if (skipped_.size() <= 10) say("skipped " + skipped_.back());
    }
    if (skipped_.size() > 10) say(format("… {} files skipped in all", skipped_.size()));
    if (options_.split.empty()) data_ = trim_classes(data_, options_.seed);
    if (!options_.inputs_on_host) data_.inputs = data_.inputs.to(device_);
  }

  void split() {
    std::vector<std::string> absent;
    splittings_ = splittings(study_, options_, data_, absent);
    for (const std::string& name : absent)
      skipped_.push_back(name + ": named by the split, not in the collection");
  }

  void describe() {
    results_.study = study_.title;
    results_.data_set = data_set();
    results_.device = to_string(device_);
    results_.compute = training_.bf16 ? "bf16, weights in f32" : "f32";
    if (training_.cuda_graph) results_.compute += ", steps recorded as a CUDA graph";
    results_.threads = num_threads();
    results_.seed = options_.seed;
    results_.command = options_.command;
    results_.date = today();
    results_.classes = data_.collection.classes;
    results_.skipped = skipped_;
    const auto& examples = data_.collection.examples;
    bool sounds = std::any_of(examples.begin(), examples.end(),
                              [](const Example& example) { return !is_image_file(example.path); });
    results_.settings = settings_of(study_, options_, training_, sounds);
    for (const Splitting& splitting : splittings_) results_.protocols.push_back(splitting.protocol);
    if (!options_.data.empty())
      results_.notes.push_back(
          "The published figures are of the authors' own clips" +
          (results_.classes == study_.genres ? std::string() : " of " + in_words(study_.genres)) +
          ". This is another collection: the two columns show different "
          "tasks, not a failed or bettered reproduction.");
    std::string print = results_.data_set + "|" + std::to_string(options_.seed);
    for (const Setting& setting : results_.settings)
      if (setting.name != "epochs") print += "|" + setting.name + "=" + setting.value;
    for (const Protocol& protocol : results_.protocols)
      print += format("|{} {}/{}/{}", protocol.name, protocol.train, protocol.valid,
                      protocol.test.size());
    results_.fingerprint = print;
    for (const NetRow& row : study_.nets) results_.nets.push_back(empty_result(row));
  }

  std::string data_set() const {
    std::string source = options_.data.empty()
                             ? "synthesised music"
                             : fs::path(options_.data).lexically_normal().filename().string();
    if (source.empty()) source = options_.data;
    return format("{} pictures of {}: {}", data_.size(), source,
                  in_words(data_.collection.classes));
  }

  static NetResult empty_result(const NetRow& row) {
    NetResult net;
    net.name = row.name;
    net.title = row.title;
    net.layers = row.layers;
    net.published = row.published;
    net.not_run = "not run";
    return net;
  }

  // Fits that an earlier run in the same folder finished, unless its settings were others.
  void keep_earlier() {
    if (!earlier_) return;
    check(earlier_->fingerprint == results_.fingerprint, "resume",
          "the run in {} had other data or settings.\n  then: {}\n  now:  {}", out_,
          earlier_->fingerprint, results_.fingerprint);
    for (const NetResult& old : earlier_->nets)
      for (NetResult& net : results_.nets)
        if (net.name == old.name && !old.fits.empty()) {
          net = old;
          say(format(
              "{}: {} finished earlier", net.title,
              old.fits.size() == 1 ? "was" : std::to_string(old.fits.size()) + " fits were"));
        }
  }

  // A run without --resume begins anew; what it finds is kept until the next.
  void set_earlier_aside() {
    auto set_aside = [&](const char* name, const char* aside) {
      fs::remove_all(out_ / aside);
      bool found = fs::exists(out_ / name) && !fs::is_empty(out_ / name);
      if (found) fs::rename(out_ / name, out_ / aside);
      return found;
    };
    set_aside("results.json", "results.previous.json");
    if (!set_aside("checkpoints", "checkpoints.previous")) return;
    fs::create_directories(out_ / "checkpoints");
    say(format("note: no --resume: the checkpoints of an unfinished run are now in {}",
               (out_ / "checkpoints.previous").string()));
  }

  void write() {
    write_json(results_, (out_ / "results.json").string());
    write_report(
        results_, [&](i64 index) { return jpeg_of(data_, study_.features, index); },
        (out_ / "report.html").string());
  }

  void train(const NetRow& row) {
    auto& net = *std::find_if(results_.nets.begin(), results_.nets.end(),
                              [&](const NetResult& result) { return result.name == row.name; });
    for (i64 k = 0; k < options_.seeds; ++k) {
      u64 seed = options_.seed + static_cast<u64>(k);
      for (const Splitting& splitting : splittings_) {
        bool done = std::any_of(net.fits.begin(), net.fits.end(), [&](const Fit& fit) {
          return fit.seed == seed && fit.protocol == splitting.protocol.name;
        });
        if (!done && !fit(row, net, splitting, seed)) return;
      }
    }
  }

  // False: this net cannot be run.
  bool fit(const NetRow& row, NetResult& result, const Splitting& splitting, u64 seed) {
    const auto& [protocol, split] = splitting;
    std::unique_ptr<Module> net = make(row, result, seed);
    if (!net) return false;
    Generator generator(seed, device_);
    net->set_generator(generator);

    Training training = training_;
    if (row.variant.lr > 0) training.set_lr(row.variant.lr);
    Trainer trainer(*net, generator, data_, split, training, seed);
    fs::path checkpoint =
        out_ / "checkpoints" / format("{}-{}-{}.safetensors", row.name, protocol.name, seed);
    say(format("\n{}{}{}: {} parameters, {} clips to learn from", row.title,
               options_.seeds > 1 ? format(", seed {}", seed) : "",
               splittings_.size() > 1 ? ", " + protocol.title : "",
               thousands(result.trained_parameters), split.train.size()));
    if (options_.resume && fs::exists(checkpoint)) {
      trainer.load(checkpoint);
      say("  goes on from " + checkpoint.string());
    }
    i64 batches = (static_cast<i64>(split.train.size()) + training.batch - 1) / training.batch;
    Progress progress(row.name, training.epochs * batches);
    Fit fit = trainer.run(checkpoint, progress);
    progress.line(fit.diverged
                      ? "  " + fit.ended
                      : format("  test: {} right, loss {}; {}, {}",
                               percent(fit.scores.test_accuracy), decimal(fit.scores.test_loss, 4),
                               fit.ended, clock_time(fit.seconds)));
    fit.protocol = protocol.name;
    bool diverged = fit.diverged;
    result.not_run.clear();
    result.fits.push_back(std::move(fit));
    write();
    if (!diverged && seed == options_.seed && &splitting == &splittings_.front())
      save_safetensors(out_ / "weights" / (row.name + ".safetensors"), net->state_dict());
    std::error_code ignored;
    fs::remove(checkpoint, ignored);
    return true;
  }

  std::unique_ptr<Module> make(const NetRow& row, NetResult& result, u64 seed) {
    std::unique_ptr<Module> net =
        make_net(row.model(), static_cast<i64>(data_.collection.classes.size()));
    Generator initial(seed);
    net->reset(initial);
    result.parameters = net->parameter_count();
    if (row.variant.pretrained) {
      auto file = weights_.find(row.name);
      if (file == weights_.end()) {
        result.not_run = "not run: needs --weights";
        say(format("\n{}: {}", row.title, result.not_run));
        return nullptr;
      }
      load_weights(row, *net, load_safetensors(file->second).tensors);
    }
    if (!row.variant.freeze.empty()) net->freeze(row.variant.freeze);
    result.trained_parameters = net->parameter_count(true);
    net->to(device_);
    return net;
  }

  const Study& study_;
  const Options& options_;
  Training training_;
  Device device_;
  fs::path out_;
  std::vector<const NetRow*> chosen_;
  std::map<std::string, std::string> weights_;  // by the net's name
  std::optional<Results> earlier_;
  StudyData data_;
  std::vector<std::string> skipped_;
  std::vector<Splitting> splittings_;
  Results results_;
};

}  // namespace

int run(const Study& study, int argc, char** argv) {
  CommandLine line = parse_command_line(study, argc, argv);
  if (line.exit_code) return *line.exit_code;
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grew too large is an error of write(), not the end
  InterruptGuard guard;
  try {
    Run(study, line.options)();
    return 0;
  } catch (const Interrupted& stop) {
    say(format("\n{}. To go on: {}{}", stop.what(), line.options.command,
               line.options.resume ? "" : " --resume"));
    return 130;
  } catch (const std::exception& error) {
    say(format("\nerror: {}", error.what()));
    return 1;
  }
}

}  // namespace melgrad
