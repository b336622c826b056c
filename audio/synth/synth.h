#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "audio/files/decode.h"

namespace melgrad {

/// Genres that synthesize() can play: classical, jazz, metal, techno.
const std::vector<std::string>& synthetic_genres();

/// A clip of music made up by this program, mono, |x| ≤ 1: tempo, key, chords, instruments, mix
/// and noise vary with the seed, and so does the place in the piece the clip is taken from. The
/// same arguments give the same samples. Throws Error on an unknown genre.
Clip synthesize(const std::string& genre, u64 seed, double seconds, int sample_rate = 22050);

/// Writes folder/GENRE/GENRE.00NNN.{wav,flac,ogg} for every synthetic genre. Files that are there
/// already are kept, so that a second call is quick; `progress(done, total)` is called after each
/// file, from one thread at a time; what it throws ends the work.
void write_collection(const std::filesystem::path& folder, i64 clips_per_genre, double seconds,
                      u64 seed, const std::function<void(i64, i64)>& progress = {});

}  // namespace melgrad
