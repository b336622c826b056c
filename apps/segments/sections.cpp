#include <algorithm>
#include <cmath>

#include "apps/harness/report/plot.h"
#include "apps/harness/report/sections/words.h"
#include "apps/segments/study.h"
#include "audio/drawing/plot.h"
#include "audio/files/decode.h"
#include "audio/files/resample.h"
#include "kernels/error.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;

constexpr i64 height = 160, width = 420;  // of a picture, in points

Html figure(const std::string& title, const Tensor& picture, const PlotAxes& axes) {
  Tensor drawn = with_axes(picture, axes);
  std::string source = "data:image/png;base64," + base64(encode_png(drawn));
  return tag("article.card", tag("h3", title),
             tag("img", {{"alt", title}, {"src", source}, {"width", "100%"}}));
}

Html pictures_of(const Feature& mfcc, const Tensor& x, const std::string& name) {
  const double sr = mfcc.sr;
  Ticks time = linear_ticks("s", 0, static_cast<double>(x.numel()) / sr, 6);
  auto of = [&](const char* kind) {
    Feature feature = mfcc;
    feature.kind = kind;
    feature.decibel.ref = reference_maximum;
    return extract(feature, x, sr);
  };
  Tensor power = power_to_db(of("spectrogram"), {.ref = reference_maximum});
  Tensor mfccs = extract(mfcc, x, sr);
  return figure("Waveform", waveform_picture(x, height, width),
                {name, time, linear_ticks("", -1, 1, 4)}) +
         figure("Frequency spectrum", spectrum_picture(x, height, width),
                {name, linear_ticks("Hz", 0, sr / 2, 6), linear_ticks("dB", -80, 0, 8)}) +
         figure("Spectrogram, 0 dB is the maximum",
                to_bytes(spectrogram_picture(power, sr, height, width, Colours::magma,
                                             FrequencyAxis::log)),
                {name, time, frequency_ticks(sr, FrequencyAxis::log)}) +
         figure("Mel spectrogram, 0 dB is the maximum",
                to_bytes(feature_picture(of("logmel"), height, width, Colours::magma)),
                {name, time, mel_ticks({.sr = sr, .n_mels = mfcc.mel.n_mels})}) +
         figure("MFCCs, which the nets see", to_bytes(feature_picture(mfccs, height, width)),
                {name, time, linear_ticks("MFCC", -.5, static_cast<double>(mfccs.dim(0)) - .5, 7)});
}

// The first test clip that has a sound.
Html one_clip(const Report& report, const Feature& mfcc, const fs::path& folder) {
  for (i64 index : report.main.folds.front().test) {
    const ClipInfo& clip = report.results.clips[static_cast<std::size_t>(index)];
    if (clip.sound.empty()) continue;
    try {
      Clip sound =
          decode(folder / clip.sound, {.offset = clip.begin, .duration = clip.end - clip.begin});
      Tensor x = resample(sound.samples, sound.sample_rate, mfcc.sr);
      std::string from = format("{}, from {} s on", clip.name, decimal(clip.begin, 2));
      return tag("h2", "One clip") + tag("p.note", from) +
             tag("div.cards", pictures_of(mfcc, x, fs::path(clip.name).filename().string()));
    } catch (const Error&) {
      return {};  // the file is gone since the rows were made of it
    }
  }
  return {};
}

// --- where a training should have stopped

std::string epoch_text(i64 epoch) { return epoch < 0 ? "–" : std::to_string(epoch + 1); }

