#include "apps/harness/planning/log_mel_flags.h"

#include <CLI/CLI.hpp>

#include "apps/harness/console/tool.h"
#include "audio/collections/walk.h"
#include "tensor/files/image.h"

namespace melgrad {

void add_log_mel_flags(CLI::App& app, LogMelFlags& flags) {
  app.add_option("--log-mel", flags.seconds,
                 "--data is of grey log-mel pictures that span so many seconds\n"
                 "each, 128 bands of 22 050 Hz")
      ->option_text("SECONDS")
      ->group("Data")
      ->check(is_positive);
  app.add_option("--db-range", flags.db_range, "what their levels 0 and 255 are in dB (-80,0)")
      ->option_text("LOW,HIGH")
      ->group("Data")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->expected(2);
}

void check_log_mel(const LogMelFlags& flags, const std::string& data) {
  if (flags.are_given()) {
    check(!data.empty(), "log-mel", "needs --data FOLDER, of log-mel pictures");
    check(flags.db_range.front() < flags.db_range.back(), "db-range",
          "level 0 is {} dB and level 255 {} dB: the first must be lower", flags.db_range.front(),
          flags.db_range.back());
  } else if (!data.empty()) {
    FilesBelow found = files_below(data);
    check(!found.sounds.empty() || found.pictures.empty(), "data",
          "{} holds pictures: if they are log-mel spectrograms, say with --log-mel how many "
          "seconds each spans",
          data);
  }
}

LogMelPicture log_mel_of(const LogMelFlags& flags, const std::string& data, double seconds,
                         i64 rows) {
  check(flags.seconds >= seconds, "log-mel", "pictures of {} s do not hold the {} s that are cut",
        flags.seconds, seconds);
  FilesBelow found = files_below(data);
  check(!found.pictures.empty(), "log-mel", "there is no picture below {}", data);
  LogMelPicture recipe{.rows = rows,
                       .frames_first = true,
                       .seconds = flags.seconds,
                       .low_db = flags.db_range.front(),
                       .high_db = flags.db_range.back()};
  const std::filesystem::path& first = found.pictures.front();
  recipe.frames = columns_in(recipe, seconds, load_image(first, 1).dim(1));
  check(recipe.frames >= 1, "log-mel", "{}: {} s of its {} are less than a column", first, seconds,
        flags.seconds);
  return recipe;
}

}  // namespace melgrad
