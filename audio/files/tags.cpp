#include "audio/files/tags.h"

#include <sndfile.h>

#include "audio/files/containers/stream.h"
#include "kernels/error.h"

namespace melgrad {

Tags read_tags(const std::filesystem::path& path) {
  Tags tags;
  try {
    ByteSource whole(path);  // decode() leaves tags out
    Stream stream(path, whole.pieces());
    tags = {.title = stream.text(SF_STR_TITLE),
            .artist = stream.text(SF_STR_ARTIST),
            .album = stream.text(SF_STR_ALBUM),
            .date = stream.text(SF_STR_DATE)};
  } catch (const Error&) {
    // What is wrong with the file is said where it is decoded.
  }
  return tags;
}

}  // namespace melgrad
