#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apps/harness/songs/find_songs.h"
#include "apps/harness/songs/journal.h"

namespace melgrad {

/// What is done with a list of songs.
struct Hearing {
  std::string title = {};      // of the bar on the terminal
  Journal* journal = nullptr;  // if there is one, what it knows is not heard again
  bool wants_hashes = true;    // with a journal there are hashes in any case
  /// Hears a song; what it returns, without a newline, is kept in the journal. `decoding` becomes
  /// the seconds that this took of it. Called by several threads; an exception is a Problem.
  std::function<std::string(const Song& song, double& decoding)> listen = {};
  /// Takes what listen() returned of songs[i], now or in an earlier run; in the songs' order. `hash`:
  /// content_hash of the file, or empty.
  std::function<void(std::size_t i, const std::string& hash, const std::string& heard)> take = {};
};

/// Hears the songs on all cores. Those that could not be heard are added to `problems`, and said.
/// Throws Interrupted after Ctrl-C or SIGTERM; what was heard until then is in the journal.
void hear(const std::vector<Song>& songs, const Hearing& hearing, std::vector<Problem>& problems);

}  // namespace melgrad
