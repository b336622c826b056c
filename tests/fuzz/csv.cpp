#include "audio/collections/csv.h"

#include "audio/collections/spotify.h"
#include "tests/fuzz/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  melgrad::parse_as_file(data, size, [](const auto& path) { melgrad::read_csv(path); });
  melgrad::parse_as_file(data, size,
                         [](const auto& path) { melgrad::read_spotify(path, {.fewest = 1}); });
  return 0;
}
