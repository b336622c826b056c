#pragma once
#include <string>

#include "apps/fma_small/map/points.h"

namespace melgrad {

/// One HTML page that needs no network: the songs as points, coloured by genre, album or time; of the
/// one that is picked its sound, strengths and the closest songs. It plays the files where they lie, by
/// their places as seen from `page`.
std::string page_of(const SongMap& map, const std::filesystem::path& page);

extern const char* const map_style;
extern const char* const map_script;

}  // namespace melgrad
