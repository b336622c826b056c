#include "audio/spectra/decibel.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tensor/ops.h"

namespace melgrad {

Tensor power_to_db(const Tensor& power, const DecibelOptions& options) {
  double amin = options.amin.value_or(1e-10);
  check(amin > 0, "power_to_db", "amin must be positive, not {}", amin);
  check(!options.top_db || *options.top_db >= 0, "power_to_db", "top_db must not be negative");
  if (power.numel() == 0) return power;
  bool relative = options.top_db || std::isnan(options.ref);
  double loudest = relative ? std::max(amin, max(power).item()) : 0;
  double ref = std::isnan(options.ref) ? loudest : std::max(amin, std::abs(options.ref));
  // Clamped as powers, before the logarithm: one pass for both limits.
  double least = options.top_db ? loudest * std::pow(10, -*options.top_db / 10) : 0;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Tensor db = log(clamp(power, std::max(amin, least), infinity)) * (10 / std::numbers::ln10);
  return ref == 1 ? db : db - 10 * std::log10(ref);
}

Tensor amplitude_to_db(const Tensor& amplitude, const DecibelOptions& options) {
  DecibelOptions squared = options;
  double amin = options.amin.value_or(1e-5);
  squared.amin = amin * amin;
  if (!std::isnan(options.ref)) squared.ref = options.ref * options.ref;
  return power_to_db(square(amplitude), squared);
}

Tensor db_to_power(const Tensor& db, double ref) {
  return exp(db * (std::numbers::ln10 / 10)) * ref;
}

Tensor db_to_amplitude(const Tensor& db, double ref) {
  return exp(db * (std::numbers::ln10 / 20)) * ref;
}

}  // namespace melgrad
