#include "apps/transfer_learning/study.h"

#include <algorithm>

#include "apps/harness/lists.h"
#include "apps/harness/planning/splitting.h"
#include "apps/harness/training/fine_tune.h"
#include "apps/transfer_learning/inputs.h"
#include "apps/transfer_learning/sections.h"
#include "audio/collections/gtzan.h"
#include "kernels/error.h"

namespace melgrad {
namespace {

using transfer_learning::SoundChanges;

/// What the study is of.
struct Scale {
  i64 size = 224;       // of pictures
  double seconds = 30;  // of sounds
  i64 epochs = 10, pretraining = 3;
  i64 batch = 64;
};
// Made-up music, to show the page in minutes on two cores: few clips, so that batches are small.
constexpr Scale small = {.size = 64, .seconds = 5, .epochs = 4, .pretraining = 6, .batch = 16};

// As fastai's RandomSplitter(.2) has it: of 999 clips 199.
std::vector<Split> a_fifth_scores(const Collection& collection, u64 seed) {
  auto count = static_cast<i64>(collection.examples.size()), scored = count / 5;
  check(scored >= 1, "split", "{} clips are too few for a fifth to be the validation part", count);
  std::vector<i64> order = Generator(seed).permutation(count);
  auto cut = order.begin() + static_cast<std::ptrdiff_t>(scored);
  Split split{{cut, order.end()}, {order.begin(), cut}, {}};
  for (std::vector<i64>* part : {&split.train, &split.valid}) std::sort(part->begin(), part->end());
  split.test = split.valid;
  return {split};
}

std::vector<SplitRule> rules() {
  return {{"published", "random split, a fifth scores",
           "As published, a fifth of the clips, drawn at random, is validation part and score in "
           "one: the peak is chosen by the clips that it is of, and excerpts of one recording or "
           "artist may be on both sides.",
           true, a_fifth_scores},
          split_over_groups(
              "honest", "a test part of its own",
              "A fifth is the test part, looked at once; another fifth of the rest is the "
              "validation part. Files of the same bytes are on one side. That two clips are of one "
              "recording or artist it does not know: lists of clips (--split) may.",
              {.train = .64, .valid = .16, .test = .2})};
}

// The amounts are ours; of a picture of 224 columns 22, and bands of up to 28.
std::vector<NamedAugmentation> augmentations(i64 size) {
  SpecAugment masks{
      .frequency_masks = 1, .widest_frequency = size / 8, .time_masks = 1, .widest_time = size / 8};
  return {{"masks", {.spec_augment = masks}},
          {"shift", {.time_shift = size / 10}},
          {"masks_and_shift", {.time_shift = size / 10, .spec_augment = masks}}};
}

// --recipe plain
Recipe all_at_one_rate(double lr, i64 batch, i64 epochs) {
  return {.optimizer = AdamSettings{.lr = lr},
          .batch = batch,
          .whole_steps = true,
          .stages = {{.epochs = epochs}},
          .tested = Tested::last};
}

// Study A's recipe for nets without pretraining.
Recipe until_early_stopping(i64 batch) {
  return {.optimizer = AdamSettings{.lr = 1e-3},
          .batch = batch,
          .whole_steps = true,
          .stages = {{.epochs = 60,
                      .course = PlateauSettings{.factor = .5, .patience = 3, .min_steps = 200}}},
          .early_stopping = EarlyStoppingSettings{.patience = 8, .min_steps = 200}};
}

Recipe pretraining(i64 batch, i64 epochs) {
  return {.optimizer = AdamSettings{.lr = 1e-3},
          .batch = batch,
          .whole_steps = true,
          .stages = {{.epochs = epochs, .course = Cosine{}}}};
}

/// Everything that rows are made of.
class Table {
 public:
  Table(const TransferFlags& flags, const Options& options, const Scale& scale, bool of_pictures)
      : flags_(flags), of_pictures_(of_pictures), size_(scale.size), batch_(scale.batch) {
    bool fastai = flags.recipe == "fastai";
    epochs_ = options.epochs.value_or(scale.epochs);
    lr_ = options.lr.value_or(fastai ? 1e-2 : 1e-3);
    view_.channels = 3;
    view_.normalise =
        flags.normalise == "bands" ? NormaliseBy::training_bands : NormaliseBy::training_part;
  }

