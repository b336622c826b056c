#pragma once
#include <functional>
#include <string>

#include "apps/harness/results.h"

namespace melgrad {

/// Bytes of a small picture file (JPEG) of picture `index` of the study, empty if there is none.
using PictureSource = std::function<std::string(i64 index)>;

/// Writes one HTML file that needs nothing else but the audio files it links to: published and
/// measured figures, learning curves, confusion matrices, example clips, settings. The file
/// appears whole or not at all.
void write_report(const Results& results, const PictureSource& picture, const std::string& path);

/// The style sheet of the page, and the few lines of script that play clips and filter them.
extern const char* const report_style;
extern const char* const report_script;

}  // namespace melgrad
