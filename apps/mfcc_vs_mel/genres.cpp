#include "apps/harness/report/sections/words.h"
#include "apps/mfcc_vs_mel/sections.h"
#include "audio/drawing/plot.h"
#include "audio/spectra/decibel.h"
#include "kernels/error.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"

namespace melgrad::mfcc_vs_mel {
namespace {

// A row (1, frames, bands) as a feature (bands, frames).
Tensor feature_of(const Report& report, const std::string& input, i64 clip) {
  return report.clips.row(input, clip).select(0, 0).transpose(0, 1).contiguous();
}

// What the eye can see something of: the first coefficient is the loudness, many times the others;
// power has most of its range below the loudest band.
Tensor for_the_eye(const std::string& input, const Tensor& feature) {
  if (input == "mfcc") return feature.slice(0, 1, feature.dim(0)).contiguous();
  return power_to_db(feature);
}

Html figure(const Tensor& rgb, const std::string& caption) {
  std::string bytes = encode_jpeg(to_bytes(rgb.contiguous()));
  Html image = tag("img", {{"alt", caption},
                           {"style", "aspect-ratio: auto"},
                           {"src", "data:image/jpeg;base64," + base64(bytes)}});
  return tag("figure", tag("span.picture", image), tag("figcaption", caption));
}

// Of features (bands, frames) that are as long, pictures with one scale of colours for all.
std::vector<Tensor> drawn(const std::string& input, const std::vector<Tensor>& features,
                          i64 width) {
  std::vector<Tensor> shown, pictures;
  for (const Tensor& feature : features) shown.push_back(for_the_eye(input, feature));
  auto count = static_cast<i64>(features.size());
  Tensor all = feature_picture(cat(shown, 1), 8 * shown.front().dim(0), count * width,
                               input == "mfcc" ? Colours::coolwarm : Colours::magma);
  for (i64 i = 0; i < count; ++i) pictures.push_back(all.slice(2, i * width, (i + 1) * width));
  return pictures;
}

Html averages(const Report& report, const std::string& input) {
  std::vector<Tensor> means;
  std::vector<std::string> names;
  for (std::size_t label = 0; label < report.results.classes.size(); ++label) {
    std::vector<Tensor> features;
    for (std::size_t i = 0; i < report.results.clips.size(); ++i)
      if (report.results.clips[i].label == static_cast<i64>(label))
        features.push_back(feature_of(report, input, static_cast<i64>(i)));
    if (features.empty()) continue;
    means.push_back(average_feature(features));
    names.push_back(report.results.classes[label]);
  }
  std::vector<Tensor> pictures = drawn(input, means, 260);
  Html all;
  for (std::size_t i = 0; i < pictures.size(); ++i) all += figure(pictures[i], names[i]);
  return tag("h3.apart", input == "mfcc" ? "Average MFCCs" : "Average mel power") +
         tag("div.cards", all);
}

}  // namespace

Html genres(const Report& report) {
  if (!report.clips.row || report.results.clips.empty()) return {};
  Html pair, all;
  for (const char* input : {"mfcc", "mel"}) {
    if (!report.results.data_fingerprints.contains(input)) continue;  // no row that ran sees it
    std::string name = std::string(input) == "mfcc" ? "MFCCs" : "mel power";
    pair += figure(drawn(input, {feature_of(report, input, 0)}, 520).front(), name);
    all += averages(report, input);
  }
  if (all.empty()) return {};
  return tag("h2", "What the nets see") +
         tag("p.note",
             "Time from left to right, coefficients 2 to 13 or bands 1 to 13 upwards. Drawn for "
             "the "
             "eye: MFCCs without the first, which is the loudness, power in decibels; the nets see "
             "all MFCCs and the power itself. The averages of a row have one scale of colours.") +
         tag("h3.apart", "One clip: ", report.results.clips.front().name) + tag("div.cards", pair) +
         all;
}

}  // namespace melgrad::mfcc_vs_mel
