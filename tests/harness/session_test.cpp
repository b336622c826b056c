#include "apps/harness/session.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "apps/harness/fitting.h"
#include "apps/harness/weights/starting_weights.h"
#include "layers/models/registry.h"
#include "tensor/files/file.h"
#include "tensor/files/safetensors.h"
#include "tensor/ops.h"
#include "tests/error_of.h"
#include "tests/harness/example_results.h"
#include "tests/harness/example_study.h"
#include "tests/temporary_folder.h"

// What a run finds in its folder, takes over, refuses or sets aside; its settings; where nets start.
namespace melgrad {
namespace {

namespace fs = std::filesystem;

const ClipSource no_picture{[](i64) { return std::string(); }, {}};

/// What a run with the same settings and data would have before its first fit.
Results fresh(Results results) {
  for (RowResult& row : results.rows) {
    row.fits.clear();
    row.not_run = "not run";
    row.published["accuracy"] = .123;
  }
  results.pretraining.clear();
  return results;
}

/// The error of resuming with something changed, after example_results() were written.
template <class Change>
std::string refusal(Change change) {
  TemporaryFolder folder;
  Session(folder.path, false).write(example_results(), no_picture, {});
  Results now = fresh(example_results());
  change(now);
  return error_of([&] { Session(folder.path, true).begin(now); });
}

TEST(Session, TakesOverTheFitsThatAreDone) {
  TemporaryFolder folder;
  Results then = example_results(), now = fresh(then);
  Session(folder.path, false).write(then, no_picture, {});
  Session(folder.path, true).begin(now);
  for (std::size_t r = 0; r < then.rows.size(); ++r) {
    EXPECT_EQ(now.rows[r].fits.size(), then.rows[r].fits.size()) << then.rows[r].name;
    if (then.rows[r].fits.empty()) continue;
    EXPECT_EQ(now.rows[r].fits[0].measured, then.rows[r].fits[0].measured);
    EXPECT_EQ(now.rows[r].parameters, then.rows[r].parameters);
    EXPECT_EQ(now.rows[r].not_run, then.rows[r].not_run);
    EXPECT_EQ(now.rows[r].published.at("accuracy"), .123) << "the table of this program counts";
  }
  EXPECT_EQ(now.pretraining.size(), then.pretraining.size());
  now.data_fingerprints.erase("mel");  // a run without the rows that see it forgets nothing
  Session(folder.path, true).begin(now);
  EXPECT_EQ(now.data_fingerprints, then.data_fingerprints);
}

TEST(Session, BeginsWhereNothingIs) {
  TemporaryFolder folder;
  Results now = fresh(example_results());
  Session session(folder / "deep/er", true);
  session.begin(now);
  EXPECT_TRUE(now.rows[0].fits.empty());
  EXPECT_EQ(session.checkpoint("a-b-0"), folder / "deep/er/checkpoints/a-b-0.safetensors");
  EXPECT_EQ(session.weights("a"), folder / "deep/er/weights/a.safetensors");
}

TEST(Session, RefusesOtherDataAndSettingsInWords) {
  EXPECT_EQ(refusal([](Results&) {}), "no error");
  EXPECT_TRUE(
      contains(refusal([](Results& r) { r.data_fingerprints["mfcc"] = "x"; }), "other data"));
  EXPECT_TRUE(
      contains(refusal([](Results& r) { r.data_fingerprints["mel"] = "x"; }), "other data"));
  // Rows of other inputs may join later.
  EXPECT_EQ(refusal([](Results& r) { r.data_fingerprints.erase("mel"); }), "no error");
  EXPECT_EQ(refusal([](Results& r) { r.data_fingerprints["picture"] = "5"; }), "no error");
  EXPECT_TRUE(contains(refusal([](Results& r) { r.seed = 12345; }), " → 12345"));
  EXPECT_TRUE(contains(refusal([](Results& r) { r.classes[0] = "polka"; }), "classes"));
  EXPECT_TRUE(
      contains(refusal([](Results& r) { r.rules[0].folds[0].train.push_back(1); }), "splits: "));
  EXPECT_TRUE(
      contains(refusal([](Results& r) { r.rules[0].folds[0].valid.push_back(1); }), "splits: "));
  EXPECT_TRUE(contains(refusal([](Results& r) { r.rules[0].name = "x"; }), "splits: "));
  std::string old = example_results().settings[0].value, name = example_results().settings[0].name;
  EXPECT_TRUE(
      contains(refusal([](Results& r) { r.settings[0].value = "7"; }), name + ": " + old + " → 7"));
  EXPECT_TRUE(contains(refusal([](Results& r) {
                         r.settings.push_back({"new", "5", "", "", {}});
                       }),
                       "new: – → 5"));
  EXPECT_TRUE(contains(refusal([](Results& r) { r.settings.erase(r.settings.begin()); }),
                       name + ": " + old + " → –"));
  // What may differ: the machine, the day, the command.
  EXPECT_EQ(refusal([](Results& r) {
              r.threads = 77;
              r.date = r.command = r.device = r.compute = "other";
              r.notes = {"other"};
            }),
            "no error");
}

TEST(Session, SetsAsideWhatAnEarlierRunLeft) {
  TemporaryFolder folder;
  auto leave = [&](const std::string& mark) {
    for (const char* name :
         {"results.json", "report.html", "checkpoints/a", "weights/b", "features/c"}) {
      fs::create_directories((folder / name).parent_path());
      write_file(folder / name, mark);
    }
  };
  for (const char* mark : {"first", "second"}) {
    leave(mark);
    Results results = fresh(example_results());
    Session(folder.path, false).begin(results);
    for (const char* name : {"results.json", "report.html", "checkpoints/a", "weights/b"}) {
      EXPECT_EQ(read_file(folder / "previous" / name), mark) << name;
      EXPECT_FALSE(fs::exists(folder / name)) << name;
    }
    EXPECT_TRUE(fs::is_empty(folder / "weights") && fs::is_empty(folder / "checkpoints"));
    EXPECT_EQ(read_file(folder / "features/c"), mark) << "what can be made again stays";
  }
}

TEST(Session, OneRunAtATime) {
  TemporaryFolder folder;
  {
    Session first(folder.path, false);
    EXPECT_TRUE(contains(error_of([&] { Session(folder.path, false); }), "another run works in"));
  }
  EXPECT_EQ(error_of([&] { Session(folder.path, false); }), "no error");
  write_file(folder / "file", "");
  EXPECT_TRUE(
      contains(error_of([&] { Session(folder / "file/out", false); }), "cannot be written"));
  EXPECT_TRUE(contains(error_of([&] { Session(folder / "file", false); }), "cannot be written"));
}

TEST(Session, KnowsWhichFitIsDone) {
  RowResult row;
  Fit fit;
  fit.seed = 4;
  fit.rule = "folds";
  fit.fold = 1;
  fit.history.resize(5);
  fit.ended = "all 5 epochs";
  row.fits = {fit};
  PlannedFit planned;
  planned.seed = 4;
  planned.fold = 1;
  planned.name = "x-folds.2-4";
  auto done = [&](const PlannedFit& of, i64 epochs, const std::string& rule = "folds") {
    return Session::is_done(row, of, rule, epochs);
  };
  EXPECT_TRUE(done(planned, 5));
  EXPECT_FALSE(done(planned, 6)) << "there is one more epoch";
  EXPECT_TRUE(contains(error_of([&] { done(planned, 4); }), "x-folds.2-4 has 5 already"));
  PlannedFit other = planned;
  other.seed = 5;
  EXPECT_FALSE(done(other, 5));
  other = planned;
  other.fold = 0;
  EXPECT_FALSE(done(other, 5));
  EXPECT_FALSE(done(planned, 5, "honest"));
  row.fits[0].ended = "stopped early, after epoch 5";
  EXPECT_TRUE(done(planned, 6));
  row.fits[0].ended = "diverged: the loss is nan";
  EXPECT_TRUE(done(planned, 6));
}

TEST(Settings, TellWhatTheCommandLineChanged) {
  Study study = example_study();
  struct Changed {
    const char* name;
    void (*change)(Options&);
    const char* difference;
  };
  const Changed changes_made[] = {
      {"batch", [](Options& o) { o.batch = 3; }, "batch: 6 → 3 (mlp, bands, tuned)"},
      {"lr", [](Options& o) { o.lr = .5; }, "learning rate: 0.005 → 0.5 (mlp, bands)"},
      {"clip_norm", [](Options& o) { o.clip_norm = 2; }, "gradient's norm: – → at most 2"},
      {"patience_from", [](Options& o) { o.patience_from = 9; },
       "rules count from: step 0 → step 9"},
      {"segments", [](Options& o) { o.segments = 3; }, "excerpts of a file: 1 → 3"},
      {"classes",
       [](Options& o) {
         o.classes = {"x", "y"};
       },
       "genres: high, low, middle, noisy → x, y"},
      {"keep_all", [](Options& o) { o.keep_all = true; },
       "class sizes: trimmed to the smallest class → all clips kept, the loss weighs classes\n"
       "loss: cross-entropy → cross-entropy, classes weighed by n / (classes"},
      {"drop_duplicates", [](Options& o) { o.drop_duplicates = true; },
       "duplicates: – → copies of earlier files"},
      {"unfreeze", [](Options& o) { o.unfreeze = 3; },
       "then the last 3 layers that have parameters"},
      {"bf16", [](Options& o) { o.bf16 = true; }, "bfloat16: – → matrix"},
      {"tf32", [](Options& o) { o.tf32 = Tf32::all; }, "TF32: – → f32"},
      {"tf32 conv", [](Options& o) { o.tf32 = Tf32::conv; },
       "of their fractions in convolutions and recurrent layers"},
      {"winograd", [](Options& o) { o.winograd = false; },
       "Winograd's convolutions: 3 × 3 and 5 × 5, where they are faster → none"},
      {"split",
       [](Options& o) {
         o.split = {"1", "2", "3"};
       },
       "files → 1, 2, 3"},
  };
  std::vector<SettingUsed> plain = settings_of(study, {}, true);
  EXPECT_TRUE(changes(plain, plain).empty());
  for (const Changed& row : changes_made) {
    Options options;
    row.change(options);
    std::vector<SettingUsed> now = settings_of(study, options, true);
    std::string all;
    for (const std::string& difference : changes(plain, now)) all += difference + "\n";
    EXPECT_TRUE(contains(all, row.difference) || contains(row.name, "split")) << row.name << all;
    EXPECT_FALSE(all.empty()) << row.name;
    bool marked =
        std::any_of(now.begin(), now.end(), [](const SettingUsed& s) { return s.mark == "set"; });
    EXPECT_TRUE(marked) << row.name;
  }
  Options longer;
  longer.epochs = 99;
  EXPECT_TRUE(changes(plain, settings_of(study, longer, true)).empty());
}

TEST(Settings, HaveTheStudysSources) {
  Study study = example_study();
  study.sources = {{About::batch, "txt", "page 3"}, {About::epochs, "src", ""}};
  for (const SettingUsed& setting : settings_of(study, {}, true)) {
    bool batch = setting.name == name_of(About::batch), epochs = setting.name == "epochs";
    EXPECT_EQ(setting.mark, batch ? "txt" : epochs ? "src" : "inf") << setting.name;
    EXPECT_EQ(setting.note, batch ? "page 3" : "") << setting.name;
  }
  Options options;
  options.batch = 2;
  for (const SettingUsed& setting : settings_of(study, options, true))
    if (setting.name == "batch") {
      EXPECT_EQ(setting.mark, setting.value.empty() ? "" : "set");
      EXPECT_EQ(setting.note, "");
    }
  std::set<std::string> names;  // each has a name of its own
  for (int i = 0; i <= static_cast<int>(About::winograd); ++i)
    EXPECT_TRUE(names.insert(name_of(static_cast<About>(i))).second) << i;
}

TEST(Settings, ATrainingIsTheRowsOrTheStudysWithWhatTheCommandLineSays) {
  Study study = example_study();
  Options options;
  options.epochs = 7;
  options.batch = 3;
  options.lr = .25;
  options.clip_norm = 1.5;
  options.patience_from = 11;
  options.unfreeze = 2;
  options.bf16 = options.cuda_graph = options.keep_all = true;
  auto mlp = std::get<Recipe>(training_of(study, study.rows[0], options));
  EXPECT_EQ(mlp.stages[0].epochs, 2);
  EXPECT_EQ(mlp.stages[1].epochs, 7) << "the last stage's";
  EXPECT_EQ(mlp.stages[0].last_layers, 0);
  EXPECT_EQ(mlp.stages[1].last_layers, 2);
  EXPECT_EQ(mlp.batch, 3);
  EXPECT_EQ(mlp.lr(), .25);
  EXPECT_EQ(mlp.clip_norm, 1.5);
  EXPECT_EQ(mlp.early_stopping->min_steps, 11);
  EXPECT_EQ(std::get<PlateauSettings>(mlp.stages[1].course).min_steps, 11);
  EXPECT_TRUE(mlp.bf16 && mlp.cuda_graph && mlp.objective.balanced);
  auto saga = std::get<SolverSettings>(training_of(study, study.rows[4], options));
  EXPECT_TRUE(saga.balanced);
  EXPECT_EQ(saga.iterations, 20);
  EXPECT_EQ(std::get<Recipe>(training_of(study, study.rows[3], options)).lr(), 5e-3)
      << "a pretrained row's rate is its own";
  EXPECT_EQ(std::get<Recipe>(training_of(study, study.rows[1], {})).batch, 8);
}

// As many clips a step, fewer at a time.
TEST(Settings, MicroBatchesAddUpToTheBatch) {
  Study study = example_study();
  auto of = [&](i64 micro, std::optional<i64> batch) {
    Options options;
    options.micro_batch = micro;
    options.batch = batch;
    auto recipe = std::get<Recipe>(training_of(study, study.rows[0], options));  // 6 clips, twice
    return std::pair(recipe.batch, recipe.accumulate);
  };
  EXPECT_EQ(of(2, {}), std::pair(i64{2}, i64{6}));
  EXPECT_EQ(of(6, {}), std::pair(i64{6}, i64{2}));
  EXPECT_EQ(of(9, {}), std::pair(i64{6}, i64{2}));
  EXPECT_EQ(of(3, 12), std::pair(i64{3}, i64{8}));
  EXPECT_EQ(error_of([&] { of(4, {}); }),
            "[micro-batch] 4 at a time do not add up to a batch of 6");
}

/// An MLP of 4 classes, in a file.
fs::path weights_file(const TemporaryFolder& folder) {
  auto net = make_net("mlp1", {3, 16, 16}, 4);
  Generator generator(77);
  net->reset(generator);
  save_safetensors(folder / "mlp.safetensors", net->state_dict());
  return folder / "mlp.safetensors";
}

TEST(StartingWeights, AreTheFilesButForALastLayerOfAnotherSize) {
  TemporaryFolder folder;
  Study study = example_study();
  Options options;
  options.weights = {weights_file(folder).string()};
  std::vector<const Row*> rows = chosen_rows(study, {"tuned", "mlp"});
  StartingWeights starting(study, rows, options);
  const Row& tuned = *rows[1];
  ASSERT_EQ(tuned.name, "tuned");
  EXPECT_EQ(starting.missing(tuned), "");
  EXPECT_FALSE(starting.wants_pretraining(tuned));
  StateDict file = load_safetensors(folder / "mlp.safetensors").tensors;
  for (i64 classes : {3, 4}) {
    auto net = draw_net(study, tuned, classes, 1), drawn = draw_net(study, tuned, classes, 1);
    EXPECT_EQ(starting.load(tuned, *net), "mlp.safetensors");
    for (const auto& [name, tensor] : net->state_dict()) {
      bool head = name[0] == '3' && classes == 3;
      EXPECT_TRUE(equal(tensor, head ? drawn->state_dict().at(name) : file.at(name)))
          << name << " " << classes;
    }
  }
  auto scratch = draw_net(study, *rows[0], 4, 1), same = draw_net(study, *rows[0], 4, 1);
  EXPECT_EQ(starting.load(*rows[0], *scratch), "");
  EXPECT_TRUE(equal(scratch->state_dict().at("1.weight"), same->state_dict().at("1.weight")));
  auto another = draw_net(study, *rows[0], 4, 1, 1);
  EXPECT_FALSE(equal(scratch->state_dict().at("1.weight"), another->state_dict().at("1.weight")))
      << "folds begin with one draw";
}

TEST(StartingWeights, AreForTheRowThatIsNamed) {
  TemporaryFolder folder;
  Study study = example_study();
  std::vector<const Row*> rows = chosen_rows(study, {"tuned", "mlp"});
  const Row& tuned = *rows[1];
  fs::path file = weights_file(folder), odd = folder / "a=b.safetensors";
  fs::copy_file(file, odd);
  auto started = [&](const std::vector<std::string>& given) {
    Options options;
    options.weights = given;
    auto net = draw_net(study, tuned, 3, 1);
    return StartingWeights(study, rows, options).load(tuned, *net);
  };
  EXPECT_EQ(started({"tuned=" + file.string()}), "mlp.safetensors");
  EXPECT_EQ(started({odd.string()}), "a=b.safetensors") << "a file's name may hold a =";
  for (const auto& given : {std::vector{odd.string(), "tuned=" + file.string()},
                            std::vector{"tuned=" + file.string(), odd.string()}})
    EXPECT_EQ(started(given), "mlp.safetensors") << "in any order";
  EXPECT_TRUE(contains(error_of([&] { started({"mlp=" + file.string()}); }),
                       "mlp=" + file.string() + " is of no pretrained net"));
}

TEST(StartingWeights, SayWhatIsMissing) {
  TemporaryFolder folder;
  Study study = example_study();
  std::vector<const Row*> rows = chosen_rows(study, {"all"});
  StartingWeights none(study, rows, {});
  for (const Row* row : rows) EXPECT_EQ(none.missing(*row).empty(), row->name != "tuned");
  Options pretrain;
  pretrain.pretrain = "somewhere";
  StartingWeights made(study, rows, pretrain);
  for (const Row* row : rows) {
    EXPECT_EQ(made.missing(*row), "");
    EXPECT_EQ(made.wants_pretraining(*row), row->name == "tuned");
  }
  Options named;
  named.nets = {"tuned"};
  EXPECT_TRUE(
      contains(error_of([&] { StartingWeights(study, rows, named); }), "tuned needs --weights"));
  auto other = make_net("logistic", {3, 16, 16}, 4);
  save_safetensors(folder / "other.safetensors", other->state_dict());
  Options wrong;
  wrong.weights = {(folder / "other.safetensors").string()};
  EXPECT_TRUE(
      contains(error_of([&] { StartingWeights(study, rows, wrong); }), "is of no pretrained net"));
}

}  // namespace
}  // namespace melgrad
