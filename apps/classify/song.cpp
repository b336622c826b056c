#include "apps/classify/song.h"

#include <algorithm>
#include <chrono>

#include "apps/harness/report/html.h"
#include "apps/trained/json_fields.h"
#include "apps/trained/song_windows.h"
#include "audio/drawing/picture.h"
#include "audio/drawing/plot.h"
#include "audio/spectra/decibel.h"
#include "tensor/files/image.h"

namespace melgrad {

template <json::Is<Part> T, class Visit>
void fields(T& part, Visit visit) {
  auto& [begin, end, strengths] = part;
  visit("begin", begin);
  visit("end", end);
  visit("strengths", strengths);
}

template <json::Is<Heard> T, class Visit>
void fields(T& heard, Visit visit) {
  auto& [seconds, rate, windows, picture] = heard;
  visit("seconds", seconds);
  visit("rate", rate);
  visit("windows", windows);
  visit("picture", picture);
}

namespace {

using Clock = std::chrono::steady_clock;

// Mel axis, the highest 80 dB; of a long song as many frames as the picture has columns.
std::string spectrogram_of(const Clip& clip) {
  i64 hop = std::max<i64>(512, clip.samples.numel() / picture_width);
  StftOptions options{.n_fft = 2048, .hop_length = hop};
  Tensor db = power_to_db(spectrogram(clip.samples, options));
  Tensor rgb = spectrogram_picture(db, clip.sample_rate, picture_height, picture_width,
                                   Colours::magma, FrequencyAxis::mel);
  return base64(encode_jpeg(to_bytes(rgb), 80));
}

// So many windows are made at a time, which share frames; they go through the net in smaller
// batches, whose activations stay in the cache.
void ask(const TrainedNet& net, const SongWindows& windows, std::vector<Part>& parts) {
  constexpr i64 most = 32, batch = 8;
  for (i64 first = 0; first < windows.size(); first += most) {
    i64 count = std::min(most, windows.size() - first);
    Tensor rows = windows.rows(first, count);
    for (i64 i = 0; i < count; i += batch) {
      Tensor strengths = net.strengths(rows.slice(0, i, std::min(count, i + batch)));
      for (i64 j = 0; j < strengths.dim(0); ++j)
        parts.push_back({windows.begin(first + i + j), windows.end(first + i + j),
                         strengths.select(0, j).to_vector<float>()});
    }
  }
}

}  // namespace

std::vector<float> Heard::average() const {
  std::vector<double> sums(windows.empty() ? 0 : windows.front().strengths.size(), 0);
  for (const Part& part : windows)
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += static_cast<double>(part.strengths[i]);
  std::vector<float> mean;
  mean.reserve(sums.size());
  for (double sum : sums)
    mean.push_back(static_cast<float>(sum / static_cast<double>(windows.size())));
  return mean;
}

std::string text_of(const Heard& heard) { return json::written(heard).dump(); }

Heard heard_of(const std::string& text) {
  Heard heard;
  json::read(json::Json::parse(text), "", heard);
  return heard;
}

Heard listen(const TrainedNet& net, const Song& song, const Listening& listening,
             double& decoding) {
  Clock::time_point started = Clock::now();
  Clip clip = decode(song.path);
  decoding = std::chrono::duration<double>(Clock::now() - started).count();
  SongWindows windows(net.input, clip, listening.every);
  Heard heard{.seconds = windows.seconds(), .rate = clip.sample_rate};
  if (listening.picture) heard.picture = spectrogram_of(clip);
  ask(net, windows, heard.windows);
  return heard;
}

}  // namespace melgrad
