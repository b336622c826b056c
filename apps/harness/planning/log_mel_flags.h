#pragma once
#include <string>
#include <vector>

#include "apps/trained/input.h"

namespace CLI {
class App;
}

namespace melgrad {

/// What of a collection of log-mel pictures the pictures do not say.
struct LogMelFlags {
  double seconds = 0;                       // that each spans; 0: the collection is of sounds
  std::vector<double> db_range = {-80, 0};  // of levels 0 and 255

  bool are_given() const { return seconds > 0; }
};

/// --log-mel and --db-range.
void add_log_mel_flags(CLI::App& app, LogMelFlags& flags);
/// Throws Error where the flags are not of the folder `data`: seconds of pictures that are not there, or
/// pictures without a word of their seconds.
void check_log_mel(const LogMelFlags& flags, const std::string& data);
/// What the flags say of pictures, as MFCCs of `rows` coefficients, frames first; as many frames as the
/// first picture below `data` has columns for `seconds`. Throws Error where that is none, or more than a
/// picture has.
LogMelPicture log_mel_of(const LogMelFlags& flags, const std::string& data, double seconds,
                         i64 rows);

}  // namespace melgrad