  Variant tuned(const std::string& net, const Body& body) const {
    return {.net = net, .view = view_, .training = recipe(body, 1), .pretrained = true};
  }
  Variant from_drawn_weights(const std::string& net) const {
    return {
        .net = net, .view = view_, .training = until_early_stopping(batch_), .on_request = true};
  }

  /// With mixup, augmentation and test-time augmentation.
  Variant with_everything(const std::string& net, i64 rounds) const {
    Variant variant = tuned(net, {});
    Recipe all = recipe({}, rounds);
    all.objective.mixup = .4;
    variant.training = all;
    augment(variant, "masks_and_shift", {.noise = true, .cuts = true});
    return variant;
  }

  /// The row once more without each of its parts.
  std::vector<Row> without_each(const Row& whole) const {
    std::vector<Row> rows;
    auto add = [&](const std::string& part, const auto& change) {
      Row row = whole;
      row.name += "@without=" + part;
      row.title += ", without " + part;
      row.published.clear();
      change(row.variant);
      rows.push_back(row);
    };
    add("mixup", [](Variant& variant) { std::get<Recipe>(*variant.training).objective.mixup = 0; });
    auto only = [&](const char* seen, const SoundChanges& heard) {
      return [=, this](Variant& variant) { augment(variant, seen, heard); };
    };
    if (of_pictures_) {
      add("masks", only("shift", {}));
      add("shifts", only("masks", {}));
    } else {
      add("noise", only("", {.cuts = true}));
      add("cuts", only("", {.noise = true}));
    }
    return rows;
  }

 private:
  Recipe recipe(const Body& body, i64 rounds) const {
    if (flags_.recipe == "plain") return all_at_one_rate(lr_, batch_, rounds * epochs_);
    Recipe fastais = fine_tuned(body, lr_, epochs_, rounds);
    fastais.batch = batch_;
    return fastais;
  }

  // Pictures as the first says, sounds as the second does.
  void augment(Variant& variant, const std::string& seen, const SoundChanges& heard) const {
    if (of_pictures_) {
      for (const NamedAugmentation& each : augmentations(size_))
        if (each.name == seen) variant.view.augmentation = each.augmentation;
    } else {
      variant.view.augmentation.variants = true;
      variant.input = transfer_learning::name_of(heard);
    }
    variant.view.test = {.copies = flags_.copies, .plain = flags_.fastai_tta ? fastai_plain : 0};
  }

