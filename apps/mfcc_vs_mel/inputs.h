#pragma once
#include <string>
#include <vector>

#include "apps/trained/input.h"

namespace melgrad {

/// What of a collection of log-mel pictures the pictures do not say.
struct PictureFlags {
  double seconds = 0;                       // that each spans; 0: the collection is of sounds
  std::vector<double> db_range = {-80, 0};  // of levels 0 and 255
  double factor = 100;                      // on the power of mel
};

/// 13 MFCCs and 13 mel bands of power of `seconds` of sound, (1, frames, 13): 1249 frames of 29 s.
std::vector<Input> inputs_of_sounds(double seconds);
/// The same read off the pictures below the folder `data`, of which the first says how many columns
/// there are; and with the factors 1 and 1000 as "mel_x1" and "mel_x1000". Throws Error where there are
/// no pictures.
std::vector<Input> inputs_of_pictures(const PictureFlags& flags, const std::string& data,
                                      double seconds);

/// Throws Error where the flags are not of the collection: pictures without a word of their seconds.
void check_flags(const PictureFlags& flags, const std::string& data);

}  // namespace melgrad
