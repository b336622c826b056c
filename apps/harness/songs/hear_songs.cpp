#include "apps/harness/songs/hear_songs.h"

#include <atomic>
#include <chrono>
#include <cmath>

#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "audio/collections/cache.h"
#include "audio/collections/loader.h"
#include "kernels/backend.h"

namespace melgrad {
namespace {

// Standard input is read from a path that means nothing to the user.
std::string without_path(std::string error, const Song& song) {
  std::string path = song.path.string();
  for (std::size_t at = 0; song.name != path && (at = error.find(path)) != std::string::npos;)
    error.replace(at, path.size(), song.name);
  return error;
}

class Listener {
  struct Heard {
    std::string hash, text;
  };

 public:
  Listener(const std::vector<Song>& songs, const Hearing& hearing)
      : songs_(songs), hearing_(hearing), heard_(songs.size()) {}

  void run(std::vector<Problem>& problems) {
    auto count = static_cast<i64>(songs_.size());
    std::size_t taken = 0;
    Progress progress(hearing_.title, count);
    Loader loader(
        count, [&](i64 i) { return listen_to(static_cast<std::size_t>(i)); }, num_threads(), 64);
    while (auto item = loader.next()) {
      auto i = static_cast<std::size_t>(item->index);
      if (item->error.empty()) {
        progress.erase();
        auto [hash, text] = std::exchange(heard_[i], {});
        hearing_.take(i, hash, text);
        ++taken;
      } else {
        problems.push_back({songs_[i].name, without_path(item->error, songs_[i])});
        progress.line(problems.back().name + ": " + problems.back().reason);
      }
      progress.show(item->index + 1);
      if (interrupted())
        throw Interrupted(hearing_.journal ? "stopped; the same command goes on" : "stopped");
    }
    progress.line(summary(taken, progress.seconds()));
  }

 private:
  Tensor listen_to(std::size_t i) {
    Journal* journal = hearing_.journal;
    auto& [hash, text] = heard_[i];
    if (journal || hearing_.wants_hashes) hash = content_hash(songs_[i].path);
    std::optional<std::string> known = journal ? journal->find(hash) : std::nullopt;
    if (known) {
      text = std::move(*known);
    } else {
      auto started = std::chrono::steady_clock::now();
      double decoding = 0;
      text = hearing_.listen(songs_[i], decoding);
      std::chrono::duration<double> all = std::chrono::steady_clock::now() - started;
      if (journal) journal->add(hash, text);
      decoding_ += decoding;
      listening_ += all.count();
    }
    return zeros({0});
  }

  std::string summary(std::size_t taken, double seconds) const {
    std::string text = format("{} of {} songs in {}", taken, songs_.size(), clock_time(seconds));
    if (listening_ == 0) return text;
    return text + format(", {} % of it decoding", std::lround(100 * decoding_ / listening_));
  }

  const std::vector<Song>& songs_;
  const Hearing& hearing_;
  std::vector<Heard> heard_;                          // until they are taken
  std::atomic<double> decoding_ = 0, listening_ = 0;  // seconds of all threads together
};

}  // namespace

void hear(const std::vector<Song>& songs, const Hearing& hearing, std::vector<Problem>& problems) {
  Listener(songs, hearing).run(problems);
}

}  // namespace melgrad