  const TransferFlags& flags_;
  bool of_pictures_;
  i64 size_, batch_, epochs_ = 0;
  double lr_ = 0;
  View view_;
};

std::vector<Row> rows_of(const Table& table, bool ablate) {
  const Body alexnet{.second_group = {"features.6.*", "features.8.*", "features.10.*"},
                     .has_batch_norms = false};
  const Body vgg{.second_group = {"features.24.*", "features.25.*", "features.27.*",
                                  "features.28.*", "features.3?.*", "features.4?.*"}};
  const Body resnet{.second_group = {"layer3.*", "layer4.*"}};
  auto peak = [](double right) { return Figures{{"best validation accuracy", right / 199}}; };
  // clang-format off
  std::vector<Row> rows = {
    // name              title                        layers                                    published
    {"alexnet",         "AlexNet",                   "its convolutions, fastai's head",         peak(158), table.tuned("alexnet_fastai", alexnet)},
    {"vgg16_bn",        "VGG16 (BN)",                "its convolutions, fastai's head",         peak(174), table.tuned("vgg16_bn_fastai", vgg)},
    {"resnet34",        "ResNet-34",                 "its body, fastai's head",                 peak(171), table.tuned("resnet34_fastai", resnet)},
    {"resnet50",        "ResNet-50",                 "its body, fastai's head",                 peak(176), table.tuned("resnet50_fastai", resnet)},
    {"resnetrs50",      "ResNet-RS50",               "its body, fastai's head; mixup, augmentation, TTA", peak(179), table.with_everything("resnetrs50_fastai", 1)},
    {"resnetrs50_more", "ResNet-RS50, more epochs",  "its body, fastai's head; mixup, augmentation, TTA", peak(182), table.with_everything("resnetrs50_fastai", 2)},
    {"alexnet_scratch", "AlexNet, from scratch",     "the same, all of it drawn",               {},        table.from_drawn_weights("alexnet_fastai")},
    {"resnet34_scratch", "ResNet-34, from scratch",  "the same, all of it drawn",               {},        table.from_drawn_weights("resnet34_fastai")},
  };
  // clang-format on
  if (!ablate) return rows;
  auto whole = std::find_if(rows.begin(), rows.end(),
                            [](const Row& row) { return row.name == "resnetrs50"; });
  std::vector<Row> parts = table.without_each(*whole);
  rows.insert(whole + 1, parts.begin(), parts.end());
  return rows;
}

std::vector<Source> sources(bool made_up, bool of_pictures) {
  const char* sounds = "published: of sound; here pictures are read";
  // clang-format off
  return {
    {About::genres,             "txt", "published: GTZAN's ten"},
    {About::input,              made_up ? "inf" : "txt", made_up ? "published: 224 × 224; smaller for made-up music, to end within minutes" : "that the pictures are of three equal channels is ours"},
    {About::normalisation,      of_pictures ? "inf" : "txt", of_pictures ? sounds : "of sounds before that each clip's samples; as a whole or band by band"},
    {About::sample_rate,        "inf", "the text says 44 100 Hz, GTZAN has 22 050"},
    {About::stft,               "inf", "librosa's defaults"},
    {About::excerpt,            "inf", ""},
    {About::excerpts_of_a_file, "inf", ""},
    {About::variants,           "txt", "white noise and cut segments, of the last net alone; the amounts are inferred"},
    {About::split,              "inf", "the accuracies are 199ths: 800 and 199 of 999 clips; the other splits are ours"},
    {About::class_sizes,        "inf", "as they are"},
    {About::layers,             "inf", "the last layers are replaced; fastai's head, batch norm in VGG16"},
    {About::optimiser,          "inf", "fastai's Adam: β₂ .99, ε 1e-5, decoupled decay .01, not on biases and batch norms"},
    {About::learning_rate,      "inf", "base .01 is in the text; fastai's fine_tune halves it and divides it by depth"},
    {About::trained_parameters, "inf", "fastai's fine_tune"},
    {About::rate_course,        "inf", "fastai's fine_tune"},
    {About::batch,              "inf", made_up ? "fastai's default is 64; of so few clips that is a step an epoch" : "fastai's default"},
    {About::loss,               "inf", "usual for classes"},
    {About::mixup,              "txt", "of the last net alone; Beta's parameter is fastai's"},
    {About::augmentation,       of_pictures ? "inf" : "txt", of_pictures ? "published: of the sound; masks and shifts are ours" : "of the last net alone"},
    {About::test_time,          "txt", "eight copies"},
    {About::early_stopping,     "inf", "none is mentioned; of nets from scratch it is ours"},
    {About::tested_weights,     "inf", "fastai's are the last"},
    {About::epochs,             made_up ? "inf" : "txt", made_up ? "published: 10; fewer for made-up music" : "whether the 10 count the frozen one is not said"},
  };
  // clang-format on
}

}  // namespace

Study transfer_study(const TransferFlags& flags, const Options& options) {
  check(!flags.ablate || (!options.augment && options.lists.augment.empty()), "ablate",
        "--ablate switches augmentations off itself: --augment is not for it");
  bool made_up = options.parsed && options.data.empty();
  bool of_pictures = !options.data.empty() && transfer_learning::holds_pictures(options.data);
  Scale scale = made_up ? small : Scale{};
  scale.size = flags.size.value_or(scale.size);

  Study study;
  study.title = "Transfer learning on log-mel pictures";
  study.genres = gtzan_genres();
  study.made_up = {"classical", "jazz", "metal", "techno"};
  study.clips = 40;
  study.pretraining_clips = 40;
  study.trims = false;
  std::vector<SoundChanges> heard = {{.noise = true, .cuts = true}};
  if (flags.ablate) heard.insert(heard.end(), {{.noise = true}, {.cuts = true}});
  study.inputs = of_pictures
                     ? std::vector{transfer_learning::input_of_pictures(scale.size)}
                     : transfer_learning::inputs_of_sounds(
                           scale.size, scale.seconds, flags.copies > 0 ? flags.copies : 8, heard);
  study.training = fine_tuned({}, options.lr.value_or(1e-2), scale.epochs);
  study.pretraining = pretraining(scale.batch, flags.pretrain_epochs.value_or(scale.pretraining));
  study.rows = rows_of(Table(flags, options, scale, of_pictures), flags.ablate);
  study.rules = rules();
  study.augmentations = augmentations(scale.size);
  study.sources = sources(made_up, of_pictures);
  study.sections = transfer_learning::sections();
  return study;
}

}  // namespace melgrad
