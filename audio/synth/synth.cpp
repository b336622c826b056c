#include "audio/synth/synth.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <numbers>
#include <thread>

#include "audio/synth/effects.h"
#include "audio/synth/genres.h"
#include "kernels/backend.h"

namespace melgrad {
namespace {

namespace fs = std::filesystem;
using synth::Dice;
using synth::Track;

Track play_genre(const std::string& genre, double seconds, double rate, Dice& dice) {
  if (genre == "classical") return synth::classical(seconds, rate, dice);
  if (genre == "jazz") return synth::jazz(seconds, rate, dice);
  if (genre == "metal") return synth::metal(seconds, rate, dice);
  if (genre == "techno") return synth::techno(seconds, rate, dice);
  fail("synthesize", "no genre '{}': classical, jazz, metal, techno", genre);
}

/// What differs between recordings of one kind of music: tone control, bandwidth, noise,
/// compression, level. It tells nothing about the genre.
void master(Track& track, Dice& dice) {
  synth::set_loudness(track, .1);
  double shelf_db = dice.uniform(-10, 10);
  synth::high_shelf(track, dice.uniform(300, 3000), shelf_db);
  if (dice.chance(.3)) synth::high_pass(track, dice.uniform(40, 200));
  if (dice.chance(.35)) {  // an old recording, a poor stream
    double hz = dice.uniform(2500, 8000);
    synth::low_pass(track, hz);
    synth::low_pass(track, hz);
  }
  synth::set_loudness(track, .1);
  double noise = std::pow(10, dice.uniform(-75, -32) / 20), colour = dice.uniform(.05, 1);
  float low = 0;
  for (float& value : track.x) {
    low += static_cast<float>(colour) * (dice.noise() - low);
    value += static_cast<float>(noise / std::sqrt(colour)) * low;
  }
  auto squeeze = static_cast<float>(dice.uniform(.5, 6));
  float peak = 1e-9F;
  for (float& value : track.x) {
    value = squeeze * value / (1 + std::abs(squeeze * value));
    peak = std::max(peak, std::abs(value));
  }
  auto gain = static_cast<float>(std::pow(10, dice.uniform(-24, -.5) / 20)) / peak;
  for (float& value : track.x) value *= gain;
}

/// Numbers far apart for neighbouring clips, so that their dice have nothing in common.
u64 clip_seed(u64 seed, std::size_t genre, i64 clip) {
  return (seed * 1000003 + genre) * 0x9e3779b97f4a7c15U +
         static_cast<u64>(clip) * 0xd1b54a32d192ed03U;
}

fs::path clip_path(const fs::path& folder, const std::string& genre, i64 clip) {
  constexpr std::array<const char*, 8> extensions = {".wav", ".flac", ".wav",  ".wav",
                                                     ".ogg", ".wav",  ".flac", ".wav"};
  std::string number = std::to_string(clip);
  number.insert(0, number.size() < 5 ? 5 - number.size() : 0, '0');
  return folder / genre / (genre + "." + number + extensions[static_cast<std::size_t>(clip % 8)]);
}

/// Written under another name first: a killed run leaves no half file behind.
void write_clip(const fs::path& path, const std::string& genre, u64 seed, double seconds) {
  fs::path unfinished = path.parent_path() / ("." + path.filename().string());
  encode(unfinished, synthesize(genre, seed, seconds));
  fs::rename(unfinished, path);
}

}  // namespace

const std::vector<std::string>& synthetic_genres() {
  static const std::vector<std::string> genres = {"classical", "jazz", "metal", "techno"};
  return genres;
}

Clip synthesize(const std::string& genre, u64 seed, double seconds, int sample_rate) {
  check(seconds > 0 && sample_rate >= 8000, "synthesize",
        "needs more than 0 s and at least 8000 Hz: {} s, {} Hz", seconds, sample_rate);
  Dice dice(seed);
  double skipped = dice.uniform(.3, 1.5);  // the clip begins anywhere in a bar
  Track track = play_genre(genre, seconds + skipped, sample_rate, dice);
  track.x.erase(track.x.begin(), track.x.begin() + static_cast<std::ptrdiff_t>(track.at(skipped)));
  track.x.resize(static_cast<std::size_t>(seconds * sample_rate));
  master(track, dice);
  return {from_vector(track.x), sample_rate};
}

void write_collection(const fs::path& folder, i64 clips_per_genre, double seconds, u64 seed,
                      const std::function<void(i64, i64)>& progress) {
  const auto& genres = synthetic_genres();
  check(clips_per_genre >= 1, "write_collection", "needs at least one clip per genre, not {}",
        clips_per_genre);
  for (const std::string& genre : genres) fs::create_directories(folder / genre);
  i64 total = clips_per_genre * static_cast<i64>(genres.size());
  std::atomic<i64> next = 0;
  std::mutex mutex;
  i64 done = 0;
  std::exception_ptr problem;
  auto work = [&] {
    for (i64 i = next++; i < total; i = next++) {
      std::size_t genre = static_cast<std::size_t>(i) % genres.size();
      i64 clip = i / static_cast<i64>(genres.size());
      fs::path path = clip_path(folder, genres[genre], clip);
      try {
        if (!fs::exists(path))
          write_clip(path, genres[genre], clip_seed(seed, genre, clip), seconds);
        std::scoped_lock lock(mutex);
        if (progress && !problem) progress(++done, total);
      } catch (...) {
        std::scoped_lock lock(mutex);
        if (!problem) problem = std::current_exception();
        next = total;
      }
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < num_threads(); ++i) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  if (problem) std::rethrow_exception(problem);
}

}  // namespace melgrad
