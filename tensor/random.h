#pragma once
#include <vector>

#include "tensor/tensor.h"

namespace melgrad {

/// A stream of random numbers: {seed, offset} of Philox-4x32-10 in device memory. A handle: copies
/// share the stream. The same seed draws the same numbers on every device and with any number of
/// threads.
class Generator {
 public:
  explicit Generator(u64 seed, Device device = {});

  Device device() const { return state_.device(); }
  u64 seed() const;
  u64 offset() const;
  void set_state(u64 seed, u64 offset);

  /// A copy of the state that draws `n` numbers; the stream moves on past them.
  Tensor take(i64 n);
  /// A generator whose numbers have nothing to do with this one's: for a worker, a sample, an
  /// epoch.
  Generator fork(u64 key) const;

  // Single draws on the host, CPU generators only.
  double uniform(double low = 0, double high = 1);
  double normal(double mean = 0, double deviation = 1);
  i64 integer(i64 low, i64 high);  // low … high − 1
  std::vector<i64> permutation(i64 n);

 private:
  Tensor state_;  // (2) i64
};

Tensor rand(const Shape& shape, Generator& generator, double low = 0, double high = 1,
            Dtype dtype = Dtype::f32);
Tensor randn(const Shape& shape, Generator& generator, double mean = 0, double deviation = 1,
             Dtype dtype = Dtype::f32);
Tensor randint(i64 low, i64 high, const Shape& shape, Generator& generator);

}  // namespace melgrad
