#pragma once
#include "apps/trained/input.h"
#include "audio/files/decode.h"

namespace melgrad {

/// A whole song as rows of an input (slices, input.shape()), the way study B's map of songs has it: its
/// feature is computed over all of it, so that decibels are relative to the song's own maximum, and then
/// cut into slices that follow each other, each as long as what the net sees. What is left at the end
/// is not seen. A Picture has no feature of the whole: it is drawn of each slice by itself.
/// Throws Error on an input that is not made from sound, and on a song shorter than one slice.
Tensor song_slices(const Input& input, const Clip& song);

}  // namespace melgrad
