#pragma once
#include "audio/files/containers/link.h"

namespace melgrad {

/// The streams of an ogg file, one after the other, each without the others' pages: Vorbis, Opus, and
/// FLAC taken out of its pages. Every page's checksum and number is looked at: throws Error where one
/// is damaged or missing, and where a stream's sound is of another kind. Half a file is a shorter
/// piece: whole pages up to the last one.
std::vector<Link> links_of_ogg(ByteSource& file);

}  // namespace melgrad
