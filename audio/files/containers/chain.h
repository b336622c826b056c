#pragma once
#include <memory>

#include "audio/files/containers/link.h"
#include "audio/files/decode.h"

namespace melgrad {

/// All the links of a file, which have the same channels and sample rate, and what they are together.
struct LinkChain {
  std::vector<Link> links;  // at least one
  AudioInfo info;
};

struct Opened {
  std::shared_ptr<const LinkChain> chain;
  std::unique_ptr<Stream> first;  // link, from its beginning, if it had to be opened
};

/// Told by the file's bytes, not by its name, and remembered until the file changes: counting is done
/// once however many excerpts are read. Throws Error "[decode] …" that names the file.
Opened open_chain(const std::filesystem::path& path);

}  // namespace melgrad
