#include "apps/spotify_tabular/made_up.h"

#include <cmath>

#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "audio/collections/loader.h"
#include "audio/feature.h"
#include "audio/synth/synth.h"
#include "kernels/backend.h"
#include "tensor/files/file.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

constexpr double seconds = 5;
const std::vector<std::string> kinds = {"rms",     "centroid", "bandwidth",
                                        "rolloff", "flatness", "zero_crossing_rate"};

// (columns) f64
Tensor measured(const Clip& song) {
  std::vector<double> values;
  for (const std::string& kind : kinds) {
    Tensor frames = extract(Feature{.kind = kind}, song).to(Dtype::f64).reshape({-1});
    if (kind == "centroid" || kind == "bandwidth" || kind == "rolloff") frames = frames / 1000.;
    double mean = melgrad::mean(frames).item();
    Tensor apart = frames - mean;
    values.push_back(mean);
    values.push_back(std::sqrt(melgrad::mean(apart * apart).item()));
  }
  return from_vector(values);
}

std::string line_of(const std::string& id, const Tensor& values, const std::string& genre) {
  std::string line = id;
  for (double value : values.to_vector<double>()) line += format(",{}", static_cast<float>(value));
  return line + "," + genre + "\n";
}

}  // namespace

const std::vector<std::string>& measured_columns() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const std::string& kind : kinds)
      for (const char* what : {"_mean", "_deviation"}) all.push_back(kind + what);
    return all;
  }();
  return names;
}

void write_made_up_songs(const std::filesystem::path& csv, i64 songs, u64 seed) {
  if (std::filesystem::exists(csv)) return;
  const std::vector<std::string>& genres = synthetic_genres();
  i64 total = songs * static_cast<i64>(genres.size());
  Progress progress("songs", total);
  progress.line(format("synthesising and measuring {} songs of {} s", total, seconds));
  auto genre_of = [&](i64 i) { return genres[static_cast<std::size_t>(i / songs)]; };
  auto measure = [&](i64 i) {
    u64 of_song = seed * 1000003 + static_cast<u64>(i);
    return measured(synthesize(genre_of(i), of_song, seconds));
  };
  std::string text = "id";
  for (const std::string& name : measured_columns()) text += "," + name;
  text += ",genre\n";
  Loader loader(total, measure, num_threads(), i64{4} * num_threads());
  while (auto song = loader.next()) {
    check(song->error.empty(), "songs", "{}", song->error);
    text += line_of(format("{}.{}", genre_of(song->index), song->index % songs), song->value,
                    genre_of(song->index));
    if (interrupted()) throw Interrupted("stopped while music was synthesised and measured");
    progress.show(song->index + 1, format("{} of {}", song->index + 1, total));
  }
  std::filesystem::create_directories(csv.parent_path());
  write_file(csv, text);
}

}  // namespace melgrad
