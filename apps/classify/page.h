#pragma once
#include <string>

#include "apps/classify/answers.h"

namespace melgrad {

/// One HTML page that needs no network: a table of the songs, and of the one that is picked its
/// sound, its spectrogram and below it how strong each class is as it plays. The sounds are in the
/// page, up to 64 MB of them; beyond, it plays the files, by their places as seen from `page`.
std::string page_of(const Answers& answers, const std::filesystem::path& page);

extern const char* const page_style;
extern const char* const page_script;

}  // namespace melgrad
