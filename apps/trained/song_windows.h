#pragma once
#include "apps/trained/input.h"
#include "audio/files/decode.h"

namespace melgrad {

/// The parts of a song that a net looks at, one after the other: each as long as what its input
/// takes in, the first at the song's beginning, one every so many seconds for as long as it lies
/// within the song. A shorter song is one window, made as Input::load makes it.
///
/// The song is resampled once, to the net's rate, and a window's row is that of its samples,
///
///   rows(i, 1).select(0, 0) = input.of_samples(samples(i), rate()),
///
/// number for number. What windows have in common is computed once: they begin at whole frames,
/// so that only frames that reach over a window's ends are its own.
class SongWindows {
 public:
  /// `every`: seconds, rounded to frames, at least one. Throws Error on an input that is not made
  /// from sound, on an empty song, and unless every > 0.
  SongWindows(Input input, const Clip& song, double every = 1);

  i64 size() const { return count_; }
  double rate() const { return rate_; }  // Hz
  double seconds() const { return seconds_; }
  /// Where window i begins and ends, in seconds.
  double begin(i64 i) const;
  double end(i64 i) const;
  Tensor samples(i64 i) const;
  /// Of windows first … first + count − 1: (count, input.shape()).
  Tensor rows(i64 first, i64 count) const;

 private:
  i64 start(i64 i) const;  // sample
  Tensor shared_rows(i64 first, i64 count) const;

  Input input_;
  Tensor samples_;
  double rate_, seconds_;
  i64 length_, count_ = 1;
  i64 hop_ = 1;          // samples
  double step_ = 1;      // hops between two windows
  bool shares_ = false;  // frames
};

}  // namespace melgrad
