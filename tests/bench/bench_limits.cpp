#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

// What the processor can do at most, next to which the other figures stand: f32 multiply-adds that wait for nothing, and
// copying from memory to memory.
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Registers of so many floats. Twelve sums: a multiply-add takes four cycles or five, of which two may begin in each, and
// AVX2 and SSE have but 16 registers.
using Floats16 = float __attribute__((vector_size(64)));
using Floats8 = float __attribute__((vector_size(32)));
using Floats4 = float __attribute__((vector_size(16)));
constexpr int sums = 12;

template <class Floats>
inline __attribute__((always_inline)) float multiply_add(const Floats& zero, long rounds) {
  Floats a = zero + .999F, b = zero + .001F, sum[sums];
  for (int i = 0; i < sums; ++i)
    sum[i] = zero + static_cast<float>(i);  // were they alike, one would do
  for (long r = 0; r < rounds; ++r)
    for (Floats& s : sum) s = s * a + b;
  for (int i = 1; i < sums; ++i) sum[0] += sum[i];
  return sum[0][0];
}
__attribute__((target("avx512f"))) float by_avx512(long rounds) {
  return multiply_add(Floats16{}, rounds);
}
__attribute__((target("avx2,fma"))) float by_avx2(long rounds) {
  return multiply_add(Floats8{}, rounds);
}
float by_sse(long rounds) { return multiply_add(Floats4{}, rounds); }

struct Loop {
  float (*run)(long rounds);
  int lanes;
};
Loop widest() {
  if (__builtin_cpu_supports("avx512f")) return {by_avx512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {by_avx2, 8};
  return {by_sse, 4};
}

// The best of several tries of a tenth of a second, in GFLOP/s.
double peak(int threads) {
  constexpr long rounds = 1000000;
  Loop loop = widest();
  double best = 0;
  volatile float used = 0;
  for (int i = 0; i < 20; ++i) {
    auto start = Clock::now();
#pragma omp parallel num_threads(threads)
    {
      float result = loop.run(rounds);
#pragma omp critical
      used = used + result;
    }
    best = std::max(best, 2.0 * sums * loop.lanes * rounds * threads / seconds_since(start) / 1e9);
  }
  return best;
}

// Bytes read and written, in GB/s.
double bandwidth(int threads) {
  constexpr long n = 64L << 20U;  // 256 MiB each: no cache holds them
  std::vector<float> x(n, 1), y(n);
  double best = 0;
  for (int i = 0; i < 10; ++i) {
    auto start = Clock::now();
#pragma omp parallel for num_threads(threads) schedule(static)
    for (long k = 0; k < n; ++k) y[k] = x[k];
    best = std::max(best, 2.0 * sizeof(float) * n / seconds_since(start) / 1e9);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures the processor's f32 peak and the memory's bandwidth.");
  int threads = omp_get_max_threads();
  app.add_option("--threads", threads)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  std::printf("{\"threads\": %d, \"gflops\": %.0f, \"gbytes\": %.1f}\n", threads, peak(threads),
              bandwidth(threads));
}