Html epochs_line(const Report& report, const RowResult& row) {
  const Fit* fit = first_fit(row, report.main.name);
  if (fit == nullptr || fit->history.empty() || fit->best_epoch < 0) return {};
  const Epoch& best = fit->history[static_cast<std::size_t>(fit->best_epoch)];
  const Epoch& last = fit->history.back();
  auto figures = [&](const Epoch& epoch, const char* tested) {
    auto test = fit->measured.find(tested);
    return tag("td", fixed_point(epoch.valid_loss, 3)) + tag("td", percent(epoch.valid_accuracy)) +
           tag("td.strong", test == fit->measured.end() ? "–" : percent(test->second));
  };
  return tag("tr", tag("td", row.title), tag("td", epoch_text(fit->best_epoch)),
             figures(best, "best epoch: accuracy"), tag("td", fit->history.size()),
             figures(last, "accuracy"),
             tag("td", epoch_text(overfitting_start(fit->history, fit->best_epoch))));
}

Html epochs(const Report& report) {
  Html rows =
      each(report.results.rows, [&](const RowResult& row) { return epochs_line(report, row); });
  if (rows.empty()) return {};
  return tag("h2", "When to stop") +
         tag("p.note",
             "The weights of the last epoch are tested, as published. The authors read off their "
             "curves: DNN overfits past epoch 100 and is best between 150 and 200, CNN-1 overfits "
             "from epoch 20 and is best between 50 and 100, CNN-2 is best between 200 and 250.") +
         sections::score_table(
             {"Net", "best epoch", "validation loss", "accuracy", "on the test part", "last epoch",
              "validation loss", "accuracy", "on the test part", "overfits from"},
             rows);
}

// --- what the authors found, looked at

struct Finding {
  const char *question, *with, *without;
};
constexpr Finding findings[] = {
    {"Do batch norm and dropout help?", "cnn2", "cnn1"},
    {"Does the time flip help, with batches of 32 and more epochs?", "cnn3", "cnn2"},
    {"Is a convolutional net better than a dense one?", "cnn1", "dnn"}};

// Spreads of several seeds add up; of one there is none to judge by.
std::string verdict(const Measured& with, const Measured& without) {
  double points = (with["accuracy"].mean - without["accuracy"].mean) * 100;
  double spread = (with["accuracy"].deviation + without["accuracy"].deviation) * 100;
  const char* sign = points < 0 ? "no: " : "yes: ";
  if (with.fits < 2 || without.fits < 2)
    return format("{}{} points, one seed each", sign, fixed_point(points, 1));
  if (std::abs(points) <= spread)
    return format("not told: {} points, the spreads add up to {}", fixed_point(points, 1),
                  fixed_point(spread, 1));
  return format("{}{} points, the spreads add up to {}", sign, fixed_point(points, 1),
                fixed_point(spread, 1));
}

Html finding_line(const Report& report, const Finding& finding) {
  const RowResult* with = find_row(report.results.rows, finding.with);
  const RowResult* without = find_row(report.results.rows, finding.without);
  if (with == nullptr || without == nullptr) return {};
  Html cells;
  bool any = false;
  for (const RuleUsed& rule : report.results.rules) {
    Measured a = measured(*with, rule.name), b = measured(*without, rule.name);
    bool both = a.fits > 0 && b.fits > 0;
    any = any || both;
    cells += tag("td", both ? verdict(a, b) : "–");
  }
  if (!any) return {};
  double points = (published(*with, "accuracy") - published(*without, "accuracy")) * 100;
  return tag("tr", tag("td", finding.question, tag("small", with->title, " − ", without->title)),
             tag("td", std::isfinite(points) ? decimal(points, 1) + " points" : "–"), cells);
}

Html found(const Report& report) {
  Html rows = each(findings, [&](const Finding& each) { return finding_line(report, each); });
  if (rows.empty()) return {};
  std::vector<std::string> columns = {"Question", "published"};
  for (const RuleUsed& rule : report.results.rules) columns.push_back(rule.title);
  return tag("h2", "The findings, looked at") + sections::score_table(columns, rows);
}

}  // namespace

std::vector<Section> segment_sections(const Feature& mfcc, const fs::path& folder) {
  return {{"findings", found}, {"epochs", epochs}, {"clip", [=](const Report& report) {
                                                      return one_clip(report, mfcc, folder);
                                                    }}};
}

}  // namespace melgrad
