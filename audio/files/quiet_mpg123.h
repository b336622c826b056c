#pragma once

namespace melgrad {

/// libmpg123, which libsndfile reads mp3 with, prints what it dislikes about a file to stderr; its
/// switch for that is out of libsndfile's users' reach. Whatever is linked with this function has it
/// switched off: calling it does nothing else.
void keep_mpg123_quiet();

}  // namespace melgrad
