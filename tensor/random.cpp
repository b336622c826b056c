#include "tensor/random.h"

#include <algorithm>
#include <numeric>

namespace melgrad {

namespace {

u64* words(const Tensor& state) { return static_cast<u64*>(state.raw()); }

// Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators": the finaliser of
// SplitMix64. Every bit of the input changes about half of the output's.
u64 mix(u64 z) {
  z += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

void draw(Distribution distribution, Tensor& y, Generator& generator, double a, double b) {
  check(y.device() == generator.device(), "random", "the generator is on {}, the tensor on {}",
        generator.device(), y.device());
  if (y.numel() == 0) return;
  Tensor state = generator.take(y.numel());
  backend(y.device()).random(distribution, y.dtype(), a, b, y.numel(), words(state), y.raw());
}

}  // namespace

Generator::Generator(u64 seed, Device device) : state_(empty({2}, Dtype::i64, device)) {
  set_state(seed, 0);
}

u64 Generator::seed() const { return static_cast<u64>(state_.to_vector<i64>()[0]); }

u64 Generator::offset() const { return static_cast<u64>(state_.to_vector<i64>()[1]); }

void Generator::set_state(u64 seed, u64 offset) {
  u64 values[2] = {seed, offset};
  backend(device()).copy_from_host(state_.raw(), values, sizeof values);
}

Tensor Generator::take(i64 n) {
  check(n >= 0, "random", "cannot take {} numbers", n);
  Tensor snapshot = state_.clone();
  constexpr u64 words_a_block = 4;
  backend(device()).advance_random(words(state_),
                                   (static_cast<u64>(n) + words_a_block - 1) / words_a_block);
  return snapshot;
}

Generator Generator::fork(u64 key) const { return Generator(mix(seed() ^ mix(key)), device()); }

double Generator::uniform(double low, double high) {
  return rand({1}, *this, low, high, Dtype::f64).item();
}

double Generator::normal(double mean, double deviation) {
  return randn({1}, *this, mean, deviation, Dtype::f64).item();
}

i64 Generator::integer(i64 low, i64 high) { return randint(low, high, {1}, *this).data<i64>()[0]; }

// Fisher–Yates, from the front: place i gets one of those not placed yet.
std::vector<i64> Generator::permutation(i64 n) {
  std::vector<double> u = rand({n}, *this, 0, 1, Dtype::f64).to_vector<double>();
  std::vector<i64> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (i64 i = 0; i < n; ++i) {
    auto left = static_cast<double>(n - i);
    i64 j = i + std::min(static_cast<i64>(u[static_cast<std::size_t>(i)] * left), n - i - 1);
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
  }
  return order;
}

Tensor rand(const Shape& shape, Generator& generator, double low, double high, Dtype dtype) {
  check(is_floating(dtype), "rand", "draws f32, f64 or bf16, not {}", name_of(dtype));
  check(low <= high, "rand", "low {} is above high {}", low, high);
  Tensor y = empty(shape, dtype, generator.device());
  draw(Distribution::uniform, y, generator, low, high);
  return y;
}

Tensor randn(const Shape& shape, Generator& generator, double mean, double deviation, Dtype dtype) {
  check(is_floating(dtype), "randn", "draws f32, f64 or bf16, not {}", name_of(dtype));
  check(deviation >= 0, "randn", "the standard deviation {} is negative", deviation);
  Tensor y = empty(shape, dtype, generator.device());
  draw(Distribution::normal, y, generator, mean, deviation);
  return y;
}

Tensor randint(i64 low, i64 high, const Shape& shape, Generator& generator) {
  check(low < high, "randint", "nothing lies from {} up to below {}", low, high);
  // A word has 32 bits, and the kernel takes the bounds as doubles.
  constexpr i64 exact = i64{1} << 53U, most = i64{1} << 32U;
  check(low >= -exact && high <= exact && high - low <= most, "randint",
        "takes a range of at most 2^32 within ±2^53, not {} to {}", low, high);
  Tensor y = empty(shape, Dtype::i64, generator.device());
  draw(Distribution::integer, y, generator, static_cast<double>(low), static_cast<double>(high));
  return y;
}

}  // namespace melgrad
