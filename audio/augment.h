#pragma once
#include "tensor/random.h"
#include "tensor/tensor.h"

/// x may lie on any device. The generator is on the CPU, because places and widths are drawn there;
/// add_white_noise takes one on x's device as well.
namespace melgrad {

/// The stream of random numbers of one sample in one epoch: the same whatever the number of workers
/// and the order in which they come.
Generator sample_generator(u64 seed, i64 epoch, i64 sample);

/// x + noise, Gaussian, with 10 log10(power of x / power of the noise) = snr_db. Silence stays.
Tensor add_white_noise(const Tensor& x, double snr_db, Generator& generator);
/// `count` times: removes a stretch of `seconds` of x (samples) at a random place and joins the
/// ends, so that x gets shorter. Throws Error if less than one sample would be left.
Tensor cut_segments(const Tensor& x, i64 count, double seconds, double sample_rate,
                    Generator& generator);
/// Rolls the last axis by up to ±`most` steps; what leaves at one end enters at the other.
Tensor time_shift(const Tensor& x, i64 most, Generator& generator);
/// Runs the last axis backwards with probability p.
Tensor random_time_flip(const Tensor& x, Generator& generator, double p = .5);

/// x (…, bands, frames) magnified about its centre by the factors 1/zh and 1/zw, nearest neighbour,
/// edges extended: zoom 1.2 shows 1.2 times as much of the axis.
Tensor zoom(const Tensor& x, double zh, double zw);
/// zoom with each axis by its own U(1 − z, 1 + z): study B.
Tensor random_zoom(const Tensor& x, double z, Generator& generator);

/// Park et al. 2019, arXiv 1904.08779: `frequency_masks` bands of up to `widest_frequency` rows and
/// `time_masks` stretches of up to `widest_time` frames are set to `value`.
struct SpecAugment {
  i64 frequency_masks = 2, widest_frequency = 27;
  i64 time_masks = 2, widest_time = 100;
  double value = 0;
};
Tensor spec_augment(const Tensor& x, const SpecAugment& options, Generator& generator);

}  // namespace melgrad
