#pragma once
#include "audio/files/containers/link.h"

namespace melgrad {

/// The mp3s (or layers I and II) that a file is made of: one, or several joined. Their frames are
/// counted, not what a Xing header says of them, nor what a first frame's bit rate would give for
/// the file with its tags and pictures. Throws Error where there are none, where bytes between them
/// are neither frames nor tags, where a stream is shorter than its Xing header says, and where the
/// joined ones differ in sample rate or channels.
std::vector<Link> links_of_mpeg(ByteSource& file);

}  // namespace melgrad
