#pragma once
#include "audio/files/containers/source.h"

namespace melgrad {

/// How many bytes the tag at `at` has: ID3v1, ID3v2 with its pictures, APEv2, Lyrics3. 0: there is none.
u64 tag_at(ByteSource& file, u64 at);

/// The same of an APEv2 tag that has no header, only the footer at `at`: those in front of that.
constexpr u64 ape_footer_size = 32;
u64 tag_before(ByteSource& file, u64 at);

}  // namespace melgrad
