#include "audio/collections/split.h"

#include "tests/fuzz/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  melgrad::Collection collection;
  collection.classes = {"jazz", "rock"};
  for (int i = 0; i < 9; ++i)
    collection.examples.push_back({"jazz/jazz." + std::to_string(i) + ".wav", 0, ""});
  melgrad::parse_as_file(data, size, [&](const auto& path) {
    melgrad::split_from_files(collection, path, "/dev/null", "/dev/null");
  });
  return 0;
}
