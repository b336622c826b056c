#pragma once
#include "audio/files/containers/link.h"

namespace melgrad {

/// The bytes from "fLaC" on, with the number of samples in its header that the last block ends with.
/// Throws Error where the header says that there are more.
Link link_of_flac(ByteSource& stream);

}  // namespace melgrad
