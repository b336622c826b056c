#pragma once
#include "audio/files/containers/link.h"

namespace melgrad {

/// Whether a file is wav (RIFF, RIFX, RF64, BW64), w64, aiff, aifc, caf or au: by its first bytes.
bool has_chunks(ByteSource& file);

/// Such a file, with as many bytes of samples in its header as there are. Programs that write to a
/// pipe leave 0 there, or the most that there can be: the samples go on to the end of the file.
/// Throws Error where the header says more than there is, or so little that samples would be lost.
std::vector<Link> links_of_chunks(ByteSource& file);

}  // namespace melgrad
