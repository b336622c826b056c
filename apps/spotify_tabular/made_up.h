#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernels/dtype.h"

namespace melgrad {

/// What is measured of a song: of each of rms, centroid, bandwidth, rolloff (these in kHz), flatness and
/// zero_crossing_rate (audio/spectra/descriptors.h) the mean over its frames and their deviation:
/// "centroid_mean", "centroid_deviation" …
const std::vector<std::string>& measured_columns();

/// Writes a CSV file of `songs` of 5 s of each genre that the program can synthesise: id, what was
/// measured, genre. A file that is there stays: the same arguments give the same one. Throws
/// Interrupted on Ctrl-C.
void write_made_up_songs(const std::filesystem::path& csv, i64 songs, u64 seed);

}  // namespace melgrad
